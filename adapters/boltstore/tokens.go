package boltstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// AddToken implements account.TokenKeeper.
func (s *Store) AddToken(ctx context.Context, t account.Token) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if len(held(tx, t.User, heldToken)) >= account.MaxTokens {
			return account.ErrFull
		}
		if err := hold(tx, t.User, heldToken, t.ID, t.Hash); err != nil {
			return err
		}
		if err := s.put(tx, bucketTokens, t.Hash, t); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.TokenMade, account.KindToken, t.ID, string(t.Scope))
	})
	if err != nil {
		return fmt.Errorf("add a token: %w", err)
	}
	return nil
}

// Token implements account.TokenKeeper.
func (s *Store) Token(_ context.Context, hash string) (t account.Token, err error) {
	err = s.view(func(tx *bbolt.Tx) error { return s.must(tx, bucketTokens, hash, &t, account.ErrNoToken) })
	return t, err
}

// Tokens implements account.TokenKeeper. One that cannot be read is left out.
func (s *Store) Tokens(_ context.Context, user string) ([]account.Token, error) {
	tokens := []account.Token{}
	err := s.view(func(tx *bbolt.Tx) error {
		for _, one := range held(tx, user, heldToken) {
			var t account.Token
			if s.try(tx, bucketTokens, one.hash, &t) {
				tokens = append(tokens, t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the tokens of a user: %w", err)
	}
	return tokens, nil
}

// TouchToken implements account.TokenKeeper.
func (s *Store) TouchToken(_ context.Context, hash string, at time.Time) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		var t account.Token
		if err := s.must(tx, bucketTokens, hash, &t, account.ErrNoToken); err != nil {
			return err
		}
		t.UsedAt = at
		return s.put(tx, bucketTokens, hash, t)
	})
}

// RemoveToken implements account.TokenKeeper.
func (s *Store) RemoveToken(ctx context.Context, user, id string) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.update(func(tx *bbolt.Tx) error {
		things := held(tx, user, heldToken)
		i := slices.IndexFunc(things, func(t thing) bool { return t.id == id })
		if i < 0 {
			return account.ErrNoToken
		}
		if err := tx.Bucket([]byte(bucketTokens)).Delete([]byte(things[i].hash)); err != nil {
			return err
		}
		if err := drop(tx, user, heldToken, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, account.TokenRevoked, account.KindToken, id, "")
	})
}
