package boltstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// Session implements account.SessionKeeper.
func (s *Store) Session(_ context.Context, hash string) (one account.Session, err error) {
	err = s.view(func(tx *bbolt.Tx) error { return s.must(tx, bucketSessions, hash, &one, account.ErrNoSession) })
	return one, err
}

// Sessions implements account.SessionKeeper. One that cannot be read is left out.
func (s *Store) Sessions(_ context.Context, user string) (sessions []account.Session, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		sessions = s.sessionsOf(tx, user)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the sessions of a user: %w", err)
	}
	return sessions, nil
}

func (s *Store) sessionsOf(tx *bbolt.Tx, user string) []account.Session {
	sessions := []account.Session{}
	for _, one := range held(tx, user, heldSession) {
		var session account.Session
		if s.try(tx, bucketSessions, one.hash, &session) {
			sessions = append(sessions, session)
		}
	}
	return sessions
}

// EditSession implements account.SessionKeeper.
func (s *Store) EditSession(_ context.Context, hash string, edit func(*account.Session)) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		var one account.Session
		if err := s.must(tx, bucketSessions, hash, &one, account.ErrNoSession); err != nil {
			return err
		}
		edit(&one)
		return s.put(tx, bucketSessions, hash, one)
	})
}

// EndSessions implements account.SessionKeeper.
func (s *Store) EndSessions(ctx context.Context, user string, which func(account.Session) bool) (n int, err error) {
	s.write.Lock()
	defer s.write.Unlock()
	err = s.update(func(tx *bbolt.Tx) error {
		n, err = s.endSessions(ctx, tx, user, which)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return n, nil
}

// endSessions removes the sessions of a user that which accepts. One that cannot
// be read is of no use, and is handed over with its ID and hash only.
func (s *Store) endSessions(ctx context.Context, tx *bbolt.Tx, user string, which func(account.Session) bool) (n int, err error) {
	for _, one := range held(tx, user, heldSession) {
		session := account.Session{}
		if !s.try(tx, bucketSessions, one.hash, &session) {
			session = account.Session{ID: one.id, Hash: one.hash, User: user}
		}
		if !which(session) {
			continue
		}
		if err := s.endSession(ctx, tx, session); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s *Store) endSession(ctx context.Context, tx *bbolt.Tx, one account.Session) error {
	if err := tx.Bucket([]byte(bucketSessions)).Delete([]byte(one.Hash)); err != nil {
		return err
	}
	if err := drop(tx, one.User, heldSession, one.ID); err != nil {
		return err
	}
	return s.audit(ctx, tx, account.SessionEnded, account.KindSession, one.ID, "")
}

// renewSession stores a session in place of the one with its ID, whose hash is another.
func (s *Store) renewSession(tx *bbolt.Tx, one account.Session) error {
	things := held(tx, one.User, heldSession)
	i := slices.IndexFunc(things, func(t thing) bool { return t.id == one.ID })
	if i < 0 {
		return account.ErrNoSession
	}
	if err := tx.Bucket([]byte(bucketSessions)).Delete([]byte(things[i].hash)); err != nil {
		return err
	}
	return s.putSession(tx, one)
}

// beginSession stores a new session; those that have ended go, and then the one
// that was not used for longest.
func (s *Store) beginSession(ctx context.Context, tx *bbolt.Tx, one account.Session) error {
	now := time.Now()
	// That these end is nobody's doing.
	if _, err := s.endSessions(context.Background(), tx, one.User, func(old account.Session) bool { return old.Ended(now) }); err != nil {
		return err
	}
	sessions := s.sessionsOf(tx, one.User)
	slices.SortStableFunc(sessions, func(a, b account.Session) int { return a.SeenAt.Compare(b.SeenAt) })
	for _, old := range sessions[:max(0, len(sessions)+1-account.MaxSessions)] {
		if err := s.endSession(ctx, tx, old); err != nil {
			return err
		}
	}
	if err := s.putSession(tx, one); err != nil {
		return err
	}
	return s.audit(ctx, tx, account.SessionBegun, account.KindSession, one.ID, "")
}

func (s *Store) putSession(tx *bbolt.Tx, one account.Session) error {
	if err := hold(tx, one.User, heldSession, one.ID, one.Hash); err != nil {
		return err
	}
	return s.put(tx, bucketSessions, one.Hash, one)
}
