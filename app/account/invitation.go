package account

import "time"

// Invitation is a link that works once: for somebody new to become a user, or
// for a user to set another password. Only the hash of its secret is kept.
type Invitation struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
	// User is the ID of whose password it sets; "" invites somebody new.
	User string `json:"user,omitempty"`
	// Role is that of somebody new.
	Role Role `json:"role,omitempty"`
	// Group, if not "", is the ID of the group that somebody new joins, with Right.
	Group string `json:"group,omitempty"`
	Right Right  `json:"right,omitempty"`
	// By is the ID of who made it, "" for the command line.
	By        string    `json:"by,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

const (
	// InvitationLasts is how long somebody new has to follow the link, where nothing
	// else is wished.
	InvitationLasts = 7 * 24 * time.Hour
	// MaxInvitationLasts is the longest that can be wished.
	MaxInvitationLasts = 30 * 24 * time.Hour
	// ResetLasts is how long a user has to set another password.
	ResetLasts = 24 * time.Hour
	// invitationPrefix begins the secret of every invitation.
	invitationPrefix = "czvi_"
)

// newInvitation gives i an ID and a secret.
func newInvitation(i Invitation, lasts time.Duration, now time.Time) (Invitation, string) {
	secret := NewSecret(invitationPrefix)
	i.ID, i.Hash, i.CreatedAt, i.ExpiresAt = NewID(now), HashSecret(secret), now, now.Add(lasts)
	return i, secret
}

// Expired reports whether the link works no more.
func (i Invitation) Expired(now time.Time) bool { return !now.Before(i.ExpiresAt) }
