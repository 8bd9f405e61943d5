package account

import (
	"context"
	"io"
	"time"
)

// Store keeps accounts. Every method that changes something does so in one
// transaction, with its entry in the audit trail if somebody acts in ctx.
type Store interface {
	UserReader
	UserKeeper
	GroupKeeper
	SessionKeeper
	TokenKeeper
	InvitationKeeper
	Trail
}

// UserReader finds users. One that is not there is ErrNoUser.
type UserReader interface {
	// FirstUser returns the ID that is reserved for the first user, to whom
	// belongs what was there before accounts, and whether there is any user.
	FirstUser(ctx context.Context) (id string, exists bool, err error)
	User(ctx context.Context, id string) (User, error)
	// UserByName finds a user by any writing of his name.
	UserByName(ctx context.Context, name string) (User, error)
	// UserByExternal finds a user by User.External.
	UserByExternal(ctx context.Context, external string) (User, error)
	// Users returns all users, the oldest first. One that cannot be read is left out.
	Users(ctx context.Context) ([]User, error)
}

// UserKeeper changes users.
type UserKeeper interface {
	// AddUser stores a new user. It returns ErrNameTaken, ErrExternalTaken,
	// ErrFull, ErrSetUp if the ID is there already, and the errors of also.
	AddUser(ctx context.Context, u User, also Also) error
	// EditUser hands the user to edit, with the number of the other admins who
	// may sign in, and stores him unless edit fails, whose error is returned as
	// it is. Otherwise its errors are those of AddUser, and ErrNoUser.
	EditUser(ctx context.Context, id string, edit func(u *User, otherAdmins int) error, also Also) (User, error)
	// RemoveUser removes a user with his sessions, tokens, memberships and links,
	// unless check fails. It returns ErrLastOwner where a group would have no
	// owner, and ErrBelongings while anything is his.
	RemoveUser(ctx context.Context, id string, check func(u User, otherAdmins int) error) error
}

// Also is what goes with the change of a user, in the same transaction.
type Also struct {
	// Action and Detail are for the audit trail; "" for no entry.
	Action Action
	Detail string
	// Invitation, if not "", is the hash of the invitation that is used up by
	// it, or ErrNoInvitation if it cannot be. If that names a group which still
	// is there, the user becomes a member, or it is ErrFull.
	Invitation string
	// EndSessions ends all sessions of the user.
	EndSessions bool
	// EndInvitations removes the invitations that the user has made, and those for
	// his password.
	EndInvitations bool
	// Renew, if not nil, takes the place of the session with its ID, or
	// ErrNoSession; EndSessions spares it.
	Renew *Session
	// Begin, if not nil, is a new session; beyond MaxSessions the one that was
	// not used for longest ends.
	Begin *Session
}

// GroupKeeper keeps groups. One that is not there is ErrNoGroup.
type GroupKeeper interface {
	Group(ctx context.Context, id string) (Group, error)
	// GroupsOf returns the groups of a user, the oldest first.
	GroupsOf(ctx context.Context, user string) ([]Group, error)
	// AddGroup stores a new group, or returns ErrFull, or ErrNoUser for a member
	// that is not there.
	AddGroup(ctx context.Context, g Group) error
	// EditGroup hands the group to edit and stores it unless edit fails, whose
	// error is returned as it is. action and detail are for the audit trail. A
	// new member that is not there is ErrNoUser; a group that nobody could lead
	// any more ErrLastOwner, as Followed says.
	EditGroup(ctx context.Context, id string, action Action, detail string, edit func(*Group) error) (Group, error)
	// RemoveGroup removes a group unless check fails. It returns ErrBelongings
	// while anything is the group's.
	RemoveGroup(ctx context.Context, id string, check func(Group) error) error
}

// SessionKeeper keeps sessions. They begin with a change of their user, see Also.
type SessionKeeper interface {
	// Session returns the session whose secret has this hash, or ErrNoSession.
	Session(ctx context.Context, hash string) (Session, error)
	// Sessions returns those of a user, the oldest first.
	Sessions(ctx context.Context, user string) ([]Session, error)
	// EditSession hands a session to edit and stores it; neither ID, Hash nor
	// User may change. It writes nothing to the audit trail.
	EditSession(ctx context.Context, hash string, edit func(*Session)) error
	// EndSessions removes those of a user that which accepts, and returns how many.
	EndSessions(ctx context.Context, user string, which func(Session) bool) (int, error)
}

// TokenKeeper keeps tokens. One that is not there is ErrNoToken.
type TokenKeeper interface {
	// AddToken stores a token, or returns ErrFull if its user has MaxTokens.
	AddToken(ctx context.Context, t Token) error
	// Token returns the token whose secret has this hash.
	Token(ctx context.Context, hash string) (Token, error)
	// Tokens returns those of a user, the oldest first.
	Tokens(ctx context.Context, user string) ([]Token, error)
	// TouchToken notes when a token was used. It writes nothing to the audit trail.
	TouchToken(ctx context.Context, hash string, at time.Time) error
	RemoveToken(ctx context.Context, user, id string) error
}

// InvitationKeeper keeps invitations. One that is not there is ErrNoInvitation.
type InvitationKeeper interface {
	// AddInvitation stores an invitation and forgets those that have expired. It
	// returns ErrFull if there are MaxInvitations.
	AddInvitation(ctx context.Context, i Invitation) error
	// Invitation returns the invitation whose secret has this hash.
	Invitation(ctx context.Context, hash string) (Invitation, error)
	// Invitations returns all, the oldest first.
	Invitations(ctx context.Context) ([]Invitation, error)
	RemoveInvitation(ctx context.Context, id string) error
}

// Trail is the audit trail.
type Trail interface {
	// Audit appends an entry for what is no change, if somebody acts in ctx. He
	// may have no more than an address.
	Audit(ctx context.Context, action Action, kind, object, detail string) error
	// AuditTrail returns entries, newest first, at most most of those that want
	// accepts. before, if not 0, is the Seq to continue after.
	AuditTrail(ctx context.Context, before uint64, most int, want func(Entry) bool) ([]Entry, error)
	// WriteAudit writes all entries as JSON lines, the oldest first.
	WriteAudit(ctx context.Context, w io.Writer) error
}
