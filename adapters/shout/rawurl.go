package shout

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"

	"cz-visa-monitor/app/alert"
)

// urlRow takes a URL of the library as it is, for the services without a row of
// their own.
func urlRow() row {
	return row{
		kind: newKind("url",
			alert.ChannelField{Name: "url", Required: true, Secret: true, Address: true, Example: "telegram://token@telegram?chats=12345"},
		),
		check:   func(f fields) error { return checkRawURL(f["url"]) },
		derived: func(f fields) []string { return append(urlSecrets(f["url"]), hostOf(f["url"])) },
		send: func(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
			u, err := url.Parse(strings.TrimSpace(f["url"]))
			if err != nil {
				return noRetryError("the URL cannot be read")
			}
			// Not every service knows a title, so it becomes the first line.
			return n.viaLibrary(ctx, u, cutBytes(m.Title+"\n\n"+m.Text, textLimit), nil, nil)
		},
	}
}

// unfit are the library's services that send nothing, or that have a row whose
// way of sending is bounded in time.
func unfit() []string { return []string{"logger", "smtp"} }

func checkRawURL(raw string) error {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return wrong("url", "url", "It is no URL. In a user, a password or a token, write @ as %40, # as %23, / as %2F and % as %25.")
	}
	scheme, _, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	switch {
	case scheme == "smtp":
		return wrong("url", "take_email", "For e-mail take the kind email.")
	case slices.Contains(unfit(), scheme) || !router.SupportsSchema(scheme):
		return wrong("url", "no_service", "There is no such service. The part before :// is the service's name, for example telegram.")
	}
	if n := targets(scheme, u); n > 1 {
		return wrong("url", "several_targets", "It names several targets. Make one channel for each: a message that fails for one of them would be repeated to the others.")
	} else if n == 0 {
		return wrong("url", "all_rooms", "It names no room, which means all of them. Add ?rooms= and one room.")
	}
	if scheme == "matrix" {
		return nil // The library logs in while it reads the URL.
	}
	// Reading a URL asks nobody; should a service do so, it gets no answer.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := &exchange{ctx: ctx}
	if _, err := locate(u, x); err != nil && !x.asked {
		return wrong("url", "unreadable", "The service cannot read it. Compare it with the service's page in the library's documentation.")
	}
	return nil
}

// targets returns to how many targets the library would send one request each,
// as far as the URL tells. Services that hand over a list in one request, for
// all of it or none, count as one.
func targets(scheme string, u *url.URL) int {
	switch path := strings.TrimPrefix(u.Path, "/"); scheme {
	case "matrix":
		return listed(u, "rooms", "room")
	case "telegram":
		return max(1, listed(u, "chats", "channels"))
	case "ifttt":
		return max(1, listed(u, "events"))
	case "twilio":
		return max(1, len(strings.FieldsFunc(path, func(r rune) bool { return r == '/' })))
	case "pushbullet":
		n := len(strings.Split(path, "/"))
		if u.Fragment != "" {
			n++
		}
		return n
	case "signal":
		return max(signalRecipients(path), listed(u, "recipients", "to"), 1)
	}
	return 1
}

// listed returns the length of the longest list under one of the keys, whose
// case does not matter to the library.
func listed(u *url.URL, keys ...string) int {
	most := 0
	for key, values := range u.Query() {
		if slices.Contains(keys, strings.ToLower(key)) && values[0] != "" {
			most = max(most, strings.Count(values[0], ",")+1)
		}
	}
	return most
}

// signalRecipients counts the recipients in a path, behind the sender. The ID of
// a group may hold slashes.
func signalRecipients(path string) int {
	parts, n, group := strings.Split(path, "/"), 0, false
	for _, part := range parts[1:] {
		begins := strings.HasPrefix(part, "group.")
		number := strings.HasPrefix(part, "+")
		if begins || number || !group {
			n++
		}
		group = begins || group && !number
	}
	return n
}

// urlSecrets returns every part of a URL that may be a key.
func urlSecrets(raw string) []string {
	all := []string{raw}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return all
	}
	if u.User != nil {
		password, _ := u.User.Password()
		all = append(all, u.User.Username(), password, u.User.String())
	}
	all = append(all, u.RawQuery, u.Fragment, u.Opaque)
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) > 3 {
			all = append(all, part)
		}
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if len(v) > 3 {
				all = append(all, v)
			}
		}
	}
	return all
}

// hostOf returns the host of a URL: several services keep a key there.
func hostOf(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return ""
	}
	return u.Hostname()
}
