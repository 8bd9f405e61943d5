package web

import (
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

// channelPage is a channel with its form, which is made from the table of kinds.
// What it holds of a channel is never a secret.
type channelPage struct {
	view
	// ID is "" for a channel that is to be added.
	ID       string
	Kind     kindCard
	Name     string
	Fields   []fieldRow
	Privacy  []privacyRow
	Speaks   []languageRow
	Owners   []ownerChoice
	Whose    string
	MayWrite bool
	// MayOperate: it can be a channel for notices about the appliance.
	MayOperate, Operator bool
	Paused               bool
	// Quiet, Digest and Zone say when messages go.
	Quiet        alert.Quiet
	Digest, Zone string
	// Wrong is the field that is wrong, "" for none.
	Wrong   string
	Tested  *testedRow
	Letters []letterRow
	// From is "start" and Steps is set if it is one of the first steps.
	From  string
	Steps steps
}

// fieldRow is a field of the form. Set: a secret is stored, which is not shown.
type fieldRow struct {
	Name, Label, Help, Value, Example string
	Required, Secret, Lines, Set      bool
	Choices                           []choiceRow
}

// choiceRow is one of the values that a field can have.
type choiceRow struct {
	Value, Label string
	Chosen       bool
}

// privacyRow is a privacy level with an example of what it tells.
type privacyRow struct {
	Value           alert.Privacy
	Label, Help     string
	Language        string
	ExTitle, ExLead string
	Chosen          bool
}

// languageRow is a language in which messages can be.
type languageRow struct {
	language
	Chosen bool
}

// Wrongs reports whether a field is the wrong one, for the template.
func (p *channelPage) Wrongs(field string) bool { return p.Wrong != "" && p.Wrong == field }

// WrongBelow reports whether what is wrong is none of the fields at the top, for
// the template.
func (p *channelPage) WrongBelow() bool {
	return p.Wrong != "" && p.Wrong != "name" && !slices.ContainsFunc(p.Fields, func(f fieldRow) bool { return f.Name == p.Wrong })
}

// labelled puts what the form calls a field before what is wrong with it.
func (p *channelPage) labelled(field, text string) string {
	for _, f := range p.Fields {
		if f.Name == field {
			return f.Label + ": " + text
		}
	}
	if key := "channels.label_" + field; p.words.Has(key) {
		return p.T(key) + ": " + text
	}
	return text
}

func (p *channelPage) setWrong(field string) { p.Wrong = field }

// fieldForm is a page with a form that can say which of its fields is wrong.
type fieldForm interface {
	setWrong(field string)
	labelled(field, text string) string
}

// complainOfField is complain for a page whose form marks the wrong field.
func (s *Server) complainOfField(c echo.Context, name string, v *view, page fieldForm, err error) error {
	field := problemOf(err).Field
	page.setWrong(field)
	return s.complain(c, name, v, func() any {
		v.Problem = page.labelled(field, v.Problem)
		return page
	}, err)
}

// channelForm reads what the form says of a channel. A secret that was left empty
// stays as it is, and goes where that is asked for.
func (s *Server) channelForm(c echo.Context, kind string) channelInput {
	form := c.Request().Form
	in := channelInput{Fields: map[string]string{}}
	if form.Has("name") {
		name := strings.TrimSpace(form.Get("name"))
		in.Name = &name
	}
	if form.Has("privacy") {
		privacy := alert.Privacy(form.Get("privacy"))
		in.Privacy = &privacy
	}
	if form.Has("language") {
		lang := form.Get("language")
		in.Language = &lang
	}
	if form.Has("quiet_from") {
		in.Quiet = &alert.Quiet{From: form.Get("quiet_from"), To: form.Get("quiet_to"), Decisions: form.Has("quiet_decisions")}
		digest, zone := form.Get("digest"), strings.TrimSpace(form.Get("zone"))
		in.Digest, in.Zone = &digest, &zone
	}
	// Only who was asked can have said no.
	if operator := form.Has("operator"); operator || form.Has("asked_operator") {
		in.Operator = &operator
	}
	for _, f := range s.fields(kind) {
		value := strings.ReplaceAll(form.Get("field."+f.Name), "\r\n", "\n")
		gone := f.Secret && form.Has("remove."+f.Name)
		if value != "" || gone || !f.Secret && form.Has("field."+f.Name) {
			in.Fields[f.Name] = value
		}
	}
	return in
}

// channelPage makes the page of a channel. stored are the fields as the store has
// them, which say what secrets there are.
func (s *Server) channelPage(c echo.Context, ch alert.Channel, stored map[string]string) (*channelPage, error) {
	title := "channels.edit"
	if ch.ID == "" {
		title = "channels.new"
	}
	p := principal(c)
	page := &channelPage{
		view: s.inside(c, sectionChannels, title), ID: ch.ID, Name: ch.Name, MayWrite: p.MayWrite(ch.Owner) || ch.ID == "",
		MayOperate: mayOperate(p, ch), Operator: ch.Operator, Paused: ch.Paused, Quiet: ch.Quiet, Digest: ch.Digest, Zone: ch.Zone,
	}
	if ch.ID != "" {
		page.Heading = ch.Name
	}
	who, err := s.owners(c, page.view, ch.Owner)
	if err != nil {
		return nil, err
	}
	page.Owners, page.Whose = who.Choices, who.of(ch.Owner)
	page.From, page.Steps = beganWith(c, stepChannel)
	for _, k := range s.cfg.Kinds {
		if k.Name == ch.Kind {
			page.Kind = kindCardOf(page.view, k)
			page.Fields = viewAll(k.Fields, func(f alert.ChannelField) fieldRow { return fieldRowOf(page.view, f, ch, stored) })
		}
	}
	for _, one := range s.languages() {
		page.Speaks = append(page.Speaks, languageRow{one, one.Code == ch.Language})
	}
	page.Privacy = s.privacyRows(page.view, ch)
	if ch.ID == "" {
		return page, nil
	}
	page.Letters, _, err = s.letterRows(c, page.view, letterFilter{channel: ch.ID}, shownLetters)
	return page, err
}

func fieldRowOf(v view, f alert.ChannelField, ch alert.Channel, stored map[string]string) fieldRow {
	row := fieldRow{
		Name: f.Name, Label: v.T(f.LabelKey), Help: v.T(f.HelpKey), Example: f.Example,
		Required: f.Required, Secret: f.Secret, Lines: f.Lines, Set: f.Secret && stored[f.Name] != "",
	}
	if !f.Secret {
		row.Value = ch.Fields[f.Name]
	}
	if row.Value == "" && !f.Secret {
		row.Value = f.Default
	}
	for _, value := range f.Choices {
		label := value
		if key := f.LabelKey + "." + value; v.words.Has(key) {
			label = v.T(key)
		}
		row.Choices = append(row.Choices, choiceRow{value, label, value == row.Value})
	}
	return row
}

// privacyRows shows each privacy level by a message as it would be sent, in the
// language of the channel.
func (s *Server) privacyRows(v view, ch alert.Channel) (rows []privacyRow) {
	words, chosen := s.cfg.Catalogues.For(ch.Language), ch.Privacy
	n := alert.Notification{
		Kind: alert.StatusChanged, Label: words.Text("channels.example_name"), Reference: exampleReference(),
		From: visa.InProgress, To: visa.PreliminarilyPositive, At: time.Now(),
	}
	for _, level := range []alert.Privacy{alert.Full, alert.Masked, alert.Silent} {
		ch.Privacy = level
		m := alert.Compose(n, ch, words, "")
		lead, _, _ := strings.Cut(m.Text, "\n\n")
		rows = append(rows, privacyRow{
			Value: level, Label: v.T("channels.privacy_" + string(level)), Help: v.T("alert.privacy." + string(level)),
			Language: words.Language(), ExTitle: m.Title, ExLead: lead, Chosen: level == chosen,
		})
	}
	return rows
}

// exampleReference is a number that nobody has.
func exampleReference() visa.Reference {
	ref, err := visa.Parse("ZZZZ202501150001")
	if err != nil {
		return visa.Reference{}
	}
	return ref
}
