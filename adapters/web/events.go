package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/watch"
)

const (
	// heartbeat keeps proxies from closing a quiet stream, and finds out
	// whether anybody still listens.
	heartbeat = 15 * time.Second
	// sendTimeout is how long one event may take to leave the machine.
	sendTimeout = 10 * time.Second
)

// eventView is what an event says; details are read from the API.
type eventView struct {
	ID watch.ID `json:"id,omitempty"`
}

// streamEvents sends server-sent events until the client goes away, is too
// slow, may not see anything any more, or the server stops.
func (s *Server) streamEvents(c echo.Context) error {
	p := principal(c)
	sub, count, err := s.cfg.Hub.subscribe(subscriber{user: p.User.ID, sees: p.Owners()})
	if err != nil {
		return roomProblem(err)
	}
	defer s.cfg.Hub.leave(sub)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back otherwise.
	c.Response().WriteHeader(http.StatusOK)
	if send(c, greeting(c, count)) != nil {
		return nil
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		text, ok := s.nextEvent(c, sub, tick.C)
		if !ok || send(c, text) != nil {
			return nil // The client has gone; that is how a stream ends.
		}
	}
}

// greeting begins a stream. Whoever knows less than count, as he says, is told to
// read everything again: as a browser that comes back does by itself, or in the
// address as a page does that has just been read.
func greeting(c echo.Context, count uint64) string {
	knows := c.Request().Header.Get("Last-Event-ID")
	if knows == "" {
		knows = c.QueryParam("since")
	}
	if knows == "" || knows == strconv.FormatUint(count, 10) {
		return ": connected\n\n"
	}
	return fmt.Sprintf("id: %d\nevent: stale\ndata: {}\n\n", count)
}

// roomProblem answers why there is no room for a stream.
func roomProblem(err error) *problem {
	if errors.Is(err, errOwnRoom) {
		return &problem{
			Status: http.StatusTooManyRequests, Code: "no_room", RetryAfter: time.Minute,
			Detail: "You have as many live connections as one user may have. Close the page in some of your browsers and tabs, or try again in a minute.",
		}
	}
	return &problem{
		Status: http.StatusServiceUnavailable, Code: "no_room", RetryAfter: time.Minute,
		Detail: "There are as many live connections as the appliance can hold, or it is stopping. Try again in a minute.",
	}
}

// nextEvent waits for what to send next; ok is false if the stream is to end.
func (s *Server) nextEvent(c echo.Context, sub chan numbered, tick <-chan time.Time) (text string, ok bool) {
	select {
	case e, open := <-sub:
		data, err := json.Marshal(eventView{ID: e.ID})
		return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.count, e.Kind, data), open && err == nil
	case <-tick:
		// The session may have been ended meanwhile, or the rights changed.
		p, err := s.goesOn(c)
		if err != nil {
			return "", false
		}
		s.cfg.Hub.change(sub, p.Owners())
		return "event: alive\ndata: {}\n\n", true
	case <-c.Request().Context().Done():
		return "", false
	}
}

// send writes text and sees it off, with a deadline of its own in place of the
// server's, which would end the stream.
func send(c echo.Context, text string) error {
	rc := http.NewResponseController(c.Response())
	if err := rc.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if _, err := c.Response().Write([]byte(text)); err != nil {
		return err
	}
	return rc.Flush()
}
