package boltstore

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// TestMigrationGivesOwners brings a file of version 1 up to date.
func TestMigrationGivesOwners(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token, secret := account.NewToken("", "phone", "", 0, time.Now())
	db, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	old := &Store{db: db, sealer: Plain{}, log: slog.New(slog.DiscardHandler)}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{
			"meta", "applications", "schedule", "references", "history", "channels", "deliveries", "outbox", "about", "notices", "sources", "tokens",
		} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return errors.Join(
			tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), []byte("1")),
			old.put(tx, bucketChannels, "phone", alert.Channel{ID: "phone", Name: "Phone"}),
			old.put(tx, bucketDeliveries, "d1", alert.Delivery{ID: "d1", ChannelID: "phone"}),
			tx.Bucket([]byte(bucketDeliveries)).Put([]byte("d2"), []byte("cannot be read")),
			old.put(tx, bucketTokens, token.Hash, token),
		)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	first, exists, err := s.FirstUser(t.Context())
	if err != nil || exists || !account.IsID(first) {
		t.Fatalf("%q, %t, %v", first, exists, err)
	}
	c, err := s.Channel(t.Context(), "phone")
	if err != nil || c.Owner != account.OfUser(first) || c.Name != "Phone" {
		t.Errorf("the channel belongs to %q, %v", c.Owner, err)
	}
	d, err := s.Deliveries(t.Context(), "", 9, func(alert.Delivery) bool { return true })
	if err != nil || len(d) != 1 || d[0].Owner != account.OfUser(first) {
		t.Errorf("got %d deliveries, %v", len(d), err)
	}
	service := newService(s)
	_, err = service.ByToken(t.Context(), secret, "192.0.2.1")
	wants(t, "the token before there is a user", err, account.ErrNoToken)
	code, err := service.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Setup(t.Context(), code, account.NewUser{Name: "admin", Password: password}, from()); err != nil {
		t.Fatal(err)
	}
	p, err := service.ByToken(t.Context(), secret, "192.0.2.1")
	if err != nil || !p.MayAdminister() || p.User.ID != first || !p.MayWrite(c.Owner) {
		t.Errorf("the token acts for %q with %q, %v", p.User.ID, p.Scope, err)
	}
	if tokens, err := s.Tokens(t.Context(), first); err != nil || len(tokens) != 1 {
		t.Errorf("%d tokens are listed, %v", len(tokens), err)
	}
}
