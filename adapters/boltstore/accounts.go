package boltstore

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

var _ account.Store = (*Store)(nil)

// keyFirstUser is where the ID stands that is reserved for the first user.
const keyFirstUser = "first-user"

// addAccounts makes version 3: the buckets of accounts and people, and an owner for
// what was there before, who will be the first user.
func addAccounts(s *Store, tx *bbolt.Tx) error {
	if err := makeBuckets(s, tx); err != nil {
		return err
	}
	first := account.NewID(time.Now())
	if has := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyFirstUser)); has != nil {
		first = string(has)
	}
	if err := tx.Bucket([]byte(bucketMeta)).Put([]byte(keyFirstUser), []byte(first)); err != nil {
		return err
	}
	owner := account.OfUser(first)
	for _, rewrite := range []func() error{
		func() error {
			return rewriteAll(s, tx, bucketChannels, func(_ string, c *alert.Channel) error { c.Owner = cmp.Or(c.Owner, owner); return nil })
		},
		func() error { return giveApplications(s, tx, owner) },
		func() error {
			return rewriteAll(s, tx, bucketDeliveries, func(_ string, d *alert.Delivery) error { d.Owner = cmp.Or(d.Owner, owner); return nil })
		},
		func() error {
			return rewriteAll(s, tx, bucketTokens, func(hash string, t *account.Token) error {
				if t.User == "" {
					t.User, t.Scope = first, account.ScopeAdmin
				}
				return hold(tx, t.User, heldToken, t.ID, hash)
			})
		},
	} {
		if err := rewrite(); err != nil {
			return err
		}
	}
	return nil
}

// rewriteAll hands every value of a bucket to change and stores it. One that
// cannot be read stays as it is.
func rewriteAll[T any](s *Store, tx *bbolt.Tx, bucket string, change func(key string, v *T) error) error {
	for _, key := range keysOf(tx.Bucket([]byte(bucket))) {
		var v T
		if !s.try(tx, bucket, key, &v) {
			continue
		}
		if err := change(key, &v); err != nil {
			return err
		}
		if err := s.put(tx, bucket, key, v); err != nil {
			return err
		}
	}
	return nil
}

// keysOf returns the keys of a bucket: what is found may be changed, which it may
// not while a cursor stands on it.
func keysOf(b *bbolt.Bucket) (keys []string) {
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		keys = append(keys, string(k))
	}
	return keys
}

// The kinds of what a user holds, in the keys of bucketHeld.
const (
	heldSession = "s"
	heldToken   = "t"
	heldGroup   = "g"
)

// hold lists under a user what he holds: a session or token with the hash of its
// secret, or a group.
func hold(tx *bbolt.Tx, user, kind, id, hash string) error {
	return tx.Bucket([]byte(bucketHeld)).Put([]byte(user+kind+id), []byte(hash))
}

// drop takes it from the list.
func drop(tx *bbolt.Tx, user, kind, id string) error {
	return tx.Bucket([]byte(bucketHeld)).Delete([]byte(user + kind + id))
}

// thing is one of what a user holds.
type thing struct{ id, hash string }

// held returns what a user holds of a kind, the oldest first, as IDs sort by age.
func held(tx *bbolt.Tx, user, kind string) (things []thing) {
	prefix := user + kind
	c := tx.Bucket([]byte(bucketHeld)).Cursor()
	for k, v := c.Seek([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		things = append(things, thing{id: strings.TrimPrefix(string(k), prefix), hash: string(v)})
	}
	return things
}

// belongings returns how many things belong to an owner.
func (s *Store) belongings(tx *bbolt.Tx, o account.Owner) (n int, err error) {
	err = tx.Bucket([]byte(bucketChannels)).ForEach(func(k, v []byte) error {
		var c alert.Channel
		if s.tryDecode(bucketChannels, string(k), v, &c) && c.Owner == o {
			n++
		}
		return nil
	})
	for _, index := range []string{bucketWatched, bucketPeopleOf} {
		n += len(keysWith(tx.Bucket([]byte(index)), []byte(o)))
	}
	return n, err
}

// must is get for what has to be there; none is the error if it is not.
func (s *Store) must(tx *bbolt.Tx, bucket, key string, v any, none error) error {
	ok, err := s.get(tx, bucket, key, v)
	if err == nil && !ok {
		err = none
	}
	return err
}

// all returns every value of a bucket, in the order of its keys. One that cannot
// be read is left out.
func all[T any](s *Store, bucket string) ([]T, error) {
	values := []T{}
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			var one T
			if s.tryDecode(bucket, string(k), v, &one) {
				values = append(values, one)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", bucket, err)
	}
	return values, nil
}
