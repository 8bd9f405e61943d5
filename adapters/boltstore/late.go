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
	// lateMost is how many may wait; then they are written at once.
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

// newer returns the version of a that waits for the disk, if it is newer than a.
func (l *late) newer(a watch.Application) watch.Application {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if w, ok := l.applications[a.ID]; ok && w.Revision > a.Revision {
		return w
	}
	return a
}

// add keeps what set puts into l for later, and reports whether it is time to
// write because too much is waiting.
func (l *late) add(flush func(), set func(*late)) (full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set(l)
	if l.timer == nil && !l.stopped {
		l.timer = time.AfterFunc(lateFor, flush)
	}
	return len(l.applications) >= lateMost
}

// flushLate writes what is waiting; it is called by the timer.
func (s *Store) flushLate() {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.flush(); err != nil {
		s.log.Error("cannot write the results of unchanged checks; they will be tried again", slog.Any("error", err))
		s.late.again(s.flushLate)
	}
}

// again starts the timer anew after a write has failed.
func (l *late) again(flush func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped {
		l.timer = time.AfterFunc(lateFor, flush)
	}
}

// flush writes what is waiting. The caller holds s.write.
func (s *Store) flush() error {
	s.late.mu.RLock()
	waiting := len(s.late.applications) + len(s.late.sources)
	s.late.mu.RUnlock()
	if waiting == 0 {
		return nil
	}
	return s.update(func(*bbolt.Tx) error { return nil })
}

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
