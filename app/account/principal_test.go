package account

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRights goes through every role, scope and kind of owner. The letters are
// r for read and w for write.
func TestRights(t *testing.T) {
	t.Parallel()
	now := time.Now()
	me, reads, writes, owns, foreign := NewID(now), NewID(now), NewID(now), NewID(now), NewID(now)
	owners := []struct {
		name  string
		owner Owner
	}{
		{"self", OfUser(me)},
		{"group with read", OfGroup(reads)},
		{"group with write", OfGroup(writes)},
		{"group with own", OfGroup(owns)},
		{"group of others", OfGroup(foreign)},
		{"another user", OfUser(NewID(now))},
		{"a user with the ID of a group", OfUser(owns)},
		{"a group with the ID of the user", OfGroup(me)},
		{"nobody", ""},
	}
	const none = " . . . . . . . . ."
	tests := []struct {
		role  Role
		scope Scope
		want  string // one for each owner
		can   string // Add, Lead, administer (M)
	}{
		{Admin, ScopeAdmin, "rw r rw rw . . . . .", "ALM"},
		{Admin, ScopeWrite, "rw r rw rw . . . . .", "AL"},
		{Admin, ScopeRead, "r r r r . . . . .", ""},
		{Member, ScopeAdmin, "rw r rw rw . . . . .", "AL"},
		{Member, ScopeWrite, "rw r rw rw . . . . .", "AL"},
		{Member, ScopeRead, "r r r r . . . . .", ""},
		{Viewer, ScopeAdmin, "r r r r . . . . .", ""},
		{Viewer, ScopeWrite, "r r r r . . . . .", ""},
		{Viewer, ScopeRead, "r r r r . . . . .", ""},
		{Admin, "", none[1:], ""},
		{Admin, "root", none[1:], ""},
		{"", ScopeAdmin, none[1:], ""},
		{"root", ScopeAdmin, none[1:], ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.role)+" with "+string(tt.scope), func(t *testing.T) {
			t.Parallel()
			p := Principal{
				User: User{ID: me, Role: tt.role}, Scope: tt.scope, Via: BySession,
				Groups: map[string]Right{reads: Read, writes: Write, owns: Own},
			}
			want := strings.Fields(tt.want)
			for i, o := range owners {
				got := letters("r", p.MayRead(o.owner)) + letters("w", p.MayWrite(o.owner))
				if got == "" {
					got = "."
				}
				if got != want[i] {
					t.Errorf("%s: %s, want %s", o.name, got, want[i])
				}
			}
			if got := letters("A", p.MayAdd()) + letters("L", p.MayLead(owns)) + letters("M", p.MayAdminister()); got != tt.can {
				t.Errorf("can %s, want %s", got, tt.can)
			}
			if p.MayLead(writes) || p.MayLead(foreign) || p.MayLead("") {
				t.Error("leads a group that he does not own")
			}
			if leaves := tt.role.Valid() && (tt.scope == ScopeWrite || tt.scope == ScopeAdmin); p.MayLeave(reads) != leaves || p.MayLeave(owns) != leaves || p.MayLeave(foreign) {
				t.Errorf("leaves a group that he is in: %t, want %t; one that he is not in: %t", p.MayLeave(reads), leaves, p.MayLeave(foreign))
			}
			p.User.Disabled = true
			if p.MayLeave(owns) || p.MayRead(p.Self()) || p.MayWrite(p.Self()) || p.MayAdd() || p.MayLead(owns) || p.MayAdminister() || p.MayManageSelf() {
				t.Error("may do something though disabled")
			}
		})
	}
	var nobody Principal
	if nobody.MayRead(nobody.Self()) || nobody.MayAdd() || nobody.MayAdminister() || nobody.MayManageSelf() || len(nobody.Owners()) > 0 {
		t.Error("nobody may do something")
	}
}

func letters(letter string, may bool) string {
	if may {
		return letter
	}
	return ""
}

func TestOwners(t *testing.T) {
	t.Parallel()
	p := Principal{User: User{ID: "me", Role: Viewer}, Scope: ScopeRead, Groups: map[string]Right{"b": Read, "a": Own, "c": "odd"}}
	want := []Owner{OfUser("me"), OfGroup("a"), OfGroup("b")}
	if diff := cmp.Diff(want, p.Owners()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestManageSelf(t *testing.T) {
	t.Parallel()
	for via, want := range map[Via]bool{BySession: true, ByToken: false, ByCommand: false, "": false} {
		p := Principal{User: User{ID: "me", Role: Admin}, Scope: ScopeAdmin, Via: via}
		if p.MayManageSelf() != want {
			t.Errorf("via %q: %t", via, !want)
		}
	}
}
