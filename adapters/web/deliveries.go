package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// Deliveries is the log of what was sent and what waits.
type Deliveries interface {
	// Deliveries returns at most most deliveries that want accepts, newest
	// first; before, if not empty, is the ID to continue after.
	Deliveries(ctx context.Context, before string, most int, want func(alert.Delivery) bool) ([]alert.Delivery, error)
	// Delivery returns one delivery, or alert.ErrNoDelivery.
	Delivery(ctx context.Context, id string) (alert.Delivery, error)
	// Revive puts a dead letter back into the outbox; alert.ErrNoDelivery,
	// alert.ErrNotDead, alert.ErrNoChannel if its channel was deleted.
	Revive(ctx context.Context, id string, now time.Time) (alert.Delivery, error)
}

// deliveryView is a delivery as the API shows it. It names the application, or the
// person and the travel document, by its ID only.
type deliveryView struct {
	ID          string              `json:"id"`
	Channel     string              `json:"channel"`
	State       alert.DeliveryState `json:"state"`
	Kind        alert.Kind          `json:"kind"`
	Resolved    bool                `json:"resolved,omitempty"`
	Application string              `json:"application,omitempty"`
	Person      string              `json:"person,omitempty"`
	Document    string              `json:"document,omitempty"`
	From        visa.Status         `json:"from,omitempty"`
	To          visa.Status         `json:"to,omitempty"`
	// Subject is what an operator notice is about.
	Subject       string    `json:"subject,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	Attempts      int       `json:"attempts"`
	NextAttemptAt time.Time `json:"next_attempt_at,omitzero"`
	// HeldUntil is until when quiet hours or a digest hold it back; Digest is
	// the message in which it was sent with others.
	HeldUntil time.Time `json:"held_until,omitzero"`
	Digest    string    `json:"digest,omitempty"`
	LastError string    `json:"last_error,omitempty"`
	RevivedAt time.Time `json:"revived_at,omitzero"`
	SettledAt time.Time `json:"settled_at,omitzero"`
}

// deliveriesView is a page of the list; Next, if there is more, is what to
// give as before.
type deliveriesView struct {
	Deliveries []deliveryView `json:"deliveries"`
	Next       string         `json:"next,omitempty"`
}

func viewDelivery(d alert.Delivery) deliveryView {
	n := d.Notification
	return deliveryView{
		ID: d.ID, Channel: d.ChannelID, State: d.State, Kind: n.Kind, Resolved: n.Resolved,
		Application: n.ApplicationID, Person: n.PersonID, Document: n.DocumentID, From: n.From, To: n.To, Subject: n.Subject,
		CreatedAt: d.CreatedAt.UTC(), Attempts: d.Attempts, NextAttemptAt: d.NextAttemptAt.UTC(), HeldUntil: d.HeldUntil.UTC(), Digest: d.Digest,
		LastError: d.LastError, RevivedAt: d.RevivedAt.UTC(), SettledAt: d.SettledAt.UTC(),
	}
}

// deliveryStates returns what the parameter state asks for: one of the states, or
// one of the two words for a part or several of them.
func deliveryStates(state string) (func(alert.Delivery) bool, error) {
	switch state {
	case "":
		return func(alert.Delivery) bool { return true }, nil
	case "held":
		return alert.Delivery.Held, nil
	case "settled":
		return func(d alert.Delivery) bool { return d.State != alert.Waiting }, nil
	case string(alert.Waiting), string(alert.Delivered), string(alert.DeadLetter):
		return func(d alert.Delivery) bool { return string(d.State) == state }, nil
	}
	return nil, badField("state", "The parameter state must be %s, %s, %s, held or settled.", alert.Waiting, alert.Delivered, alert.DeadLetter)
}

func (s *Server) listDeliveries(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	stands, err := deliveryStates(c.QueryParam("state"))
	if err != nil {
		return err
	}
	p, channel, application := principal(c), c.QueryParam("channel"), c.QueryParam("application")
	// One more than asked for tells whether there is a next page.
	found, err := s.cfg.Deliveries.Deliveries(c.Request().Context(), c.QueryParam("before"), most+1, func(d alert.Delivery) bool {
		return p.MayRead(d.Owner) && stands(d) && (channel == "" || d.ChannelID == channel) &&
			(application == "" || d.Notification.ApplicationID == application)
	})
	if err != nil {
		return err
	}
	var page deliveriesView
	if len(found) > most {
		found = found[:most]
		page.Next = found[most-1].ID
	}
	page.Deliveries = viewAll(found, viewDelivery)
	return c.JSON(http.StatusOK, page)
}

func (s *Server) retryDelivery(c echo.Context) error {
	d, err := s.sendAgain(c, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, viewDelivery(d))
}

// sendAgain puts a dead letter back into the outbox.
func (s *Server) sendAgain(c echo.Context, id string) (alert.Delivery, error) {
	ctx, p := c.Request().Context(), principal(c)
	d, err := s.cfg.Deliveries.Delivery(ctx, id)
	switch {
	case err != nil:
		return d, err
	case !p.MayRead(d.Owner):
		return d, alert.ErrNoDelivery
	case !p.MayWrite(d.Owner):
		return d, errForbidden()
	}
	d, err = s.cfg.Deliveries.Revive(ctx, d.ID, time.Now())
	if errors.Is(err, alert.ErrNoChannel) {
		return d, &problem{Status: http.StatusConflict, Code: "no_channel", Detail: "The channel of this delivery was deleted, so it cannot be sent again."}
	}
	if err != nil {
		return d, err
	}
	s.cfg.Wake()
	return d, nil
}

const (
	// revivedFor is how long ago a letter may have died to be sent again by itself.
	revivedFor = 48 * time.Hour
	// maxRevived is how many letters are put back at once, the newest ones.
	maxRevived = 100
)

// mended gives what a channel has missed another try, now that somebody has
// edited or tested it: what waits, and its recent dead letters, in their order.
// A letter stays dead where newer news about the same matter was sent or waits:
// it would tell people an old status after the new one. A paused channel gets
// nothing.
func (s *Server) mended(ctx context.Context, ch alert.Channel) error {
	defer s.cfg.Wake()
	if ch.Paused {
		return nil
	}
	now := time.Now()
	told := make(map[string]bool)
	dead, err := s.cfg.Deliveries.Deliveries(ctx, "", maxRevived, func(d alert.Delivery) bool {
		if d.ChannelID != ch.ID {
			return false
		}
		if d.State != alert.DeadLetter {
			told[matter(d.Notification)] = true
			return false
		}
		return now.Sub(d.SettledAt) < revivedFor && !told[matter(d.Notification)]
	})
	if err != nil {
		return err
	}
	for _, d := range slices.Backward(dead) {
		_, err := s.cfg.Deliveries.Revive(ctx, d.ID, now)
		if gone := errors.Is(err, alert.ErrNoDelivery) || errors.Is(err, alert.ErrNotDead) || errors.Is(err, alert.ErrNoChannel); err != nil && !gone {
			return err
		}
	}
	return nil
}

// matter names what a notification is about: a newer one of the same matter
// makes an older one useless.
func matter(n alert.Notification) string {
	kind := n.Kind
	if kind == alert.FirstAnswer {
		kind = alert.StatusChanged
	}
	return strings.Join([]string{string(kind), n.ApplicationID, n.DocumentID, n.Subject}, "\n")
}
