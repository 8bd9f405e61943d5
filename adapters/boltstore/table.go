package boltstore

import (
	"encoding/json"
	"strings"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/watch"
)

// seal says what is done to the values of a bucket before they reach the file.
type seal int

const (
	// unsealed values are neither personal nor secret: times, IDs, places in line.
	unsealed seal = iota
	// boxed values are sealed by Box.Seal, which binds them to their key.
	boxed
	// aged values are files of their own, by Box.SealFile.
	aged
)

// bucket describes one bucket. Everything that treats all values alike goes by
// it: making the file, migration, rotation of the key, the checks of a backup.
type bucket struct {
	name string
	seal seal
	// rekey returns what the key of a value is the digest of, where keys are
	// digests; ok is false if that cannot be found out. Nil: keys stay.
	rekey func(r *reader, key string, value []byte) (plain string, ok bool)
}

// table describes every bucket; one without a row here is none.
func table() []bucket {
	return []bucket{
		{name: bucketMeta, seal: unsealed},
		{name: bucketApplications, seal: boxed},
		{name: bucketSchedule, seal: unsealed},
		{name: bucketReferences, seal: unsealed, rekey: identity},
		{name: bucketHistory, seal: boxed},
		{name: bucketChannels, seal: boxed},
		{name: bucketDeliveries, seal: boxed},
		{name: bucketOutbox, seal: unsealed},
		{name: bucketAbout, seal: unsealed},
		{name: bucketNotices, seal: boxed, rekey: noticeKey},
		{name: bucketSources, seal: boxed},
		{name: bucketWatched, seal: unsealed},
		{name: bucketUsers, seal: boxed},
		{name: bucketNames, seal: unsealed, rekey: userName},
		{name: bucketGroups, seal: boxed},
		{name: bucketSessions, seal: boxed},
		{name: bucketTokens, seal: boxed},
		{name: bucketHeld, seal: unsealed},
		{name: bucketInvitations, seal: boxed},
		{name: bucketShares, seal: boxed},
		{name: bucketAudit, seal: boxed},
		{name: bucketAuditEnds, seal: boxed},
		{name: bucketPeople, seal: aged},
		{name: bucketPeopleOf, seal: unsealed},
		{name: bucketPeopleIn, seal: unsealed},
		{name: bucketReminders, seal: unsealed},
	}
}

// buckets returns the names of all buckets.
func buckets() (names []string) {
	for _, b := range table() {
		names = append(names, b.name)
	}
	return names
}

// described returns the description of a bucket.
func described(name string) (b bucket, ok bool) {
	for _, b := range table() {
		if b.name == name {
			return b, true
		}
	}
	return bucket{}, false
}

// open returns the value that stands under key.
func (b bucket) open(box Box, key string, value []byte) ([]byte, error) {
	switch b.seal {
	case boxed:
		return box.Open(b.name, key, value)
	case aged:
		return box.OpenFile(value)
	}
	return value, nil
}

// close seals a value that is to stand under key.
func (b bucket) close(box Box, key string, plain []byte) ([]byte, error) {
	switch b.seal {
	case boxed:
		return box.Seal(b.name, key, plain)
	case aged:
		return box.SealFile(plain)
	}
	return plain, nil
}

// reader reads the values of a file with its key.
type reader struct {
	tx  *bbolt.Tx
	box Box
}

// get opens the value under key into v, and reports whether it could.
func (r *reader) get(name, key string, v any) bool {
	b, ok := described(name)
	from := r.tx.Bucket([]byte(name))
	if !ok || from == nil {
		return false
	}
	value := from.Get([]byte(key))
	if value == nil {
		return false
	}
	plain, err := b.open(r.box, key, value)
	return err == nil && json.Unmarshal(plain, v) == nil
}

// identity finds the reference of an application by the ID.
func identity(r *reader, _ string, id []byte) (plain string, ok bool) {
	var a watch.Application
	if !r.get(bucketApplications, string(id), &a) {
		return "", false
	}
	return strings.ToUpper(a.Reference.Identity()), true
}

// noticeKey finds out under which key a notice was raised: its kind with what it
// is about, a channel's ID or its subject. The old digest tells which it was.
func noticeKey(r *reader, key string, value []byte) (plain string, ok bool) {
	var n alert.Notification
	opened, err := r.box.Open(bucketNotices, key, value)
	if err != nil || json.Unmarshal(opened, &n) != nil {
		return "", false
	}
	candidates := []string{string(n.Kind), string(n.Kind) + ":" + n.Subject}
	if channels := r.tx.Bucket([]byte(bucketChannels)); channels != nil {
		c := channels.Cursor()
		for id, _ := c.First(); id != nil; id, _ = c.Next() {
			candidates = append(candidates, string(n.Kind)+":"+string(id))
		}
	}
	for _, c := range candidates {
		if string(r.box.Digest([]byte(c))) == key {
			return c, true
		}
	}
	return "", false
}
