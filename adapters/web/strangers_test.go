package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// somebody is a user with a token.
type somebody struct {
	*appliance
	id, bearer string
}

func (a *appliance) somebody(name string, role account.Role) somebody {
	u, secret := a.user(name, role)
	return somebody{a, u.ID, "Bearer " + secret}
}

func (s somebody) ask(method, path, body string) *httptest.ResponseRecorder {
	s.tb.Helper()
	return s.do(method, path, body, "Authorization", s.bearer)
}

func (s somebody) watches(ref, label string) applicationView {
	s.tb.Helper()
	return read[applicationView](s.tb, s.ask("POST", "/api/v1/applications", `{"reference":"`+ref+`","label":"`+label+`"}`), http.StatusCreated)
}

// Whoever adds a number that somebody else watches sees what he would see of one
// that nobody has ever watched.
func TestNewcomerLearnsNothing(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	first, second := a.somebody("first", account.Member), a.somebody("second", account.Member)
	ch := read[channelView](t, first.ask("POST", "/api/v1/channels", `{"name":"First phone","kind":"ntfy","fields":{"topic":"first-topic"},"privacy":"full"}`), http.StatusCreated)
	app := read[applicationView](t, first.ask("POST", "/api/v1/applications",
		`{"reference":"`+anna+`","label":"First label","note":"First note","interval":"7h","channels":["`+ch.ID+`"]}`), http.StatusCreated)
	before := time.Now()
	long := before.Add(-48 * time.Hour)
	answer := watch.Answer{Text: "Old wording", Link: "https://example.com/old", Language: "cs"}
	a.settle(app.ID, watch.State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: long, ChangedAt: long, Answer: answer, CheckedAt: long, AnsweredAt: long,
		NextCheckAt: before.Add(5 * time.Hour), Pending: &watch.Pending{Status: visa.Granted, SeenAt: long, Answer: answer},
	}, nil, watch.Entry{At: long, Kind: watch.Changed, To: visa.InProgress, Answer: answer})

	fresh, joined := second.watches(boris, "Mine"), second.watches(anna, "Mine")
	if joined.NextCheckAt.Sub(before) > time.Minute {
		t.Errorf("the plan of the other one shows: the next check is at %s", joined.NextCheckAt)
	}
	// The ID is that of what is shared, and its revision counts for all.
	for _, v := range []*applicationView{&fresh, &joined} {
		v.ID, v.Reference, v.Masked, v.Kind, v.Revision = "", "", "", "", 0
		v.AddedAt, v.NextCheckAt = time.Time{}, time.Time{}
	}
	if diff := cmp.Diff(fresh, joined); diff != "" {
		t.Errorf("a number that nobody watched (-) differs from one that somebody did (+):\n%s", diff)
	}
	if h := read[historyView](t, second.ask("GET", "/api/v1/applications/"+string(app.ID)+"/history", ""), http.StatusOK); len(h.Entries) > 0 {
		t.Errorf("the history of the other one shows: %+v", h)
	}
	second.seesNothingOf(app.ID, first.id, ch.ID, "First", "7h0m0s", "first-topic", "Old wording", "in_progress", "granted", long.UTC().Format("2006-01-02"))
	first.seesNothingOf(app.ID, second.id, "Mine")

	// The next answer is for both, as of now.
	now := time.Now()
	a.settle(app.ID, watch.State{
		Status: visa.InProgress, Valid: visa.InProgress, Since: long, ChangedAt: long, CheckedAt: now, AnsweredAt: now,
		Pending: &watch.Pending{Status: visa.Granted, SeenAt: long},
	}, nil)
	got := read[applicationView](t, second.ask("GET", "/api/v1/applications/"+string(app.ID), ""), http.StatusOK)
	if got.Status != visa.InProgress || got.Since.Before(before) || got.Pending.SeenAt.Before(before) {
		t.Errorf("after the answer: %s since %s, pending since %s", got.Status, got.Since, got.Pending.SeenAt)
	}
	if h := read[historyView](t, second.ask("GET", "/api/v1/applications/"+string(app.ID)+"/history", ""), http.StatusOK); len(h.Entries) > 0 {
		t.Errorf("the history of the other one shows after the answer: %+v", h)
	}
	second.seesNothingOf(app.ID, first.id, ch.ID, "First", "7h0m0s", "first-topic", "Old wording", long.UTC().Format("2006-01-02"))
	for _, owner := range []string{first.id, account.NewID(now)} {
		if w := second.ask("GET", "/api/v1/applications/"+string(app.ID)+"?owner=user:"+owner, ""); w.Code != http.StatusNotFound {
			t.Errorf("somebody else's way to watch is answered with %d", w.Code)
		}
	}
}

