package web

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
)

// transfers sets what sees to people, backups, exports, imports and erasures.
func (a *appliance) transfers(c *Config) {
	c.People, c.Shares, c.Zone, c.Backups, c.Trail = a.store, a.store, time.UTC, a.store, a.store
	c.Exporter = archive.NewExporter(archive.ExporterConfig{
		Applications: a.store, Messages: a.store, People: a.store, Accounts: a.store, Kinds: shout.Kinds(), Sealer: a.store,
	})
	c.Import = func(ctx context.Context, r io.Reader, owner account.Owner, dry bool) (archive.Report, error) {
		return archive.Import(ctx, r, archive.Target{
			Owner: archive.To(owner), Applications: a.engine, Channels: a.store, People: a.store, Kinds: c.Kinds, Validate: c.Validate,
			Languages: c.Catalogues.Languages(), MinInterval: 15 * time.Minute, Zone: time.UTC, Opener: a.store, DryRun: dry,
		})
	}
	a.share = filepath.Join(a.dir, "share")
	c.Eraser = archive.NewEraser(archive.EraserConfig{
		Watching: a.engine, Belongings: a.store, Accounts: a.accounts, Upkeep: a.store, Trail: a.store, Logger: c.Logger,
		Copies: boltstore.NewKeeper(boltstore.KeeperConfig{Store: a.store, Copies: a.share}),
	})
}

// village is a scene with others in it: {member} is a key of somebody who has
// nothing to do with Anna's application, {reader} and {writer} are keys of members
// of the group {group}, whose person is {gperson}; {person} is the admin's own.
// {outsider} is a key of one who only reads what is shared with him.
type village struct {
	*scene
	group  account.Owner
	tokens map[string]string
	users  map[string]account.User
}

func newVillage(t *testing.T) *village {
	t.Helper()
	v := &village{scene: newScene(t), tokens: map[string]string{}, users: map[string]account.User{}}
	for _, name := range []string{"member", "reader", "writer", "viewer"} {
		role := account.Member
		if name == "viewer" {
			role = account.Viewer
		}
		u, token := v.user(name, role)
		v.users[name], v.tokens[name] = u, token
		v.words = append(v.words, "{"+name+"}", token, "{"+name+"-id}", u.ID)
	}
	now := time.Now()
	g := account.Group{ID: account.NewID(now), Name: "Family", Kind: account.Family, CreatedAt: now, Members: []account.Membership{
		{User: v.admin.ID, Right: account.Own},
		{User: v.users["reader"].ID, Right: account.Read},
		{User: v.users["viewer"].ID, Right: account.Write},
		{User: v.users["writer"].ID, Right: account.Write},
	}}
	if err := v.store.AddGroup(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	v.group = account.OfGroup(g.ID)
	own, shared := v.person(t, v.me, "Eva Quetzal", v.fill("{anna}")), v.person(t, v.group, "Otto Quetzal")
	v.words = append(v.words, "{group}", g.ID, "{person}", own.ID, "{gperson}", shared.ID, "{passport}", own.Documents[0].ID, "{me}", v.admin.ID)
	return v
}

func (v *village) person(t *testing.T, owner account.Owner, name string, applications ...string) dossier.Person {
	t.Helper()
	nextMilli()
	p, err := dossier.NewPerson(dossier.Person{
		Owner: owner, Name: name, Applications: applications,
		Documents: []dossier.TravelDocument{{Kind: dossier.Passport, Number: "TEST90001", Expires: civil.DateOf(time.Now()) + 300}},
	}, time.Now().UTC())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.store.AddPerson(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

// call is one request in the village, by the key of somebody; "" is the admin's.
type call struct {
	name, by     string
	method, path string
	headers      []string
	body         string
	want         int
	wantBody     string
	wantNot      string
}

func runCalls(t *testing.T, calls []call) {
	t.Helper()
	for _, tc := range calls {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := newVillage(t)
			headers := slices.Clone(tc.headers)
			for i := range headers {
				headers[i] = v.fill(headers[i])
			}
			if tc.by != "" {
				headers = append(headers, "Authorization", "Bearer "+v.tokens[tc.by])
			}
			w := v.do(tc.method, v.fill(tc.path), v.fill(tc.body), headers...)
			if w.Code != tc.want {
				t.Fatalf("status %d, want %d: %s", w.Code, tc.want, w.Body)
			}
			if tc.wantBody != "" {
				if err := holds(w.Body.Bytes(), []byte(v.fill(tc.wantBody))); err != nil {
					t.Errorf("%v in %s", err, w.Body)
				}
			}
			if tc.wantNot != "" && strings.Contains(w.Body.String(), v.fill(tc.wantNot)) {
				t.Errorf("%q is in %s", tc.wantNot, w.Body)
			}
		})
	}
}

// dataFile returns the path of a file in the data directory.
func (a *appliance) dataFile(name string) string { return filepath.Join(a.dir, name) }
