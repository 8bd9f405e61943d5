package account

import (
	"slices"
	"time"
)

// Role says what a user may do at most.
type Role string

// The roles.
const (
	// Admin runs the appliance: users, keys, backups, the audit trail. It is no
	// right to read what belongs to others.
	Admin Role = "admin"
	// Member manages what is his own, and what belongs to his groups.
	Member Role = "member"
	// Viewer reads what is shared with him.
	Viewer Role = "viewer"
	// NoRole is that of a user whose groups at another service give him none any
	// more: he may do nothing and cannot sign in. It cannot be given to anybody.
	NoRole Role = "none"
)

// Roles returns all roles that can be given, the strongest first.
func Roles() []Role { return []Role{Admin, Member, Viewer} }

// Valid reports whether r is a role that lets somebody in.
func (r Role) Valid() bool { return r == Admin || r == Member || r == Viewer }

// Theme is what the pages look like.
type Theme string

// The themes; "" is what the browser prefers.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// Themes returns all themes, what the browser prefers first.
func Themes() []Theme { return []Theme{"", Light, Dark} }

// Valid reports whether t is a theme.
func (t Theme) Valid() bool { return slices.Contains(Themes(), t) }

// User is a person who may sign in.
type User struct {
	ID string `json:"id"`
	// Name is what the user signs in with; personal data. Case makes no other name.
	Name string `json:"name"`
	Role Role   `json:"role"`
	// Language of pages and messages, "" for the browser's.
	Language string `json:"language,omitempty"`
	// Theme is what the pages look like, "" for what the browser prefers.
	Theme Theme `json:"theme,omitempty"`
	// Starting: the first steps are shown to the user until they are done, or he
	// wants to see them no more.
	Starting bool `json:"starting,omitempty"`
	// Disabled users cannot sign in, and their tokens do not work.
	Disabled bool `json:"disabled,omitempty"`
	// Password is the encoded argon2id hash (PHC string); "" where the user
	// signs in through another service only.
	Password string `json:"password,omitempty"`
	// Second is the second factor; nil if there is none.
	Second *SecondFactor `json:"second,omitempty"`
	// External names the user at another service ("issuer\nsubject"), "" if he
	// has never signed in through one.
	External  string    `json:"external,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// SecondFactor is a time-based one-time password (RFC 6238) with recovery codes.
type SecondFactor struct {
	// Secret is shared with the user's authenticator, in base32.
	Secret string `json:"secret"`
	// BegunAt is when the secret was made, for a user who gave his password.
	BegunAt time.Time `json:"begun_at,omitzero"`
	// ConfirmedAt is when the user proved to have the secret; before that it is
	// not asked for.
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	// LastStep is the time step of the last code accepted; it and older ones
	// are not accepted again (RFC 6238, 5.2).
	LastStep uint64 `json:"last_step,omitempty"`
	// Recovery are the hashes of the recovery codes that are left.
	Recovery []string `json:"recovery,omitempty"`
}

// CanSignIn reports whether there is a way in for u: a password or an account at
// another service.
func (u User) CanSignIn() bool { return !u.Disabled && (u.Password != "" || u.External != "") }

// Runs reports whether u is an admin who can sign in: one of them there must be.
func (u User) Runs() bool { return u.Role == Admin && u.CanSignIn() }

// CanLead reports whether u can lead the groups that he owns: one such owner each
// group must have.
func (u User) CanLead() bool { return u.CanSignIn() && u.Role.Valid() && u.Role != Viewer }

// Asked reports whether the user must give a second factor.
func (u User) Asked() bool { return u.Second != nil && !u.Second.ConfirmedAt.IsZero() }
