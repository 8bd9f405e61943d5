package boltstore

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// entry is one of those that find a person, in a bucket of its own kind. It
// holds IDs and days, nothing else.
type entry struct{ bucket, key, value string }

// indexOf returns the entries that find p: by owner, by application, and by the
// day of the next reminder of each document. What such a reminder is waiting for
// is not told from its entry, but until when it may be: behind the day of expiry
// nothing is opened in vain.
func indexOf(p dossier.Person) []entry {
	entries := []entry{{bucket: bucketPeopleOf, key: string(p.Owner) + p.ID}}
	for _, application := range p.Applications {
		entries = append(entries, entry{bucket: bucketPeopleIn, key: application + p.ID})
	}
	for _, d := range p.Documents {
		if on, ok := d.NextReminder(); ok {
			entries = append(entries, entry{bucketReminders, on.String() + p.ID + d.ID, d.Expires.String()})
		}
	}
	return entries
}

// entriesOf looks for the entries of a person that cannot be read.
func entriesOf(tx *bbolt.Tx, id string) (entries []entry) {
	for _, bucket := range []string{bucketPeopleOf, bucketPeopleIn, bucketReminders} {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if bytes.Contains(k, []byte(id)) {
				entries = append(entries, entry{bucket: bucket, key: string(k)})
			}
		}
	}
	return entries
}

// changeIndex puts the entries of after in the place of those of before.
func changeIndex(tx *bbolt.Tx, before, after []entry) error {
	for _, e := range before {
		if slices.Contains(after, e) {
			continue
		}
		if err := tx.Bucket([]byte(e.bucket)).Delete([]byte(e.key)); err != nil {
			return err
		}
	}
	for _, e := range after {
		if slices.Contains(before, e) {
			continue
		}
		if err := tx.Bucket([]byte(e.bucket)).Put([]byte(e.key), []byte(e.value)); err != nil {
			return err
		}
	}
	return nil
}

// behind returns the IDs of people under the keys of bucket that are prefix and
// an ID which sorts behind after.
func behind(tx *bbolt.Tx, bucket, prefix, after string) (ids []string) {
	c := tx.Bucket([]byte(bucket)).Cursor()
	for k, _ := c.Seek([]byte(prefix + after)); bytes.HasPrefix(k, []byte(prefix)); k, _ = c.Next() {
		if id := string(k[len(prefix):]); len(id) == account.IDLen && id != after {
			ids = append(ids, id)
		}
	}
	return ids
}

// toRemind returns the IDs of the people of whom something may be due on a day.
func toRemind(tx *bbolt.Tx, today civil.Date) (ids []string) {
	const dayLen, idLen = len("2031-05-17"), account.IDLen
	on, last := today.String(), []byte(today.String()+"~") // Behind every ID.
	c := tx.Bucket([]byte(bucketReminders)).Cursor()
	for k, v := c.First(); k != nil && bytes.Compare(k, last) < 0; k, v = c.Next() {
		if len(k) == dayLen+2*idLen && string(v) >= on {
			ids = append(ids, string(k[dayLen:dayLen+idLen]))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
