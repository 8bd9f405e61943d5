// Package archive holds what leaves the appliance, what comes in from there, and
// what is left after an erasure: exports, imports, backups.
//
// An archive is one JSON object. Its types stand in this file and are no others':
// a change of the store does not change them. A reader refuses fields that it
// does not know, so that a new field needs a new Version.
//
// The fields stand in the order of the type Archive, which lets both sides work
// with little memory: whoever reads an application knows the channels by then.
package archive

import (
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

const (
	// Format is how an archive says that it is one.
	Format = "cz-visa-monitor archive"
	// Version is the version that is written, and the newest that is read.
	Version = 1
)

// Archive is what stands in the file. It is never held as a whole; the type says
// what the fields are, and in which order they come.
type Archive struct {
	Format     string        `json:"format"`
	Version    int           `json:"version"`
	ExportedAt time.Time     `json:"exported_at"`
	Owners     []Owner       `json:"owners"`
	Channels   []Channel     `json:"channels"`
	Apps       []Application `json:"applications"`
	People     []Person      `json:"people"`
	// Deliveries are there to be read; an import passes them over.
	Deliveries []Delivery `json:"deliveries"`
}

// Owner is a user or a group. Passwords, second factors, sessions and tokens
// are no part of an archive.
type Owner struct {
	// ID is by what the rest of the archive names the owner; it means nothing
	// on another appliance.
	ID account.Owner `json:"id"`
	// Name is that of the user or group; "" for the first user before he is made.
	Name string `json:"name,omitempty"`
	// Role, Language and Theme are a user's.
	Role     account.Role  `json:"role,omitempty"`
	Language string        `json:"language,omitempty"`
	Theme    account.Theme `json:"theme,omitempty"`
	// Kind and Members are a group's.
	Kind      account.GroupKind `json:"kind,omitempty"`
	Members   []Member          `json:"members,omitempty"`
	CreatedAt time.Time         `json:"created_at,omitzero"`
}

// Member is a user's place in a group.
type Member struct {
	Name  string        `json:"name"`
	Right account.Right `json:"right"`
}

// Channel is a way to reach an owner.
type Channel struct {
	// ID is by what the archive's applications name the channel.
	ID    string        `json:"id"`
	Owner account.Owner `json:"owner"`
	Name  string        `json:"name"`
	// Kind and Fields are those of the notifier's table of kinds.
	Kind   string            `json:"kind"`
	Fields map[string]string `json:"fields,omitempty"`
	// Missing are the names of secret fields that are set and were left out.
	Missing   []string      `json:"missing,omitempty"`
	Privacy   alert.Privacy `json:"privacy"`
	Language  string        `json:"language"`
	Operator  bool          `json:"operator,omitempty"`
	Paused    bool          `json:"paused,omitempty"`
	Quiet     Quiet         `json:"quiet,omitzero"`
	Digest    string        `json:"digest,omitempty"`
	Zone      string        `json:"zone,omitempty"`
	CreatedAt time.Time     `json:"created_at,omitzero"`
}

// Quiet are the hours of the day in which a channel sends nothing.
type Quiet struct {
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Decisions bool   `json:"decisions,omitempty"`
}

// Application is what is watched. Where the archive is one owner's, state and
// history are what he may know.
type Application struct {
	// ID is by what the archive's people name the application.
	ID        string    `json:"id"`
	Reference string    `json:"reference"`
	Kind      visa.Kind `json:"kind,omitempty"`
	AddedAt   time.Time `json:"added_at,omitzero"`
	Watchers  []Watcher `json:"watchers"`
	State     State     `json:"state,omitzero"`
	// History is the oldest entry first.
	History []Entry `json:"history,omitempty"`
}

// Watcher is how an owner watches an application.
type Watcher struct {
	Owner account.Owner `json:"owner"`
	Label string        `json:"label,omitempty"`
	Note  string        `json:"note,omitempty"`
	// Purpose and Dates are what the owner entered of the proceedings.
	Purpose visa.Purpose `json:"purpose,omitempty"`
	Dates   Dates        `json:"dates,omitzero"`
	// Channels are the archive's IDs of channels of the owner.
	Channels []string `json:"channels,omitempty"`
	// Interval is a duration as Go writes it, "" for the appliance's default.
	Interval string    `json:"interval,omitempty"`
	Paused   bool      `json:"paused,omitempty"`
	Muted    bool      `json:"muted,omitempty"`
	Archived bool      `json:"archived,omitempty"`
	AddedAt  time.Time `json:"added_at,omitzero"`
	// Told is the last status told to the watcher, "" if none was.
	Told visa.Status `json:"told,omitempty"`
}

// Dates are days of the proceedings that the portal does not show.
type Dates struct {
	Filed           civil.Date `json:"filed,omitzero"`
	Delivered       civil.Date `json:"delivered,omitzero"`
	Collected       civil.Date `json:"collected,omitzero"`
	SuspensionEnded civil.Date `json:"suspension_ended,omitzero"`
	PauseDays       int        `json:"pause_days,omitempty"`
}

// State is what was known of an application.
type State struct {
	Status visa.Status `json:"status,omitempty"`
	// Valid is the last status that was not unknown.
	Valid      visa.Status `json:"valid,omitempty"`
	Since      time.Time   `json:"since,omitzero"`
	ChangedAt  time.Time   `json:"changed_at,omitzero"`
	CheckedAt  time.Time   `json:"checked_at,omitzero"`
	AnsweredAt time.Time   `json:"answered_at,omitzero"`
	GoneAt     time.Time   `json:"gone_at,omitzero"`
	Answer     Answer      `json:"answer,omitzero"`
}

// Answer is the wording of the portal.
type Answer struct {
	Text     string `json:"text,omitempty"`
	Alert    string `json:"alert,omitempty"`
	Link     string `json:"link,omitempty"`
	State    string `json:"state,omitempty"`
	Language string `json:"language,omitempty"`
}

// Entry is a line of an application's history.
type Entry struct {
	At     time.Time       `json:"at"`
	Kind   watch.EntryKind `json:"kind"`
	From   visa.Status     `json:"from,omitempty"`
	To     visa.Status     `json:"to,omitempty"`
	Answer Answer          `json:"answer,omitzero"`
}

// Person is somebody with travel documents. Either Age is set, and nothing else
// but the owner, or the person stands there in plain.
type Person struct {
	Owner account.Owner `json:"owner"`
	// Age is an armored age file whose content is this object in plain.
	Age         string     `json:"age,omitempty"`
	Name        string     `json:"name,omitempty"`
	BirthDate   civil.Date `json:"birth_date,omitzero"`
	Nationality string     `json:"nationality,omitempty"`
	Note        string     `json:"note,omitempty"`
	// Applications are the archive's IDs of applications that the owner watches.
	Applications []string   `json:"applications,omitempty"`
	Documents    []Document `json:"documents,omitempty"`
	CreatedAt    time.Time  `json:"created_at,omitzero"`
}

// Document is a travel document.
type Document struct {
	Kind    dossier.Kind `json:"kind"`
	Number  string       `json:"number,omitempty"`
	Country string       `json:"country,omitempty"`
	Issued  civil.Date   `json:"issued,omitzero"`
	Expires civil.Date   `json:"expires,omitzero"`
}

// Delivery is a message that was sent to an owner, or waits to be.
type Delivery struct {
	Owner account.Owner `json:"owner"`
	// Channel and Application are the archive's IDs; either may be gone.
	Channel     string              `json:"channel"`
	Application string              `json:"application,omitempty"`
	Kind        alert.Kind          `json:"kind"`
	State       alert.DeliveryState `json:"state"`
	From        visa.Status         `json:"from,omitempty"`
	To          visa.Status         `json:"to,omitempty"`
	// Document and Expires are about a travel document.
	Document  string    `json:"document,omitempty"`
	Expires   string    `json:"expires,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	SettledAt time.Time `json:"settled_at,omitzero"`
	Attempts  int       `json:"attempts,omitempty"`
	LastError string    `json:"last_error,omitempty"`
}
