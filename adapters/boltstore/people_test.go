package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

func (hidden) SealFile(plain []byte) ([]byte, error) { return flip("file", plain), nil }

func (hidden) OpenFile(file []byte) ([]byte, error) { return flip("file", file), nil }

func (c counting) OpenFile(file []byte) ([]byte, error) {
	c.opened.Add(1)
	return c.Plain.OpenFile(file)
}

// someOwner returns an owner of its own.
func someOwner() account.Owner { return account.OfUser(account.NewID(time.Now())) }

// person returns one that is ready to be added, with one passport for each of
// the days that it lasts from now on.
func person(t testing.TB, owner account.Owner, lasts ...int) dossier.Person {
	t.Helper()
	now := time.Now()
	wish := dossier.Person{Owner: owner, Name: "Ludmila Quetzal"}
	for _, days := range lasts {
		wish.Documents = append(wish.Documents, dossier.TravelDocument{
			Kind: dossier.Passport, Number: "TEST90001", Expires: civil.DateOf(now) + civil.Date(days),
		})
	}
	p, err := dossier.NewPerson(wish, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func addPerson(t testing.TB, s *Store, p dossier.Person) dossier.Person {
	t.Helper()
	if err := s.AddPerson(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Revision = 1
	return p
}

// renamed is an edit of no consequence.
func renamed(p *dossier.Person) error {
	p.Name = "Anna Quetzal"
	return nil
}

func listed(t *testing.T, s *Store, owners []account.Owner, after string) (ids []string) {
	t.Helper()
	if err := s.People(t.Context(), owners, after, func(p dossier.Person) bool { ids = append(ids, p.ID); return true }); err != nil {
		t.Error(err)
	}
	return ids
}

func TestPersonComesAndGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	want := addPerson(t, s, person(t, someOwner(), 200, 400))
	shut(t, s, dir)
	s = open(t, dir)
	got, err := s.Person(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	edited, err := s.EditPerson(t.Context(), want.ID, dossier.Edit(time.Now(), renamed))
	want.Name, want.Revision = "Anna Quetzal", 2
	if diff := cmp.Diff(want, edited); diff != "" || err != nil {
		t.Errorf("%v, -want +got\n%s", err, diff)
	}
	no := errors.New("no")
	if _, err := s.EditPerson(t.Context(), want.ID, func(p *dossier.Person) error { p.Name = "x"; return no }); !errors.Is(err, no) {
		t.Errorf("an edit that refuses: %v", err)
	}
	if got, err := s.Person(t.Context(), want.ID); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("after a refused edit %+v, %v", got, err)
	}
	if err := s.RemovePerson(t.Context(), want.ID); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range peopleBuckets() {
		empty(t, s, bucket)
	}
	for name, err := range map[string]error{
		"person": func() error { _, err := s.Person(t.Context(), want.ID); return err }(),
		"edit":   func() error { _, err := s.EditPerson(t.Context(), want.ID, renamed); return err }(),
		"remove": s.RemovePerson(t.Context(), want.ID),
	} {
		if !errors.Is(err, dossier.ErrNotFound) {
			t.Errorf("%s of nobody: %v", name, err)
		}
	}
}

func TestPeopleOfOwners(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me, family, other := someOwner(), account.OfGroup(account.NewID(time.Now())), someOwner()
	var want []string
	for i, owner := range []account.Owner{me, family, other, family, me, me} {
		p := person(t, owner)
		p.ID = account.NewID(time.Now().Add(time.Duration(i) * time.Second))
		addPerson(t, s, p)
		if owner != other {
			want = append(want, p.ID)
		}
	}
	both := []account.Owner{me, family}
	if diff := cmp.Diff(want, listed(t, s, both, "")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], listed(t, s, both, want[1])); diff != "" {
		t.Errorf("a later page -want +got\n%s", diff)
	}
	if got := listed(t, s, both, want[4]); len(got) != 0 {
		t.Errorf("behind the last: %v", got)
	}
	if got := listed(t, s, nil, ""); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
	n := 0
	if err := s.People(t.Context(), both, "", func(dossier.Person) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("%d people though two were enough, %v", n, err)
	}
}

func TestListsOpenOnlyWhatTheyShow(t *testing.T) {
	t.Parallel()
	s, opened := counted(t)
	me, other := someOwner(), someOwner()
	for range 20 {
		addPerson(t, s, person(t, other, 5))
		addPerson(t, s, person(t, me, 5))
	}
	opened.Store(0)
	n := 0
	if err := s.People(t.Context(), []account.Owner{me}, "", func(dossier.Person) bool { n++; return n < 3 }); err != nil || opened.Load() != 3 {
		t.Errorf("%d were opened to show %d, %v", opened.Load(), n, err)
	}
}

func TestPersonMovesToAGroup(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me, family := someOwner(), account.OfGroup(account.NewID(time.Now()))
	p := addPerson(t, s, person(t, me))
	move := func(p *dossier.Person) error { p.Owner = family; return nil }
	if _, err := s.EditPerson(t.Context(), p.ID, dossier.Edit(time.Now(), move)); err != nil {
		t.Fatal(err)
	}
	if mine, ours := listed(t, s, []account.Owner{me}, ""), listed(t, s, []account.Owner{family}, ""); len(mine) != 0 || len(ours) != 1 {
		t.Errorf("mine are %v, the family's %v", mine, ours)
	}
	if n := keysIn(t, s, bucketPeopleOf); n != 1 {
		t.Errorf("%d keys of owners", n)
	}
}

func TestOwnerHasTooManyPeople(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	me := someOwner()
	if err := s.db().Update(func(tx *bbolt.Tx) error {
		for range dossier.MaxPeople - 1 {
			if err := tx.Bucket([]byte(bucketPeopleOf)).Put([]byte(string(me)+account.NewID(time.Now())), nil); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	last := addPerson(t, s, person(t, me))
	if err := s.AddPerson(t.Context(), person(t, me)); !errors.Is(err, dossier.ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := s.EditPerson(t.Context(), last.ID, renamed); err != nil {
		t.Errorf("the last one cannot be edited: %v", err)
	}
	other := addPerson(t, s, person(t, someOwner()))
	if _, err := s.EditPerson(t.Context(), other.ID, func(p *dossier.Person) error { p.Owner = me; return nil }); !errors.Is(err, dossier.ErrFull) {
		t.Errorf("one too many was moved there: %v", err)
	}
	if n := keysIn(t, s, bucketPeople); n != 2 {
		t.Errorf("%d people are kept", n)
	}
}

func TestPeopleOfAnApplication(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	b := addApplication(t, s, watch.Application{Reference: reference(t, zov2)})
	both, one, none := person(t, someOwner()), person(t, someOwner()), person(t, someOwner())
	both.Applications, one.Applications = []string{string(a.ID), string(b.ID)}, []string{string(b.ID)}
	for _, p := range []dossier.Person{both, one, none} {
		addPerson(t, s, p)
	}
	names := func(application watch.ID) (ids []string) {
		people, err := s.PeopleOf(t.Context(), string(application))
		if err != nil {
			t.Error(err)
		}
		for _, p := range people {
			ids = append(ids, p.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{both.ID}, names(a.ID)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := names(b.ID); len(got) != 2 {
		t.Errorf("people of the second application: %v", got)
	}
	var bad *dossier.InputError
	link := func(p *dossier.Person) error {
		p.Applications = append(p.Applications, account.NewID(time.Now()))
		return nil
	}
	if _, err := s.EditPerson(t.Context(), none.ID, link); !errors.As(err, &bad) || bad.Field != "applications" {
		t.Errorf("linked to an application that is not there: %v", err)
	}
	if err := dropLeft(s.Remove(t.Context(), b.ID, jana)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Person(t.Context(), both.ID)
	if err != nil || cmp.Diff(both.Applications[:1], got.Applications) != "" || got.Revision != 2 {
		t.Errorf("after the application was removed: %+v, %v", got, err)
	}
	if got := names(b.ID); len(got) != 0 {
		t.Errorf("people of a removed application: %v", got)
	}
	if n := keysIn(t, s, bucketPeopleIn); n != 1 {
		t.Errorf("%d links", n)
	}
}

// TestNothingOfPeopleIsPlain looks for what is personal in the file itself.
func TestNothingOfPeopleIsPlain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir, Keys: boxKeys{hidden{}}, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	p := person(t, me, 7)
	p.Note, p.Nationality, p.BirthDate = "secret note", "UTO", civil.DateOf(time.Unix(0, 0))
	addPerson(t, s, p)
	remindAll(t, s)
	if due, err := s.DueDeliveries(t.Context(), time.Now(), 9); err != nil || len(due) != 1 || due[0].Notification.Label != p.Name {
		t.Fatalf("due %+v, %v", due, err)
	}
	if got, err := s.Person(t.Context(), p.ID); err != nil || got.Note != p.Note {
		t.Errorf("got %+v, %v", got, err)
	}
	shut(t, s, dir)
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"Ludmila", "Quetzal", "TEST90001", "secret note", "UTO", "1970-01-01", "passport"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("the file holds %q outside a sealed value", secret)
		}
	}
}

// TestExchangedFilesAreRefused: an age file opens wherever it is put, so its
// place must be proven by what it says.
func TestExchangedFilesAreRefused(t *testing.T) {
	t.Parallel()
	s, log := logged(t)
	me, other := someOwner(), someOwner()
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	mine, theirs := person(t, me, 7), addPerson(t, s, person(t, other, 7))
	mine.Applications = []string{string(a.ID)}
	addPerson(t, s, mine)
	put := func(bucket, key string, value []byte) {
		t.Helper()
		if err := s.db().Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), value) }); err != nil {
			t.Fatal(err)
		}
	}
	// The index is made to say that theirs is mine: it is not shown all the same.
	put(bucketPeopleOf, string(me)+theirs.ID, nil)
	put(bucketPeopleIn, string(a.ID)+theirs.ID, nil)
	if diff := cmp.Diff([]string{mine.ID}, listed(t, s, []account.Owner{me}, "")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if people, err := s.PeopleOf(t.Context(), string(a.ID)); err != nil || len(people) != 1 || people[0].ID != mine.ID {
		t.Errorf("people %+v, %v", people, err)
	}
	// Their file is put in the place of mine.
	var file []byte
	if err := s.view(func(tx *bbolt.Tx) error {
		file = bytes.Clone(tx.Bucket([]byte(bucketPeople)).Get([]byte(theirs.ID)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	put(bucketPeople, mine.ID, file)
	if p, err := s.Person(t.Context(), mine.ID); !errors.Is(err, errForeign) || p.ID != "" {
		t.Errorf("got %+v, %v", p, err)
	}
	if got := listed(t, s, []account.Owner{me}, ""); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	if !strings.Contains(log.String(), mine.ID) || strings.Contains(log.String(), "Quetzal") {
		t.Errorf("log: %s", log)
	}
}

func TestUnreadablePersonStopsNoOther(t *testing.T) {
	t.Parallel()
	s, log := logged(t)
	me := someOwner()
	addChannel(t, s, alert.Channel{ID: "phone", Owner: me})
	a := addApplication(t, s, watch.Application{Reference: reference(t, zov1)})
	bad, good := person(t, me, 7, 30), person(t, me, 7)
	for _, p := range []*dossier.Person{&bad, &good} {
		p.Applications = []string{string(a.ID)}
		addPerson(t, s, *p)
	}
	poison(t, s, bucketPeople, bad.ID)
	if _, err := s.Person(t.Context(), bad.ID); err == nil || strings.Contains(err.Error(), "Quetz") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{good.ID}, listed(t, s, []account.Owner{me}, "")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := remindAll(t, s); n != 1 {
		t.Errorf("%d reminders, want that of the other", n)
	}
	if !strings.Contains(log.String(), bad.ID) || strings.Contains(log.String(), "Quetz") {
		t.Errorf("log: %s", log)
	}
	if err := s.RemovePerson(t.Context(), bad.ID); err != nil {
		t.Fatal(err)
	}
	for bucket, want := range map[string]int{bucketPeople: 1, bucketPeopleOf: 1, bucketPeopleIn: 1, bucketReminders: 0} {
		if n := keysIn(t, s, bucket); n != want {
			t.Errorf("%d keys in %s, want %d", n, bucket, want)
		}
	}
	poison(t, s, bucketPeople, good.ID)
	if err := dropLeft(s.Remove(t.Context(), a.ID, jana)); err != nil {
		t.Errorf("remove the application: %v", err)
	}
	empty(t, s, bucketPeopleIn)
}

// TestFileFromBeforePeople opens a file of schema 1 that has none of the buckets.
func TestFileFromBeforePeople(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.db().Update(func(tx *bbolt.Tx) error {
		for _, name := range peopleBuckets() {
			if err := tx.DeleteBucket([]byte(name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(keySchema), []byte("1"))
	}); err != nil {
		t.Fatal(err)
	}
	shut(t, s, dir)
	s = open(t, dir)
	p := addPerson(t, s, person(t, someOwner(), 200))
	if got, err := s.Person(t.Context(), p.ID); err != nil || got.Name != p.Name {
		t.Errorf("got %+v, %v", got, err)
	}
}
