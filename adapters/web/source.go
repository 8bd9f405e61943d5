package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// Source tells how the portal is doing.
type Source interface {
	Status() watch.SourceStatus
}

// Notices tells what operators were told of and is not over.
type Notices interface {
	Notices(ctx context.Context) ([]alert.Notification, error)
}

// sourceView is the state of the source, and of the appliance as far as it
// hangs on that.
type sourceView struct {
	Name         string       `json:"name"`
	AnsweredAt   time.Time    `json:"answered_at,omitzero"`
	FailingSince time.Time    `json:"failing_since,omitzero"`
	Failure      *failureView `json:"failure,omitempty"`
	Breaker      breakerView  `json:"breaker"`
	Queued       int          `json:"queued"`
	Due          int          `json:"due"`
	UnderWay     int          `json:"under_way"`
	Notices      []noticeView `json:"notices"`
	Version      string       `json:"version"`
}

// failureView is a failure code with its sentence.
type failureView struct {
	Code     watch.FailureCode `json:"code"`
	Sentence string            `json:"sentence"`
}

// breakerView says whether checks are kept back, why, and until when.
type breakerView struct {
	Open   bool         `json:"open"`
	Until  time.Time    `json:"until,omitzero"`
	Reason *failureView `json:"reason,omitempty"`
	Trips  int          `json:"trips"`
}

// noticeView is an operator notice that stands.
type noticeView struct {
	Kind    alert.Kind `json:"kind"`
	Subject string     `json:"subject,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	Since   time.Time  `json:"since,omitzero"`
	At      time.Time  `json:"at"`
}

func (s *Server) getSource(c echo.Context) error {
	notices, err := s.cfg.Notices.Notices(c.Request().Context())
	if err != nil {
		return err
	}
	if !principal(c).MayAdminister() {
		notices = nil // They name channels of others.
	}
	st := s.cfg.Source.Status()
	return c.JSON(http.StatusOK, sourceView{
		Name: st.Name, AnsweredAt: st.AnsweredAt.UTC(), FailingSince: st.FailingSince.UTC(), Failure: s.viewFailure(st.Failure),
		Breaker: breakerView{
			Open: st.Breaker.Open(time.Now()), Until: st.Breaker.OpenUntil.UTC(),
			Reason: s.viewFailure(st.Breaker.Reason), Trips: st.Breaker.Trips,
		},
		Queued: st.Queued, Due: st.Due, UnderWay: st.UnderWay,
		Notices: viewAll(notices, viewNotice), Version: s.cfg.Version,
	})
}

// viewFailure shows a failure code, nil if there is none.
func (s *Server) viewFailure(code watch.FailureCode) *failureView {
	if code == "" {
		return nil
	}
	return &failureView{Code: code, Sentence: s.failure(code)}
}

func viewNotice(n alert.Notification) noticeView {
	return noticeView{Kind: n.Kind, Subject: n.Subject, Detail: n.Detail, Since: n.Since.UTC(), At: n.At.UTC()}
}
