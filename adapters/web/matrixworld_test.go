package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// caller is one way to come in.
type caller struct {
	user string // the name
	// scope is that of a token, "" for a session.
	scope account.Scope
}

// callers are the columns of the matrix, in their order.
func callers() []caller {
	cols := []caller{{user: "admin"}, {user: "member"}, {user: "viewer"}, {user: "reader"}, {user: "writer"}, {user: "owner"}}
	for _, user := range []string{"admin", "owner"} {
		for _, scope := range account.Scopes() {
			cols = append(cols, caller{user, scope})
		}
	}
	return cols
}

func (c caller) String() string {
	if c.scope == "" {
		return c.user
	}
	return c.user + "'s token to " + string(c.scope)
}

// world is an appliance with people in it. The viewer, the reader, the writer
// and the owner are in one group; neither the admin nor the member is. The
// overseer is a second admin, and the stranger somebody whom nobody knows.
type world struct {
	*appliance
	people   map[string]account.User
	group    account.Group
	sessions map[string]string // the secrets, by the names of the users
	tokens   map[caller]string
	// disabled and expired are tokens that open nothing.
	disabled, expired string
	file              string
	made              int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	a := newAppliance(t, nil)
	w := &world{appliance: a, people: map[string]account.User{"admin": a.admin}, sessions: map[string]string{}, tokens: map[caller]string{}}
	w.file = filepath.Join(a.dir, boltstore.FileName)
	for name, role := range map[string]account.Role{
		"overseer": account.Admin, "member": account.Member, "viewer": account.Viewer, "reader": account.Member,
		"writer": account.Member, "owner": account.Member, "stranger": account.Member, "gone": account.Admin,
	} {
		w.people[name] = w.newcomer(name, role)
	}
	w.group = w.newGroup("viewer", account.Own, "reader", account.Read, "writer", account.Write, "owner", account.Own)
	for _, c := range callers() {
		if c.scope != "" {
			w.tokens[c] = w.newToken(c.user, c.scope, 0)
			w.as(c, "GET", "/api/v1/me", "") // So that its first use is noted already.
		}
	}
	w.disabled, w.expired = w.newToken("gone", account.ScopeAdmin, 0), w.newToken("admin", account.ScopeAdmin, time.Nanosecond)
	off := true
	w.must(w.accounts.EditUser(w.asCommand(), w.people["gone"].ID, account.UserEdit{Disabled: &off}))
	return w
}

// must fails the test if the last of results is an error.
func (w *world) must(results ...any) {
	w.tb.Helper()
	if err, _ := results[len(results)-1].(error); err != nil {
		w.tb.Fatal(err)
	}
}

// name returns one that nothing has yet.
func (w *world) name() string {
	w.made++
	return fmt.Sprintf("thing %d", w.made)
}

// newcomer makes a user who has no password: hashing takes time.
func (w *world) newcomer(name string, role account.Role) account.User {
	w.tb.Helper()
	u, err := w.accounts.AddUser(w.asCommand(), account.NewUser{Name: name}, role)
	w.must(err)
	return u
}

// newGroup makes a group of pairs of a name and a right.
func (w *world) newGroup(members ...any) account.Group {
	w.tb.Helper()
	now := time.Now()
	g := account.Group{ID: account.NewID(now), Name: "Family", Kind: account.Family, CreatedAt: now}
	for i := 0; i < len(members); i += 2 {
		g.Members = append(g.Members, account.Membership{User: w.people[members[i].(string)].ID, Right: members[i+1].(account.Right)})
	}
	w.must(w.store.AddGroup(w.tb.Context(), g))
	return g
}

// newToken makes a token, also one that the service would refuse: its user may
// have been more than he is now.
func (w *world) newToken(user string, scope account.Scope, lasts time.Duration) string {
	w.tb.Helper()
	t, secret := account.NewToken(w.people[user].ID, "test", scope, lasts, time.Now())
	w.must(w.store.AddToken(w.tb.Context(), t))
	return secret
}

