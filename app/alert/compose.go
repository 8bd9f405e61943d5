package alert

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
)

// Bounds of a message, in characters. ntfy turns texts of more than 4,096 bytes
// into attachments, so the portal's wording, the only part without a natural
// length, must leave room for the rest.
const (
	maxTitle   = 120
	maxLabel   = 60
	maxWording = 1600
	maxDetail  = 400
)

// Priorities on ntfy's scale. A silent message always has the default one: its
// rank must not tell a decision from a first answer.
const (
	priorityResolved = 2
	priorityDefault  = 3
	priorityChange   = 4
	priorityDecision = 5
)

// urgentDays is how many days before its expiry a document becomes urgent.
const urgentDays = 7

// Compose puts n into words for channel c: in the language of l, telling no
// more than the channel's privacy level allows. baseURL is the appliance's own
// address, or "" if it is not known. The message has no ID yet. Compose is pure.
func Compose(n Notification, c Channel, l *locale.Locale, baseURL string) Message {
	w := writer{n: n, privacy: c.Privacy, l: l, home: strings.TrimRight(baseURL, "/")}
	w.letter()
	return Message{
		Title:    cut(oneLine(w.out.Title), maxTitle),
		Text:     w.out.text(),
		HTML:     w.out.html(),
		Priority: w.priority(),
		Tags:     w.tags(),
		Link:     w.link(),
		At:       n.At,
	}
}

// writer turns one notification into a letter.
type writer struct {
	n       Notification
	privacy Privacy
	l       *locale.Locale
	home    string
	out     letter
}

// discreet reports whether the message must not tell what it is about. Anything
// but the two telling levels counts, so that a level this version does not know
// reveals nothing. Operator notices are about nobody and are told at every level.
func (w *writer) discreet() bool {
	switch w.n.Kind {
	case NothingChecked, LayoutChanged, ChannelDead, NoBackup, NoCopy:
		return false
	}
	return w.silent()
}

// silent reports whether messages about applications must not tell anything.
func (w *writer) silent() bool { return w.privacy != Full && w.privacy != Masked }

func (w *writer) letter() {
	w.out.Language = w.l.Language()
	switch {
	case w.n.Kind == Test:
		w.out.Title = w.l.Text("alert.title.test")
		w.out.Lead = w.l.Text("alert.lead.test")
		w.out.Meaning = w.l.Text("alert.privacy." + string(w.level()))
	case w.discreet():
		w.out.Title = w.l.Text("alert.title.silent")
		w.out.Lead = w.l.Text("alert.lead.silent")
	default:
		w.telling()
	}
	if link := w.link(); link != "" {
		w.add("alert.part.details", link)
	}
}

// level returns the privacy level that holds.
func (w *writer) level() Privacy {
	if w.silent() {
		return Silent
	}
	return w.privacy
}

// telling writes a letter that may say what it is about.
func (w *writer) telling() {
	switch w.n.Kind {
	case FirstAnswer:
		w.status("first", "alert.title.first")
	case StatusChanged:
		w.status("status", "alert.title.status")
	case CannotCheck:
		w.cannotCheck()
	case DocumentExpires:
		w.document()
	default:
		w.notice()
	}
}

// document tells that a travel document expires. The number of the document is
// not even known here.
func (w *writer) document() {
	variant := ""
	if w.privacy != Full {
		variant = "_masked"
	}
	if w.n.DaysLeft == 0 {
		variant += "_today"
	}
	args := []any{"document", w.named("document", w.n.Document), "who", cut(oneLine(w.n.Label), maxLabel), "count", w.n.DaysLeft, "date", w.day()}
	w.out.Title = w.l.Text("alert.title.document"+variant, args...)
	w.out.Lead = w.l.Text("alert.lead.document"+variant, args...)
	w.out.NextTitle = w.l.Text("alert.part.next")
	w.out.Next = w.named("alert.next.document", w.n.Document)
	if w.n.Document == "residence_card" || w.n.Document == "visa" { // Those that the Ministry gives.
		w.official(visa.PagePortal)
	}
	w.add("alert.part.seen", w.l.Time(w.n.At))
}

