package boltstore

import (
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/watch"
)

// alone is an application from before several could watch it.
type alone struct {
	watch.Application
	Label    string        `json:"label"`
	Channels []string      `json:"channels"`
	Interval time.Duration `json:"interval"`
	Paused   bool          `json:"paused"`
	Muted    bool          `json:"muted"`
	State    struct {
		watch.State
		Trouble *struct {
			watch.Trouble
			Told bool `json:"told"`
		} `json:"trouble"`
	} `json:"state"`
}

// watchedBy returns the application as owner's alone.
func (a alone) watchedBy(owner account.Owner) watch.Application {
	app := a.Application
	app.State = a.State.State
	w := watch.Watcher{
		Owner: owner, Label: a.Label, Channels: a.Channels, Interval: a.Interval, Paused: a.Paused, Muted: a.Muted,
		AddedAt: a.AddedAt, Told: app.State.Status,
	}
	if t := a.State.Trouble; t != nil {
		app.State.Trouble = &t.Trouble
		app.State.Trouble.Lasting, w.Warned = t.Told, t.Told
	}
	app.State.ChangedAt = app.State.Since
	app.Watchers = []watch.Watcher{w}
	return app
}

// giveApplications makes owner the watcher of every application from before there
// were any. One that cannot be read is listed as his, so that he can remove it.
func giveApplications(s *Store, tx *bbolt.Tx, owner account.Owner) error {
	for _, key := range keysOf(tx.Bucket([]byte(bucketApplications))) {
		var a alone
		if s.try(tx, bucketApplications, key, &a) {
			if len(a.Watchers) > 0 {
				continue
			}
			if err := s.put(tx, bucketApplications, key, a.watchedBy(owner)); err != nil {
				return err
			}
		}
		if err := tx.Bucket([]byte(bucketWatched)).Put(watchedKey(owner, watch.ID(key)), nil); err != nil {
			return err
		}
	}
	return nil
}
