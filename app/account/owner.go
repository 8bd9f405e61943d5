package account

import "strings"

// Owner is to whom a thing belongs: a user or a group. The zero value is nobody.
type Owner string

const (
	userPrefix  = "user:"
	groupPrefix = "group:"
)

// OfUser returns the owner that is the user with this ID.
func OfUser(id string) Owner { return Owner(userPrefix + id) }

// OfGroup returns the owner that is the group with this ID.
func OfGroup(id string) Owner { return Owner(groupPrefix + id) }

// User returns the ID of the user, if the owner is one.
func (o Owner) User() (id string, ok bool) { return strings.CutPrefix(string(o), userPrefix) }

// Group returns the ID of the group, if the owner is one.
func (o Owner) Group() (id string, ok bool) { return strings.CutPrefix(string(o), groupPrefix) }

// Valid reports whether o has the form of an owner.
func (o Owner) Valid() bool {
	if id, ok := o.User(); ok {
		return IsID(id)
	}
	id, ok := o.Group()
	return ok && IsID(id)
}
