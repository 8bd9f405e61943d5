package alert

import (
	"context"
	"time"
)

// Outbox is what the dispatcher needs of the store.
//
// The waiting deliveries of one channel form a line in the order of their
// creation, and the head of the line speaks for the channel: while its
// NextAttemptAt lies ahead, the channel is backing off and nothing behind it is
// due either. So one probe is made per back-off step, no message overtakes an
// older one, and the rest flows as soon as the channel answers again.
type Outbox interface {
	// DueDeliveries returns, for each channel whose head is due at now, its
	// waiting deliveries in the order of creation, at most perChannel of each
	// channel. Channels come in the order of their heads, oldest first.
	DueDeliveries(ctx context.Context, now time.Time, perChannel int) ([]Delivery, error)
	// NextAttempt returns the earliest NextAttemptAt of all heads; the zero time
	// if nothing waits.
	NextAttempt(ctx context.Context) (time.Time, error)
	// Channel returns the channel, or an error that wraps ErrNoChannel.
	Channel(ctx context.Context, id string) (Channel, error)
	// Settle stores d after an attempt, in one transaction. Storing the same
	// delivery twice does no harm.
	Settle(ctx context.Context, d Delivery) error
}

// Noticeboard raises and resolves operator notices: each raised once, each
// resolved once. Both calls may be repeated.
type Noticeboard interface {
	// Raise records the notice under key and puts a delivery for every operator
	// channel but except; it returns false if the notice already stood.
	Raise(ctx context.Context, key string, n Notification, except string) (bool, error)
	// Resolve removes the notice and puts the deliveries; it returns false if it
	// did not stand.
	Resolve(ctx context.Context, key string, n Notification, except string) (bool, error)
}
