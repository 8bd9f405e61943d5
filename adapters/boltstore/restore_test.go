package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

func TestRestorePutsABackupInPlace(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 5)
	info, want := backUp(t, s), dump(t, s)
	box, wrapped, err := keys.New() // The backup carries the key from before.
	if err := errors.Join(err, s.Rekey(t.Context(), box, wrapped)); err != nil {
		t.Fatal(err)
	}
	addChannel(t, s, alert.Channel{ID: "later"})
	_, err = Restore(t.Context(), RestoreConfig{Dir: dir, Name: info.Name, Keys: keys, Logger: discard()})
	if !errors.Is(err, ErrLocked) {
		t.Errorf("while the program runs: %v", err)
	}
	later := dump(t, s)
	shut(t, s, dir)
	got, err := Restore(t.Context(), RestoreConfig{Dir: dir, Name: info.Name, Keys: keys, Logger: discard()})
	if err != nil || got.Unread != nil || got.Settled != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	leftOver(t, dir)
	s = openWith(t, dir, keys)
	if diff := cmp.Diff(withoutWaysIn(want), dump(t, s)); diff != "" {
		t.Errorf("-at the time of backup +restored\n%s", diff)
	}
	shut(t, s, dir)
	// What was there before can be put back.
	if err := os.Rename(got.Replaced, filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(later, dump(t, openWith(t, dir, keys))); diff != "" {
		t.Errorf("-before the restoration +kept\n%s", diff)
	}
}

// withoutWaysIn takes the sessions and invitations out of a dump.
func withoutWaysIn(all map[string]string) map[string]string {
	maps.DeleteFunc(all, func(key, _ string) bool {
		bucket, rest, _ := strings.Cut(key, "/")
		session := strings.HasPrefix(rest, strings.TrimPrefix(string(jana), "user:")+heldSession)
		return rest != "" && (bucket == bucketSessions || bucket == bucketInvitations || bucket == bucketShares || bucket == bucketHeld && session)
	})
	return all
}

