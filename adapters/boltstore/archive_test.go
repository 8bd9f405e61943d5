package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func (h *household) exporter(sealer archive.Sealer) *archive.Exporter {
	return archive.NewExporter(archive.ExporterConfig{
		Applications: h.store, Messages: h.store, People: h.store, Accounts: h.store, Sealer: sealer,
		Kinds: []alert.ChannelKind{{Name: "ntfy", Fields: []alert.ChannelField{{Name: "topic"}}}},
	})
}

// archiveTarget imports to an owner of s.
func archiveTarget(s *Store, owner account.Owner, opener archive.Opener) archive.Target {
	return archive.Target{
		Owner: archive.To(owner), Applications: s, Channels: s, People: s, Validate: func(alert.Channel) error { return nil },
		Languages: []string{"en", ""}, MinInterval: time.Minute, Zone: time.UTC, Opener: opener, Trusted: true,
	}
}

// The plain age tool opens every person of an export with the key.
func TestAgeOpensAnExport(t *testing.T) {
	t.Parallel()
	identity, err := agebox.Generate()
	if err != nil {
		t.Fatal(err)
	}
	box, _, err := identity.NewBox(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := open(t, dir)
	h := newHousehold(t, s, dir)
	var text bytes.Buffer
	if err := h.exporter(box).Write(t.Context(), &text, archive.Scope{Owner: h.owner}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "Name-of-the-person") {
		t.Error("a person is in plain")
	}
	var whole archive.Archive
	if err := json.Unmarshal(text.Bytes(), &whole); err != nil || len(whole.People) != 1 {
		t.Fatalf("%d people, %v", len(whole.People), err)
	}
	keyFile := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(keyFile, []byte(box.RecoveryKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "age", "-d", "-i", keyFile)
	cmd.Stdin = strings.NewReader(whole.People[0].Age)
	plain, err := cmd.Output()
	if err != nil {
		t.Fatalf("age: %v (apt-get install age)", err)
	}
	var person archive.Person
	if err := json.Unmarshal(plain, &person); err != nil || person.Name != "Name-of-the-person" || person.Documents[0].Number != "TESTNUMBER90001" || person.Owner != h.owner {
		t.Errorf("%+v, %v", person, err)
	}

	other := open(t, t.TempDir())
	got, err := archive.Import(t.Context(), bytes.NewReader(text.Bytes()), archiveTarget(other, jana, box))
	if err != nil || got.People.Added != 1 || got.Applications.Added != 1 || got.RefusedInAll > 1 {
		t.Errorf("%+v, %v", got, err)
	}
	someone := someOwner()
	untrusted := archiveTarget(other, someone, box)
	untrusted.Trusted = false
	got, err = archive.Import(t.Context(), bytes.NewReader(text.Bytes()), untrusted)
	if err != nil || got.People.Refused != 1 || len(listed(t, other, []account.Owner{someone}, "")) > 0 {
		t.Errorf("opened for somebody else: %+v, %v", got, err)
	}
}

// Both ends of a pipe work at once, page by page.
func TestArchiveOfMany(t *testing.T) {
	t.Parallel()
	const many = 3000
	s := open(t, t.TempDir())
	for n := 0; n < many; n += 500 {
		batch := make([]watch.Adoption, 500)
		for i := range batch {
			batch[i] = watch.Adoption{
				Reference: reference(t, fmt.Sprintf("ZZZZ2025%08d", 90001+n+i)), State: watch.State{Status: visa.InProgress, Valid: visa.InProgress},
				Watchers: []watch.Watcher{{Owner: jana, Told: visa.InProgress, Label: strings.Repeat("x", 200), Note: strings.Repeat("y", 4000)}},
			}
		}
		if _, err := s.Adopt(t.Context(), batch, false); err != nil {
			t.Fatal(err)
		}
	}
	pr, pw := io.Pipe()
	go func() {
		e := archive.NewExporter(archive.ExporterConfig{Applications: s, Messages: s, People: s, Accounts: named{s}, Sealer: s})
		pw.CloseWithError(e.Write(context.Background(), pw, archive.Scope{Owner: jana}))
	}()
	into := open(t, t.TempDir())
	got, err := archive.Import(t.Context(), pr, archiveTarget(into, petr, nil))
	if err != nil || got.Applications.Added != many {
		t.Errorf("%+v, %v", got, err)
	}
	ids, err := into.Watched(t.Context(), petr, 2*many)
	if err != nil || len(ids) != many {
		t.Errorf("%d are watched, %v", len(ids), err)
	}
}

// named gives Jana an account.
type named struct{ *Store }

func (named) User(context.Context, string) (account.User, error) {
	return account.User{ID: "0000000000000000000000000001", Name: "Jana"}, nil
}
