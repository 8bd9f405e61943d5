package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
)

// Channels is the store's side of the ways to reach people.
type Channels interface {
	// Channel returns one channel, or alert.ErrNoChannel.
	Channel(ctx context.Context, id string) (alert.Channel, error)
	// Channels returns all channels, the oldest first.
	Channels(ctx context.Context) ([]alert.Channel, error)
	// AddChannel stores a new channel.
	AddChannel(ctx context.Context, c alert.Channel) error
	// EditChannel hands the channel to edit and stores it, or returns the
	// error of edit as it is; alert.ErrNoChannel. What waits for it becomes due.
	EditChannel(ctx context.Context, id string, edit func(*alert.Channel) error) (alert.Channel, error)
	// RemoveChannel deletes a channel; what waits for it becomes a dead letter.
	RemoveChannel(ctx context.Context, id string) error
}

const (
	// maxChannels keeps the list, which is never paged, short.
	maxChannels = 500
	// maxChannelName is the longest name in characters.
	maxChannelName = 100
	// maxFieldValue is the longest value of a field in characters.
	maxFieldValue = 4096
	// testTimeout bounds a test message.
	testTimeout = 30 * time.Second
)

// channelInput is what a person gives. In an edit, what is nil stays, and so
// does every entry of Fields that is not given; an empty one is removed.
type channelInput struct {
	Name     *string           `json:"name"`
	Fields   map[string]string `json:"fields"`
	Privacy  *alert.Privacy    `json:"privacy"`
	Language *string           `json:"language"`
	Operator *bool             `json:"operator"`
	Paused   *bool             `json:"paused"`
	Quiet    *alert.Quiet      `json:"quiet"`
	Digest   *string           `json:"digest"`
	Zone     *string           `json:"zone"`
}

// newChannelInput is the same for an addition; the kind cannot be changed later.
type newChannelInput struct {
	Kind  string  `json:"kind"`
	Owner *string `json:"owner"`
	channelInput
}

// apply writes what was given into c.
func (in channelInput) apply(c *alert.Channel) {
	set(&c.Name, in.Name)
	set(&c.Privacy, in.Privacy)
	set(&c.Language, in.Language)
	set(&c.Operator, in.Operator)
	set(&c.Paused, in.Paused)
	set(&c.Quiet, in.Quiet)
	set(&c.Digest, in.Digest)
	set(&c.Zone, in.Zone)
	fields := make(map[string]string, len(c.Fields)+len(in.Fields))
	for _, from := range []map[string]string{c.Fields, in.Fields} {
		for name, value := range from {
			fields[name] = value
			if value == "" {
				delete(fields, name)
			}
		}
	}
	c.Fields = fields
}

// newChannel makes a channel of what was given, with the defaults. Beside an error
// it is what is wrong.
func (s *Server) newChannel(p account.Principal, in newChannelInput) (alert.Channel, error) {
	now := time.Now()
	owner, err := ownerOf(p, in.Owner)
	ch := alert.Channel{ID: account.NewID(now), Owner: owner, Kind: in.Kind, Privacy: alert.Masked, Language: locale.Fallback, CreatedAt: now}
	in.apply(&ch)
	if err != nil {
		return ch, err
	}
	return ch, s.validate(p, ch)
}

// givenChannel makes a channel of what a request to the API gives.
func (s *Server) givenChannel(c echo.Context) (alert.Channel, error) {
	var in newChannelInput
	if err := decode(c, &in); err != nil {
		return alert.Channel{}, err
	}
	return s.newChannel(principal(c), in)
}