// TestRestoreBringsNoWayInBack: not what was ended or used since, nor the rest.
func TestRestoreBringsNoWayInBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// meanwhile is done to the directory of the store that will be replaced.
		meanwhile func(dir string) error
	}{
		{"the store can be read", func(string) error { return nil }},
		{"it is damaged", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("rubbish ", 9999)), 0o600)
		}},
		{"it is lost", func(dir string) error { return os.Remove(filepath.Join(dir, FileName)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, keys := t.TempDir(), newKeys("owner")
			s := openWith(t, dir, keys)
			furnish(t, s, 1)
			info := backUp(t, s)
			shut(t, s, dir)
			if err := tt.meanwhile(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := Restore(t.Context(), RestoreConfig{Dir: dir, Name: info.Name, Keys: keys, Logger: discard()}); err != nil {
				t.Fatal(err)
			}
			s = openWith(t, dir, keys)
			empty(t, s, bucketSessions)
			empty(t, s, bucketInvitations)
			u, err := s.UserByName(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			sessions, err := s.Sessions(t.Context(), u.ID)
			tokens, err2 := s.Tokens(t.Context(), u.ID)
			groups, err3 := s.GroupsOf(t.Context(), u.ID)
			if err := errors.Join(err, err2, err3); err != nil || len(sessions) > 0 || len(tokens) != 1 || len(groups) != 1 {
				t.Errorf("%d sessions, %d tokens, %d groups, %v", len(sessions), len(tokens), len(groups), err)
			}
			if n := keysIn(t, s, bucketHeld); n != 2 {
				t.Errorf("%d things are held, want the token and the group", n)
			}
		})
	}
}

// TestPutInPlaceOnlyWhatIsOnTheDisk: a directory can be renamed, but not synced
// as a file.
func TestPutInPlaceOnlyWhatIsOnTheDisk(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), FileName)
	if err := putInPlace(from, to); err == nil {
		t.Error("it was put in place")
	}
	if _, err := os.Lstat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	keys := newKeys("owner")
	from := t.TempDir()
	s := openWith(t, from, keys)
	furnish(t, s, 3)
	raw, err := os.ReadFile(filepath.Join(from, backUp(t, s).Name))
	if err != nil {
		t.Fatal(err)
	}
	encrypted := func(content []byte) []byte {
		var out bytes.Buffer
		w, err := s.sealer.current.Load().box.Encrypt(&out)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(content)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	tests := []struct {
		name    string
		content []byte
		keys    Keys
		want    error
	}{
		{"nothing", nil, keys, ErrBadBackup},
		{"rubbish", bytes.Repeat([]byte("rubbish "), 9999), keys, ErrBadBackup},
		{"cut short", raw[:len(raw)-1], keys, ErrBadBackup},
		{"cut in half", raw[:len(raw)/2], keys, ErrBadBackup},
		{"something added", append(bytes.Clone(raw), 1), keys, ErrBadBackup},
		{"another owner", raw, newKeys("somebody else"), ErrWrongKey},
		{"no store in it", encrypted([]byte("a letter")), keys, ErrBadBackup},
		{"an empty file in it", encrypted(nil), keys, ErrBadBackup},
		{"a newer store", encrypted(altered(t, from, keySchema, "99")), keys, ErrNewer},
		{"a store with somebody else's key", encrypted(altered(t, from, keyKey, "x")), keys, ErrWrongKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			present := openWith(t, dir, keys)
			addChannel(t, present, alert.Channel{ID: "phone"})
			shut(t, present, dir)
			before, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "some.bak")
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := Restore(t.Context(), RestoreConfig{Dir: dir, Path: path, Keys: tt.keys, Logger: discard()}); !errors.Is(err, tt.want) || got != (Result{}) {
				t.Errorf("got %+v, %v", got, err)
			}
			after, err := os.ReadFile(filepath.Join(dir, FileName))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the store was touched (%v)", err)
			}
			leftOver(t, dir)
		})
	}
	for _, name := range []string{"../x", FileName, "cz-visa-monitor-20200101T000000Z.bak"} {
		if _, err := Restore(t.Context(), RestoreConfig{Dir: t.TempDir(), Name: name, Keys: keys, Logger: discard()}); err == nil {
			t.Errorf("%s was restored", name)
		}
	}
}

// altered returns the store in dir with another value in meta.
func altered(t *testing.T, dir, key, value string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Put([]byte(key), []byte(value)) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestRestoredMessageIsSentOnce: of three messages that are due at the time of
// the backup one is delivered, and one given up and revived, before it is restored.
func TestRestoredMessageIsSentOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		// meanwhile is done to the store that will be replaced.
		meanwhile func(t *testing.T, dir string)
		own       Keys
		settled   int
		unread    error
	}{
		{"the store can be read", func(*testing.T, string) {}, nil, 2, nil},
		{"it has got another key", func(t *testing.T, dir string) { t.Helper(); rekeyFor(t, dir, newKeys("owner")) }, nil, 2, nil},
		{"it is another owner's", func(t *testing.T, dir string) { t.Helper(); rekeyFor(t, dir, newKeys("another")) }, newKeys("another"), 2, nil},
		{"only the key of the backup opens it", func(*testing.T, string) {}, newKeys("another"), 2, nil},
		{"nothing at hand opens it", func(t *testing.T, dir string) { t.Helper(); rekeyFor(t, dir, newKeys("lost")) }, newKeys("another"), 0, ErrWrongKey},
		{"it is damaged", func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("rubbish ", 9999)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, 0, ErrDamaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, keys := t.TempDir(), newKeys("owner")
			s := openWith(t, dir, keys)
			addChannel(t, s, alert.Channel{ID: "phone"})
			a := addApplication(t, s, watch.Application{Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}, Reference: reference(t, zov1)})
			for _, status := range []visa.Status{visa.InProgress, visa.Suspended, visa.Granted} {
				if _, err := s.Record(t.Context(), a.ID, changing(status, time.Now())); err != nil {
					t.Fatal(err)
				}
			}
			info := backUp(t, s)
			due, err := s.DueDeliveries(t.Context(), time.Now(), 9)
			if err != nil || len(due) != 3 {
				t.Fatalf("%d due, %v", len(due), err)
			}
			for i, state := range []alert.DeliveryState{alert.Delivered, alert.DeadLetter} {
				due[i].State, due[i].SettledAt = state, time.Now()
				if err := s.Settle(t.Context(), due[i]); err != nil {
					t.Fatal(err)
				}
			}
			// The second one gets another place in the line, and is delivered too.
			again, err := s.Revive(t.Context(), due[1].ID, time.Now())
			again.State, again.SettledAt = alert.Delivered, time.Now()
			if err := errors.Join(err, s.Settle(t.Context(), again)); err != nil {
				t.Fatal(err)
			}
			shut(t, s, dir)
			tt.meanwhile(t, dir)
			c := RestoreConfig{Dir: dir, Name: info.Name, Keys: keys, Own: tt.own, Logger: discard()}
			got, err := Restore(t.Context(), c)
			if err != nil || got.Settled != tt.settled || !errors.Is(got.Unread, tt.unread) {
				t.Fatalf("%+v, %v", got, err)
			}
			s = openWith(t, dir, c.own())
			now, err := s.DueDeliveries(t.Context(), time.Now(), 9)
			if err != nil || len(now) != 3-tt.settled || now[len(now)-1].ID != due[2].ID {
				t.Errorf("%d due, %v", len(now), err)
			}
			log, err := s.Deliveries(t.Context(), "", 9, anything)
			if err != nil || len(log) != 3 {
				t.Errorf("%d in the log, %v", len(log), err)
			}
			if n := keysIn(t, s, bucketOutbox); n != 3-tt.settled {
				t.Errorf("%d in the outbox", n)
			}
		})
	}
}

