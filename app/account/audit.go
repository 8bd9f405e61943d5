package account

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Entry is a line of the audit trail: who did what to what, when, from where.
// It names people and things by their IDs only.
type Entry struct {
	// Seq counts the entries from 1.
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
	// User is the ID of who did it; "" is the command line, the appliance
	// itself, or somebody who has not signed in.
	User string `json:"user,omitempty"`
	Via  Via    `json:"via,omitempty"`
	// Key is the ID of the session or token that was used.
	Key     string `json:"key,omitempty"`
	Address string `json:"address,omitempty"`
	Action  Action `json:"action"`
	// Object is the ID of what it was done to, Kind what that is.
	Kind   string `json:"kind,omitempty"`
	Object string `json:"object,omitempty"`
	// Detail is a word of the program's own about it, never what somebody wrote.
	Detail string `json:"detail,omitempty"`
	// Hash links the entry to the one before it, see Link.
	Hash string `json:"hash,omitempty"`
}

// Linked returns e as the entry that follows the one whose hash is previous:
// Hash is the SHA-256, in hexadecimal digits, of previous and of the JSON of e
// without Hash, as it stands in an export.
func (e Entry) Linked(previous string) (Entry, error) {
	// What is no UTF-8 would not be read back as it was written.
	e.User, e.Key, e.Address = strings.ToValidUTF8(e.User, "?"), strings.ToValidUTF8(e.Key, "?"), strings.ToValidUTF8(e.Address, "?")
	e.Object, e.Detail = strings.ToValidUTF8(e.Object, "?"), strings.ToValidUTF8(e.Detail, "?")
	e.At, e.Hash = e.At.UTC(), ""
	line, err := json.Marshal(e)
	if err != nil {
		return Entry{}, fmt.Errorf("encode an audit entry: %w", err)
	}
	sum := sha256.Sum256(append([]byte(previous), line...))
	e.Hash = hex.EncodeToString(sum[:])
	return e, nil
}

// Concerns reports whether the entry is about what the user with this ID did, or
// about what was done to his account.
func (e Entry) Concerns(user string) bool {
	return e.User == user || (e.Kind == KindUser || e.Kind == KindOwner) && e.Object == user
}

// The kinds of what an action is done to.
const (
	KindUser       = "user"
	KindSession    = "session"
	KindToken      = "token"
	KindInvitation = "invitation"
	// KindShare: the detail of its actions is the application that the link shows.
	KindShare    = "share"
	KindGroup    = "group"
	KindChannel  = "channel"
	KindDelivery = "delivery"
	KindAudit    = "audit"
	// KindApplication: the detail of its actions is the owner whose watcher it is about.
	KindApplication = "application"
	KindPerson      = "person"
	KindKey         = "key"
	KindBackup      = "backup"
	// KindOwner: the object is a user or a group, with all that is his.
	KindOwner = "owner"
)

// Action is what was done, as "kind.done".
type Action string

