package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

// Rekey seals every value anew with box, whose key is wrapped, as Compact writes
// the file anew. A value that cannot be opened is as unreadable afterwards as it
// was before. Backups from before keep the key they carry; one for the new key is
// owed from then on, see BackupDue.
//
// Whoever acts in ctx stands in the audit trail of the new file, so that it tells
// of another key exactly where there is one.
func (s *Store) Rekey(ctx context.Context, box Box, wrapped []byte) error {
	return s.rekey(ctx, box, wrapped, func(next *Store, tx *bbolt.Tx) error { return next.noteKey(ctx, tx) })
}

// RekeyRecovery is Rekey where the recovery key is another one, too: its sheet is
// to be printed and confirmed again.
func (s *Store) RekeyRecovery(ctx context.Context, box Box, wrapped []byte) error {
	return s.rekey(ctx, box, wrapped, func(next *Store, tx *bbolt.Tx) error {
		if err := tx.Bucket([]byte(bucketMeta)).Delete([]byte(keyRecovery)); err != nil {
			return err
		}
		return next.noteKey(ctx, tx)
	})
}

func (s *Store) rekey(ctx context.Context, box Box, wrapped []byte, also migration) error {
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	if err := s.replace(ctx, box, wrapped, also); err != nil {
		return fmt.Errorf("seal the data with another key: %w", explain(err))
	}
	return nil
}

// noteKey notes in a file what follows from its having another key.
func (s *Store) noteKey(ctx context.Context, tx *bbolt.Tx) error {
	if err := tx.Bucket([]byte(bucketMeta)).Put([]byte(keyBackup), []byte(due)); err != nil {
		return err
	}
	return s.audit(ctx, tx, account.KeyRotated, account.KindKey, "", "")
}

// SealedWith reports whether wrapped is the key of the store as it is. After an
// error, Rekey may have come through all the same.
func (s *Store) SealedWith(wrapped []byte) bool {
	return bytes.Equal(s.sealer.current.Load().wrapped, wrapped)
}

// BackupDue reports whether there was no backup since Rekey: those there are need
// the key from before, should the data be lost.
func (s *Store) BackupDue() (bool, error) {
	isDue, err := s.owes(keyBackup)
	if err != nil {
		return false, fmt.Errorf("look whether a backup is due: %w", err)
	}
	return isDue, nil
}

// backedUp notes that there is a backup for the key of the file. If that cannot be
// written, another one is made later. The caller holds s.upkeep.
func (s *Store) backedUp() {
	isDue, err := s.owes(keyBackup)
	if err == nil && isDue {
		s.write.Lock()
		defer s.write.Unlock()
		err = s.update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketMeta)).Delete([]byte(keyBackup)) })
	}
	if err != nil {
		s.log.Warn("cannot note that there is a backup for the new key; another one will be made", slog.Any("error", err))
	}
}