func (w *world) newSession(user account.User) (account.Session, string) {
	w.tb.Helper()
	one, secret := account.NewSession(user.ID, time.Now())
	w.must(w.store.EditUser(w.tb.Context(), user.ID, func(*account.User, int) error { return nil }, account.Also{Begin: &one}))
	return one, secret
}

// as makes a request as c.
func (w *world) as(c caller, method, path, body string) *httptest.ResponseRecorder {
	w.tb.Helper()
	if c.scope != "" {
		return w.with("Bearer "+w.tokens[c], "", method, path, body)
	}
	if _, _, err := w.accounts.BySession(w.tb.Context(), w.sessions[c.user], ""); err != nil {
		_, w.sessions[c.user] = w.newSession(w.people[c.user])
	}
	return w.with("", sessionCookie+"="+w.sessions[c.user], method, path, body)
}

// with makes a request with these headers. A body that is no JSON is a form.
func (w *world) with(authorization, cookie, method, path, body string) *httptest.ResponseRecorder {
	w.tb.Helper()
	headers := []string{"Authorization", authorization, "Cookie", cookie}
	if body != "" && !strings.HasPrefix(body, "{") {
		headers = append(headers, "Content-Type", "application/x-www-form-urlencoded")
	}
	return w.do(method, path, body, headers...)
}

// mark changes with everything that happens: with every transaction of the
// store, whose number is in one of the two pages with which its file begins, and
// with every message that is sent.
func (w *world) mark() string {
	w.tb.Helper()
	f, err := os.Open(w.file)
	w.must(err)
	defer f.Close()
	pages := make([]byte, 2*os.Getpagesize())
	_, err = io.ReadFull(f, pages)
	w.must(err)
	return fmt.Sprintf("%x %d %d", bytes.TrimRight(pages, "\x00"), len(w.mail.tested), w.woken.Load())
}

// place is where an object of the matrix is.
type place struct {
	// whose is "own", "group" or "stranger".
	whose string
	owner account.Owner
	// user is the owner, if that is one.
	user account.User
}

func (w *world) place(whose string, c caller) place {
	switch whose {
	case "own":
		return place{whose, account.OfUser(w.people[c.user].ID), w.people[c.user]}
	case "group":
		return place{whose, account.OfGroup(w.group.ID), account.User{}}
	}
	return place{whose, account.OfUser(w.people["stranger"].ID), w.people["stranger"]}
}

// things makes a fresh object at a place. What it returns are pairs of a word
// that may stand in a path or a body, and what it means; {id} is the object.
type things func(w *world, at place) []string

func anApplication(w *world, at place) []string {
	return []string{"{id}", string(w.newApplication(at.owner).ID)}
}

func (w *world) newApplication(owner account.Owner, channels ...string) watch.Application {
	w.tb.Helper()
	ref, err := visa.Parse(w.reference())
	w.must(err)
	app, err := w.engine.Add(w.tb.Context(), ref, watch.Watcher{Owner: owner, Label: "A label", Note: "A note", Channels: channels})
	w.must(err)
	return app
}

func (w *world) reference() string {
	w.made++
	return fmt.Sprintf("OAM-%d/DP-2025", 90000+w.made)
}

// aNumber is one that nobody watches, and an owner who might.
func aNumber(w *world, at place) []string {
	return []string{"{reference}", w.reference(), "{owner}", string(at.owner)}
}

func aChannel(w *world, at place) []string {
	now := time.Now()
	ch := alert.Channel{
		ID: account.NewID(now), Owner: at.owner, Name: "Phone", Kind: "ntfy", Privacy: alert.Masked, Language: "en", CreatedAt: now,
		Fields: map[string]string{"topic": "visa", "token": secret},
	}
	w.must(w.store.AddChannel(w.tb.Context(), ch))
	return []string{"{id}", ch.ID}
}

