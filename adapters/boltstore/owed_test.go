package boltstore

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
)

// noRoom is the upkeep of a store on a disk that has no room for a second file.
type noRoom struct{ *Store }

func (noRoom) Compact(context.Context) error { return errors.New("no room") }

// TestErasureIsMadeUpFor: when the file could not be compacted, the next start
// does it, or the keeper in the night.
func TestErasureIsMadeUpFor(t *testing.T) {
	t.Parallel()
	for _, what := range []struct {
		name  string
		erase func(*testing.T, *household, *archive.Eraser) (archive.Erased, error)
		words []string
	}{
		{"an application", func(t *testing.T, h *household, e *archive.Eraser) (archive.Erased, error) {
			return e.EraseApplication(commandLine(t), h.app.ID, h.owner)
		}, []string{"Note-of-Anna"}},
		{"a person", func(t *testing.T, h *household, e *archive.Eraser) (archive.Erased, error) {
			return e.ErasePerson(commandLine(t), h.person.ID)
		}, []string{"Name-of-the-person"}},
		{"an owner", func(t *testing.T, h *household, e *archive.Eraser) (archive.Erased, error) {
			return e.EraseOwner(commandLine(t), h.owner)
		}, erasedWords()},
	} {
		for _, later := range []struct {
			name string
			by   func(*testing.T, *Store, string) *Store
		}{
			{"at start", func(t *testing.T, s *Store, dir string) *Store {
				shut(t, s, dir)
				return open(t, dir)
			}},
			{"in the night", func(t *testing.T, s *Store, _ string) *Store {
				k := NewKeeper(KeeperConfig{Store: s, Report: func(context.Context, Trouble, error) {}, Logger: discard()})
				if err := k.backup(t.Context()); err != nil {
					t.Error(err)
				}
				return s
			}},
		} {
			t.Run(what.name+" "+later.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				s := open(t, dir)
				h := newHousehold(t, s, dir)
				e := archive.NewEraser(archive.EraserConfig{
					Watching: h.engine, Belongings: s, Accounts: h.accounts, Upkeep: noRoom{s}, Copies: copiesIn(s, ""), Trail: s, Logger: discard(),
				})
				if done, err := what.erase(t, h, e); err != nil || done.Compacted || !owing(t, s) {
					t.Fatalf("%+v, %v, compaction is due: %t", done, err, owing(t, s))
				}
				if s = later.by(t, s, dir); owing(t, s) {
					t.Error("it is still due")
				}
				if at := found(t, dir, what.words); len(at) > 0 {
					t.Errorf("left: %v", at)
				}
			})
		}
	}
}

// owing reports whether a compaction is due.
func owing(t *testing.T, s *Store) (due bool) {
	t.Helper()
	err := s.view(func(tx *bbolt.Tx) error {
		due = tx.Bucket([]byte(bucketMeta)).Get([]byte(keyCompact)) != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// TestStartDoesWithoutCompaction: a rewrite that cannot be made keeps nobody out,
// and stays due.
func TestStartDoesWithoutCompaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.ForgetOwner(commandLine(t), someOwner()); err != nil {
		t.Fatal(err)
	}
	// A bucket that nobody knows: a rewrite would lose it, and refuses.
	err := s.db().Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("unknown"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	if s = open(t, dir); !owing(t, s) {
		t.Error("it is not due any more")
	}
	addChannel(t, s, alert.Channel{ID: "phone"})
}
