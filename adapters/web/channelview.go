package web

import (
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// channelView is a channel as the API shows it.
type channelView struct {
	ID string `json:"id"`
	// Owner is who may choose the channel.
	Owner account.Owner `json:"owner"`
	Name  string        `json:"name"`
	Kind  string        `json:"kind"`
	// Fields are those that are no secret; Secrets says of the others whether
	// they are set.
	Fields    map[string]string `json:"fields"`
	Secrets   map[string]bool   `json:"secrets"`
	Privacy   alert.Privacy     `json:"privacy"`
	Language  string            `json:"language"`
	Operator  bool              `json:"operator"`
	Paused    bool              `json:"paused"`
	Quiet     alert.Quiet       `json:"quiet,omitzero"`
	Digest    string            `json:"digest,omitempty"`
	Zone      string            `json:"zone,omitempty"`
	MayWrite  bool              `json:"may_write"`
	CreatedAt time.Time         `json:"created_at"`
}

type channelsView struct {
	Channels []channelView `json:"channels"`
}

type kindsView struct {
	Kinds []kindView `json:"kinds"`
}

// kindView describes a kind of channel in words.
type kindView struct {
	Name   string      `json:"name"`
	Label  string      `json:"label"`
	Fields []fieldView `json:"fields"`
}

type fieldView struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Help     string   `json:"help"`
	Required bool     `json:"required"`
	Secret   bool     `json:"secret"`
	Address  bool     `json:"address"`
	Choices  []string `json:"choices,omitempty"`
	Default  string   `json:"default,omitempty"`
	Example  string   `json:"example,omitempty"`
}

// testView says that a test message was sent.
type testView struct {
	OK bool `json:"ok"`
}

// viewChannel shows ch to p. Only fields that its kind knows and calls no secret
// are shown, so that nothing slips out that nobody thought of.
func (s *Server) viewChannel(p account.Principal, ch alert.Channel) channelView {
	v := channelView{
		ID: ch.ID, Owner: ch.Owner, Name: ch.Name, Kind: ch.Kind, Fields: map[string]string{}, Secrets: map[string]bool{},
		Privacy: ch.Privacy, Language: ch.Language, Operator: ch.Operator, Paused: ch.Paused, Quiet: ch.Quiet, Digest: ch.Digest, Zone: ch.Zone,
		MayWrite: p.MayWrite(ch.Owner), CreatedAt: ch.CreatedAt.UTC(),
	}
	for _, f := range s.fields(ch.Kind) {
		value, ok := ch.Fields[f.Name]
		switch {
		case f.Secret:
			v.Secrets[f.Name] = ok
		case ok:
			v.Fields[f.Name] = value
		}
	}
	return v
}

// fields describes the fields of a kind of channel; none if there is no such kind.
func (s *Server) fields(kind string) []alert.ChannelField {
	for _, k := range s.cfg.Kinds {
		if k.Name == kind {
			return k.Fields
		}
	}
	return nil
}

func (s *Server) viewKind(k alert.ChannelKind) kindView {
	l := s.words
	return kindView{Name: k.Name, Label: l.Text(k.LabelKey), Fields: viewAll(k.Fields, func(f alert.ChannelField) fieldView {
		return fieldView{
			Name: f.Name, Label: l.Text(f.LabelKey), Help: l.Text(f.HelpKey), Required: f.Required, Secret: f.Secret, Address: f.Address,
			Choices: f.Choices, Default: f.Default, Example: f.Example,
		}
	})}
}
