package shout

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"cz-visa-monitor/app/alert"
)

func matrixRow() row {
	return row{
		kind: newKind("matrix",
			alert.ChannelField{Name: "server", Required: true, Address: true, Example: "https://matrix.example.com"},
			alert.ChannelField{Name: "token", Secret: true, Example: "syt_..."},
			alert.ChannelField{Name: "user", Example: "watch"},
			alert.ChannelField{Name: "password", Secret: true},
			alert.ChannelField{Name: "room", Required: true, Example: "!abcdefghijkl:example.com"},
		),
		private: []string{"user", "room"},
		check: func(f fields) error {
			if _, err := server(f["server"], false); err != nil {
				return err
			}
			if room := f["room"]; len(room) < 2 || room[0] != '!' && room[0] != '#' || strings.ContainsAny(room, ", /") {
				return wrong("room", "room", "Give one room: its ID, which begins with !, or its alias, which begins with #.")
			}
			return eitherLogin(f, false)
		},
		send: func(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
			params := map[string]string{"title": m.Title}
			return n.viaLibrary(ctx, matrixURL(f), m.Text, params, func(r *http.Request) { matrixTransaction(r, m.ID) })
		},
	}
}

// matrixURL builds the library's URL. A token goes where a password would, with
// no user before it.
func matrixURL(f fields) *url.URL {
	srv, err := server(f["server"], false)
	if err != nil {
		return &url.URL{} // Checked before; the library refuses this.
	}
	query := url.Values{"rooms": {f["room"]}}
	if srv.Scheme == "http" {
		query.Set("disableTLS", "yes")
	}
	u := &url.URL{Scheme: "matrix", Host: srv.Host, Path: "/", RawQuery: query.Encode()}
	if f["token"] != "" {
		u.User = url.UserPassword("", f["token"])
	} else {
		u.User = url.UserPassword(f["user"], f["password"])
	}
	return u
}

// matrixTransaction puts id in place of the library's random transaction ID.
// A server takes a transaction only once, so a message that is sent again
// because its answer got lost does not appear twice.
func matrixTransaction(r *http.Request, id string) {
	const send = "/send/m.room.message/"
	at := strings.LastIndex(r.URL.Path, send)
	if r.Method != http.MethodPut || at < 0 || id == "" {
		return
	}
	r.URL.Path, r.URL.RawPath = r.URL.Path[:at+len(send)]+id, ""
}
