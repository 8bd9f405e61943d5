package boltstore

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// keyRecovery is where it stands in the meta bucket when somebody proved to have
// the sheet with the recovery key.
const keyRecovery = "recovery-confirmed"

// RecoveryConfirmed returns when somebody proved to have the recovery sheet; the
// zero time if nobody has.
func (s *Store) RecoveryConfirmed(context.Context) (at time.Time, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		at = getTime(tx.Bucket([]byte(bucketMeta)).Get([]byte(keyRecovery)))
		return nil
	})
	return at, err
}

// ConfirmRecovery notes that somebody proved to have the sheet.
func (s *Store) ConfirmRecovery(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.audit(ctx, tx, account.KeyConfirmed, account.KindKey, "", ""); err != nil {
			return err
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyRecovery), putTime(time.Now()))
	})
	if err != nil {
		return fmt.Errorf("note that the recovery sheet is there: %w", err)
	}
	return nil
}