// validate reports the first thing that cannot be in a channel of p's.
func (s *Server) validate(p account.Principal, ch alert.Channel) error {
	switch {
	case ch.Operator && (!p.MayAdminister() || ch.Owner != p.Self()):
		p := &problem{Status: http.StatusForbidden, Code: "forbidden", Field: "operator", Detail: "Notices about the appliance go only through a channel that an admin has for himself."}
		return p.as("operator")
	case ch.Name == "":
		return badField("name", "The field name is missing. Say what the channel is called.").as("field_missing")
	case utf8.RuneCountInString(ch.Name) > maxChannelName:
		return badField("name", "The field name is longer than %d characters. Shorten it.", maxChannelName).as("field_long")
	case strings.ContainsFunc(ch.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return badField("name", "The field name holds a control character or a line break. Remove it.").as("field_control")
	case ch.Privacy != alert.Full && ch.Privacy != alert.Masked && ch.Privacy != alert.Silent:
		return badField("privacy", "The field privacy must be %s, %s or %s.", alert.Full, alert.Masked, alert.Silent).as("field_choice")
	}
	if known := s.cfg.Catalogues.Languages(); !slices.Contains(known, ch.Language) {
		return badField("language", "The field language must be one of %s.", strings.Join(known, ", ")).as("language")
	}
	for name, value := range ch.Fields {
		if utf8.RuneCountInString(name) > maxFieldValue || utf8.RuneCountInString(value) > maxFieldValue {
			return badField("fields", "One of the fields is longer than %d characters. Shorten it.", maxFieldValue).as("field_long")
		}
	}
	if err := ch.CheckTimes(); err != nil {
		return err
	}
	return s.cfg.Validate(ch)
}

// guardSecrets asks for the stored secrets again where another field now sends
// them somewhere else: a token of ours is no right to read them. was holds the
// fields as stored, given those of the request.
func (s *Server) guardSecrets(was map[string]string, ch alert.Channel, given map[string]string) error {
	fields := s.fields(ch.Kind)
	moved := slices.IndexFunc(fields, func(f alert.ChannelField) bool {
		return f.Address && cmp.Or(was[f.Name], f.Default) != cmp.Or(ch.Fields[f.Name], f.Default)
	})
	if moved < 0 {
		return nil
	}
	for _, f := range fields {
		if _, again := given[f.Name]; f.Secret && was[f.Name] != "" && !again {
			return badField(f.Name, "The field %s says where to send, and it has another value now. Give the field %s again with it, so that what is stored is not sent elsewhere.", fields[moved].Name, f.Name).as("secret_again")
		}
	}
	return nil
}

// channel returns a channel that the request names; what somebody may not see is
// not found.
func (s *Server) channel(c echo.Context, id string) (alert.Channel, error) {
	ch, err := s.cfg.Channels.Channel(c.Request().Context(), id)
	if err == nil && !principal(c).MayRead(ch.Owner) {
		err = alert.ErrNoChannel
	}
	return ch, err
}

// ownChannel is channel for a change: whoever may only see it is refused.
func (s *Server) ownChannel(c echo.Context, id string) (alert.Channel, error) {
	ch, err := s.channel(c, id)
	if err == nil && !principal(c).MayWrite(ch.Owner) {
		err = errForbidden()
	}
	return ch, err
}

// standingChannels returns the owners of the channels that exist, by their IDs.
func (s *Server) standingChannels(ctx context.Context) (map[string]account.Owner, error) {
	all, err := s.cfg.Channels.Channels(ctx)
	if err != nil {
		return nil, err
	}
	owners := make(map[string]account.Owner, len(all))
	for _, ch := range all {
		owners[ch.ID] = ch.Owner
	}
	return owners, nil
}

// channels returns those that p may see.
func (s *Server) channels(ctx context.Context, p account.Principal) ([]alert.Channel, error) {
	all, err := s.cfg.Channels.Channels(ctx)
	return slices.DeleteFunc(all, func(ch alert.Channel) bool { return !p.MayRead(ch.Owner) }), err
}

func (s *Server) listChannels(c echo.Context) error {
	p := principal(c)
	all, err := s.channels(c.Request().Context(), p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, channelsView{Channels: viewAll(all, func(ch alert.Channel) channelView { return s.viewChannel(p, ch) })})
}

func (s *Server) listKinds(c echo.Context) error {
	return c.JSON(http.StatusOK, kindsView{Kinds: viewAll(s.cfg.Kinds, s.viewKind)})
}

func (s *Server) getChannel(c echo.Context) error {
	ch, err := s.channel(c, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.viewChannel(principal(c), ch))
}

func (s *Server) addChannel(c echo.Context) error {
	ch, err := s.givenChannel(c)
	if err != nil {
		return err
	}
	if err := s.keepChannel(c.Request().Context(), ch); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "channels/"+ch.ID)
	return c.JSON(http.StatusCreated, s.viewChannel(principal(c), ch))
}