// TestDamagedBackupIsNeverRestored changes a byte here and there.
func TestDamagedBackupIsNeverRestored(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), newKeys("owner")
	s := openWith(t, dir, keys)
	furnish(t, s, 1)
	info := backUp(t, s)
	path := filepath.Join(dir, info.Name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(raw); at += len(raw)/150 + 1 {
		spoilt := bytes.Clone(raw)
		spoilt[at] ^= 0x10
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		err := s.VerifyBackup(t.Context(), info.Name)
		if !errors.Is(err, ErrBadBackup) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	leftOver(t, dir)
}

// FuzzRestore reads a store of which some bytes were changed and the end was cut
// off as a backup. Without encryption they reach all that reads them; the sums
// in its first pages are made right again.
func FuzzRestore(f *testing.F) {
	dir := f.TempDir()
	s := open(f, dir)
	furnish(f, s, 3)
	size := s.db().Info().PageSize
	shut(f, s, dir)
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{}, uint32(0))
	f.Add(uint32(0), []byte("rubbish"), uint32(len(raw)-100))
	for id := range len(raw) / size {
		f.Add(uint32(id*size+8), []byte{0xff}, uint32(0))
		f.Add(uint32(id*size+16), []byte{1, 0, 0, 0, 0xff, 0xff, 0xff}, uint32(0))
		f.Add(uint32(id*size+32), []byte{3}, uint32(0))
	}
	dir = f.TempDir()
	f.Fuzz(func(t *testing.T, at uint32, edit []byte, cut uint32) {
		content := bytes.Clone(raw)
		copy(content[int(at)%len(raw):], edit)
		for id := range 2 {
			meta := content[id*size+pageHeader:][:metaSize]
			h := fnv.New64a()
			_, _ = h.Write(meta[:metaSize-8])
			binary.NativeEndian.PutUint64(meta[metaSize-8:], h.Sum64())
		}
		content = content[:len(raw)-int(cut)%len(raw)]
		err := readBackup(t.Context(), bytes.NewReader(content), io.Discard, newKeys("owner").Decrypt)
		if !errors.Is(err, ErrBadBackup) {
			t.Errorf("read %d bytes of what nobody made: %v", len(content), err)
		}
		path := filepath.Join(dir, "fuzzed")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		err = verify(t.Context(), path, PlainKeys{}.Decrypt, PlainKeys{}.Open)
		if err != nil && !errors.Is(err, ErrBadBackup) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("an error without a type: %v", err)
		}
	})
}
