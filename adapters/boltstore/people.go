package boltstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
)

// errForeign: the file under a person's ID is that of somebody else. An age file
// is not bound to its place, so that the plain age tool can open it; whoever can
// write the store's file could exchange two.
var errForeign = errors.New("it is the file of another person")

// AddPerson stores a new person, one of dossier.NewPerson. It returns
// dossier.ErrFull if the owner has too many, and a *dossier.InputError if one of
// the applications does not exist.
func (s *Store) AddPerson(ctx context.Context, p dossier.Person) error {
	s.write.Lock()
	defer s.write.Unlock()
	p.Revision = 1
	err := s.update(func(tx *bbolt.Tx) error {
		return errors.Join(s.putPerson(tx, nil, p), s.audit(ctx, tx, account.PersonAdded, account.KindPerson, p.ID, ""))
	})
	if err != nil {
		return fmt.Errorf("add a person: %w", err)
	}
	return nil
}

// Person returns one person, or dossier.ErrNotFound.
func (s *Store) Person(_ context.Context, id string) (p dossier.Person, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		p, err = s.person(tx, id)
		return err
	})
	return p, err
}

// EditPerson hands the person to edit, which is one of dossier.Edit, and stores
// it, unless edit fails. Other errors are those of Person and AddPerson.
func (s *Store) EditPerson(ctx context.Context, id string, edit func(*dossier.Person) error) (dossier.Person, error) {
	s.write.Lock()
	defer s.write.Unlock()
	p, err := s.Person(ctx, id)
	if err != nil {
		return dossier.Person{}, err
	}
	before := indexOf(p)
	if err := edit(&p); err != nil {
		return dossier.Person{}, err
	}
	p.Revision++
	err = s.update(func(tx *bbolt.Tx) error {
		return errors.Join(s.putPerson(tx, before, p), s.audit(ctx, tx, account.PersonChanged, account.KindPerson, id, ""))
	})
	if err != nil {
		return dossier.Person{}, fmt.Errorf("edit a person: %w", err)
	}
	return p, nil
}

// RemovePerson deletes a person with all documents, and whatever waits in the
// outbox about them. One that cannot be read can be removed like any other.
func (s *Store) RemovePerson(ctx context.Context, id string) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.update(func(tx *bbolt.Tx) error {
		if err := s.forgetPerson(tx, id); err != nil {
			return err
		}
		return errors.Join(owesCompact(tx), s.audit(ctx, tx, account.PersonRemoved, account.KindPerson, id, ""))
	})
	if err != nil {
		return fmt.Errorf("remove a person: %w", err)
	}
	return nil
}

func (s *Store) forgetPerson(tx *bbolt.Tx, id string) error {
	p, unreadable := s.person(tx, id)
	if errors.Is(unreadable, dossier.ErrNotFound) {
		return unreadable
	}
	entries := indexOf(p)
	if unreadable != nil {
		entries = entriesOf(tx, id)
	}
	if err := changeIndex(tx, entries, nil); err != nil {
		return err
	}
	if err := tx.Bucket([]byte(bucketPeople)).Delete([]byte(id)); err != nil {
		return err
	}
	return s.forgetDeliveries(tx, id, "")
}

// People calls yield for the people of some owners whose IDs sort behind after,
// the oldest first, until it returns false. It opens no other. One that cannot be
// read is left out.
func (s *Store) People(_ context.Context, owners []account.Owner, after string, yield func(dossier.Person) bool) error {
	return s.view(func(tx *bbolt.Tx) error {
		var ids []string
		for _, owner := range owners {
			ids = append(ids, behind(tx, bucketPeopleOf, string(owner), after)...)
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			// The index is not sealed: what it says of an owner proves nothing.
			if p, ok := s.tryPerson(tx, id); ok && slices.Contains(owners, p.Owner) && !yield(p) {
				return nil
			}
		}
		return nil
	})
}

