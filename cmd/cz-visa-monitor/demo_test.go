package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

// liveDemo is a demo that runs: where its page and its inbox are, and how one signs in.
type liveDemo struct {
	page, phone      string
	name, password   string
	relative, second string
}

// runDemo runs the demo until the test ends.
func runDemo(t *testing.T, args ...string) liveDemo {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs output
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"demo", "--listen", "127.0.0.1:0"}, args...), environ(settingsFor(t, "http://127.0.0.1:9/", "127.0.0.1:0")), strings.NewReader(""), &out, &errs)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("the demo ended with %d: %s", code, &errs)
		}
	})
	printed := regexp.MustCompile(`the page +(http://[^/]+)/ +sign in as (\S+) with the password (\S+)\s+a relative +signs in there as (\S+) with the password (\S+), .*\s+the phone +(\S+)`)
	var d liveDemo
	eventually(t, "it prints its addresses", func() error {
		m := printed.FindStringSubmatch(out.String())
		if m == nil {
			return fmt.Errorf("it printed %q", &out)
		}
		d = liveDemo{page: m[1], name: m[2], password: m[3], relative: m[4], second: m[5], phone: m[6]}
		return nil
	})
	return d
}

// TestDemo runs the demo as people do: the addresses it prints lead to a page
// with what three have watched for months, whose statuses move, and to an inbox
// that fills.
func TestDemo(t *testing.T) {
	t.Parallel()
	d := runDemo(t)
	client := api{t: t, base: d.page, cookie: signIn(t, d.page, d.name, d.password)}
	wanted := make(map[string]bool)
	for _, s := range visa.Statuses() {
		wanted[string(s)] = true
	}
	var list struct {
		Applications []application `json:"applications"`
	}
	eventually(t, "all have a status", func() error {
		if err := client.get("/api/v1/applications?archived=true", &list); err != nil {
			return err
		}
		apps := slices.Clone(list.Applications)
		if err := client.get("/api/v1/applications", &list); err != nil {
			return err
		}
		apps = append(apps, list.Applications...)
		for _, a := range apps {
			if a.Status == "" {
				return fmt.Errorf("%s has none", a.Reference)
			}
			delete(wanted, a.Status)
		}
		if len(apps) != len(samples()) {
			return fmt.Errorf("%d applications", len(apps))
		}
		return nil
	})
	if len(wanted) > 0 {
		t.Errorf("nothing is %v", wanted)
	}
	eventually(t, "a change arrives on the phone", func() error {
		titles, err := inboxTitles(t.Context(), d.phone)
		if err != nil {
			return err
		}
		for _, title := range titles {
			if strings.HasSuffix(title, "Jana, student visa") {
				return nil
			}
		}
		return fmt.Errorf("it shows %q", titles)
	})
	// What was written as the past is what the replica shows: the first answers
	// bring no other wording.
	for _, a := range list.Applications {
		var h struct {
			Entries []struct{ Kind string } `json:"entries"`
		}
		if err := client.get("/api/v1/applications/"+a.ID+"/history", &h); err != nil {
			t.Fatal(err)
		}
		if len(h.Entries) == 0 || slices.ContainsFunc(h.Entries, func(e struct{ Kind string }) bool { return e.Kind == "reworded" }) {
			t.Errorf("the history of %s is %v", a.Reference, h.Entries)
		}
	}
	relative := api{t: t, base: d.page, cookie: signIn(t, d.page, d.relative, d.second)}
	if err := relative.get("/api/v1/applications", &list); err != nil || len(list.Applications) != len(familySamples()) {
		t.Errorf("the relative sees %d, %v", len(list.Applications), err)
	}
	if err := relative.call("POST", "/api/v1/applications/"+list.Applications[0].ID+"/check", nil, nil); err == nil {
		t.Error("the relative may have it checked")
	}
}

// With the portal down the page shows what was known before, and says so.
func TestDemoWithoutPortal(t *testing.T) {
	t.Parallel()
	d := runDemo(t, "--source-down", "--inbox", freeAddress(t), "--replica", freeAddress(t))
	client := api{t: t, base: d.page, cookie: signIn(t, d.page, d.name, d.password)}
	eventually(t, "the portal is known to be down", func() error {
		var source struct {
			Failure struct{ Code string } `json:"failure"`
		}
		if err := client.get("/api/v1/source", &source); err != nil || source.Failure.Code != "unreachable" {
			return fmt.Errorf("%+v, %w", source, err)
		}
		return nil
	})
}

// An address that was asked for is used, or the demo says why not.
func TestDemoKeepsItsAddresses(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--inbox", "--replica", "--listen"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			var lc net.ListenConfig
			ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ln.Close() }()
			env := settingsFor(t, "http://127.0.0.1:9/", "127.0.0.1:0")
			args := []string{"demo", "--listen", freeAddress(t), flag, ln.Addr().String()}
			if code, out, errs := command(t, env, args...); code != exitError || !strings.Contains(errs, "in use") {
				t.Errorf("it ended with %d: %s%s", code, out, errs)
			}
		})
	}
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