// The actions of accounts, and of what belongs to people.
const (
	// SetUp: the first admin was made.
	SetUp Action = "appliance.set_up"
	// ApplianceWaited: it could not begin its work for a while; the detail says why.
	ApplianceWaited Action = "appliance.waited"
	// SecondServer: another one was started on the same data, and refused.
	SecondServer Action = "appliance.second_server"
	// ClockSetBack: the clock stands before the last entry; the detail is by how much.
	ClockSetBack Action = "clock.set_back"
	// UserAdded: an admin, the command line or another service made a user.
	UserAdded Action = "user.added"
	// UserChanged: name, role, language or the account at another service; the
	// detail says which.
	UserChanged Action = "user.changed"
	// UserDisabled and UserEnabled: whether he may sign in.
	UserDisabled Action = "user.disabled"
	UserEnabled  Action = "user.enabled"
	// UserRemoved: with his sessions, tokens and memberships.
	UserRemoved Action = "user.removed"
	// PasswordChanged: by the user himself, who knew the old one.
	PasswordChanged Action = "password.changed"
	// PasswordSet: by an admin, the command line or a link that one of them made.
	PasswordSet Action = "password.set"
	// SecondAdded and SecondRemoved: the second factor.
	SecondAdded   Action = "second_factor.added"
	SecondRemoved Action = "second_factor.removed"
	// SecondRenewed: the recovery codes were replaced.
	SecondRenewed Action = "second_factor.renewed"
	// SecondRecovered: somebody signed in with a recovery code.
	SecondRecovered Action = "second_factor.recovered"
	// SessionBegun: somebody signed in. SessionEnded: signed out, or revoked.
	SessionBegun Action = "session.begun"
	SessionEnded Action = "session.ended"
	// SignInFailed: a password or code was wrong; the object is the user, if it is known.
	SignInFailed Action = "sign_in.failed"
	// SignInBlocked: from here on tries have to wait; one entry for each lock.
	SignInBlocked Action = "sign_in.blocked"
	// RequestRefused: the detail is a Refusal.
	RequestRefused Action = "request.refused"
	// TokenMade and TokenRevoked: a key to the API.
	TokenMade    Action = "token.made"
	TokenRevoked Action = "token.revoked"
	// InvitationMade, InvitationUsed and InvitationRemoved: a link for somebody
	// new, or for a new password.
	InvitationMade    Action = "invitation.made"
	InvitationUsed    Action = "invitation.used"
	InvitationRemoved Action = "invitation.removed"
	// GroupAdded, GroupChanged and GroupRemoved: a group itself.
	GroupAdded   Action = "group.added"
	GroupChanged Action = "group.changed"
	GroupRemoved Action = "group.removed"
	// MemberAdded, MemberChanged and MemberRemoved: the object is the group, the
	// detail the ID of the user.
	MemberAdded   Action = "group.member_added"
	MemberChanged Action = "group.member_changed"
	MemberRemoved Action = "group.member_removed"
	// ChannelAdded, ChannelChanged and ChannelRemoved: never with what its fields hold.
	ChannelAdded   Action = "channel.added"
	ChannelChanged Action = "channel.changed"
	ChannelRemoved Action = "channel.removed"
	// DeliveryRevived: a dead letter was put back.
	DeliveryRevived Action = "delivery.revived"
	// AuditExported: the audit trail was written out.
	AuditExported Action = "audit.exported"
	// ApplicationAdded, ApplicationChanged and ApplicationRemoved: how somebody
	// watches an application.
	ApplicationAdded   Action = "application.added"
	ApplicationChanged Action = "application.changed"
	ApplicationRemoved Action = "application.removed"
	// ShareMade and ShareEnded: a link that shows how an application stands.
	ShareMade  Action = "share.made"
	ShareEnded Action = "share.ended"
	// PersonAdded, PersonChanged and PersonRemoved: with the travel documents.
	PersonAdded   Action = "person.added"
	PersonChanged Action = "person.changed"
	PersonRemoved Action = "person.removed"
	// KeyShown: the recovery key was shown. KeyConfirmed: somebody proved to have
	// the sheet. KeyRotated and PassphraseChanged: the appliance's own key.
	// KeyUnlocked: the passphrase was given after a start.
	KeyShown          Action = "key.shown"
	KeyConfirmed      Action = "key.confirmed"
	KeyRotated        Action = "key.rotated"
	PassphraseChanged Action = "key.passphrase_changed"
	KeyUnlocked       Action = "key.unlocked"
	// BackupMade by hand, BackupFailed: from here on none can be made, as the disk is
	// full, say. BackupRead: downloaded. BackupRestored: the store was replaced by it.
	// BackupRefused: it was to be, and was not.
	BackupMade     Action = "backup.made"
	BackupFailed   Action = "backup.failed"
	BackupRead     Action = "backup.read"
	BackupRestored Action = "backup.restored"
	BackupRefused  Action = "backup.refused"
	// DataExported, DataImported and DataErased: all that is an owner's.
	DataExported Action = "data.exported"
	DataImported Action = "data.imported"
	DataErased   Action = "data.erased"
)

// Actions returns the actions above, in that order.
func Actions() []Action {
	return slices.Concat(
		[]Action{SetUp, ApplianceWaited, SecondServer, ClockSetBack, UserAdded, UserChanged, UserDisabled, UserEnabled, UserRemoved},
		[]Action{PasswordChanged, PasswordSet, SecondAdded, SecondRemoved, SecondRenewed, SecondRecovered},
		[]Action{SessionBegun, SessionEnded, SignInFailed, SignInBlocked, RequestRefused, TokenMade, TokenRevoked},
		[]Action{InvitationMade, InvitationUsed, InvitationRemoved, GroupAdded, GroupChanged, GroupRemoved},
		[]Action{MemberAdded, MemberChanged, MemberRemoved, ChannelAdded, ChannelChanged, ChannelRemoved},
		[]Action{DeliveryRevived, AuditExported, ApplicationAdded, ApplicationChanged, ApplicationRemoved, ShareMade, ShareEnded},
		[]Action{PersonAdded, PersonChanged, PersonRemoved, KeyShown, KeyConfirmed, KeyRotated, PassphraseChanged, KeyUnlocked},
		[]Action{BackupMade, BackupFailed, BackupRead, BackupRestored, BackupRefused, DataExported, DataImported, DataErased},
	)
}
