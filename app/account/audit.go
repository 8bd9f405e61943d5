package account

import "time"

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
	// Hash is the SHA-256 of the entry before this one (its Hash) and of this
	// one without Hash, in hexadecimal digits.
	Hash string `json:"hash"`
}

// Action is what was done, as "kind.done".
type Action string
