package alert

import (
	"context"
	"time"
)

// Outbox is what the dispatcher needs of the store.
type Outbox interface {
	// DueDeliveries returns the lines that are due, oldest first, at most
	// perChannel of each channel.
	//
	// A channel's waiting deliveries are one line, which is due when its head
	// is: when the NextAttemptAt of its first delivery, of the next one where
	// that Yields, and so on, is not after now. The line of a due channel is
	// returned from its beginning, so that a late message overtakes none. One
	// that was Overtaken and is not due is left out.
	DueDeliveries(ctx context.Context, now time.Time, perChannel int) ([]Delivery, error)
	// NextAttempt returns when the earliest line is due, or one that was
	// Overtaken or is Held; the zero time if nothing waits.
	NextAttempt(ctx context.Context) (time.Time, error)
	// Channel returns the channel or ErrNoChannel.
	Channel(ctx context.Context, id string) (Channel, error)
	// Settle stores deliveries after an attempt, in one transaction. One that no
	// longer waits is left as it is.
	Settle(ctx context.Context, ds ...Delivery) error
	// Hold stores deliveries that c holds back, in one transaction, unless the
	// channel no longer has the times of c: then they are left as they are.
	Hold(ctx context.Context, c Channel, ds []Delivery) error
}

// OutboxState counts what is in the outbox, and what has left it unsent.
type OutboxState struct {
	// Waiting are to be sent, Held are held back by their channels, Dead were
	// given up.
	Waiting, Held, Dead int
	// Oldest is when the oldest of those that wait was made; the zero time if
	// there is none.
	Oldest time.Time
}

// Noticeboard raises and resolves operator notices, each once.
type Noticeboard interface {
	// Raise records the notice under key and puts a delivery for every
	// operator channel but except, in one transaction; false if it already stood.
	Raise(ctx context.Context, key string, n Notification, except string) (bool, error)
	// Resolve removes it and puts the deliveries; false if it did not stand.
	Resolve(ctx context.Context, key string, n Notification, except string) (bool, error)
}
