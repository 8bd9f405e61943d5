package shout

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"cz-visa-monitor/app/alert"
)

// fields are a channel's values by name, with defaults filled in.
type fields map[string]string

// row is one kind of channel.
type row struct {
	kind alert.ChannelKind
	// private names fields that are shown to their owner but must not stand in
	// errors: addresses and names of people.
	private []string
	// check reports the first field that cannot be, as an *alert.FieldError.
	check func(fields) error
	// derived returns secrets that follow from the fields; nil for none.
	derived func(fields) []string
	// send sends m once.
	send func(ctx context.Context, n *Notifier, f fields, m alert.Message) error
}

// rows is the table of kinds.
func rows() []row {
	return []row{ntfyRow(), emailRow(), gotifyRow(), matrixRow(), webhookRow(), urlRow()}
}

// minPrivate is from how many bytes on a private value is removed: a shorter one
// tells nobody anything, and occurs in every other word.
const minPrivate = 3

// secrets returns every value that must not stand in an error.
func (r row) secrets(f fields) []string {
	var all []string
	for _, k := range r.kind.Fields {
		value := f[k.Name]
		if k.Secret || slices.Contains(r.private, k.Name) && len(value) >= minPrivate {
			all = append(all, value)
		}
	}
	if r.derived != nil {
		all = append(all, r.derived(f)...)
	}
	return all
}

// newKind returns the description of a kind; the catalogue keys follow from the
// names.
func newKind(name string, list ...alert.ChannelField) alert.ChannelKind {
	k := alert.ChannelKind{Name: name, LabelKey: "channel." + name}
	for _, f := range list {
		f.LabelKey = "channel." + name + "." + f.Name
		f.HelpKey = f.LabelKey + ".help"
		k.Fields = append(k.Fields, f)
	}
	return k
}

// wrong returns the error that names a field; code is that of a FieldError.
func wrong(field, code, problem string) error {
	return &alert.FieldError{Field: field, Code: code, Problem: problem}
}

// server reads the address of a server: http or https, a host, perhaps a port,
// and a path only where one may be.
func server(value string, mayPath bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(value, "/"))
	switch {
	case err != nil:
		return nil, wrong("server", "address", "It is no address. Write it like https://host.example.com or http://192.168.1.5:8080.")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, wrong("server", "scheme", "Begin with https:// or, for a server in the own network without encryption, http://.")
	case u.Hostname() == "":
		return nil, wrong("server", "host", "The name of the host is missing.")
	case u.User != nil:
		return nil, wrong("server", "login_inside", "Put the user and the password into their own fields.")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, wrong("server", "query", "Leave out everything from ? or # on.")
	case u.Path != "" && !mayPath:
		return nil, wrong("server", "path", "Leave out everything after the host and port.")
	}
	return u, nil
}

// eitherLogin checks that a token, or a user with a password, is given, and not
// both. Neither is fine where mayBeOpen.
func eitherLogin(f fields, mayBeOpen bool) error {
	switch {
	case f["token"] != "" && (f["user"] != "" || f["password"] != ""):
		return wrong("token", "not_both", "Give either a token or a user and a password, not both.")
	case f["password"] != "" && f["user"] == "":
		return wrong("user", "user_missing", "It is missing. A password needs a user.")
	case f["user"] != "" && f["password"] == "":
		return wrong("password", "password_missing", "It is missing. A user needs a password.")
	case f["token"] == "" && f["user"] == "" && !mayBeOpen:
		return wrong("token", "login_missing", "It is missing. Give a token, or a user and a password.")
	case strings.ContainsAny(f["token"], " \t"):
		return wrong("token", "blank", "It holds a blank. Copy the token alone.")
	}
	return nil
}

// basicAuth returns what a login sends in base64.
func basicAuth(f fields) []string {
	if f["user"] == "" {
		return nil
	}
	return []string{f["user"] + ":" + f["password"]}
}

// only reports whether s is made of ASCII letters, digits and the characters of
// extra.
func only(s, extra string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(extra, r)
	})
}

// oneLine joins the lines of s: titles become headers.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
