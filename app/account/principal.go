package account

import (
	"context"
	"maps"
	"slices"
)

// Scope bounds what a token may be used for, whatever its owner may do.
type Scope string

// The scopes, from the least to the most. Each holds those before it.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Scopes returns all scopes, the least first.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeWrite, ScopeAdmin} }

// Valid reports whether s is a scope.
func (s Scope) Valid() bool { return slices.Contains(Scopes(), s) }

// holds reports whether s is at least other.
func (s Scope) holds(other Scope) bool {
	return s.Valid() && slices.Index(Scopes(), s) >= slices.Index(Scopes(), other)
}

// Via is how somebody came in.
type Via string

// The ways in.
const (
	BySession Via = "session"
	ByToken   Via = "token"
	// ByProxy is the word of a trusted proxy for one request, without a session.
	ByProxy Via = "proxy"
	// ByCommand is the command line of whoever holds the data directory.
	ByCommand Via = "command"
)

// Principal is who makes a request, and what he may do. The zero value may do nothing.
type Principal struct {
	User User
	// Groups are the user's rights, by the group's ID.
	Groups map[string]Right
	// Scope bounds them; a session and a proxy's word have ScopeAdmin.
	Scope Scope
	Via   Via
	// Key is the ID of the session or token, "" for neither.
	Key string
	// Address is where the request came from, "" for the command line.
	Address string
}

// CommandLine is whoever runs a command on the data directory: he has everything
// in it anyway. A Service lets him do what an admin and what the owner of a
// group may.
func CommandLine() Principal { return Principal{Via: ByCommand} }

// active reports whether the principal is a user who may do anything at all.
func (p Principal) active() bool { return p.User.ID != "" && p.User.Role.Valid() && !p.User.Disabled }

// MayRead reports whether p may see what belongs to o.
func (p Principal) MayRead(o Owner) bool {
	return p.active() && p.Scope.holds(ScopeRead) && (o == p.Self() || p.right(o).Holds(Read))
}

// MayWrite reports whether p may add, change and remove what belongs to o.
func (p Principal) MayWrite(o Owner) bool {
	return p.MayAdd() && (o == p.Self() || p.right(o).Holds(Write))
}

// MayAdd reports whether p may have anything of his own.
func (p Principal) MayAdd() bool {
	return p.active() && p.Scope.holds(ScopeWrite) && p.User.Role != Viewer
}

// MayLead reports whether p may change the group with this ID and its members.
func (p Principal) MayLead(group string) bool {
	return p.MayAdd() && p.Groups[group].Holds(Own)
}

// MayLeave reports whether p may leave the group with this ID.
func (p Principal) MayLeave(group string) bool {
	return p.active() && p.Scope.holds(ScopeWrite) && p.Groups[group] != ""
}

// MayAdminister reports whether p runs the appliance.
func (p Principal) MayAdminister() bool {
	return p.active() && p.Scope.holds(ScopeAdmin) && p.User.Role == Admin
}

// MayManageSelf reports whether p may change his own account: password, second
// factor, sessions and tokens. A token may not, or it could make others that
// outlive it, and neither may a program behind a proxy, which has no session.
func (p Principal) MayManageSelf() bool { return p.active() && p.Via == BySession }

// Self returns the owner that is the principal himself.
func (p Principal) Self() Owner { return OfUser(p.User.ID) }

// Owners returns whose things p may see: himself first, then his groups.
func (p Principal) Owners() []Owner {
	owners := []Owner{p.Self()}
	for _, id := range slices.Sorted(maps.Keys(p.Groups)) {
		owners = append(owners, OfGroup(id))
	}
	return slices.DeleteFunc(owners, func(o Owner) bool { return !p.MayRead(o) })
}

// right returns the principal's right in the group that o is, "" if it is none.
func (p Principal) right(o Owner) Right {
	id, ok := o.Group()
	if !ok {
		return ""
	}
	return p.Groups[id]
}

// principalKey is where the principal stands in a context.
type principalKey struct{}

// As returns a context in which p acts. Whatever is changed under it is written
// to the audit trail in the same transaction.
func As(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Acting returns who acts in ctx; ok is false where it is the appliance itself.
func Acting(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok
}
