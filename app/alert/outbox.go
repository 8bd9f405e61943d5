package alert

import (
	"context"
	"time"
)

// Outbox is what the dispatcher needs of the store.
type Outbox interface {
	// DueDeliveries returns waiting deliveries whose NextAttemptAt is not
	// after now, oldest first, at most perChannel of each channel.
	DueDeliveries(ctx context.Context, now time.Time, perChannel int) ([]Delivery, error)
	// NextAttempt returns when the earliest waiting delivery is due; the zero
	// time if there is none.
	NextAttempt(ctx context.Context) (time.Time, error)
	// Channel returns the channel or ErrNoChannel.
	Channel(ctx context.Context, id string) (Channel, error)
	// Settle stores d after an attempt, in one transaction. A delivery that
	// no longer waits is left as it is.
	Settle(ctx context.Context, d Delivery) error
}

// Noticeboard raises and resolves operator notices, each once.
type Noticeboard interface {
	// Raise records the notice under key and puts a delivery for every
	// operator channel but except, in one transaction; false if it already stood.
	Raise(ctx context.Context, key string, n Notification, except string) (bool, error)
	// Resolve removes it and puts the deliveries; false if it did not stand.
	Resolve(ctx context.Context, key string, n Notification, except string) (bool, error)
}
