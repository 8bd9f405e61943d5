package shout

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"cz-visa-monitor/app/alert"
)

// textLimit is below the 4,096 bytes from which on ntfy turns a message into an
// attachment, and the library sends none to Telegram, Lark or WeCom.
const textLimit = 4000

func ntfyRow() row {
	return row{
		kind: newKind("ntfy",
			alert.ChannelField{Name: "server", Required: true, Address: true, Default: "https://ntfy.sh", Example: "http://192.168.1.5:8080"},
			alert.ChannelField{Name: "topic", Required: true, Unguessable: true, Example: "visa-k3nq8vw2"},
			alert.ChannelField{Name: "token", Secret: true, Example: "tk_0123456789abcdefghijklmnopqrs"},
			alert.ChannelField{Name: "user", Example: "anna"},
			alert.ChannelField{Name: "password", Secret: true},
		),
		// On a public server whoever knows the topic can read it.
		private: []string{"topic", "user"},
		check: func(f fields) error {
			if _, err := server(f["server"], false); err != nil {
				return err
			}
			// The server's own rule.
			if !only(f["topic"], "-_") || len(f["topic"]) > 64 {
				return wrong("topic", "topic", "Use up to 64 letters without accents, digits, - and _.")
			}
			if strings.Contains(f["user"], ":") {
				return wrong("user", "colon", "It must not hold a colon.")
			}
			return eitherLogin(f, true)
		},
		derived: func(f fields) []string {
			if f["token"] != "" {
				return []string{":" + f["token"]}
			}
			return basicAuth(f)
		},
		send: func(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
			params := map[string]string{
				// Header values must be ASCII; ntfy decodes RFC 2047.
				"title":    mime.BEncoding.Encode("utf-8", m.Title),
				"priority": strconv.Itoa(m.Priority),
				"tags":     strings.Join(m.Tags, ","),
				"click":    m.Link,
			}
			return n.viaLibrary(ctx, ntfyURL(f), cutBytes(m.Text, textLimit), params, func(r *http.Request) {
				// Since ntfy 2.16 a second message with the same sequence ID
				// replaces the first one on the phone; older ones ignore it.
				if only(m.ID, "-_") && len(m.ID) <= 64 {
					r.Header.Set("X-Sequence-ID", m.ID)
				}
			})
		},
	}
}

// ntfyURL builds the library's URL. A token goes where a password would with no
// user before it, which the server documents as another way to give one.
func ntfyURL(f fields) *url.URL {
	srv, err := server(f["server"], false)
	if err != nil {
		return &url.URL{} // Checked before; the library refuses this.
	}
	u := &url.URL{
		Scheme: "ntfy", Host: srv.Host, Path: "/" + f["topic"],
		RawQuery: url.Values{"scheme": {srv.Scheme}}.Encode(),
	}
	if f["token"] != "" {
		u.User = url.UserPassword("", f["token"])
	} else if f["user"] != "" {
		u.User = url.UserPassword(f["user"], f["password"])
	}
	return u
}

// cutBytes shortens s to at most limit bytes, the last character being an
// ellipsis where something was left out.
func cutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}