// aLetter is a dead one.
func aLetter(w *world, at place) []string {
	app := w.newApplication(at.owner, aChannel(w, at)[1])
	w.settle(app.ID, watch.State{Status: visa.InProgress, Valid: visa.InProgress},
		&alert.Notification{Kind: alert.FirstAnswer, ApplicationID: string(app.ID), Reference: app.Reference, To: visa.InProgress, At: time.Now()})
	found, err := w.store.Deliveries(w.tb.Context(), "", 1, func(d alert.Delivery) bool { return d.Notification.ApplicationID == string(app.ID) })
	w.must(err)
	d := found[0]
	d.State, d.SettledAt = alert.DeadLetter, time.Now()
	w.must(w.store.Settle(w.tb.Context(), d))
	return []string{"{id}", d.ID}
}

func aPerson(w *world, at place) []string {
	one, err := dossier.NewPerson(dossier.Person{Owner: at.owner, Name: "Eva"}, time.Now())
	w.must(err)
	w.must(w.store.AddPerson(w.tb.Context(), one))
	return []string{"{id}", one.ID}
}

func aBackup(w *world, _ place) []string {
	made, err := w.store.Backup(w.tb.Context(), "test")
	w.must(err)
	return []string{"{name}", made.Name}
}

// anArchive is one in which there is nothing.
func anArchive(w *world, _ place) []string {
	var b bytes.Buffer
	w.must(w.server.cfg.Exporter.Write(w.tb.Context(), &b, archive.Scope{Owner: account.OfUser(w.people["stranger"].ID)}))
	return []string{"{archive}", b.String()}
}

// aGroup has as many members as the group of the world, and a guest.
func aGroup(w *world, at place) []string {
	guest, g := w.newcomer(w.name(), account.Member), w.group
	if at.whose != "group" {
		g = account.Group{Members: []account.Membership{{User: at.user.ID, Right: account.Own}}}
	}
	now := time.Now()
	g.ID, g.Name, g.Kind, g.CreatedAt = account.NewID(now), w.name(), account.Firm, now
	g.Members = append(g.Members[:len(g.Members):len(g.Members)], account.Membership{User: guest.ID, Right: account.Read})
	w.must(w.store.AddGroup(w.tb.Context(), g))
	return []string{"{id}", g.ID, "{user}", guest.ID}
}

func aToken(w *world, at place) []string {
	t, _ := account.NewToken(at.user.ID, "test", account.ScopeRead, 0, time.Now())
	w.must(w.store.AddToken(w.tb.Context(), t))
	return []string{"{id}", t.ID}
}

func aSession(w *world, at place) []string {
	one, _ := w.newSession(at.user)
	return []string{"{id}", one.ID}
}

func anInvitation(w *world, _ place) []string {
	i, _, err := w.accounts.Invite(w.asCommand(), account.Invite{Role: account.Member})
	w.must(err)
	return []string{"{id}", i.ID}
}

// aUser is the caller himself, to whom something belongs, or a newcomer with a
// second factor.
func aUser(w *world, at place) []string {
	if at.whose == "own" {
		aChannel(w, at)
		return []string{"{id}", at.user.ID, "{role}", string(at.user.Role)}
	}
	u := w.newcomer(w.name(), account.Member)
	w.must(w.store.EditUser(w.tb.Context(), u.ID, func(u *account.User, _ int) error {
		u.Second = &account.SecondFactor{Secret: "JBSWY3DPEHPK3PXP", ConfirmedAt: time.Now()}
		return nil
	}, account.Also{}))
	return []string{"{id}", u.ID, "{role}", string(account.Viewer)}
}

// aName is one that nobody has.
func aName(w *world, _ place) []string { return []string{"{name}", w.name()} }

// aDeed is an entry of the audit trail, by its object.
func aDeed(w *world, at place) []string {
	object := account.NewID(time.Now())
	ctx := account.As(w.tb.Context(), account.Principal{User: at.user, Via: account.BySession, Address: "192.0.2.77"})
	w.must(w.store.Audit(ctx, account.TokenMade, account.KindToken, object, ""))
	return []string{"{id}", object}
}
