package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Lengths are in characters, as the document's maxLength is: Cyrillic letters
// take two bytes each.
func TestLengthsAreInCharacters(t *testing.T) {
	t.Parallel()
	channel := func(name, topic string) string {
		return `{"name":"` + name + `","kind":"url","fields":{"url":"` + topic + `"}}`
	}
	url := func(n int) string {
		const head = "ntfy://ntfy.example.com/"
		return head + strings.Repeat("x", n-len(head)-1) + "ж"
	}
	runScenarios(t, []scenario{
		{name: "longest name", method: "POST", path: "/api/v1/channels", body: channel(strings.Repeat("Ж", 100), url(50)), want: 201},
		{name: "name too long", method: "POST", path: "/api/v1/channels", body: channel(strings.Repeat("Ж", 101), url(50)), want: 422, wantBody: `{"field":"name","detail":"The field name is longer than 100 characters. Shorten it."}`},
		{name: "longest value", method: "POST", path: "/api/v1/channels", body: channel("x", url(4096)), want: 201},
		{name: "value too long", method: "POST", path: "/api/v1/channels", body: channel("x", url(4097)), want: 422, wantBody: `{"field":"fields"}`},
		{name: "longest label", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"label":"` + strings.Repeat("Ж", 200) + `"}`, want: 200},
		{name: "label too long", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"label":"` + strings.Repeat("Ж", 201) + `"}`, want: 422, wantBody: `{"field":"label"}`},
	})
}

