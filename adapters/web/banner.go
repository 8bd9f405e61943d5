package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// banner says above what is shown that something is wrong with where it comes
// from, or with whoever is to hear of it.
type banner struct {
	// Source are sentences about the portal, Notices those for whoever runs the
	// appliance.
	Source, Notices []string
}

// banner tells how the portal and the appliance are doing; empty if well.
func (s *Server) banner(c echo.Context, v view) (b banner, err error) {
	st, now := s.cfg.Source.Status(), s.today()
	if !st.FailingSince.IsZero() {
		b.Source = append(b.Source, v.T("banner.failing", "time", v.words.Time(st.FailingSince), "why", v.T("failure."+string(failureOf(st)))))
	}
	if st.Breaker.Open(now) {
		b.Source = append(b.Source, v.T("banner.resting", "time", v.words.Time(st.Breaker.OpenUntil), "why", v.T("failure."+string(failureOf(st)))))
	}
	if len(b.Source) > 0 {
		if st.AnsweredAt.IsZero() {
			b.Source = append(b.Source, v.T("banner.never"))
		} else {
			b.Source = append(b.Source, v.T("banner.age", "time", v.words.Time(st.AnsweredAt), "duration", v.words.Duration(now.Sub(st.AnsweredAt))))
		}
	}
	if !s.cfg.Running() {
		b.Source = append(b.Source, v.T("banner.stopped"))
	}
	if !principal(c).MayAdminister() {
		return b, nil
	}
	notices, err := s.cfg.Notices.Notices(c.Request().Context())
	if err != nil {
		return b, err
	}
	for _, n := range notices {
		b.Notices = append(b.Notices, v.notice(n))
	}
	return b, nil
}

// notice puts into words what operators were told of.
func (v view) notice(n alert.Notification) string {
	since := n.Since
	if since.IsZero() {
		since = n.At
	}
	return v.T("banner."+string(n.Kind), "subject", n.Subject, "time", v.words.Time(since.In(time.Local)))
}

// failureOf is why the source does not answer.
func failureOf(st watch.SourceStatus) watch.FailureCode {
	switch {
	case st.Failure != "":
		return st.Failure
	case st.Breaker.Reason != "":
		return st.Breaker.Reason
	}
	return watch.Internal
}
