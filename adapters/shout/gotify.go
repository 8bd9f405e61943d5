package shout

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"cz-visa-monitor/app/alert"
)

func gotifyRow() row {
	return row{
		kind: newKind("gotify",
			alert.ChannelField{Name: "server", Required: true, Address: true, Example: "https://gotify.example.com"},
			alert.ChannelField{Name: "token", Required: true, Secret: true, Example: "AbCdEf0123456.-"},
		),
		check: func(f fields) error {
			if _, err := server(f["server"], true); err != nil {
				return err
			}
			if !gotifyToken(f["token"]) {
				return wrong("token", "gotify_token", "It is not the token of an application. Gotify shows it under Apps; it begins with A or gtfya.")
			}
			return nil
		},
		send: func(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
			params := map[string]string{"title": m.Title, "priority": strconv.Itoa(gotifyPriority(m.Priority))}
			if m.Link != "" {
				extras, err := json.Marshal(map[string]any{
					"client::notification": map[string]any{"click": map[string]string{"url": m.Link}},
				})
				if err != nil {
					return noRetryError("the link cannot be encoded")
				}
				params["extras"] = string(extras)
			}
			return n.viaLibrary(ctx, gotifyURL(f), m.Text, params, func(r *http.Request) {
				// The library writes two slashes after a sub-path.
				r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), ""
			})
		},
	}
}

// gotifyToken reports whether s looks like a token of an application, by the
// rules the library will apply: 15 characters from A on before Gotify 3, at
// least 49 from gtfya. on since.
func gotifyToken(s string) bool {
	if !only(s, "-_.") {
		return false
	}
	return len(s) == 15 && s[0] == 'A' || len(s) >= 49 && strings.HasPrefix(s, "gtfya.")
}

// gotifyURL builds the library's URL. The token travels in a header, not in the
// URL, where proxies would log it.
func gotifyURL(f fields) *url.URL {
	srv, err := server(f["server"], true)
	if err != nil {
		return &url.URL{} // Checked before; the library refuses this.
	}
	query := url.Values{"useheader": {"yes"}}
	if srv.Scheme == "http" {
		query.Set("disabletls", "yes")
	}
	return &url.URL{Scheme: "gotify", Host: srv.Host, Path: srv.Path + "/" + f["token"], RawQuery: query.Encode()}
}

// gotifyPriority maps ntfy's scale of 1 to 5 to Gotify's, where apps make a
// sound from 4 on and pop up from 8 on.
func gotifyPriority(p int) int {
	switch {
	case p <= 1:
		return 1
	case p == 2:
		return 2
	case p == 3:
		return 5
	case p == 4:
		return 7
	}
	return 9
}