// seesNothingOf fails if one of words is in anything that s can read.
func (s somebody) seesNothingOf(id watch.ID, words ...string) {
	s.tb.Helper()
	app := "/api/v1/applications/" + string(id)
	for _, path := range []string{
		"/api/v1/applications", app, app + "/history", app + "/checks", "/api/v1/channels", "/api/v1/deliveries", "/api/v1/groups", "/api/v1/audit", "/api/v1/source", "/api/v1/me",
	} {
		body := s.ask("GET", path, "").Body.String()
		for _, word := range words {
			if strings.Contains(body, word) {
				s.tb.Errorf("%s shows %q: %s", path, word, body)
			}
		}
	}
}

// An edit of one watcher leaves the other's as it was.
func TestWatchersDoNotTouchOneAnother(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	first, second := a.somebody("first", account.Member), a.somebody("second", account.Member)
	app, _ := first.watches(anna, "First label"), second.watches(anna, "Second label")
	path := "/api/v1/applications/" + string(app.ID)
	read[applicationView](t, second.ask("PATCH", path, `{"label":"Changed","paused":true,"muted":true}`), http.StatusOK)
	if got := read[applicationView](t, first.ask("GET", path, ""), http.StatusOK); got.Label != "First label" || got.Paused || got.Muted {
		t.Errorf("the first one's is now %+v", got)
	}
	if w := second.ask("DELETE", path, ""); w.Code != http.StatusNoContent {
		t.Fatalf("DELETE: %d", w.Code)
	}
	if w := second.ask("GET", path, ""); w.Code != http.StatusNotFound {
		t.Errorf("whoever left still sees it: %d", w.Code)
	}
	if w := first.ask("GET", path, ""); w.Code != http.StatusOK {
		t.Errorf("it is gone for the one who stayed: %d", w.Code)
	}
}

// listenAs opens a stream of somebody's, and returns what reads its next events.
func (s *served) listenAs(ctx context.Context, who somebody) *bufio.Reader {
	s.tb.Helper()
	own := s.token
	defer func() { s.token = own }()
	s.token = strings.TrimPrefix(who.bearer, "Bearer ")
	body := bufio.NewReader(s.listen(ctx).Body)
	lines(s.tb, body, 1) // It is connected.
	return body
}

// next returns the lines of the next event, its number and signs of life left out.
func next(tb testing.TB, body *bufio.Reader) string {
	tb.Helper()
	for {
		line := lines(tb, body, 1)[0]
		if strings.HasPrefix(line, ":") || strings.HasPrefix(line, "id:") {
			continue
		}
		if event := line + " " + lines(tb, body, 1)[0]; event != "event: alive data: {}" {
			return event
		}
	}
}

