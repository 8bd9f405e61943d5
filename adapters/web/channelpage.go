package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// shownLetters is how many deliveries the page of a channel shows.
const shownLetters = 20

func (s *Server) showChannel(c echo.Context) error {
	ch, err := s.channel(c, c.Param("id"))
	if err != nil {
		return err
	}
	page, err := s.channelPage(c, ch, ch.Fields)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "channel", page)
}

// editChannelByForm does what a button of the page says.
func (s *Server) editChannelByForm(c echo.Context) error {
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	switch do := c.FormValue("do"); do {
	case "save":
		return s.saveChannel(c, ch)
	case "pause", "resume":
		paused := do == "pause"
		if _, err := s.changeChannel(c, ch.ID, channelInput{Paused: &paused}); err != nil {
			return err
		}
		return seeDone(c, ch.ID, "channel_"+do)
	case "test":
		err := s.testStored(c.Request().Context(), ch)
		page, perr := s.channelPage(c, ch, ch.Fields)
		if perr != nil {
			return perr
		}
		return s.showTested(c, page, err)
	}
	return echo.ErrBadRequest
}

func (s *Server) saveChannel(c echo.Context, ch alert.Channel) error {
	in, stored := s.channelForm(c, ch.Kind), ch.Fields
	_, err := s.changeChannel(c, ch.ID, in)
	if err == nil {
		return seeDone(c, ch.ID, "saved")
	}
	in.apply(&ch)
	page, perr := s.channelPage(c, ch, stored)
	if perr != nil {
		return perr
	}
	return s.complainOfField(c, "channel", &page.view, page, err)
}

// testedRow is what came of a test message. Answer is the server's own, "" where
// there is none.
type testedRow struct {
	OK           bool
	Text, Answer string
}

// showTested shows what came of a test message: err is that of sendTest. That the
// server refused it is an answer like another.
func (s *Server) showTested(c echo.Context, page *channelPage, err error) error {
	refused, isRefused := errors.AsType[refusedTestError](err)
	switch {
	case err == nil:
		page.Tested = &testedRow{OK: true, Text: page.T("channels.test_sent", "time", time.Now())}
	case isRefused:
		page.Tested = &testedRow{Text: page.T("channels.test_refused"), Answer: refused.Error()}
	default:
		_, text, ok := s.sentence(page.words, err)
		if ok {
			page.Tested = &testedRow{Text: page.labelled(problemOf(err).Field, text)}
		}
		return s.complainOfField(c, "channel", &page.view, page, err)
	}
	return s.show(c, http.StatusOK, "channel", page)
}

func (s *Server) showChannelRemoval(c echo.Context) error {
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	lose, err := s.applicationsOf(c, ch.ID)
	if err != nil {
		return err
	}
	page := &removalPage{view: s.inside(c, sectionChannels, "channels.remove")}
	page.What = ch.Name
	page.Texts = []string{page.T("channels.remove_applications", "count", lose), page.T("channels.remove_waiting")}
	page.To, page.Back, page.Button = "channels/"+ch.ID+"/delete", "channels/"+ch.ID, page.T("channels.remove_go")
	return s.show(c, http.StatusOK, "removal", page)
}

// applicationsOf counts the applications that the user sees and that tell of
// themselves through a channel.
func (s *Server) applicationsOf(c echo.Context, channel string) (count int, err error) {
	ctx, p := c.Request().Context(), principal(c)
	err = s.cfg.Applications.Applications(ctx, p.Owners(), "", func(a watch.Application) bool {
		for _, w := range a.Watchers {
			if p.MayRead(w.Owner) && hasChannel(w, channel) {
				count++
				break
			}
		}
		return ctx.Err() == nil
	})
	return count, err
}

func hasChannel(w watch.Watcher, id string) bool {
	for _, one := range w.Channels {
		if one == id {
			return true
		}
	}
	return false
}

func (s *Server) removeChannelByForm(c echo.Context) error {
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.cfg.Channels.RemoveChannel(c.Request().Context(), ch.ID); err != nil {
		return err
	}
	return seeDone(c, "../../channels", "channel_removed")
}

// removalPage asks before something is gone. Texts say what follows; To and Back
// are addresses behind Root.
type removalPage struct {
	view
	What             string
	Texts            []string
	To, Back, Button string
	// Document is the part that is meant, "" for the whole.
	Document string
}

// mayOperate reports whether notices about the appliance may go through ch.
func mayOperate(p account.Principal, ch alert.Channel) bool {
	return p.MayAdminister() && (ch.ID == "" || ch.Owner == p.Self())
}
