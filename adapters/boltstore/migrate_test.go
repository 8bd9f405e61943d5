package boltstore

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
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
	put := func(tx *bbolt.Tx, bucket, key string, v any) error {
		text, err := json.Marshal(v)
		return errors.Join(err, tx.Bucket([]byte(bucket)).Put([]byte(key), text))
	}
	const app = "01a20e1ea42ehvlgcx6lztcjiycy"
	alone := `{"id":"` + app + `","reference":"ZZZZ202601059001","label":"Jana","channels":["phone"],"interval":1800000000000,"muted":true,
		"added_at":"2026-01-05T10:00:00Z","revision":7,"state":{"status":"in_progress","valid":"in_progress","since":"2026-01-06T10:00:00Z",
		"answer":{"text":"is being processed"},"trouble":{"code":"not_offered","since":"2026-01-07T10:00:00Z","count":3,"told":true},
		"next_check_at":"2026-01-08T10:00:00Z"}}`
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
			tx.Bucket([]byte(bucketApplications)).Put([]byte(app), []byte(alone)),
			tx.Bucket([]byte(bucketReferences)).Put(Plain{}.Digest([]byte("ZZZZ202601059001")), []byte(app)),
			put(tx, bucketChannels, "phone", alert.Channel{ID: "phone", Name: "Phone"}),
			put(tx, bucketDeliveries, "d1", alert.Delivery{ID: "d1", ChannelID: "phone"}),
			tx.Bucket([]byte(bucketDeliveries)).Put([]byte("d2"), []byte("cannot be read")),
			put(tx, bucketTokens, token.Hash, token),
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
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	want := watch.Application{
		ID: app, Reference: reference(t, "ZZZZ202601059001"), AddedAt: at("2026-01-05T10:00:00Z"), Revision: 7,
		Watchers: []watch.Watcher{{
			Owner: account.OfUser(first), Label: "Jana", Channels: []string{"phone"}, Interval: 30 * time.Minute, Muted: true,
			AddedAt: at("2026-01-05T10:00:00Z"), Told: visa.InProgress, Warned: true,
		}},
		State: watch.State{
			Status: visa.InProgress, Valid: visa.InProgress, Since: at("2026-01-06T10:00:00Z"), ChangedAt: at("2026-01-06T10:00:00Z"),
			Answer:  watch.Answer{Text: "is being processed"},
			Trouble: &watch.Trouble{Code: watch.NotOffered, Since: at("2026-01-07T10:00:00Z"), Count: 3, Lasting: true}, NextCheckAt: at("2026-01-08T10:00:00Z"),
		},
	}
	var got []watch.Application
	err = s.Applications(t.Context(), []account.Owner{account.OfUser(first)}, "", func(a watch.Application) bool { got = append(got, a); return true })
	if diff := cmp.Diff([]watch.Application{want}, got, cmp.Comparer(func(a, b visa.Reference) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("the application: -want +got\n%s%v", diff, err)
	}
	if err := s.Add(t.Context(), watch.Application{ID: watch.NewID(time.Now()), Reference: want.Reference, Watchers: want.Watchers}); !errors.Is(err, watch.ErrDuplicate) {
		t.Errorf("its reference is not found: %v", err)
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