func TestStrangersEventsNeverArrive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serveOnWire(t)
		first, second := s.somebody("first", account.Member), s.somebody("second", account.Member)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		firsts, seconds := s.listenAs(ctx, first), s.listenAs(ctx, second)
		admins := bufio.NewReader(s.listen(ctx).Body) // An admin is a stranger, too.
		lines(t, admins, 1)

		theirs := second.watches(boris, "")
		second.ask("PATCH", "/api/v1/applications/"+string(theirs.ID), `{"label":"x"}`)
		second.ask("DELETE", "/api/v1/applications/"+string(theirs.ID), "")
		ours := first.watches(anna, "")
		s.hub.Publish(watch.Event{Kind: watch.SourceChanged})

		mine := `event: application data: {"id":"` + string(ours.ID) + `"}`
		about := func(kind string) string { return "event: " + kind + ` data: {"id":"` + string(theirs.ID) + `"}` }
		for name, want := range map[string]struct {
			body   *bufio.Reader
			events []string
		}{
			"first":  {firsts, []string{mine, "event: source data: {}"}},
			"second": {seconds, []string{about("application"), about("application"), about("removed"), "event: source data: {}"}},
			"admin":  {admins, []string{"event: source data: {}"}},
		} {
			var got []string
			for range want.events {
				got = append(got, next(t, want.body))
			}
			if diff := cmp.Diff(want.events, got); diff != "" {
				t.Errorf("the stream of the %s (-want +got):\n%s", name, diff)
			}
		}
		cancel()
		synctest.Wait()
	})
}

// What somebody may not see any more leaves his stream with the next sign of life.
func TestStreamFollowsTheRights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serveOnWire(t)
		owner, member := s.somebody("owner", account.Member), s.somebody("member", account.Member)
		g := read[groupView](t, owner.ask("POST", "/api/v1/groups", `{"name":"Family","kind":"family"}`), http.StatusCreated)
		members := "/api/v1/groups/" + g.ID + "/members"
		read[groupView](t, owner.ask("POST", members, `{"name":"member","right":"read"}`), http.StatusCreated)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream := s.listenAs(ctx, member)
		shared := read[applicationView](t, owner.ask("POST", "/api/v1/applications", `{"reference":"`+anna+`","owner":"`+string(g.Owner)+`"}`), http.StatusCreated)
		path := "/api/v1/applications/" + string(shared.ID)
		if got := next(t, stream); !strings.Contains(got, string(shared.ID)) {
			t.Fatalf("a member hears %q", got)
		}

		if w := owner.ask("DELETE", members+"/"+member.id, ""); w.Code != http.StatusNoContent {
			t.Fatalf("DELETE: %d %s", w.Code, w.Body)
		}
		if w := member.ask("GET", path, ""); w.Code != http.StatusNotFound {
			t.Errorf("who is no member any more is answered with %d", w.Code)
		}
		lines(t, stream, 2) // The sign of life.
		owner.ask("PATCH", path, `{"label":"Secret"}`)
		s.hub.Publish(watch.Event{Kind: watch.SourceChanged})
		if got := next(t, stream); got != "event: source data: {}" {
			t.Errorf("who is no member any more hears %q", got)
		}

		// Who becomes one again hears again.
		read[groupView](t, owner.ask("POST", members, `{"name":"member","right":"read"}`), http.StatusCreated)
		lines(t, stream, 2)
		owner.ask("PATCH", path, `{"label":"Shared"}`)
		if got := next(t, stream); !strings.Contains(got, string(shared.ID)) {
			t.Errorf("who is a member again hears %q", got)
		}

		// Who may not sign in any more hears nothing at all.
		if w := s.do("PATCH", "/api/v1/users/"+member.id, `{"disabled":true}`); w.Code != http.StatusOK {
			t.Fatalf("PATCH: %d %s", w.Code, w.Body)
		}
		time.Sleep(heartbeat) // The bubble's time.
		if rest, err := stream.ReadString('\n'); err == nil && !slices.Contains([]string{"", "\n"}, rest) {
			t.Errorf("who is disabled hears %q", rest)
		}
		synctest.Wait()
		if n := len(s.hub.subs); n != 0 {
			t.Errorf("%d streams are open", n)
		}
	})
}
