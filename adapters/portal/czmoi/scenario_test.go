package czmoi

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/portal/portaltest/sourcetest"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// The suite in source_test.go plays S1–S24 as any source must take them. Below
// is what is particular to this one.

func reference(tb testing.TB, number string) visa.Reference {
	tb.Helper()
	ref, err := visa.Parse(number)
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

// story returns what a check brought in one word: the status, or the code of
// the failure in brackets.
func story(tb testing.TB, src *Source, number string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 45*time.Second)
	defer cancel()
	res, err := src.Check(ctx, reference(tb, number))
	if err == nil {
		return string(res.Status)
	}
	var f *watch.Failure
	if !errors.As(err, &f) {
		tb.Fatalf("no failure but %v", err)
	}
	tb.Logf("%v (%v)", f, f.Err)
	return "(" + string(f.Code) + ")"
}

const (
	zov1 = "ZZZZ202508149001"
	zov2 = "ZZZZ202508149002"
	oam1 = "OAM-90001/DP-2025"
	oam2 = "OAM-90002/TP-2024"
)

func TestScenarios(t *testing.T) {
	b := newBrowser(t, 1)
	start := func(t *testing.T, cfg portaltest.Config, change func(*Config)) (*portaltest.Server, *Source) {
		t.Helper()
		srv := sourcetest.NewReplica(t, cfg)
		return srv, newSource(t, b, srv.PageURL("en"), change)
	}
	expect := func(t *testing.T, src *Source, number, want string) {
		t.Helper()
		if got := story(t, src, number); got != want {
			t.Errorf("check brought %s, want %s", got, want)
		}
	}
	running := portaltest.Answer{Outcome: portaltest.InProgress}

	t.Run("S9 swallowed four times is given up", func(t *testing.T) {
		srv := sourcetest.NewReplica(t, portaltest.Config{})
		srv.Script(zov1, portaltest.Answer{Outcome: portaltest.InProgress, Swallow: 99})
		src := newSource(t, b, srv.PageURL("en"), func(c *Config) { c.SubmitWait, c.AnswerWait = 300*time.Millisecond, 3*time.Second })
		expect(t, src, zov1, "(timeout)")
		if got := srv.Swallowed(); got != maxSubmits {
			t.Errorf("%d clicks, want %d", got, maxSubmits)
		}
	})

	t.Run("S10 captcha denied is not tried again", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: portaltest.Answer{Fault: portaltest.CaptchaDenied}}, func(c *Config) { c.SubmitWait = 100 * time.Millisecond })
		expect(t, src, zov1, "(captcha)")
		if got := srv.Asked(zov1); got != 1 {
			t.Errorf("asked %d times", got)
		}
	})

	t.Run("S11 slow answer is not asked for twice", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: running, Latency: 1200 * time.Millisecond}, func(c *Config) { c.SubmitWait = 200 * time.Millisecond })
		expect(t, src, oam1, "in_progress")
		if got := srv.Asked(oam1); got != 1 {
			t.Errorf("asked %d times", got)
		}
	})

	t.Run("S8 stale answer outlives our patience", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: running}, func(c *Config) { c.AnswerWait = 1500 * time.Millisecond })
		srv.Script(zov2, portaltest.Answer{Outcome: portaltest.Granted, StaleFor: portaltest.Forever})
		expect(t, src, zov1, "in_progress")
		expect(t, src, zov2, "(mismatch)")
	})

	t.Run("S19 a whole story", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{}, nil)
		want := []string{"not_found", "not_found", "not_found", "in_progress", "(unreachable)", "in_progress", "preliminarily_positive", "granted", "in_progress"}
		var answers []portaltest.Answer
		for _, w := range want {
			a := portaltest.Answer{Outcome: portaltest.Outcome(w)}
			if w == "(unreachable)" {
				a = portaltest.Answer{Fault: portaltest.BadGateway}
			}
			answers = append(answers, a)
		}
		srv.Script(oam1, answers...)
		var got []string
		for range want {
			got = append(got, story(t, src, oam1))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("story (-want +got):\n%s", diff)
		}
	})

	t.Run("S22 page crashes in mid-check", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: running}, nil)
		srv.Script(zov2, portaltest.Answer{Delay: portaltest.Forever})
		err := b.Do(t.Context(), func(ctx context.Context, p *browser.Page) error {
			if err := p.Navigate(ctx, srv.PageURL("en")); err != nil {
				return err
			}
			go func() {
				for srv.Asked(zov2) == 0 && ctx.Err() == nil {
					_ = p.Eval(ctx, nil, `() => new Promise(done => setTimeout(done, 20))`)
				}
				_ = p.Navigate(ctx, "chrome://crash")
			}()
			_, err := newCheck(src, p, reference(t, zov2)).run(ctx)
			return err
		})
		if f := failureOf(err); f.Code != watch.Browser {
			t.Errorf("crashed check: %v", err)
		}
		expect(t, src, zov1, "in_progress")
	})

	t.Run("Q1 nothing of the check before is sent", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: running}, nil)
		for _, number := range []string{"OAM-90001-6/DP-2025", zov1, oam2, zov2, oam1} {
			expect(t, src, number, "in_progress")
		}
		// Somebody's suffix on the page, as an earlier version of the form kept it.
		err := b.Do(t.Context(), func(ctx context.Context, p *browser.Page) error {
			c := newCheck(src, p, reference(t, zov2))
			for _, step := range []func() error{
				func() error { return c.write(ctx, "suffix", "", "77") },
				func() error { return c.write(ctx, "number", "", "123") },
			} {
				if err := step(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, src, zov2, "in_progress")
		if problems := srv.Problems(); len(problems) > 0 {
			t.Error(problems)
		}
	})

	t.Run("keys at a person's pace", func(t *testing.T) {
		srv, src := start(t, portaltest.Config{Default: running}, func(c *Config) { c.KeyDelay = 3 * time.Millisecond })
		for _, number := range []string{zov1, oam1, zov2, oam2} {
			expect(t, src, number, "in_progress")
			if srv.Asked(number) != 1 {
				t.Errorf("asked %d times", srv.Asked(number))
			}
		}
	})

	t.Run("cookies are refused", func(t *testing.T) {
		for name, cookies := range map[string]portaltest.Cookies{"known": portaltest.CookiesShown, "reworded": portaltest.CookiesReworded, "twice": portaltest.CookiesTwice} {
			srv, src := start(t, portaltest.Config{Default: running, Page: portaltest.Page{Cookies: cookies}}, nil)
			expect(t, src, zov1, "in_progress")
			var choice string
			if err := b.Do(t.Context(), func(ctx context.Context, p *browser.Page) error {
				return p.Eval(ctx, &choice, `() => document.cookie`)
			}); err != nil {
				t.Fatal(err)
			}
			if choice != "cookies_choice=none" {
				t.Errorf("%s: the page remembers %q", name, choice)
			}
			srv.Close()
			// Another replica has another port but the same host, hence the same cookies.
			if err := b.Do(t.Context(), func(context.Context, *browser.Page) error { return errors.New("throw the page away") }); err == nil {
				t.Fatal("no error")
			}
		}
	})

	t.Run("the request's path has changed", func(t *testing.T) {
		file := override(t, func(l *layout) { l.Question.Path = "/api/v2/somewhere/else" })
		srv, src := start(t, portaltest.Config{Default: running}, func(c *Config) { c.LayoutFile = file })
		expect(t, src, zov1, "in_progress")
		expect(t, src, oam1, "in_progress")
		// Faults are still understood, because the request carries the number.
		srv.Script(zov2, portaltest.Answer{Fault: portaltest.CaptchaDenied})
		expect(t, src, zov2, "(captcha)")
		// But an alert without a number proves nothing now.
		srv.Script(oam2, portaltest.Answer{Outcome: portaltest.InProgress, HTML: "It is still <b>being processed</b>."})
		src.cfg.AnswerWait = time.Second
		expect(t, src, oam2, "(layout_changed)")
	})

	t.Run("an alert without a number", func(t *testing.T) {
		_, src := start(t, portaltest.Config{Default: portaltest.Answer{Outcome: portaltest.InProgress, HTML: "It is still <b>being processed</b>."}}, nil)
		expect(t, src, zov1, "in_progress")
		expect(t, src, zov2, "in_progress") // the same words again, for another number
		expect(t, src, oam1, "in_progress")
	})

	t.Run("S16 what a changed page looks like is kept", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "evidence")
		srv, src := start(t, portaltest.Config{Default: running, Page: portaltest.Page{Layout: portaltest.LayoutAlertClass}}, func(c *Config) {
			c.EvidenceDir, c.AnswerWait = dir, 500*time.Millisecond
		})
		for i := range maxEvidence + 2 {
			expect(t, src, []string{zov1, oam1}[i%2], "(layout_changed)")
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 2*maxEvidence {
			t.Fatalf("%d files kept (%v), want a page and a picture of %d cases", len(files), err, maxEvidence)
		}
		for _, file := range files {
			if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %v, %v", file.Name(), info.Mode(), err)
			}
			data, err := os.ReadFile(filepath.Join(dir, file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file.Name(), ".png") {
				continue
			}
			for _, secret := range []string{zov1, "90001"} {
				if strings.Contains(string(data), secret) {
					t.Errorf("%s holds %s", file.Name(), secret)
				}
			}
			if !strings.Contains(string(data), "message__content") || !strings.Contains(string(data), "proceedings.referenceNumber") {
				t.Errorf("%s does not show the page: %.300s", file.Name(), data)
			}
		}
		if problems := srv.Problems(); len(problems) > 0 {
			t.Error(problems)
		}
	})

	t.Run("no reference", func(t *testing.T) {
		_, src := start(t, portaltest.Config{}, nil)
		if _, err := src.Check(t.Context(), visa.Reference{}); failureOf(err).Code != watch.Internal {
			t.Errorf("error %v", err)
		}
	})
}

// override writes a changed copy of the embedded layout and returns its name.
func override(tb testing.TB, change func(*layout)) string {
	tb.Helper()
	l, err := parseLayout(embeddedLayout)
	if err != nil {
		tb.Fatal(err)
	}
	change(&l)
	data, err := json.Marshal(l)
	if err != nil {
		tb.Fatal(err)
	}
	name := filepath.Join(tb.TempDir(), "portal-layout.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return name
}
