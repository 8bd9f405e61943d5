package shouttest

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed inbox.html
var inboxHTML string

// inboxMessage is a message as the page shows it.
type inboxMessage struct {
	Message
	Emoji string
	// Words are the tags without an emoji.
	Words []string
}

// inbox shows the messages, newest first, the way a phone would.
func (n *Ntfy) inbox(w http.ResponseWriter, _ *http.Request) {
	var shown []inboxMessage
	for _, m := range slices.Backward(n.Messages()) {
		shown = append(shown, newInboxMessage(m))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	if err := template.Must(template.New("inbox").Parse(inboxHTML)).Execute(w, shown); err != nil {
		n.problem("cannot write the inbox: %v", err)
	}
}

func newInboxMessage(m Message) inboxMessage {
	out := inboxMessage{Message: m}
	var emoji []string
	for _, tag := range m.Tags {
		if e := tagEmoji(tag); e != "" {
			emoji = append(emoji, e)
		} else {
			out.Words = append(out.Words, tag)
		}
	}
	out.Emoji = strings.Join(emoji, " ")
	return out
}

// Clock returns the time of day of the message.
func (m inboxMessage) Clock() string { return m.At.Format("15:04:05") }

// Urgency returns ntfy's name for a priority out of the ordinary.
func (m inboxMessage) Urgency() string {
	switch m.Priority {
	case 1:
		return "min"
	case 2:
		return "low"
	case 4:
		return "high"
	case 5:
		return "max"
	}
	return ""
}

// tagEmoji returns what ntfy's apps show for a tag; "" for a mere word.
func tagEmoji(tag string) string {
	switch tag {
	case "mag":
		return "🔍"
	case "hourglass_flowing_sand":
		return "⏳"
	case "pause_button":
		return "⏸️"
	case "+1":
		return "👍"
	case "tada":
		return "🎉"
	case "envelope":
		return "✉️"
	case "question":
		return "❓"
	case "eyes":
		return "👀"
	case "bell":
		return "🔔"
	case "warning":
		return "⚠️"
	case "white_check_mark":
		return "✅"
	case "test_tube":
		return "🧪"
	}
	return ""
}
