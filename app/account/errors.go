package account

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers decide on. ErrNoSession and ErrNoToken stand with their types.
var (
	// ErrForbidden: whoever acts may not do this.
	ErrForbidden = errors.New("this is not allowed to you")
	// ErrWrong: the name, password or code is wrong, or the account may not sign
	// in. It does not say which, so that it tells nobody who has an account.
	ErrWrong = errors.New("the name, password or code is wrong")
	// ErrBusy: too many passwords wait to be checked.
	ErrBusy = errors.New("too many people are signing in at once; try again in a moment")
	// ErrNoPending: the sign-in that asked for a second factor is over; it
	// begins anew with the password.
	ErrNoPending = errors.New("this took too long; sign in again")
	// ErrNotSetUp: there is no admin yet.
	ErrNotSetUp = errors.New("the appliance has not been set up; open its page and give the code from its log")
	// ErrSetUp: there is an admin already.
	ErrSetUp = errors.New("the appliance has been set up already")
	// ErrNoUser: no user has this ID or name.
	ErrNoUser = errors.New("no such user")
	// ErrNoGroup: no group has this ID.
	ErrNoGroup = errors.New("no such group")
	// ErrNoMember: the user is no member of the group.
	ErrNoMember = errors.New("no such member of the group")
	// ErrMember: the user is a member of the group already.
	ErrMember = errors.New("the user is a member already")
	// ErrNoInvitation: the link was used, has expired or never was one.
	ErrNoInvitation = errors.New("this link was used already or has expired; ask for another")
	// ErrNameTaken: another user has this name, or one that differs in case only.
	ErrNameTaken = errors.New("another user has this name")
	// ErrExternalTaken: another user signs in with this account of the other service.
	ErrExternalTaken = errors.New("another user signs in with this account")
	// ErrNoRole: the groups at the other service give the user no role here.
	ErrNoRole = errors.New("your account at the other service has no access here; ask whoever runs the appliance")
	// ErrName: the name is empty, too long or has characters that do not print.
	ErrName = fmt.Errorf("a name must have 1 to %d characters that can be seen", MaxName)
	// ErrRole: there is no such role.
	ErrRole = errors.New("no such role")
	// ErrRight: there is no such right.
	ErrRight = errors.New("no such right")
	// ErrKind: there is no such kind of group.
	ErrKind = errors.New("no such kind of group")
	// ErrScope: there is no such scope, or it is more than the user's role allows.
	ErrScope = errors.New("no such scope, or more than your role allows")
	// ErrLasts: a token cannot have a negative life, nor an invitation a longer one
	// than MaxInvitationLasts.
	ErrLasts = errors.New("it cannot last so long, or so short")
	// ErrLanguage: it is not written as a language code is.
	ErrLanguage = errors.New("no such language")
	// ErrTheme: it is none of Themes.
	ErrTheme = errors.New("no such theme")
	// ErrLastAdmin: somebody must run the appliance.
	ErrLastAdmin = errors.New("this is the last admin who can sign in; make another one first")
	// ErrLastOwner: a group must have an owner.
	ErrLastOwner = errors.New("this is the last owner of a group; make another one first, or delete the group")
	// ErrBelongings: something belongs to the user or group still.
	ErrBelongings = errors.New("something still belongs to it; remove that or give it to somebody else first")
	// ErrFull: there are as many as there may be.
	ErrFull = errors.New("there are too many of these; remove one first")
	// ErrNoPassword: the user signs in through another service and has no password.
	ErrNoPassword = errors.New("this account has no password")
	// ErrSecond: the user has a second factor already.
	ErrSecond = errors.New("there is a second factor already; turn it off first")
	// ErrNoSecond: the user has no second factor, or has not begun to add one.
	ErrNoSecond = errors.New("there is no second factor")
	// ErrHash: a stored password cannot be read.
	ErrHash = errors.New("the stored password cannot be read; set another one")
)

// Errors of a new password.
var (
	ErrPasswordShort  = fmt.Errorf("a password must have at least %d characters", MinPassword)
	ErrPasswordLong   = fmt.Errorf("a password must have at most %d characters", MaxPassword)
	ErrPasswordName   = errors.New("the password must not be the name")
	ErrPasswordCommon = errors.New("this password is among the most common ones; choose another")
)

// WaitError: too many tries were wrong.
type WaitError struct {
	// Wait is how long the next try has to wait.
	Wait time.Duration
}

// Error says how long to wait, in whole seconds.
func (e *WaitError) Error() string {
	return fmt.Sprintf("too many wrong tries; wait %d seconds", e.Seconds())
}

// Seconds returns the wait in seconds, rounded up, for a header Retry-After.
func (e *WaitError) Seconds() int { return int((e.Wait + time.Second - 1) / time.Second) }