// keepChannel stores a new channel.
func (s *Server) keepChannel(ctx context.Context, ch alert.Channel) error {
	all, err := s.cfg.Channels.Channels(ctx)
	if err != nil {
		return err
	}
	if len(all) >= maxChannels {
		p := &problem{Status: http.StatusInsufficientStorage, Code: "full", Detail: fmt.Sprintf("There are %d channels, which is all the appliance holds. Delete some first.", maxChannels)}
		return p.as("full")
	}
	return s.cfg.Channels.AddChannel(ctx, ch)
}

func (s *Server) editChannel(c echo.Context) error {
	var in channelInput
	if err := decode(c, &in); err != nil {
		return err
	}
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	if ch, err = s.changeChannel(c, ch.ID, in); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.viewChannel(principal(c), ch))
}

// changeChannel changes a channel and sends what waits for it.
func (s *Server) changeChannel(c echo.Context, id string, in channelInput) (alert.Channel, error) {
	ch, err := s.cfg.Channels.EditChannel(c.Request().Context(), id, func(ch *alert.Channel) error {
		was := ch.Fields
		in.apply(ch)
		if err := s.guardSecrets(was, *ch, in.Fields); err != nil {
			return err
		}
		return s.validate(principal(c), *ch)
	})
	if err != nil {
		return alert.Channel{}, err
	}
	return ch, s.mended(c.Request().Context(), ch)
}

func (s *Server) removeChannel(c echo.Context) error {
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.cfg.Channels.RemoveChannel(c.Request().Context(), ch.ID); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) testChannel(c echo.Context) error {
	ch, err := s.ownChannel(c, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.testStored(c.Request().Context(), ch); err != nil {
		return testProblem(err)
	}
	return c.JSON(http.StatusOK, testView{OK: true})
}

// testStored sends a test message through a channel that stands, and what waits
// for it once that has succeeded.
func (s *Server) testStored(ctx context.Context, ch alert.Channel) error {
	if err := s.sendTest(ctx, ch); err != nil {
		return err
	}
	// An edit makes due what waits: dead letters go to the end of the line, and
	// would wait behind it.
	ch, err := s.cfg.Channels.EditChannel(ctx, ch.ID, func(kept *alert.Channel) error { kept.TestedAt = time.Now(); return nil })
	if err != nil {
		return err
	}
	return s.mended(ctx, ch)
}

func (s *Server) testUnsavedChannel(c echo.Context) error {
	ch, err := s.givenChannel(c)
	if err != nil {
		return err
	}
	ch.ID = "" // Nothing that stands is meant, whatever becomes of the test.
	if err := s.sendTest(c.Request().Context(), ch); err != nil {
		return testProblem(err)
	}
	return c.JSON(http.StatusOK, testView{OK: true})
}

// refusedTestError is why a test message was not sent, as the server said it.
type refusedTestError struct{ error }

// sendTest sends a test message; its error is a refusedTestError, or names the field
// that is wrong.
func (s *Server) sendTest(ctx context.Context, ch alert.Channel) error {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	err := s.cfg.Test(ctx, ch)
	if err == nil {
		return nil
	}
	if field, ok := errors.AsType[*alert.FieldError](err); ok {
		return field
	}
	return refusedTestError{err}
}

// testProblem answers why there was no test message.
func testProblem(err error) error {
	if refused, ok := errors.AsType[refusedTestError](err); ok {
		return &problem{Status: http.StatusBadGateway, Code: "not_sent", Detail: "The test message was not sent: " + refused.Error()}
	}
	return err
}
