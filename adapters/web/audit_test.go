package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
)

func TestAuditTrail(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	anna := a.somebody("anna", account.Member)
	anna.watches(cecil, "")
	a.do("PATCH", "/api/v1/users/"+anna.id, `{"name":"Ann"}`)
	all := read[auditView](t, a.do("GET", "/api/v1/audit", ""), http.StatusOK)
	var paged []auditEntryView
	for page := read[auditView](t, a.do("GET", "/api/v1/audit?limit=2", ""), http.StatusOK); ; {
		if paged = append(paged, page.Entries...); page.Next == 0 {
			break
		}
		page = read[auditView](t, a.do("GET", fmt.Sprintf("/api/v1/audit?limit=2&before=%d", page.Next), ""), http.StatusOK)
	}
	if diff := cmp.Diff(all.Entries, paged); diff != "" || len(paged) < 4 {
		t.Errorf("in one page (-) and in several (+):\n%s", diff)
	}
	some := read[auditView](t, a.do("GET", "/api/v1/audit?action=user.changed", ""), http.StatusOK)
	if len(some.Entries) != 1 || some.Entries[0].Object != anna.id || some.Entries[0].Address == "" || some.Entries[0].Key == "" {
		t.Errorf("an admin reads %+v", some)
	}
	own := read[auditView](t, anna.ask("GET", "/api/v1/audit", ""), http.StatusOK)
	for _, e := range own.Entries {
		if e.User != anna.id && e.Object != anna.id || e.User == a.admin.ID && (e.Address != "" || e.Key != "") {
			t.Errorf("somebody else reads %+v", e)
		}
	}
	if len(own.Entries) < 2 || own.Entries[0].User != a.admin.ID {
		t.Errorf("she does not hear what was done to her: %+v", own)
	}

	w := a.do("GET", "/api/v1/audit/export", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/jsonl" || w.Header().Get("Content-Disposition") != `attachment; filename="cz-visa-monitor-audit.jsonl"` {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var hash string
	var last account.Entry
	for lines := bufio.NewScanner(bytes.NewReader(w.Body.Bytes())); lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		if again, err := last.Linked(hash); err != nil || again.Hash != last.Hash {
			t.Fatalf("entry %d is not linked: %v", last.Seq, err)
		}
		hash, last = last.Hash, account.Entry{Action: last.Action, Seq: last.Seq}
	}
	if last.Action != account.AuditExported || int(last.Seq) != len(all.Entries)+1 {
		t.Errorf("the last line is %+v", last)
	}
	if strings.Contains(w.Body.String(), "Ann") {
		t.Error("a name is in the audit trail")
	}
	if got := read[auditCheckView](t, a.do("GET", "/api/v1/audit/verify", ""), http.StatusOK); got != (auditCheckView{Entries: int(last.Seq), OK: true}) {
		t.Errorf("verify: %+v", got)
	}
}

// brokenTrail is a store whose audit trail cannot be read to its end.
type brokenTrail struct {
	account.Store
	readable int
}

func (b brokenTrail) WriteAudit(_ context.Context, w io.Writer) error {
	if _, err := io.WriteString(w, strings.Repeat("{}\n", b.readable)); err != nil {
		return err
	}
	return errors.New("the disk broke")
}

func (brokenTrail) VerifyAudit(context.Context) (int, uint64, error) { return 7, 8, nil }

// An export that breaks off is either answered as an error or seen to be broken.
func TestAuditTrailIsNotExportedByHalves(t *testing.T) {
	t.Parallel()
	serve := func(readable int) (*appliance, *http.Response) {
		a := newAppliance(t, func(c *Config) {
			broken := brokenTrail{c.Audit.(account.Store), readable}
			c.Accounts, c.Audit = account.New(account.Config{Store: broken, Logger: c.Logger}), broken
		})
		srv := httptest.NewServer(a.server.Handler())
		t.Cleanup(srv.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/audit/export", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+a.token)
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return a, resp
	}
	a, early := serve(10)
	if body, err := io.ReadAll(early.Body); err != nil || early.StatusCode != http.StatusInternalServerError || early.Header.Get("Content-Disposition") != "" {
		t.Errorf("an early error: %d %v %s", early.StatusCode, err, body)
	}
	if got := read[auditCheckView](t, a.do("GET", "/api/v1/audit/verify", ""), http.StatusOK); got != (auditCheckView{Entries: 7, Broken: 8}) {
		t.Errorf("a broken trail: %+v", got)
	}
	_, late := serve(100_000)
	if _, err := io.ReadAll(late.Body); late.StatusCode != http.StatusOK || err == nil {
		t.Errorf("a late error: %d, and the file looks whole", late.StatusCode)
	}
}