// named returns the text of a kind of document, or that of any document where
// the catalogue does not know the kind.
func (w *writer) named(group, kind string) string {
	if key := group + "." + kind; w.l.Has(key) {
		return w.l.Text(key)
	}
	return w.l.Text(group + ".other")
}

// day returns the last day of the document as the language writes it.
func (w *writer) day() string {
	t, err := time.Parse(time.DateOnly, w.n.Expires)
	if err != nil {
		return w.n.Expires
	}
	return w.l.Day(t)
}

// status tells what the portal says and what follows from it.
func (w *writer) status(lead, title string) {
	status := w.l.Text("status." + string(w.n.To))
	w.out.Title = w.l.Text(title, "who", w.shortWho(), "status", status)
	w.out.Lead = w.l.Text("alert.lead."+lead, "who", w.who(), "status", status,
		"from", w.l.Text("status."+string(w.n.From)))
	w.advice(w.subject())
	if w.privacy == Full && w.n.Text != "" {
		w.out.WordingTitle = w.l.Text("alert.part.wording")
		w.out.Wording = cut(strings.TrimSpace(printable(w.n.Text)), maxWording)
	}
	w.out.Remark = w.l.Text("alert.indicative")
	w.add("alert.part.seen", w.l.Time(w.n.At))
}

// subject returns the last part of the catalogue keys that explain the status.
// A number that vanishes needs other words than one that is not there yet.
func (w *writer) subject() string {
	if w.n.To == visa.NotFound && w.n.Kind == StatusChanged && w.n.From != visa.Unknown {
		return "gone"
	}
	return string(w.n.To)
}

// advice adds what subject means, what to do next, and the official page.
func (w *writer) advice(subject string) {
	w.out.Meaning = w.l.Text("alert.meaning." + subject)
	w.out.NextTitle = w.l.Text("alert.part.next")
	w.out.Next = w.l.Text("alert.next." + subject)
	if w.n.To != visa.Unknown && official(w.n.Link) {
		w.add("alert.part.official", w.n.Link)
		return
	}
	page := visa.PageStatus
	if next, ok := visa.NextSteps(visa.Reference{}, "", w.n.To); ok {
		page = next.Pages[0]
	}
	w.official(page)
}

// official adds the address of an official page.
func (w *writer) official(p visa.Page) {
	address, _ := p.URL(w.l.Language())
	w.add("alert.part.official", address)
}

func (w *writer) cannotCheck() {
	if w.n.Resolved {
		w.out.Title = w.l.Text("alert.title.can_check", "who", w.shortWho())
		w.out.Lead = w.l.Text("alert.lead.can_check", "who", w.who())
		return
	}
	w.out.Title = w.l.Text("alert.title.cannot_check", "who", w.shortWho())
	w.out.Lead = w.l.Text("alert.lead.cannot_check", "who", w.who())
	w.advice("cannot_check")
}

// notice tells operators about the appliance itself.
func (w *writer) notice() {
	key := string(w.n.Kind)
	if w.n.Resolved {
		key += "_over"
	}
	name := cut(oneLine(w.n.Subject), maxLabel)
	title, lead := name, w.l.Text("alert.named_channel", "name", name)
	if w.privacy != Full || name == "" {
		// A channel's name is often a person's; a source's name is no secret.
		title = w.l.Text("alert.some_channel")
		lead = title
	}
	w.out.Title = w.l.Text("alert.title."+key, "channel", title, "duration", w.n.At.Sub(w.n.Since))
	w.out.Lead = w.l.Text("alert.lead."+key, "channel", lead, "source", w.source(), "since", w.n.Since, "reason", w.reason())
	if !w.n.Resolved {
		w.out.NextTitle = w.l.Text("alert.part.next")
		w.out.Next = w.l.Text("alert.next." + key)
	}
	if w.n.Kind == ChannelDead && w.privacy == Full && w.n.Detail != "" {
		w.add("alert.part.answer", cut(oneLine(w.n.Detail), maxDetail))
	}
	w.add("alert.part.seen", w.l.Time(w.n.At))
}

