package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// deliveriesPage is the log of what was sent and what waits.
type deliveriesPage struct {
	view
	Letters  []letterRow
	Channels []choiceRow
	States   []choiceRow
	// Channel and State are what is looked for, Next is what to go on after.
	Channel, State, Next string
	// MaySend: something of it can be sent now.
	MaySend bool
}

// letterRow is a delivery in words. Sign is the name of its sign, Answer what the
// server said, without secrets; Application the ID of the one that it is about.
type letterRow struct {
	ID, Channel, ChannelID, About, Time, Sign, Outcome, Answer string
	Application                                                string
	MayRetry, Waiting                                          bool
}

// letterFilter is what is looked for; what is "" is not asked about.
type letterFilter struct {
	channel, before string
	// stands says which states are meant; nil for all.
	stands func(alert.Delivery) bool
}

func (f letterFilter) wants(p account.Principal, d alert.Delivery) bool {
	return p.MayRead(d.Owner) && (f.stands == nil || f.stands(d)) && (f.channel == "" || d.ChannelID == f.channel)
}

// letterRows returns at most most deliveries, the newest first, and the ID after
// which there are more, "" for none.
func (s *Server) letterRows(c echo.Context, v view, f letterFilter, most int) (rows []letterRow, next string, err error) {
	ctx, p := c.Request().Context(), principal(c)
	list, err := s.channels(ctx, p)
	if err != nil {
		return nil, "", err
	}
	names := make(map[string]string, len(list))
	for _, ch := range list {
		names[ch.ID] = ch.Name
	}
	// One more than is shown tells whether there is more.
	found, err := s.cfg.Deliveries.Deliveries(ctx, f.before, most+1, func(d alert.Delivery) bool { return f.wants(p, d) })
	if err != nil {
		return nil, "", err
	}
	if len(found) > most {
		found = found[:most]
		next = found[most-1].ID
	}
	return viewAll(found, func(d alert.Delivery) letterRow { return letterRowOf(v, p, d, names) }), next, nil
}

// letterRowOf puts a delivery into words; names are those of the channels.
func letterRowOf(v view, p account.Principal, d alert.Delivery, names map[string]string) letterRow {
	row := letterRow{
		ID: d.ID, Channel: names[d.ChannelID], ChannelID: d.ChannelID, About: aboutLetter(v, d.Notification),
		Waiting: d.State == alert.Waiting, Time: v.words.Time(d.CreatedAt), Answer: d.LastError, Application: d.Notification.ApplicationID,
	}
	if row.Channel == "" {
		row.Channel, row.ChannelID = v.T("deliveries.no_channel"), ""
	}
	switch {
	case d.State == alert.Delivered:
		row.Sign, row.Outcome = "granted", v.T("deliveries.sent", "time", d.SettledAt)
		if d.Digest != "" {
			row.Outcome = v.T("deliveries.sent_together", "time", d.SettledAt)
		}
	case d.State == alert.DeadLetter:
		row.Sign, row.Outcome = "refused", v.T("deliveries.dead", "count", d.Attempts)
		row.MayRetry = p.MayWrite(d.Owner) && row.ChannelID != ""
	case d.Held():
		row.Sign, row.Outcome = "paused", v.T("deliveries.held", "time", d.HeldUntil)
	case d.Attempts == 0 || !d.NextAttemptAt.After(time.Now()):
		row.Sign, row.Outcome = "none", v.T("deliveries.waiting")
	default:
		row.Sign, row.Outcome = "warning", v.T("deliveries.failing", "count", d.Attempts, "time", d.NextAttemptAt)
	}
	return row
}

// aboutLetter says what a notification is about. A number is masked.
func aboutLetter(v view, n alert.Notification) string {
	key := "deliveries.about_" + string(n.Kind)
	if !v.words.Has(key) {
		key = "deliveries.about_other"
	}
	if over := key + "_over"; n.Resolved && v.words.Has(over) {
		key = over
	}
	who := n.Label
	if who == "" && n.ApplicationID != "" {
		who = n.Reference.Masked()
	}
	document := "document." + n.Document
	if !v.words.Has(document) {
		document = "document.other"
	}
	return v.T(key, "who", who, "status", v.T("status."+string(n.To)), "document", v.T(document), "subject", n.Subject)
}

func (s *Server) showDeliveries(c echo.Context) error {
	p := principal(c)
	f := letterFilter{channel: c.QueryParam("channel"), before: c.QueryParam("before")}
	page := &deliveriesPage{view: s.inside(c, sectionChannels, "deliveries.title")}
	for _, state := range []string{string(alert.Waiting), "held", string(alert.Delivered), string(alert.DeadLetter)} {
		chosen := c.QueryParam("state") == state
		if chosen {
			page.State = state
		}
		page.States = append(page.States, choiceRow{state, page.T("deliveries.state_" + state), chosen})
	}
	var err error
	if f.stands, err = deliveryStates(page.State); err != nil { // Another was taken for none.
		return err
	}
	list, err := s.channels(c.Request().Context(), p)
	if err != nil {
		return err
	}
	for _, ch := range list {
		if f.channel == ch.ID {
			page.Channel = ch.ID
		}
		page.Channels = append(page.Channels, choiceRow{ch.ID, ch.Name, f.channel == ch.ID})
		page.MaySend = page.MaySend || p.MayWrite(ch.Owner) && !ch.Paused && (f.channel == "" || f.channel == ch.ID)
	}
	f.channel = page.Channel
	if page.Letters, page.Next, err = s.letterRows(c, page.view, f, usualLimit); err != nil {
		return err
	}
	page.MaySend = page.MaySend && slices.ContainsFunc(page.Letters, func(l letterRow) bool { return l.Waiting })
	return s.show(c, http.StatusOK, "deliveries", page)
}

// changeDeliveries sends a dead letter again, or all that waits.
func (s *Server) changeDeliveries(c echo.Context) error {
	switch c.FormValue("do") {
	case "retry":
		if _, err := s.sendAgain(c, c.FormValue("delivery")); err != nil {
			return err
		}
		return seeDone(c, "deliveries", "delivery_retried")
	case "send":
		if err := s.sendWaiting(c, c.FormValue("channel")); err != nil {
			return err
		}
		return seeDone(c, "deliveries", "deliveries_sending")
	}
	return echo.ErrBadRequest
}

// sendWaiting makes due what waits for a channel, or with "" for all that the user
// may change.
func (s *Server) sendWaiting(c echo.Context, channel string) error {
	ctx, p := c.Request().Context(), principal(c)
	list, err := s.channels(ctx, p)
	if err != nil {
		return err
	}
	if channel != "" {
		one, err := s.ownChannel(c, channel)
		if err != nil {
			return err
		}
		list = []alert.Channel{one}
	}
	defer s.cfg.Wake()
	for _, ch := range list {
		if !p.MayWrite(ch.Owner) || ch.Paused {
			continue
		}
		// An edit that changes nothing makes due what waits.
		if _, err := s.cfg.Channels.EditChannel(ctx, ch.ID, func(*alert.Channel) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}
