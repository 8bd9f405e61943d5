package web

import (
	"net/http"

	"cz-visa-monitor/app/account"
)

// accountProblem is how an error about accounts is answered.
type accountProblem struct {
	err    error
	status int
	// code is the API's.
	code string
	// key is that of the pages' catalogue, behind "problem."; "" where no page
	// can meet it.
	key string
	// field is the part of a request that is wrong, if it is one.
	field string
}

// accountProblems is the one table from errors about accounts to answers.
func accountProblems() []accountProblem {
	const (
		invalid   = http.StatusUnprocessableEntity
		conflict  = http.StatusConflict
		forbidden = http.StatusForbidden
		missing   = http.StatusNotFound
	)
	return []accountProblem{
		{account.ErrForbidden, forbidden, "forbidden", "forbidden", ""},
		{account.ErrUnconfirmed, forbidden, "unconfirmed", "unconfirmed", ""},
		{account.ErrWrong, forbidden, "wrong", "wrong", ""},
		{account.ErrBusy, http.StatusServiceUnavailable, "busy", "busy", ""},
		{account.ErrNoPending, forbidden, "too_late", "too_late", ""},
		{account.ErrNotSetUp, conflict, "not_set_up", "not_set_up", ""},
		{account.ErrSetUp, conflict, "set_up", "set_up", ""},
		{account.ErrNoUser, missing, "not_found", "", ""},
		{account.ErrNoGroup, missing, "not_found", "", ""},
		{account.ErrNoMember, missing, "not_found", "no_member", ""},
		{account.ErrNoToken, missing, "not_found", "no_token", ""},
		{account.ErrNoSession, missing, "not_found", "no_session", ""},
		{account.ErrNoInvitation, missing, "no_invitation", "no_invitation", ""},
		{account.ErrMember, conflict, "member", "member", ""},
		{account.ErrNameTaken, conflict, "name_taken", "name_taken", "name"},
		{account.ErrExternalTaken, conflict, "external_taken", "external_taken", ""},
		{account.ErrNoRole, forbidden, "no_role", "no_role", ""},
		{account.ErrName, invalid, "invalid", "name", "name"},
		{account.ErrTokenName, invalid, "invalid", "token_name", "name"},
		{account.ErrRole, invalid, "invalid", "role", "role"},
		{account.ErrRight, invalid, "invalid", "right", "right"},
		{account.ErrKind, invalid, "invalid", "kind", "kind"},
		{account.ErrScope, invalid, "invalid", "scope", "scope"},
		{account.ErrLasts, invalid, "invalid", "lasts", "lasts"},
		{account.ErrLanguage, invalid, "invalid", "language", "language"},
		{account.ErrTheme, invalid, "invalid", "theme", "theme"},
		{account.ErrLastAdmin, conflict, "last_admin", "last_admin", ""},
		{account.ErrLastOwner, conflict, "last_owner", "last_owner", ""},
		{account.ErrBelongings, conflict, "belongings", "belongings", ""},
		{account.ErrFull, http.StatusInsufficientStorage, "full", "full", ""},
		{account.ErrNoPassword, conflict, "no_password", "no_password", ""},
		{account.ErrSecond, conflict, "second", "second", ""},
		{account.ErrNoSecond, conflict, "no_second", "no_second", ""},
		{account.ErrPasswordShort, invalid, "invalid", "password_short", "password"},
		{account.ErrPasswordLong, invalid, "invalid", "password_long", "password"},
		{account.ErrPasswordName, invalid, "invalid", "password_name", "password"},
		{account.ErrPasswordCommon, invalid, "invalid", "password_common", "password"},
	}
}
