package account

import "time"

// Right is what a member may do with what belongs to a group.
type Right string

// The rights in a group, from the least to the most. Each holds those before it.
const (
	// Read: see what belongs to the group.
	Read Right = "read"
	// Write: add, change and remove it.
	Write Right = "write"
	// Own: change the group and its members, too.
	Own Right = "own"
)

// Rights returns all rights, the least first.
func Rights() []Right { return []Right{Read, Write, Own} }

// rank orders the rights; 0 is none.
func (r Right) rank() int {
	for i, known := range Rights() {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// Valid reports whether r is a right.
func (r Right) Valid() bool { return r.rank() > 0 }

// Holds reports whether r is at least other.
func (r Right) Holds(other Right) bool { return r.Valid() && r.rank() >= other.rank() }

// GroupKind is what a group is.
type GroupKind string

// The kinds of group.
const (
	Family GroupKind = "family"
	Firm   GroupKind = "firm"
)

// Group is a family or a firm that shares applications, people and channels.
type Group struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Kind      GroupKind `json:"kind"`
	CreatedAt time.Time `json:"created_at"`
	// Members are in the order in which they came. One at least has the right Own.
	Members []Membership `json:"members"`
}

// Membership is a user's place in a group.
type Membership struct {
	User  string `json:"user"`
	Right Right  `json:"right"`
}

// Of returns the right of a user in the group, "" if he is no member.
func (g Group) Of(user string) Right {
	for _, m := range g.Members {
		if m.User == user {
			return m.Right
		}
	}
	return ""
}