// PeopleOf returns the people whose application it is, the oldest first,
// whomever they belong to. One that cannot be read is left out.
func (s *Store) PeopleOf(_ context.Context, application string) ([]dossier.Person, error) {
	people := []dossier.Person{}
	err := s.view(func(tx *bbolt.Tx) error {
		for _, id := range behind(tx, bucketPeopleIn, application, "") {
			if p, ok := s.tryPerson(tx, id); ok && slices.Contains(p.Applications, application) {
				people = append(people, p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the people of an application: %w", err)
	}
	return people, nil
}

// unlinkPeople takes an application that is removed from the people whose it was,
// those of one owner or, with owner "", all of them.
func (s *Store) unlinkPeople(tx *bbolt.Tx, application string, owner account.Owner) error {
	for _, id := range behind(tx, bucketPeopleIn, application, "") {
		p, ok := s.tryPerson(tx, id)
		if !ok || owner != "" && p.Owner != owner {
			continue // One that cannot be read stays removable; its entry goes below.
		}
		before := indexOf(p)
		p.Applications = slices.DeleteFunc(p.Applications, func(other string) bool { return other == application })
		p.Revision++
		if err := s.putPerson(tx, before, p); err != nil {
			return err
		}
	}
	if owner != "" {
		return nil
	}
	return deletePrefix(tx.Bucket([]byte(bucketPeopleIn)), []byte(application))
}

// person opens the age file of a person, or returns dossier.ErrNotFound.
func (s *Store) person(tx *bbolt.Tx, id string) (p dossier.Person, err error) {
	file := tx.Bucket([]byte(bucketPeople)).Get([]byte(id))
	if file == nil {
		return dossier.Person{}, dossier.ErrNotFound
	}
	plain, err := s.sealer.OpenFile(file)
	if err != nil {
		return dossier.Person{}, fmt.Errorf("open the file of a person: %w", err)
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return dossier.Person{}, fmt.Errorf("decode a person: %w", err)
	}
	if p.ID != id {
		return dossier.Person{}, fmt.Errorf("open the file of a person: %w", errForeign)
	}
	return p, nil
}

// tryPerson is person for one among several: one that cannot be read is logged
// and left out.
func (s *Store) tryPerson(tx *bbolt.Tx, id string) (p dossier.Person, ok bool) {
	p, err := s.person(tx, id)
	if err == nil {
		return p, true
	}
	if !errors.Is(err, dossier.ErrNotFound) { // Which is removed meanwhile.
		s.log.Error("left out a stored value that cannot be read",
			slog.String("bucket", bucketPeople), slog.String("id", strings.ToValidUTF8(id, "?")))
	}
	return dossier.Person{}, false
}

// putPerson stores p as an age file. before are the entries of the index that
// stand of it.
func (s *Store) putPerson(tx *bbolt.Tx, before []entry, p dossier.Person) error {
	entries := indexOf(p)
	if err := allowed(tx, before, entries, p); err != nil {
		return err
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a person: %w", err)
	}
	file, err := s.sealer.SealFile(plain)
	if err != nil {
		return fmt.Errorf("seal the file of a person: %w", err)
	}
	if err := tx.Bucket([]byte(bucketPeople)).Put([]byte(p.ID), file); err != nil {
		return err
	}
	return changeIndex(tx, before, entries)
}

// allowed reports why p cannot be stored with these new entries of the index:
// its owner has too many people, or an application is not there.
func allowed(tx *bbolt.Tx, before, entries []entry, p dossier.Person) error {
	for _, e := range entries {
		if slices.Contains(before, e) {
			continue
		}
		switch e.bucket {
		case bucketPeopleOf:
			if len(behind(tx, bucketPeopleOf, string(p.Owner), "")) >= dossier.MaxPeople {
				return dossier.ErrFull
			}
		case bucketPeopleIn:
			if tx.Bucket([]byte(bucketApplications)).Get([]byte(strings.TrimSuffix(e.key, p.ID))) == nil {
				return &dossier.InputError{Field: "applications", Code: "application", Problem: "hold one that does not exist"}
			}
		}
	}
	return nil
}
