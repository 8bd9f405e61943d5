package web

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

func TestApplications(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "list", method: "GET", path: "/api/v1/applications", want: 200, wantBody: `{"applications":[
			{"id":"{anna}","reference":"ZZZZ202501159001","masked":"ZZZZ2025••••9001","kind":"zov","label":"Anna","channels":["{phone}"],"paused":false,"muted":false,
			 "status":"in_progress","valid":"in_progress","text":"The wording of the portal","link":"https://example.com/outcome",
			 "pending":{"status":"granted"},"trouble":{"code":"timeout","count":2,"sentence":"the portal did not answer in time","detail":"no answer within 60s"}},
			{"id":"{boris}","reference":"OAM-90012-3/DP-2025","kind":"oam","label":"Boris","channels":[]}]}`, wantNot: `"next"`},
		{name: "list a page", method: "GET", path: "/api/v1/applications?limit=1", want: 200, wantBody: `{"applications":[{"id":"{anna}"}],"next":"{anna}"}`},
		{name: "list the next page", method: "GET", path: "/api/v1/applications?limit=1&after={anna}", want: 200, wantBody: `{"applications":[{"id":"{boris}"}]}`, wantNot: `"next"`},
		{name: "list behind the end", method: "GET", path: "/api/v1/applications?after=zzzz", want: 200, wantBody: `{"applications":[]}`},
		{name: "list by status", method: "GET", path: "/api/v1/applications?status=in_progress", want: 200, wantBody: `{"applications":[{"id":"{anna}"}]}`},
		{name: "list those without an answer", method: "GET", path: "/api/v1/applications?status=none", want: 200, wantBody: `{"applications":[{"id":"{boris}"}]}`},
		{name: "list by label", method: "GET", path: "/api/v1/applications?q=bOR", want: 200, wantBody: `{"applications":[{"id":"{boris}"}]}`},
		{name: "list by label without diacritics", before: labelled("{boris}", "Bořík Černý"), method: "GET", path: "/api/v1/applications?q=cerny+borik", want: 200, wantBody: `{"applications":[{"id":"{boris}"}],"total":1}`},
		{name: "list by a part of the number", method: "GET", path: "/api/v1/applications?q=90012%2FDP", want: 200, wantBody: `{"applications":[{"id":"{boris}"}]}`},
		{name: "list by two statuses", method: "GET", path: "/api/v1/applications?status=none&status=in_progress&limit=1", want: 200, wantBody: `{"applications":[{"id":"{anna}"}],"total":2}`},
		{name: "list by label, in order", before: labelled("{anna}", "Žofie"), method: "GET", path: "/api/v1/applications?sort=label", want: 200, wantBody: `{"applications":[{"id":"{boris}"},{"id":"{anna}"}]}`},
		{name: "list the next page of that order", before: labelled("{anna}", "Žofie"), method: "GET", path: "/api/v1/applications?sort=label&after={boris}", want: 200, wantBody: `{"applications":[{"id":"{anna}"}]}`},
		{name: "list in an order there is not", method: "GET", path: "/api/v1/applications?sort=beauty", want: 422, wantBody: `{"field":"sort"}`},
		{name: "list those in trouble", method: "GET", path: "/api/v1/applications?trouble=true", want: 200, wantBody: `{"applications":[{"id":"{anna}"}]}`},
		{name: "list the unread", method: "GET", path: "/api/v1/applications?unread=true", want: 200, wantBody: `{"applications":[],"total":0}`},
		{name: "list what is no yes or no", method: "GET", path: "/api/v1/applications?unread=maybe", want: 422, wantBody: `{"field":"unread"}`},
		{name: "list without the archived", before: archived("{anna}"), method: "GET", path: "/api/v1/applications", want: 200, wantBody: `{"applications":[{"id":"{boris}"}]}`},
		{name: "list the archived", before: archived("{anna}"), method: "GET", path: "/api/v1/applications?archived=true", want: 200, wantBody: `{"applications":[{"id":"{anna}","archived":true}]}`, wantNot: "next_check_at"},
		{name: "list of somebody else", method: "GET", path: "/api/v1/applications?owner=user:{nobody}", want: 200, wantBody: `{"applications":[],"total":0}`},
		{name: "list by a status there is not", method: "GET", path: "/api/v1/applications?status=approved", want: 422, wantBody: `{"field":"status","code":"invalid"}`},
		{name: "list too much", method: "GET", path: "/api/v1/applications?limit=501", want: 422, wantBody: `{"field":"limit"}`},
		{name: "list nothing", method: "GET", path: "/api/v1/applications?limit=0", want: 422, wantBody: `{"field":"limit"}`},

		{
			name: "add", method: "POST", path: "/api/v1/applications", body: `{"reference":" test 202502209002 ","label":"Cecil","channels":["{spare}"],"interval":"90m","muted":true}`,
			want: 201, wantBody: `{"reference":"TEST202502209002","label":"Cecil","channels":["{spare}"],"interval":"1h30m0s","muted":true,"paused":false,"revision":1}`,
		},
		{name: "add what stands", method: "POST", path: "/api/v1/applications", body: `{"reference":"OAM-90012/DP-2025"}`, want: 409, wantBody: `{"code":"duplicate","application":"{boris}"}`},
		{name: "add a wrong number", method: "POST", path: "/api/v1/applications", body: `{"reference":"ZZZZ2O2501159001"}`, want: 422, wantBody: `{"field":"reference","reason":"digits.letter"}`, wantNot: "ZZZZ"},
		{name: "add no number", method: "POST", path: "/api/v1/applications", body: `{"label":"x"}`, want: 422, wantBody: `{"field":"reference","reason":"whole.empty"}`},
		{name: "add with a channel there is not", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","channels":["{phone}","{nobody}"]}`, want: 422, wantBody: `{"field":"channels"}`},
		{name: "add with a channel twice", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","channels":["{phone}","{phone}"]}`, want: 422, wantBody: `{"field":"channels"}`},
		{name: "add with too short an interval", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","interval":"1m"}`, want: 422, wantBody: `{"field":"interval"}`},
		{name: "add with an interval that is none", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","interval":"often"}`, want: 422, wantBody: `{"field":"interval"}`},
		{name: "add with a long label", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","label":"` + strings.Repeat("x", 201) + `"}`, want: 422, wantBody: `{"field":"label"}`},
		{name: "add with a field there is not", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","email":"anna@example.com"}`, want: 422, wantBody: `{"field":"email"}`},
		{name: "add a number of another type", method: "POST", path: "/api/v1/applications", body: `{"reference":1}`, want: 422, wantBody: `{"field":"reference"}`},
		{name: "add with a null", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","label":null}`, want: 400, wantBody: `{"code":"bad_json"}`},
		{name: "add with a field given twice", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002","Reference":"TEST202502209003"}`, want: 422, wantBody: `{"field":"reference"}`},
		{name: "add two at once", method: "POST", path: "/api/v1/applications", body: `{"reference":"TEST202502209002"} {}`, want: 400, wantBody: `{"code":"bad_json"}`},
		{name: "add a list", method: "POST", path: "/api/v1/applications", body: `[]`, want: 400, wantBody: `{"code":"bad_json"}`},
		{name: "add nothing", method: "POST", path: "/api/v1/applications", headers: []string{"Content-Type", "application/json"}, want: 400, wantBody: `{"code":"bad_json"}`},
		{name: "add what is not UTF-8", method: "POST", path: "/api/v1/applications", body: "{\"label\":\"\xff\"}", want: 400, wantBody: `{"code":"bad_json"}`},
		{name: "add a form", method: "POST", path: "/api/v1/applications", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, body: "reference=1", want: 415, wantBody: `{"code":"media_type"}`},
		{name: "add in another charset", method: "POST", path: "/api/v1/applications", headers: []string{"Content-Type", "application/json; charset=utf-16"}, body: `{}`, want: 415},
		{name: "add in UTF-8 by name", method: "POST", path: "/api/v1/applications", headers: []string{"Content-Type", "application/json; charset=UTF-8"}, body: `{"reference":"TEST202502209002"}`, want: 201},
		{name: "add too much", method: "POST", path: "/api/v1/applications", body: `{"label":"` + strings.Repeat("x", 70_000) + `"}`, want: 413, wantBody: `{"code":"too_large"}`},

		{name: "get", method: "GET", path: "/api/v1/applications/{anna}", want: 200, wantBody: `{"id":"{anna}","status":"in_progress","text":"The wording of the portal","language":"cs"}`},
		{name: "get what there is not", method: "GET", path: "/api/v1/applications/{nobody}", want: 404, wantBody: `{"code":"not_found","title":"Not Found","status":404,"type":"about:blank"}`},
		{name: "get by a path that climbs", method: "GET", path: "/api/v1/applications/..%2f..%2fetc%2fpasswd", want: 404},

		{name: "edit one field", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"label":"Anička"}`, want: 200, wantBody: `{"label":"Anička","channels":["{phone}"],"status":"in_progress","revision":4}`},
		{
			name: "edit everything", method: "PATCH", path: "/api/v1/applications/{boris}", body: `{"label":"","channels":["{phone}","{spare}"],"interval":"2h","paused":true,"muted":true}`, want: 200,
			wantBody: `{"label":"","channels":["{phone}","{spare}"],"interval":"2h0m0s","paused":true,"muted":true}`, wantNot: "next_check_at",
		},
		{
			name: "add with the proceedings", method: "POST", path: "/api/v1/applications",
			body: `{"reference":"TEST202502209002","purpose":"blue_card","dates":{"filed":"2025-02-20","suspension_ended":"2025-03-20","pause_days":12}}`, want: 201,
			wantBody: `{"purpose":"blue_card","dates":{"filed":"2025-02-20","suspension_ended":"2025-03-20","pause_days":12}}`, wantNot: "delivered",
		},
		{
			name: "edit a day", method: "PATCH", path: "/api/v1/applications/{anna}", before: know, body: `{"dates":{"delivered":"2025-03-03"}}`, want: 200,
			wantBody: `{"purpose":"visa_studies","dates":{"filed":"2025-01-15","delivered":"2025-03-03","pause_days":3}}`,
		},
		{
			name: "take back what was entered", method: "PATCH", path: "/api/v1/applications/{anna}", before: know, body: `{"purpose":"","dates":{"filed":"","pause_days":0}}`, want: 200,
			wantBody: `{"label":"Anna"}`, wantNot: `"dates"`,
		},
		{name: "edit to a purpose there is not", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"purpose":"tourism"}`, want: 422, wantBody: `{"field":"purpose"}`},
		{name: "edit to a day there is not", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"dates":{"filed":"2025-02-30"}}`, want: 422, wantBody: `{"field":"dates.filed"}`, wantNot: "2025-02-30"},
		{name: "edit to a day to come", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"dates":{"collected":"2199-01-01"}}`, want: 422, wantBody: `{"field":"dates.collected"}`},
		{name: "edit to a delivery before filing", method: "PATCH", path: "/api/v1/applications/{anna}", before: know, body: `{"dates":{"delivered":"2025-01-14"}}`, want: 422, wantBody: `{"field":"dates.delivered"}`},
		{name: "edit to a pause without an end", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"dates":{"pause_days":99999}}`, want: 422, wantBody: `{"field":"dates.pause_days"}`},
		{name: "edit a date there is not", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"dates":{"signed":"2025-01-15"}}`, want: 422, wantBody: `{"field":"signed"}`},
		{name: "edit the reference", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"reference":"TEST202502209002"}`, want: 422, wantBody: `{"field":"reference"}`},
		{name: "edit the status", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"status":"granted"}`, want: 422, wantBody: `{"field":"status"}`},
		{name: "edit to a channel there is not", method: "PATCH", path: "/api/v1/applications/{anna}", body: `{"channels":["{nobody}"]}`, want: 422, wantBody: `{"field":"channels"}`},
		{name: "edit what there is not", method: "PATCH", path: "/api/v1/applications/{nobody}", body: `{}`, want: 404},

		{name: "delete", method: "DELETE", path: "/api/v1/applications/{anna}", want: 204},
		{name: "delete what there is not", method: "DELETE", path: "/api/v1/applications/{nobody}", want: 404},

		{name: "history", method: "GET", path: "/api/v1/applications/{anna}/history", want: 200, wantBody: `{"entries":[
			{"kind":"changed","from":"not_found","to":"in_progress","text":"The wording of the portal","language":"cs","link":"https://example.com/outcome"},{"kind":"changed","to":"not_found"}]}`},
		{name: "newest of the history", method: "GET", path: "/api/v1/applications/{anna}/history?limit=1", want: 200, wantBody: `{"entries":[{"to":"in_progress"}]}`},
		{name: "no history yet", method: "GET", path: "/api/v1/applications/{boris}/history", want: 200, wantBody: `{"entries":[]}`},
		{name: "history of nothing", method: "GET", path: "/api/v1/applications/{nobody}/history", want: 404},
		{name: "history without a limit that is one", method: "GET", path: "/api/v1/applications/{anna}/history?limit=all", want: 422, wantBody: `{"field":"limit"}`},

		{name: "checks", before: checked, method: "GET", path: "/api/v1/applications/{anna}/checks", want: 200, wantBody: `{"checks":[
			{"took":"2.5s","failure":"timeout","sentence":"the portal did not answer in time"},{"took":"1s","status":"in_progress"}]}`},
		{name: "no checks yet", method: "GET", path: "/api/v1/applications/{boris}/checks", want: 200, wantBody: `{"checks":[]}`},
		{name: "checks of nothing", method: "GET", path: "/api/v1/applications/{nobody}/checks", want: 404},

		{name: "check now", method: "POST", path: "/api/v1/applications/{anna}/check", want: 202, wantBody: `{"under_way":false,"position":1}`},
		{name: "check nothing now", method: "POST", path: "/api/v1/applications/{nobody}/check", want: 404},
		{name: "check now too often", before: useUpChecks, method: "POST", path: "/api/v1/applications/{anna}/check", want: 429, wantBody: `{"code":"quota"}`},
	})
}

func TestChannels(t *testing.T) {
	t.Parallel()
	refuse := func(_ *testing.T, s *scene) { s.mail.refuse = errors.New("403 Forbidden: topic is reserved") }
	sleeps := func(t *testing.T, s *scene) {
		_, err := s.store.EditChannel(t.Context(), s.fill("{phone}"), func(c *alert.Channel) error {
			c.Quiet = alert.Quiet{From: "22:00", To: "07:00"}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	runScenarios(t, []scenario{
		{name: "list", method: "GET", path: "/api/v1/channels", want: 200, wantNot: "{secret}", wantBody: `{"channels":[
			{"id":"{phone}","name":"Phone","kind":"ntfy","fields":{"topic":"visa"},"secrets":{"token":true},"privacy":"masked","language":"en","operator":false,"paused":false},
			{"id":"{spare}","name":"Spare"}]}`},
		{name: "kinds", method: "GET", path: "/api/v1/channels/kinds", want: 200},
		{name: "get", method: "GET", path: "/api/v1/channels/{phone}", want: 200, wantBody: `{"name":"Phone","secrets":{"token":true}}`, wantNot: "{secret}"},
		{name: "get what there is not", method: "GET", path: "/api/v1/channels/{nobody}", want: 404, wantBody: `{"code":"not_found"}`},

		{
			name: "add with defaults", method: "POST", path: "/api/v1/channels", body: `{"name":"Tablet","kind":"ntfy","fields":{"topic":"visa","server":""}}`, want: 201,
			wantBody: `{"name":"Tablet","privacy":"masked","language":"en","fields":{"topic":"visa"},"secrets":{"token":false},"operator":false,"paused":false}`,
		},
		{
			name: "add with everything", method: "POST", path: "/api/v1/channels", body: `{"name":"Tablet","kind":"ntfy","fields":{"topic":"visa","token":"{secret}"},"privacy":"full","language":"cs","operator":true,"paused":true}`, want: 201,
			wantBody: `{"privacy":"full","language":"cs","operator":true,"paused":true,"secrets":{"token":true}}`, wantNot: "{secret}",
		},
		{name: "add without a name", method: "POST", path: "/api/v1/channels", body: `{"kind":"ntfy","fields":{"topic":"visa"}}`, want: 422, wantBody: `{"field":"name"}`},
		{name: "add with a long name", method: "POST", path: "/api/v1/channels", body: `{"kind":"ntfy","name":"` + strings.Repeat("x", 101) + `"}`, want: 422, wantBody: `{"field":"name"}`},
		{name: "add with two lines", method: "POST", path: "/api/v1/channels", body: `{"kind":"ntfy","name":"a\nb"}`, want: 422, wantBody: `{"field":"name"}`},
		{name: "add of a kind there is not", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"pigeon"}`, want: 422, wantBody: `{"field":"kind"}`},
		{name: "add with a field of another kind", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa","{secret}":"1"}}`, want: 422, wantBody: `{"field":"fields"}`, wantNot: "{secret}"},
		{name: "add without what is required", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy"}`, want: 422, wantBody: `{"field":"topic"}`},
		{name: "add with a long value", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy","fields":{"topic":"` + strings.Repeat("x", 4097) + `"}}`, want: 422, wantBody: `{"field":"fields"}`},
		{name: "add with a privacy there is not", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa"},"privacy":"some"}`, want: 422, wantBody: `{"field":"privacy"}`},
		{name: "add in a language there is not", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa"},"language":"tlh"}`, want: 422, wantBody: `{"field":"language"}`},
		{name: "add with a number for a text", method: "POST", path: "/api/v1/channels", body: `{"name":"x","kind":"ntfy","fields":{"topic":1}}`, want: 422},

		{name: "edit, the secret stays", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"name":"Mobile","fields":{"topic":"other"}}`, want: 200, wantBody: `{"name":"Mobile","fields":{"topic":"other"},"secrets":{"token":true}}`},
		{name: "edit, the secret goes", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"fields":{"token":""}}`, want: 200, wantBody: `{"name":"Phone","fields":{"topic":"visa"},"secrets":{"token":false}}`},
		{name: "edit away what is required", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"fields":{"topic":""}}`, want: 422, wantBody: `{"field":"topic"}`},
		{name: "edit the kind", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"kind":"ntfy"}`, want: 422, wantBody: `{"field":"kind"}`},
		{name: "edit what there is not", method: "PATCH", path: "/api/v1/channels/{nobody}", body: `{}`, want: 404},

		{
			name: "add with quiet hours and a digest", method: "POST", path: "/api/v1/channels", want: 201,
			body:     `{"name":"x","kind":"ntfy","fields":{"topic":"visa"},"quiet":{"from":"22:00","to":"07:00","decisions":true},"digest":"18:00","zone":"Europe/Prague"}`,
			wantBody: `{"quiet":{"from":"22:00","to":"07:00","decisions":true},"digest":"18:00","zone":"Europe/Prague"}`,
		},
		{name: "edit the quiet hours", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"quiet":{"from":"21:00","to":"06:00"}}`, want: 200, wantBody: `{"name":"Phone","quiet":{"from":"21:00","to":"06:00"}}`, wantNot: "digest"},
		{name: "edit, the quiet hours stay", before: sleeps, method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"digest":"07:00"}`, want: 200, wantBody: `{"quiet":{"from":"22:00","to":"07:00"},"digest":"07:00"}`},
		{name: "edit, the quiet hours end", before: sleeps, method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"quiet":{}}`, want: 200, wantBody: `{"name":"Phone"}`, wantNot: "quiet"},
		{name: "edit to half of quiet hours", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"quiet":{"from":"21:00"}}`, want: 422, wantBody: `{"field":"quiet"}`},
		{name: "edit to quiet hours there are not", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"quiet":{"from":"25:00","to":"{secret}"}}`, want: 422, wantBody: `{"field":"quiet"}`, wantNot: "{secret}"},
		{name: "edit to a digest by night", before: sleeps, method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"digest":"23:00"}`, want: 422, wantBody: `{"field":"digest"}`},
		{name: "edit to a zone there is not", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"zone":"Prague"}`, want: 422, wantBody: `{"field":"zone"}`},
		{name: "edit to quiet hours of another kind", method: "PATCH", path: "/api/v1/channels/{phone}", body: `{"quiet":{"until":"07:00"}}`, want: 422},

		{name: "delete", method: "DELETE", path: "/api/v1/channels/{phone}", want: 204},
		{name: "delete what there is not", method: "DELETE", path: "/api/v1/channels/{nobody}", want: 404},

		{name: "test", method: "POST", path: "/api/v1/channels/{phone}/test", want: 200, wantBody: `{"ok":true}`},
		{name: "test, and the server refuses", before: refuse, method: "POST", path: "/api/v1/channels/{phone}/test", want: 502, wantBody: `{"code":"not_sent","detail":"The test message was not sent: 403 Forbidden: topic is reserved"}`},
		{name: "test what there is not", method: "POST", path: "/api/v1/channels/{nobody}/test", want: 404},
		{name: "test before saving", method: "POST", path: "/api/v1/channels/test", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa"}}`, want: 200, wantBody: `{"ok":true}`},
		{name: "test before saving, and the server refuses", before: refuse, method: "POST", path: "/api/v1/channels/test", body: `{"name":"x","kind":"ntfy","fields":{"topic":"visa"}}`, want: 502, wantBody: `{"code":"not_sent"}`},
		{name: "test before saving what cannot be", method: "POST", path: "/api/v1/channels/test", body: `{"name":"x","kind":"ntfy"}`, want: 422, wantBody: `{"field":"topic"}`},
	})
}

func TestKindsAreInWords(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	got := read[kindsView](t, a.do("GET", "/api/v1/channels/kinds", ""), http.StatusOK)
	if len(got.Kinds) != len(a.server.cfg.Kinds) {
		t.Fatalf("%d kinds, want %d", len(got.Kinds), len(a.server.cfg.Kinds))
	}
	for _, k := range got.Kinds {
		for _, f := range k.Fields {
			// A key without a text would come back as it is.
			if strings.HasPrefix(k.Label, "channel.") || strings.HasPrefix(f.Label, "channel.") || f.Help == "" || strings.HasPrefix(f.Help, "channel.") {
				t.Errorf("%s, %s is not in words: %q, %q, %q", k.Name, f.Name, k.Label, f.Label, f.Help)
			}
		}
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	heldFresh := func(t *testing.T, s *scene) {
		c, err := s.store.Channel(t.Context(), s.fill("{phone}"))
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.store.Delivery(t.Context(), s.fill("{fresh}"))
		if err != nil {
			t.Fatal(err)
		}
		d.HeldUntil = time.Date(2127, 1, 2, 6, 0, 0, 0, time.UTC)
		d.NextAttemptAt = d.HeldUntil
		if err := s.store.Hold(t.Context(), c, []alert.Delivery{d}); err != nil {
			t.Fatal(err)
		}
	}
	runScenarios(t, []scenario{
		{name: "list", method: "GET", path: "/api/v1/deliveries", want: 200, wantNot: "ZZZZ", wantBody: `{"deliveries":[
			{"id":"{fresh}","channel":"{phone}","application":"{anna}","state":"waiting","kind":"status_changed","from":"not_found","to":"in_progress","attempts":0},
			{"id":"{letter}","state":"dead","attempts":9,"last_error":"401 from the server"}]}`},
		{name: "list a page", method: "GET", path: "/api/v1/deliveries?limit=1", want: 200, wantBody: `{"deliveries":[{"id":"{fresh}"}],"next":"{fresh}"}`},
		{name: "list the next page", method: "GET", path: "/api/v1/deliveries?limit=1&before={fresh}", want: 200, wantBody: `{"deliveries":[{"id":"{letter}"}]}`, wantNot: `"next"`},
		{name: "list before the beginning", method: "GET", path: "/api/v1/deliveries?before=0", want: 200, wantBody: `{"deliveries":[]}`},
		{name: "list before the end of time", method: "GET", path: "/api/v1/deliveries?before=zzzz", want: 200, wantBody: `{"deliveries":[{"id":"{fresh}"},{"id":"{letter}"}]}`},
		{name: "list dead letters", method: "GET", path: "/api/v1/deliveries?state=dead", want: 200, wantBody: `{"deliveries":[{"id":"{letter}"}]}`},
		{name: "list by a channel", method: "GET", path: "/api/v1/deliveries?channel={spare}", want: 200, wantBody: `{"deliveries":[]}`},
		{name: "list by an application", method: "GET", path: "/api/v1/deliveries?application={anna}&state=waiting", want: 200, wantBody: `{"deliveries":[{"id":"{fresh}"}]}`},
		{name: "list by another application", method: "GET", path: "/api/v1/deliveries?application={boris}", want: 200, wantBody: `{"deliveries":[]}`},
		{name: "list what is settled", method: "GET", path: "/api/v1/deliveries?state=settled", want: 200, wantBody: `{"deliveries":[{"id":"{letter}","state":"dead"}]}`, wantNot: "held_until"},
		{name: "list what is held, and nothing is", method: "GET", path: "/api/v1/deliveries?state=held", want: 200, wantBody: `{"deliveries":[]}`},
		{name: "list what is held", before: heldFresh, method: "GET", path: "/api/v1/deliveries?state=held", want: 200, wantBody: `{"deliveries":[{"id":"{fresh}","state":"waiting","held_until":"2127-01-02T06:00:00Z"}]}`},
		{name: "list by a state there is not", method: "GET", path: "/api/v1/deliveries?state=lost", want: 422, wantBody: `{"field":"state"}`},
		{name: "retry", method: "POST", path: "/api/v1/deliveries/{letter}/retry", want: 202, wantBody: `{"id":"{letter}","state":"waiting"}`},
		{name: "retry what waits", method: "POST", path: "/api/v1/deliveries/{fresh}/retry", want: 409, wantBody: `{"code":"not_dead"}`},
		{name: "retry what there is not", method: "POST", path: "/api/v1/deliveries/{nobody}/retry", want: 404},
		{name: "retry through a channel that was deleted", before: func(t *testing.T, s *scene) {
			if err := s.store.RemoveChannel(t.Context(), s.fill("{phone}")); err != nil {
				t.Fatal(err)
			}
		}, method: "POST", path: "/api/v1/deliveries/{letter}/retry", want: 409, wantBody: `{"code":"no_channel"}`},
	})
}

func TestOtherDoors(t *testing.T) {
	t.Parallel()
	shut := func(t *testing.T, s *scene) {
		if err := s.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	notice := func(t *testing.T, s *scene) {
		n := alert.Notification{Kind: alert.NothingChecked, Subject: "the portal", Detail: "timeout", Since: time.Now(), At: time.Now()}
		if _, err := s.store.Raise(t.Context(), "x", n, ""); err != nil {
			t.Fatal(err)
		}
	}
	runScenarios(t, []scenario{
		{name: "source", before: notice, method: "GET", path: "/api/v1/source", want: 200, wantBody: `{"name":"the portal","breaker":{"open":false,"trips":0},"queued":2,"due":2,"under_way":0,"version":"v0-test",
			"notices":[{"kind":"nothing_checked","subject":"the portal","detail":"timeout"}]}`},
		{name: "source of a quiet appliance", method: "GET", path: "/api/v1/source", want: 200, wantBody: `{"notices":[]}`},
		{name: "healthy", method: "GET", path: "/healthz", want: 200, wantBody: `{"status":"ok"}`},
		{name: "healthy, asked by head", method: "HEAD", path: "/healthz", want: 200},
		{name: "not healthy", before: shut, method: "GET", path: "/healthz", want: 503, wantBody: `{"code":"not_ready","reasons":["the store does not answer"]}`},
		{name: "ready", method: "GET", path: "/readyz", want: 200, wantBody: `{"status":"ok"}`},
		{
			name: "not ready", before: func(_ *testing.T, s *scene) { s.running.Store(false) }, method: "GET", path: "/readyz", want: 503,
			wantBody: `{"reasons":["no checks are made, because the engine is not running"]}`,
		},
		{name: "not ready any more", before: func(t *testing.T, s *scene) {
			if err := s.server.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, method: "GET", path: "/readyz", want: 503, wantBody: `{"reasons":["the appliance is stopping"]}`},
		{name: "no store for an answer", before: shut, method: "GET", path: "/api/v1/applications", want: 500, wantBody: `{"code":"internal"}`, wantNot: "database"},

		{name: "description", method: "GET", path: "/api/v1/openapi.yaml", want: 200, wantHeader: [2]string{"Content-Type", "application/yaml"}},
		{name: "link of a message", method: "GET", path: "/applications/{anna}", want: 200},
		{name: "link that is none", method: "GET", path: "/applications/%0d%0aSet-Cookie:x", want: 404},
		{name: "nothing", method: "GET", path: "/nothing", want: 404, wantBody: `{"code":"not_found"}`},
		{name: "nothing in the API", method: "GET", path: "/api/v1/nothing", want: 404, wantBody: `{"code":"not_found"}`},
		{name: "another method", method: "PUT", path: "/api/v1/applications", want: 405, wantBody: `{"code":"method_not_allowed"}`, wantHeader: [2]string{"Allow", "OPTIONS, GET, POST"}},
		{name: "change by GET", method: "GET", path: "/api/v1/applications/{anna}/check", want: 405},

		{name: "S1: out of the assets", method: "GET", path: "/assets/../../../../etc/hostname", want: 404},
		{name: "S1: out of the assets, encoded", method: "GET", path: "/assets/..%2f..%2f..%2fetc%2fhostname", want: 404},
		{name: "S1: the data file", method: "GET", path: "/cz-visa-monitor.db", want: 404},
		{name: "write from another site", method: "POST", path: "/api/v1/applications", headers: []string{"Sec-Fetch-Site", "cross-site"}, body: `{"reference":"TEST202502209002"}`, want: 403, wantBody: `{"code":"cross_origin"}`},
		{name: "write from another origin", method: "DELETE", path: "/api/v1/applications/{anna}", headers: []string{"Origin", "https://evil.example.com"}, want: 403},
		{name: "write from our own page", method: "DELETE", path: "/api/v1/applications/{anna}", headers: []string{"Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"}, want: 204},
	})
}

func TestErrorsOfTheDiskAreSaid(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		want int
		code string
		logs bool
	}{
		{"full", fmt.Errorf("add: %w", syscall.ENOSPC), 507, "disk_full", true},
		{"quota", fmt.Errorf("add: %w", syscall.EDQUOT), 507, "disk_full", true},
		{"read only", fmt.Errorf("add: %w", syscall.EROFS), 507, "read_only", true},
		{"no permission", fmt.Errorf("add: %w", fs.ErrPermission), 507, "read_only", true},
		{"as many as it can hold", fmt.Errorf("add: %w", watch.ErrFull), 507, "full", false},
		{"anything else", errors.New("a fault with " + anna), 500, "internal", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := problemOf(tc.err)
			if p.Status != tc.want || p.Code != tc.code || (p.cause != nil) != tc.logs {
				t.Errorf("got %d %s, logged %t; want %d %s, logged %t", p.Status, p.Code, p.cause != nil, tc.want, tc.code, tc.logs)
			}
			if strings.Contains(p.Detail, anna) {
				t.Errorf("the cause is shown: %s", p.Detail)
			}
		})
	}
}

func TestEffectsOfChannels(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	woken := s.woken.Load()
	s.do("PATCH", s.fill("/api/v1/channels/{phone}"), `{"name":"Mobile"}`)
	s.do("POST", s.fill("/api/v1/deliveries/{letter}/retry"), "")
	if got := s.woken.Load() - woken; got != 2 {
		t.Errorf("the dispatcher was woken %d times, want 2", got)
	}
	all, err := s.store.Channels(t.Context())
	if err != nil || all[0].Fields["token"] != secret {
		t.Errorf("the secret did not stay: %v", err)
	}

	s.do("POST", s.fill("/api/v1/channels/{phone}/test"), "")
	s.do("POST", "/api/v1/channels/test", `{"name":"x","kind":"ntfy","fields":{"topic":"visa"}}`)
	if got := s.mail.tested; len(got) != 2 || got[0].ID != s.fill("{phone}") || got[0].Fields["token"] != secret || got[1].ID != "" {
		t.Errorf("the test messages went through %d channels, or the wrong ones", len(got))
	}

	s.do("DELETE", s.fill("/api/v1/channels/{phone}"), "")
	app := read[applicationView](t, s.do("GET", s.fill("/api/v1/applications/{anna}"), ""), http.StatusOK)
	if len(app.Channels) != 0 {
		t.Errorf("a deleted channel is shown: %v", app.Channels)
	}
	// What was read can be written back.
	back := read[applicationView](t, s.do("PATCH", s.fill("/api/v1/applications/{anna}"), `{"channels":[]}`), http.StatusOK)
	stored, err := s.store.Application(t.Context(), back.ID)
	if err != nil || len(stored.Watchers[0].Channels) != 0 {
		t.Errorf("the deleted channel is still there: %v %v", stored.Watchers[0].Channels, err)
	}
}
