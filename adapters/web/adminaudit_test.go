package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
)

// Every action, kind and refusal has words of its own.
func TestAuditIsInWords(t *testing.T) {
	t.Parallel()
	all, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range all.Languages() {
		words := all.For(lang)
		for _, a := range account.Actions() {
			if key := "audit." + string(a); !words.Has(key) {
				t.Errorf("%s: no text for %s", lang, a)
			}
		}
		for _, r := range account.Refusals() {
			if !words.Has("audit.refusal." + string(r)) {
				t.Errorf("%s: no text for the refusal %s", lang, r)
			}
		}
		for _, kind := range []string{
			account.KindUser, account.KindSession, account.KindToken, account.KindInvitation, account.KindGroup, account.KindChannel, account.KindDelivery,
			account.KindAudit, account.KindApplication, account.KindPerson, account.KindKey, account.KindBackup, account.KindOwner,
		} {
			if !words.Has("audit.kind." + kind) {
				t.Errorf("%s: no text for the kind %s", lang, kind)
			}
		}
		for _, place := range Places() {
			if !words.Has("admin.from_" + string(place)) {
				t.Errorf("%s: no text for the place %s", lang, place)
			}
		}
	}
}

func TestAuditRow(t *testing.T) {
	t.Parallel()
	words := newAppliance(t, nil).server.words
	called := names{"anna": "Anna", "boris": "Boris"}
	for _, tc := range []struct {
		name  string
		entry account.Entry
		want  auditRow
	}{
		{
			"a user by a session",
			account.Entry{User: "anna", Via: account.BySession, Address: "192.0.2.1", Action: account.UserAdded, Kind: account.KindUser, Object: "boris", Detail: "member"},
			auditRow{Who: "Anna", From: "192.0.2.1", What: "User added", Object: "Boris", Detail: "member"},
		},
		{
			"by a token",
			account.Entry{User: "anna", Via: account.ByToken, Action: account.ApplicationAdded, Kind: account.KindApplication, Object: "app", Detail: "user:anna"},
			auditRow{Who: "Anna", Way: "with a token", What: "Application added", Kind: "application", Mark: "app", Detail: "Anna"},
		},
		{
			"for a group",
			account.Entry{User: "gone", Via: account.BySession, Action: account.ApplicationRemoved, Kind: account.KindApplication, Object: "app", Detail: "group:x"},
			auditRow{Who: "somebody who was removed (gone)", What: "Application removed", Kind: "application", Mark: "app", Detail: "group"},
		},
		{
			"a command",
			account.Entry{Via: account.ByCommand, Action: account.UserChanged, Kind: account.KindUser, Object: "anna", Detail: "name role=viewer"},
			auditRow{Who: "the command line", What: "User changed", Object: "Anna", Detail: "name · viewer"},
		},
		{
			"a link for a password",
			account.Entry{User: "anna", Via: account.BySession, Action: account.InvitationMade, Kind: account.KindInvitation, Object: "i", Detail: "password user=boris"},
			auditRow{Who: "Anna", What: "Link made", Kind: "link", Mark: "i", Detail: "for a new password · Boris"},
		},
		{"the appliance", account.Entry{Action: account.ClockSetBack, Detail: "3h0m0s"}, auditRow{Who: "the appliance itself", What: "The clock was set back", Detail: "3h0m0s"}},
		{
			"an export by command",
			account.Entry{Via: account.ByCommand, Action: account.DataExported, Kind: account.KindOwner, Object: "boris", Detail: "json, with secrets"},
			auditRow{Who: "the command line", What: "Data exported", Object: "Boris", Detail: "json, with secrets"},
		},
		{
			"a stranger",
			account.Entry{Address: "192.0.2.9", Action: account.RequestRefused, Detail: string(account.RefusedPath)},
			auditRow{Who: "somebody who had not signed in", From: "192.0.2.9", What: "Request refused", Detail: "the path leads where there is nothing of ours"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.At = words.Time(tc.entry.At)
			if got := called.auditRow(words, tc.entry); got != tc.want {
				t.Errorf("got %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signedIn("admin")
	for range auditPageSize {
		aDeed(w, w.place("stranger", caller{}))
	}
	page := p.get("/admin/audit")
	says(t, page, http.StatusOK, "Token for programs made", "stranger", "from 192.0.2.77", "Older entries")
	older := strings.ReplaceAll(field(t, page, `href="../(admin/audit\?[^"]+)">Older`), "&amp;", "&")
	says(t, p.get("/"+older), http.StatusOK, "User added", "the command line", "Show everything from the newest on")
	page = p.get("/admin/audit?user=" + w.people["stranger"].ID + "&action=user.added")
	says(t, page, http.StatusOK, "User added", "selected>stranger")
	if n := strings.Count(page.Body.String(), "<li><p><strong>"); n != 1 {
		t.Errorf("%d entries", n)
	}
	says(t, p.get("/admin/audit?action=key.rotated"), http.StatusOK, "Nothing of the kind")
	says(t, p.get("/admin/audit?action=nonsense"), http.StatusUnprocessableEntity)
	says(t, p.get("/admin/audit?before=x"), http.StatusUnprocessableEntity)
	says(t, p.post("/admin/audit", "do", "verify"), http.StatusOK, "The chain is whole")
	w.server.cfg.Audit = brokenAudit{}
	says(t, p.post("/admin/audit", "do", "verify"), http.StatusOK, `role="alert"`, "Entry no. 7 is missing or was changed")
}

func TestSettingsPage(t *testing.T) {
	t.Parallel()
	p := newAppliance(t, nil).signedIn("admin")
	w := p.get("/admin/settings")
	says(t, w, http.StatusOK, "CZVM_LISTEN", ":8080", "Default", "https://visa.example.com/&lt;b&gt;", "File .env", "Set, and not shown", "Not set", "Empty",
		"Address and port of the web page and the API.", "needs a restart")
}

func TestLogPage(t *testing.T) {
	t.Parallel()
	p := newAppliance(t, nil).signedIn("admin")
	for level, lines := range map[string]int{"": 4, "debug": 4, "info": 3, "warn": 2, "error": 1, "nonsense": 4} {
		w := p.get("/admin/log?level=" + level)
		says(t, w, http.StatusOK, "cannot make a backup", "error=&#34;no space left&#34;", "2026-11-24 14:39:03")
		if n := len(regexp.MustCompile(`<li class="level-(debug|info|warn|error)">`).FindAllString(w.Body.String(), -1)); n != lines {
			t.Errorf("%q: %d lines, want %d", level, n, lines)
		}
	}
}

func TestKeysPage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/admin/keys"), http.StatusOK, "key.txt", "Never", "key rotate<", "key change-passphrase")
	a.house.state.KeyMounted, a.house.state.KeyProtected = true, true
	w := p.get("/admin/keys")
	says(t, w, http.StatusOK, "provided by systemd or Docker", "key rotate --keep-file")
	lacks(t, w, "key change-passphrase")
}

// brokenAudit finds that an entry is not as it was.
type brokenAudit struct{}

func (brokenAudit) VerifyAudit(context.Context) (int, uint64, error) { return 50, 7, nil }