// source names the source the notice is about: in words where the catalogue has
// them.
func (w *writer) source() string {
	if key := "source." + w.n.Subject; w.l.Has(key) {
		return w.l.Text(key)
	}
	return cut(oneLine(w.n.Subject), maxLabel)
}

// reason returns the failure code of the notice in words.
func (w *writer) reason() string {
	if key := "failure." + w.n.Detail; w.l.Has(key) {
		return w.l.Text(key)
	}
	return w.l.Text("failure.internal")
}

// who names the application as far as the privacy level allows.
func (w *writer) who() string {
	if w.privacy != Full {
		return w.n.Reference.Masked()
	}
	if label := cut(oneLine(w.n.Label), maxLabel); label != "" {
		return w.l.Text("alert.who", "label", label, "reference", w.n.Reference.String())
	}
	return w.n.Reference.String()
}

// shortWho is who for a title: the label is enough where it may be told.
func (w *writer) shortWho() string {
	if label := cut(oneLine(w.n.Label), maxLabel); w.privacy == Full && label != "" {
		return label
	}
	return w.who()
}

func (w *writer) add(labelKey, value string) {
	w.out.Facts = append(w.out.Facts, fact{Label: w.l.Text(labelKey), Value: value})
}

// link returns the page to open: the application's or person's own, or the first one where
// there is none or the ID would tell one application from another.
func (w *writer) link() string {
	switch {
	case w.home == "":
		return ""
	case w.n.About() == "" || w.discreet():
		return w.home + "/"
	case w.n.ApplicationID == "":
		return w.home + "/people/" + url.PathEscape(w.n.PersonID)
	}
	return w.home + "/applications/" + url.PathEscape(w.n.ApplicationID)
}

func (w *writer) priority() int {
	switch {
	case w.discreet(), w.n.Kind == Test, w.n.Kind == FirstAnswer:
		return priorityDefault
	case w.n.Resolved:
		return priorityResolved
	case w.n.Kind == DocumentExpires && w.n.DaysLeft > urgentDays:
		return priorityDefault
	case w.n.Kind == StatusChanged && w.n.To.Final():
		return priorityDecision
	}
	return priorityChange
}

// tags returns ntfy's short codes; most become an emoji before the title.
func (w *writer) tags() []string {
	switch {
	case w.n.Kind == Test:
		return []string{"test_tube"}
	case w.discreet():
		return []string{"bell"}
	case w.n.Kind == FirstAnswer:
		return []string{"eyes", statusTag(w.n.To)}
	case w.n.Kind == StatusChanged:
		return []string{statusTag(w.n.To)}
	case w.n.Resolved:
		return []string{"white_check_mark"}
	case w.n.Kind == DocumentExpires && w.n.DaysLeft > urgentDays:
		return []string{"calendar"}
	}
	return []string{"warning"}
}

func statusTag(s visa.Status) string {
	switch s {
	case visa.NotFound:
		return "mag"
	case visa.InProgress:
		return "hourglass_flowing_sand"
	case visa.Suspended:
		return "pause_button"
	case visa.PreliminarilyPositive:
		return "+1"
	case visa.Granted:
		return "tada"
	case visa.Refused:
		return "envelope"
	}
	return "question"
}

// official reports whether link leads to a page of the Czech administration.
// Other links come from a changed, copied or hostile page and are not passed on.
func official(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc([]string{"gov.cz", "mvcr.cz"}, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

// oneLine joins the lines of s and drops what is not printable.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// printable drops control characters except line breaks, and turns every kind
// of blank into a plain one. Marks that change the direction of writing go too:
// they would let one wording pose as another.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\ufeff', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

// cut shortens s to at most limit characters, the last one being an ellipsis
// where something was left out.
func cut(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimRight(string(runes[:limit-1]), " \n") + "…"
}

// Notice puts a notice to operators that stands into words, for a page: what is the
// matter, more about it, and what to do.
func Notice(n Notification, l *locale.Locale) (title, lead, next string) {
	w := writer{n: n, privacy: Full, l: l}
	w.notice()
	return cut(oneLine(w.out.Title), maxTitle), w.out.Lead, w.out.Next
}
