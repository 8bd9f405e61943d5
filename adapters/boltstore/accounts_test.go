package boltstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"cz-visa-monitor/app/account"
)

const (
	password = "kolo na kopci 7"
	changed  = "most pres reku 8"
)

// steps are the codes of an authenticator that shows the time step itself.
type steps struct{}

func (steps) Generate(string) (secret, uri string, err error) {
	return "SECRET", "otpauth://totp/x", nil
}

func (steps) Step(_, code string, now time.Time) (uint64, bool) {
	for step := now.Unix()/30 - 1; step <= now.Unix()/30+1; step++ {
		if code == codeOf(step) {
			return uint64(step), true
		}
	}
	return 0, false
}

func codeOf(step int64) string { return fmt.Sprintf("%06d", step%1_000_000) }

func codeNow() string { return codeOf(time.Now().Unix() / 30) }

// house is a service on a store, set up by its admin.
type house struct {
	*account.Service
	store *Store
	admin account.SignedIn
}

// from is where people of the house sign in from.
func from() account.Origin { return account.Origin{Address: "192.0.2.1", Agent: "a browser"} }

func newService(s *Store) *account.Service {
	return account.New(account.Config{
		Store: s, Codes: steps{}, Logger: slog.New(slog.DiscardHandler),
		// The least that can be read back: under the race detector more takes long.
		Hasher: account.NewHasher(account.HasherConfig{Params: account.Params{Memory: 8 * 1024, Time: 1}}),
	})
}

func newHouse(t testing.TB) house {
	t.Helper()
	h := house{store: open(t, t.TempDir())}
	h.Service = newService(h.store)
	code, err := h.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.admin, err = h.Setup(t.Context(), code, account.NewUser{Name: "admin", Password: password}, from())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// in returns a context in which the session with this secret acts.
func (h house) in(t testing.TB, secret string) context.Context {
	t.Helper()
	p, _, err := h.BySession(t.Context(), secret, "192.0.2.1")
	if err != nil {
		t.Fatalf("look up a session: %v", err)
	}
	return account.As(t.Context(), p)
}

// asAdmin returns a context in which the admin acts.
func (h house) asAdmin(t testing.TB) context.Context {
	t.Helper()
	return h.in(t, h.admin.Secret)
}

// add makes a user and signs him in.
func (h house) add(t testing.TB, name string, role account.Role) account.SignedIn {
	t.Helper()
	if _, err := h.AddUser(h.asAdmin(t), account.NewUser{Name: name, Password: password}, role); err != nil {
		t.Fatal(err)
	}
	return h.signIn(t, name, password)
}

func (h house) signIn(t testing.TB, name, password string) account.SignedIn {
	t.Helper()
	in, err := h.SignIn(t.Context(), name, password, from())
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	return in
}

// alive reports whether the session with this secret goes on.
func (h house) alive(t testing.TB, secret string) bool {
	t.Helper()
	_, _, err := h.BySession(t.Context(), secret, "192.0.2.1")
	if err != nil && !errors.Is(err, account.ErrNoSession) {
		t.Fatal(err)
	}
	return err == nil
}

// wants fails unless err is want.
func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// trail returns how often each action stands in the audit trail.
func (h house) trail(t testing.TB) map[account.Action]int {
	t.Helper()
	entries, err := h.store.AuditTrail(t.Context(), 0, 1_000_000, func(account.Entry) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	actions := map[account.Action]int{}
	for _, e := range entries {
		actions[e.Action]++
	}
	return actions
}

func TestSetup(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := house{Service: newService(s), store: s}
	first, exists, err := s.FirstUser(t.Context())
	if err != nil || exists || !account.IsID(first) {
		t.Fatalf("before: %q, %t, %v", first, exists, err)
	}
	code, err := h.SetupCode(t.Context())
	if err != nil || len(code) < 8 {
		t.Fatalf("a code of %d characters, %v", len(code), err)
	}
	me := account.NewUser{Name: "admin", Password: password}
	stranger := account.Origin{Address: "192.0.2.66"}
	_, err = h.Setup(t.Context(), "AAAA-AAAA-AAAA", me, stranger)
	wants(t, "a wrong code", err, account.ErrWrong)
	var wait *account.WaitError
	if _, err = h.Setup(t.Context(), code, me, stranger); !errors.As(err, &wait) {
		t.Errorf("the next try at once: %v", err)
	}
	_, err = h.Setup(t.Context(), code, account.NewUser{Name: "admin"}, from())
	wants(t, "no password", err, account.ErrPasswordShort)
	_, err = h.SignInExternal(t.Context(), account.Identity{Issuer: "i", Subject: "s", Name: "n"}, always(account.Admin), from())
	wants(t, "another service first", err, account.ErrNotSetUp)

	var wins sync.Map
	var tries sync.WaitGroup
	for range 4 {
		tries.Go(func() {
			in, err := h.Setup(t.Context(), code, me, from())
			if err == nil {
				wins.Store(in.User.ID, in)
			}
		})
	}
	tries.Wait()
	in, ok := wins.Load(first)
	if !ok {
		t.Fatal("the first admin has not the ID that was reserved")
	}
	if got := in.(account.SignedIn); got.User.Role != account.Admin || !h.alive(t, got.Secret) {
		t.Errorf("set up as %s", got.User.Role)
	}
	users, err := s.Users(t.Context())
	if err != nil || len(users) != 1 {
		t.Errorf("%d users, %v", len(users), err)
	}
	_, err = h.Setup(t.Context(), code, account.NewUser{Name: "other", Password: password}, from())
	wants(t, "a second time", err, account.ErrSetUp)
	if code, err := h.SetupCode(t.Context()); code != "" || err != nil {
		t.Errorf("a code for an appliance that is set up, or %v", err)
	}
}

func TestTheFirstUserByCommandIsAnAdmin(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	service, ctx := newService(s), account.As(t.Context(), account.CommandLine())
	_, err := service.AddUser(ctx, account.NewUser{Name: "alena"}, account.Member)
	wants(t, "a member first", err, account.ErrNotSetUp)
	u, err := service.AddUser(ctx, account.NewUser{Name: "alena"}, account.Admin)
	first, _, _ := s.FirstUser(t.Context())
	if err != nil || u.ID != first {
		t.Errorf("got %q, want %q, %v", u.ID, first, err)
	}
	_, err = service.AddUser(t.Context(), account.NewUser{Name: "bedrich"}, account.Admin)
	wants(t, "nobody", err, account.ErrForbidden)
}

// TestSignInTellsNothing is defect S9: the answer told whether somebody
// had an account.
func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(t, "alena", account.Member)
	gone := h.add(t, "gone", account.Member)
	disabled := true
	if _, _, err := h.EditUser(h.asAdmin(t), gone.User.ID, account.UserEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	if h.alive(t, gone.Secret) {
		t.Error("the session of a disabled user goes on")
	}
	if _, err := h.AddUser(h.asAdmin(t), account.NewUser{Name: "no password"}, account.Member); err != nil {
		t.Fatal(err)
	}
	if in := h.signIn(t, " ALENA ", password); in.User.Name != "alena" {
		t.Errorf("signed in as %q", in.User.Name)
	}
	answers := map[string]bool{}
	for i, try := range []struct{ name, password string }{
		{"alena", "something wrong"},
		{"nobody", password},
		{"gone", password},
		{"no password", ""},
		{"no password", password},
		{"", ""},
		{strings.Repeat("x", 10_000), strings.Repeat("x", 10_000)},
		{"\xff", "\xff"},
	} {
		in, err := h.SignIn(t.Context(), try.name, try.password, account.Origin{Address: fmt.Sprintf("192.0.2.%d", 10+i)})
		wait := (*account.WaitError)(nil)
		if try.name == "no password" && errors.As(err, &wait) {
			continue // Its second try.
		}
		wants(t, try.name[:min(20, len(try.name))], err, account.ErrWrong)
		if in.Pending != "" || in.Secret != "" {
			t.Error("somebody got in")
		}
		answers[err.Error()] = true
	}
	if len(answers) != 1 {
		t.Errorf("different answers: %v", answers)
	}
}

// TestSignInIsLimited is defect S6: wrong tries were not counted,
// or by connection only.
func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alena", "nobody"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.add(t, "alena", account.Member)
			stranger := account.Origin{Address: "198.51.100.9"}
			let := 0
			for range 60 {
				_, err := h.SignIn(t.Context(), name, "something wrong", stranger)
				if errors.Is(err, account.ErrWrong) {
					let++
				}
				time.Sleep(9 * time.Second)
			}
			if let != 5 {
				t.Errorf("%s: %d wrong tries in 9 minutes", name, let)
			}
			var wait *account.WaitError
			if _, err := h.SignIn(t.Context(), name, password, from()); !errors.As(err, &wait) || wait.Wait > 15*time.Minute {
				t.Errorf("%s: the right password, from elsewhere: %v", name, err)
			}
			if _, err := h.SignIn(t.Context(), "admin", password, stranger); !errors.As(err, &wait) {
				t.Errorf("%s: another account, from there: %v", name, err)
			}
			time.Sleep(wait.Wait)
			if _, err := h.SignIn(t.Context(), "admin", password, stranger); err != nil {
				t.Errorf("%s: after the wait: %v", name, err)
			}
			// The account and the address are locked by the same try.
			if got := h.trail(t); got[account.SignInFailed] != 5 || got[account.SignInBlocked] != 1 {
				t.Errorf("%s: the audit trail has %v", name, got)
			}
		})
	}
}

func TestWeakHashesAreRenewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	strong := account.New(account.Config{
		Store: h.store, Codes: steps{}, Logger: slog.New(slog.DiscardHandler),
		Hasher: account.NewHasher(account.HasherConfig{Params: account.Params{Memory: 8 * 1024, Time: 2}}),
	})
	for range 2 {
		if _, err := strong.SignIn(t.Context(), "admin", password, from()); err != nil {
			t.Fatal(err)
		}
	}
	u, err := h.store.User(t.Context(), h.admin.User.ID)
	if err != nil || !strings.Contains(u.Password, "t=2") {
		t.Errorf("the hash is as weak as before, or %v", err)
	}
}

// TestNothingPersonalInKeys looks at every key of the file.
func TestNothingPersonalInKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(t, "alenanovakova", account.Member)
	in, err := h.SignInExternal(t.Context(), account.Identity{Issuer: "https://id.example.com", Subject: "subject90001", Name: "bedrich"}, always(account.Member), from())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.AddGroup(h.in(t, in.Secret), "familyname", account.Family); err != nil {
		t.Fatal(err)
	}
	err = h.store.view(func(tx *bbolt.Tx) error {
		for _, bucket := range buckets() {
			for _, key := range keysOf(tx.Bucket([]byte(bucket))) {
				for _, word := range []string{"alenanovakova", "bedrich", "familyname", "subject90001", "example", "192.0.2"} {
					if strings.Contains(key, word) {
						t.Errorf("a key of %s holds %q", bucket, word)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func always(r account.Role) func([]string) account.Role {
	return func([]string) account.Role { return r }
}
