package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestDemo runs the demo as people do: the addresses it prints lead to a page
// with six applications, whose statuses move, and to an inbox that fills.
func TestDemo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs output
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, environ(settingsFor(t, "http://127.0.0.1:9/", "127.0.0.1:0")), strings.NewReader(""), &out, &errs)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("the demo ended with %d: %s", code, &errs)
		}
	})
	printed := regexp.MustCompile(`the page +(http://[^/]+)/ +sign in as (\S+) with the password (\S+)\s+the phone +(\S+)`)
	var page, name, password, phone string
	eventually(t, "it prints its addresses", func() error {
		m := printed.FindStringSubmatch(out.String())
		if m == nil {
			return fmt.Errorf("it printed %q", &out)
		}
		page, name, password, phone = m[1], m[2], m[3], m[4]
		return nil
	})
	client := api{t: t, base: page, cookie: signIn(t, page, name, password)}
	var list struct {
		Applications []application `json:"applications"`
	}
	eventually(t, "six applications with a status", func() error {
		if err := client.get("/api/v1/applications", &list); err != nil {
			return err
		}
		n := 0
		for _, a := range list.Applications {
			if a.Status != "" {
				n++
			}
		}
		if n != 6 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})
	eventually(t, "a change arrives on the phone", func() error {
		titles, err := inboxTitles(t.Context(), phone)
		if err != nil {
			return err
		}
		for _, title := range titles {
			if !strings.HasPrefix(title, "Watching works") {
				return nil
			}
		}
		return fmt.Errorf("it shows %q", titles)
	})
}

// inboxTitles reads the inbox as an ntfy client would.
func inboxTitles(ctx context.Context, phone string) (titles []string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, phone+demoTopic+"/json?poll=1", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	dec := json.NewDecoder(resp.Body)
	for {
		var m struct{ Title string }
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return titles, nil
		} else if err != nil {
			return nil, err
		}
		titles = append(titles, m.Title)
	}
}