// Whoever holds a token must not learn the stored secrets of a channel by
// sending them to a server of their own.
func TestSecretsStayWithTheirServer(t *testing.T) {
	t.Parallel()
	with := func(kind string, fields map[string]string) func(*testing.T, *scene) {
		return func(t *testing.T, s *scene) {
			_, err := s.store.EditChannel(t.Context(), s.fill("{phone}"), func(c *alert.Channel) error {
				c.Kind, c.Fields = kind, fields
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	mail := with("email", map[string]string{"host": "smtp.example.com", "user": "anna", "password": secret, "from": "a@example.com", "to": "b@example.com"})
	hook := with("webhook", map[string]string{"url": "https://hooks.example.com/1", "headers": "Authorization: Bearer " + secret})
	open := with("ntfy", map[string]string{"topic": "visa"})
	const path = "/api/v1/channels/{phone}"
	runScenarios(t, []scenario{
		{
			name: "another server", method: "PATCH", path: path, body: `{"fields":{"server":"https://evil.example.com"}}`, want: 422, wantNot: "{secret}",
			wantBody: `{"code":"invalid","field":"token","detail":"The field server says where to send, and it has another value now. Give the field token again with it, so that what is stored is not sent elsewhere."}`,
		},
		{name: "another server, and another secret", method: "PATCH", path: path, body: `{"fields":{"server":"https://other.example.com","token":"tk_2"}}`, want: 200, wantBody: `{"fields":{"server":"https://other.example.com"},"secrets":{"token":true}}`},
		{name: "another server, and no secret", method: "PATCH", path: path, body: `{"fields":{"server":"https://other.example.com","token":""}}`, want: 200, wantBody: `{"secrets":{"token":false}}`},
		{name: "another server, and a secret of another name", method: "PATCH", path: path, body: `{"fields":{"server":"https://evil.example.com","password":"x"}}`, want: 422, wantBody: `{"field":"token"}`},
		{name: "the default in words", method: "PATCH", path: path, body: `{"fields":{"server":"https://ntfy.sh"}}`, want: 200, wantBody: `{"secrets":{"token":true}}`},
		{name: "another server where there is no secret", before: open, method: "PATCH", path: path, body: `{"fields":{"server":"https://other.example.com"}}`, want: 200},
		{name: "another mail server", before: mail, method: "PATCH", path: path, body: `{"fields":{"host":"evil.example.com"}}`, want: 422, wantBody: `{"field":"password"}`},
		{name: "another port", before: mail, method: "PATCH", path: path, body: `{"fields":{"port":"2525"}}`, want: 422, wantBody: `{"field":"password"}`},
		{name: "no encryption any more", before: mail, method: "PATCH", path: path, body: `{"fields":{"encryption":"none"}}`, want: 422, wantBody: `{"field":"password"}`},
		{name: "another recipient", before: mail, method: "PATCH", path: path, body: `{"fields":{"to":"c@example.com"}}`, want: 200, wantBody: `{"secrets":{"password":true}}`},
		{name: "another webhook", before: hook, method: "PATCH", path: path, body: `{"fields":{"url":"https://evil.example.com/1"}}`, want: 422, wantBody: `{"field":"headers"}`},
		{name: "another webhook with its headers", before: hook, method: "PATCH", path: path, body: `{"fields":{"url":"https://hooks.example.com/2","headers":"X-Key: 2"}}`, want: 200},
		{name: "the same webhook, other headers", before: hook, method: "PATCH", path: path, body: `{"fields":{"headers":"X-Key: 2"}}`, want: 200},
	})
}

// Every kind that keeps a secret says which of its fields tell where to send it.
func TestKindsWithSecretsHaveAnAddress(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	for _, k := range read[kindsView](t, a.do("GET", "/api/v1/channels/kinds", ""), http.StatusOK).Kinds {
		secrets, addresses := 0, 0
		for _, f := range k.Fields {
			if f.Secret {
				secrets++
			}
			if f.Address {
				addresses++
			}
		}
		if secrets > 0 && addresses == 0 {
			t.Errorf("%s keeps secrets, and no field says where to send them", k.Name)
		}
	}
}

// letter makes a delivery about status to of an application through the channel
// {phone}, and lets change settle it.
func (s *scene) letter(t *testing.T, app string, to visa.Status, change func(*alert.Delivery)) alert.Delivery {
	t.Helper()
	nextMilli()
	id, now := watch.ID(s.fill(app)), time.Now()
	s.settle(id, watch.State{Status: to, Since: now, NextCheckAt: now.Add(time.Hour)}, &alert.Notification{
		Kind: alert.StatusChanged, ApplicationID: string(id), To: to, At: now,
	})
	all, err := s.store.Deliveries(t.Context(), "", 1, func(alert.Delivery) bool { return true })
	if err != nil || len(all) != 1 || all[0].Notification.To != to {
		t.Fatalf("the delivery is not there: %v %v", all, err)
	}
	change(&all[0])
	if err := s.store.Settle(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// waiting returns what the outbox holds for {phone}, in the order of sending,
// by the status it tells, as far as it is due soon.
func (s *scene) waiting(t *testing.T) []visa.Status {
	t.Helper()
	due, err := s.store.DueDeliveries(t.Context(), time.Now().Add(time.Hour), 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := []visa.Status{}
	for _, d := range due {
		if d.ChannelID == s.fill("{phone}") {
			got = append(got, d.Notification.To)
		}
	}
	return got
}

func deadSince(age time.Duration) func(*alert.Delivery) {
	return func(d *alert.Delivery) {
		d.State, d.SettledAt, d.LastError = alert.DeadLetter, time.Now().Add(-age), "401 from the server"
	}
}

func delivered(d *alert.Delivery) { d.State, d.SettledAt = alert.Delivered, time.Now() }

func TestMendedChannelSendsItsDeadLetters(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/channels/{phone}"
	for _, tc := range []struct {
		name         string
		refuse       error
		method, path string
		body         string
		status       int
		want         []visa.Status
		woken        int32
	}{
		{name: "edit", method: "PATCH", path: path, body: `{"fields":{"token":"tk_new"}}`, status: 200, want: []visa.Status{visa.InProgress, visa.Refused, visa.Granted}, woken: 1},
		{name: "edit that pauses", method: "PATCH", path: path, body: `{"paused":true}`, status: 200, want: []visa.Status{visa.InProgress}, woken: 1},
		{name: "edit that fails", method: "PATCH", path: path, body: `{"name":""}`, status: 422, want: []visa.Status{}},
		{name: "edit of another channel", method: "PATCH", path: "/api/v1/channels/{spare}", body: `{"name":"x"}`, status: 200, want: []visa.Status{}, woken: 1},
		{name: "test", method: "POST", path: path + "/test", status: 200, want: []visa.Status{visa.InProgress, visa.Refused, visa.Granted}, woken: 1},
		{name: "test that fails", refuse: errors.New("401"), method: "POST", path: path + "/test", status: 502, want: []visa.Status{}},
		{name: "test of what is not saved", method: "POST", path: "/api/v1/channels/test", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa"}}`, status: 200, want: []visa.Status{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.mail.refuse = tc.refuse
			if _, err := s.engine.Edit(t.Context(), watch.ID(s.fill("{boris}")), s.me, func(w *watch.Watcher) error {
				w.Channels = []string{s.fill("{phone}")}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			// {letter} of the scene is overtaken by the newer news that waits.
			fresh, err := s.store.Deliveries(t.Context(), "", 1, func(alert.Delivery) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			fresh[0].NextAttemptAt = time.Now().Add(5 * time.Hour)
			if err := s.store.Settle(t.Context(), fresh[0]); err != nil {
				t.Fatal(err)
			}
			s.letter(t, "{boris}", visa.NotFound, deadSince(49*time.Hour))
			s.letter(t, "{boris}", visa.Suspended, deadSince(time.Hour))
			s.letter(t, "{boris}", visa.PreliminarilyPositive, delivered)
			s.letter(t, "{boris}", visa.Refused, deadSince(47*time.Hour))
			s.letter(t, "{boris}", visa.Granted, deadSince(0))
			woken := s.woken.Load()
			if w := s.do(tc.method, s.fill(tc.path), tc.body); w.Code != tc.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.status, w.Body)
			}
			if diff := cmp.Diff(tc.want, s.waiting(t)); diff != "" {
				t.Errorf("in the outbox: %s", diff)
			}
			if got := s.woken.Load() - woken; got != tc.woken {
				t.Errorf("the dispatcher was woken %d times, want %d", got, tc.woken)
			}
		})
	}
}

func TestMendedChannelSendsABoundedNumber(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	phone := s.fill("{phone}")
	for i := range maxRevived + 5 {
		ref := "TEST20250220" + strconv.Itoa(9100+i)
		app := s.watch(ref, "", phone)
		s.letter(t, string(app.ID), visa.Granted, deadSince(0))
	}
	s.do("POST", "/api/v1/channels/"+phone+"/test", "")
	granted := 0
	for _, to := range s.waiting(t) {
		if to == visa.Granted {
			granted++
		}
	}
	if granted != maxRevived {
		t.Errorf("%d letters were put back, want %d", granted, maxRevived)
	}
}
