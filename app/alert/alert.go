// Package alert puts changes into words and brings them to people: channels,
// notifications, message texts, and the dispatcher that empties the outbox.
package alert

import (
	"cmp"
	"context"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

// Privacy is how much a message through a channel may reveal.
type Privacy string

// The privacy levels, from the most telling to the least.
const (
	// Full: label, whole reference, status and the portal's wording; whose
	// document expires, which kind, and when.
	Full Privacy = "full"
	// Masked: masked reference and status; the kind of a document and the days left.
	Masked Privacy = "masked"
	// Silent: only that there is news; nothing about whom or what. Notices about
	// the appliance, which are about nobody, are told all the same.
	Silent Privacy = "silent"
)

// Channel is one way to reach somebody. Kind and Fields are those of the
// notifier's table of kinds; Fields holds secrets and is never logged.
type Channel struct {
	ID string `json:"id"`
	// Owner is who may see and change the channel, and choose it.
	Owner    account.Owner     `json:"owner"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Fields   map[string]string `json:"fields"`
	Privacy  Privacy           `json:"privacy"`
	Language string            `json:"language"`
	// Operator channels also get notices about the appliance itself, as long as
	// they belong to an admin.
	Operator bool `json:"operator,omitempty"`
	// Paused channels get no new deliveries.
	Paused bool `json:"paused,omitempty"`
	// Quiet are the hours in which nothing is sent; Digest is the local time of
	// day, such as 18:00, at which the news of a day are sent as one message, ""
	// to send each by itself. Both are times of Zone, as the tz database names
	// it, "" for the time zone of the appliance.
	Quiet     Quiet     `json:"quiet,omitzero"`
	Digest    string    `json:"digest,omitempty"`
	Zone      string    `json:"zone,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	// TestedAt is when the server last took a test message, whatever was changed
	// since; the zero time if it never has.
	TestedAt time.Time `json:"tested_at,omitzero"`
}

// Kind of a notification: what it is about.
type Kind string

// The kinds of notification.
const (
	// FirstAnswer: the first answer about an application; proof that watching works.
	FirstAnswer Kind = "first_answer"
	// StatusChanged: the status is another one than the last one told.
	StatusChanged Kind = "status_changed"
	// CannotCheck: the portal's form does not offer the category or year of the number.
	CannotCheck Kind = "cannot_check"
	// DocumentExpires: a travel document expires soon, or today.
	DocumentExpires Kind = "document_expires"
	// NothingChecked: no check has succeeded for hours (operators).
	NothingChecked Kind = "nothing_checked"
	// LayoutChanged: the portal's page is not the known one (operators).
	LayoutChanged Kind = "layout_changed"
	// ChannelDead: a channel could not be reached for two days, or refused for an hour (operators).
	ChannelDead Kind = "channel_dead"
	// NoBackup: no backup of the data could be made (operators).
	NoBackup Kind = "no_backup"
	// NoCopy: the backups could not be copied to the second directory (operators).
	NoCopy Kind = "no_copy"
	// Test: somebody pressed "send a test message".
	Test Kind = "test"
)

// Notification is what is to be told: facts, in no language. It is kept in the
// outbox (encoded by the store) and put into words when it is sent.
type Notification struct {
	Kind Kind `json:"kind"`
	// Resolved: the trouble of an operator notice is over.
	Resolved bool `json:"resolved,omitempty"`
	// ApplicationID, Label and Reference name the application, if there is one.
	// Where the notification is about a person, Label is the person's name.
	ApplicationID string         `json:"application_id,omitempty"`
	Label         string         `json:"label,omitempty"`
	Reference     visa.Reference `json:"reference,omitzero"`
	// From is the status told before ("" for the first answer), To the one told now.
	From visa.Status `json:"from,omitempty"`
	To   visa.Status `json:"to,omitempty"`
	// Text is the portal's wording, Link its official link about the outcome.
	Text string `json:"text,omitempty"`
	Link string `json:"link,omitempty"`
	// PersonID and DocumentID name a person and a travel document. Document is
	// the document's kind as dossier.Kind spells it, Expires its last day as
	// 2031-05-17, DaysLeft how many days that is from the day of At. Its number
	// is no part of any message.
	PersonID   string `json:"person_id,omitempty"`
	DocumentID string `json:"document_id,omitempty"`
	Document   string `json:"document,omitempty"`
	Expires    string `json:"expires,omitempty"`
	DaysLeft   int    `json:"days_left,omitempty"`
	// Subject names what an operator notice is about: a channel's name or a source.
	Subject string `json:"subject,omitempty"`
	// Detail is a failure code or a redacted error, for operator notices.
	Detail string `json:"detail,omitempty"`
	// Since is when an operator's trouble began.
	Since time.Time `json:"since,omitzero"`
	// At is when the thing told was seen.
	At time.Time `json:"at"`
}

// About returns the ID of the application or person that n is about, "" if it
// is about neither.
func (n Notification) About() string { return cmp.Or(n.ApplicationID, n.PersonID) }

// Message is a Notification put into words for one channel.
type Message struct {
	// ID is the delivery's stable ID; the same on every attempt.
	ID    string
	Title string
	// Text is plain text, HTML the same as a small document (for mail).
	Text string
	HTML string
	// Priority is ntfy's scale: 1 min, 3 default, 5 max.
	Priority int
	// Tags are ntfy's emoji short codes.
	Tags []string
	// Link leads to the application's page on the appliance, or "".
	Link string
	At   time.Time
}

// Notifier sends one message through one channel, once.
//
// Send returns nil when the peer has accepted the message. Its errors carry no
// secret and may be shown. One that wraps ErrFinal is a refusal that will
// hardly go away by trying again; one that wraps ErrNoRetry must not be tried again.
// One with a method RetryAfter() time.Duration says how long the peer wants to be
// left alone. Send returns soon after ctx ends.
type Notifier interface {
	Send(ctx context.Context, c Channel, m Message) error
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	// Waiting: to be sent at NextAttemptAt.
	Waiting DeliveryState = "waiting"
	// Delivered: the peer accepted it.
	Delivered DeliveryState = "delivered"
	// DeadLetter: given up; kept and shown, may be tried again by hand.
	DeadLetter DeliveryState = "dead"
)

// Delivery is an outbox entry: one notification on its way to one channel.
type Delivery struct {
	ID string `json:"id"`
	// Seq is the delivery's place in the outbox, given by the store: a later
	// one has a higher number, whatever the clock said.
	Seq       uint64 `json:"seq,omitempty"`
	ChannelID string `json:"channel_id"`
	// Owner is that of the channel, which may be gone by now.
	Owner         account.Owner `json:"owner"`
	Notification  Notification  `json:"notification"`
	State         DeliveryState `json:"state"`
	CreatedAt     time.Time     `json:"created_at"`
	Attempts      int           `json:"attempts"`
	NextAttemptAt time.Time     `json:"next_attempt_at,omitzero"`
	LastError     string        `json:"last_error,omitempty"`
	// HeldUntil is until when the channel holds the delivery back, for its quiet
	// hours or its digest; NextAttemptAt is the same then. Once it was tried it is
	// the zero time again.
	HeldUntil time.Time `json:"held_until,omitzero"`
	// OpensAt is when a delivery that was held might go for the first time; its
	// time to live counts from there.
	OpensAt time.Time `json:"opens_at,omitzero"`
	// Digest is the ID of the message in which it was sent together with others.
	Digest string `json:"digest,omitempty"`
	// Refusals counts the last attempts in a row that ended with ErrFinal;
	// RefusedSince is when the first of them did.
	Refusals     int       `json:"refusals,omitempty"`
	RefusedSince time.Time `json:"refused_since,omitzero"`
	// Overtaken: a later message was accepted while this one failed, so it is
	// the message that the peer cannot take.
	Overtaken bool `json:"overtaken,omitempty"`
	// RevivedAt is when a dead letter was last put back by hand; its time to
	// live counts from there.
	RevivedAt time.Time `json:"revived_at,omitzero"`
	SettledAt time.Time `json:"settled_at,omitzero"`
}

// Yields reports whether d has failed so often that those behind it get a turn.
func (d Delivery) Yields() bool { return d.Attempts >= 3 }

// Held reports whether the channel of d holds it back, as far as was worked out.
func (d Delivery) Held() bool { return d.State == Waiting && !d.HeldUntil.IsZero() }
