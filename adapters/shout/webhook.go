package shout

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"cz-visa-monitor/app/alert"
)

// headersField holds what is sent along.
const headersField = "headers"

// webhookBody is what a webhook receives. Its names are part of the product's
// interface: they never change.
type webhookBody struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Message  string    `json:"message"`
	Priority int       `json:"priority"`
	Tags     []string  `json:"tags"`
	Link     string    `json:"link,omitempty"`
	Time     time.Time `json:"time"`
}

// webhookRow posts by itself: the library's generic service mangles names of
// headers such as X-API-Key, takes some query parameters of the address for its
// own, and can only send strings.
func webhookRow() row {
	return row{
		kind: newKind("webhook",
			// Addresses of webhooks mostly hold a key.
			alert.ChannelField{Name: "url", Required: true, Secret: true, Address: true, Example: "https://hooks.example.com/visa?key=…"},
			alert.ChannelField{Name: headersField, Secret: true, Lines: true, Example: "Authorization: Bearer …"},
		),
		check: func(f fields) error {
			if _, err := webhookURL(f["url"]); err != nil {
				return err
			}
			_, err := webhookHeaders(f[headersField])
			return err
		},
		derived: func(f fields) []string {
			headers, _ := webhookHeaders(f[headersField])
			var all []string
			for _, values := range headers {
				for _, v := range values {
					all = append(all, v)
					all = append(all, strings.Fields(v)...) // "Bearer" and the token
				}
			}
			return append(all, urlSecrets(f["url"])...)
		},
		send: sendWebhook,
	}
}

func webhookURL(value string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(value))
	switch {
	case err != nil:
		return nil, wrong("url", "address", "It is no address.")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, wrong("url", "scheme", "Begin with https:// or http://.")
	case u.Hostname() == "":
		return nil, wrong("url", "host", "The name of the host is missing.")
	}
	return u, nil
}

// webhookHeaders reads one header a line.
func webhookHeaders(value string) (http.Header, error) {
	headers := make(http.Header)
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, v, found := strings.Cut(line, ":")
		name, v = strings.TrimSpace(name), strings.TrimSpace(v)
		if !found || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(v) {
			return nil, wrong(headersField, "headers", "Write one header a line, like Authorization: Bearer abc.")
		}
		headers.Add(name, v)
	}
	return headers, nil
}

func sendWebhook(ctx context.Context, n *Notifier, f fields, m alert.Message) error {
	u, err := webhookURL(f["url"])
	if err != nil {
		return noRetryError(err.Error())
	}
	headers, err := webhookHeaders(f[headersField])
	if err != nil {
		return noRetryError(err.Error())
	}
	body, err := json.Marshal(webhookBody{
		ID: m.ID, Title: m.Title, Message: m.Text, Priority: m.Priority, Tags: m.Tags, Link: m.Link, Time: m.At,
	})
	if err != nil {
		return noRetryError("the message cannot be encoded")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return noRetryError("the address cannot be used")
	}
	r.Header.Set("Content-Type", "application/json")
	for name, values := range headers {
		r.Header[name] = values
	}
	if host := headers.Get("Host"); host != "" {
		r.Host = host
	}
	x := &exchange{ctx: ctx, client: n.http}
	resp, err := x.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return x.verdict(err)
}
