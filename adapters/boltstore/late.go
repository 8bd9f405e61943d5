package boltstore

import (
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/watch"
)

const (
	// lateFor is how long an unchanged result may wait for the disk. It spares
	// SD cards: most checks change nothing but times, and what a crash would
	// lose of them is asked again.
	lateFor = time.Minute
	// lateMost is how many may wait; then they are written at once. Only while
	// the disk cannot be written there may be more: at most one, the newest, of
	// each application.
	lateMost = 1000
)

// late holds what may reach the disk a little later.
type late struct {
	mu           sync.RWMutex
	applications map[watch.ID]watch.Application
	sources      map[string]watch.SourceState
	timer        *time.Timer // nil if nothing waits
	stopped      bool
}

func (l *late) init() { l.clear() }

// clear forgets everything, after it has been written.
func (l *late) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applications = make(map[watch.ID]watch.Application)
	l.sources = make(map[string]watch.SourceState)
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}

// stop keeps the timer from firing again.
func (l *late) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// of returns the version of an application that waits for the disk. It shares
// nothing with the one that is kept.
func (l *late) of(id watch.ID) (a watch.Application, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	a, ok = l.applications[id]
	return a.Clone(), ok
}

// newer returns the version of a that waits for the disk, if it is newer than a.
func (l *late) newer(a watch.Application) watch.Application {
	if w, ok := l.of(a.ID); ok && w.Revision > a.Revision {
		return w
	}
	return a
}

// add keeps what set puts into l, and returns how many applications wait.
func (l *late) add(set func(*late)) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	set(l)
	return len(l.applications)
}

// arm starts the timer, unless it runs already.
func (l *late) arm(flush func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil && !l.stopped {
		l.timer = time.AfterFunc(lateFor, flush)
	}
}

// disarm ends the timer that has fired, and reports whether the store is open still.
func (l *late) disarm() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	return !l.stopped
}

// keepLate keeps what set puts into s.late until the next write. It cannot
// fail: what cannot be written goes on waiting. The caller holds s.write.
func (s *Store) keepLate(set func(*late)) {
	waiting := s.late.add(set)
	s.late.arm(s.flushLate)
	// After a write that failed it is the timer that tries again, not each result.
	if waiting >= lateMost && s.failed.Load() == nil {
		s.tryFlush()
	}
}

// flushLate writes what is waiting; it is called by the timer. After a write
// that failed it writes in any case, to see whether that works again.
func (s *Store) flushLate() {
	s.write.Lock()
	defer s.write.Unlock()
	if s.late.disarm() && (s.late.waits() || s.failed.Load() != nil) {
		s.tryFlush()
	}
}

// tryFlush writes what is waiting; if that fails, update has armed the timer
// for another try. The caller holds s.write.
func (s *Store) tryFlush() {
	if err := s.flush(); err != nil {
		s.log.Error("cannot write what waits for the disk; it will be tried again", slog.Any("error", err))
	}
}

// waits reports whether anything waits for the disk.
func (l *late) waits() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.applications)+len(l.sources) > 0
}

// flush writes what is waiting. The caller holds s.write.
func (s *Store) flush() error { return s.update(func(*bbolt.Tx) error { return nil }) }

// putLate puts what is waiting into tx.
func (s *Store) putLate(tx *bbolt.Tx) error {
	s.late.mu.RLock()
	defer s.late.mu.RUnlock()
	for _, a := range s.late.applications {
		if err := s.putApplication(tx, a); err != nil {
			return err
		}
	}
	for name, state := range s.late.sources {
		if err := s.put(tx, bucketSources, name, state); err != nil {
			return err
		}
	}
	return nil
}

// putTime returns t as a key that sorts by time; the zero time sorts first.
func putTime(t time.Time) []byte {
	var b [8]byte
	if !t.IsZero() {
		binary.BigEndian.PutUint64(b[:], uint64(t.UnixNano()))
	}
	return b[:]
}

// getTime reads what putTime wrote.
func getTime(b []byte) time.Time {
	if len(b) != 8 {
		return time.Time{}
	}
	n := binary.BigEndian.Uint64(b)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC() //nolint:gosec // Written by putTime.
}
