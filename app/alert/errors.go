package alert

import (
	"errors"
	"fmt"
)

// Errors that callers decide on.
var (
	// ErrFinal marks a refusal that trying again will hardly mend: a refused
	// password, an address that does not exist. A proxy answers the same while
	// the server behind it restarts, so one alone proves nothing.
	ErrFinal = errors.New("will not succeed by trying again")
	// ErrNoRetry marks a refusal that must not be tried again: fields that make no
	// sense, or a message that some of its recipients have already. It wraps
	// ErrFinal.
	ErrNoRetry = fmt.Errorf("must not be tried again: %w", ErrFinal)
	// ErrNoChannel: there is no channel with this ID.
	ErrNoChannel = errors.New("no such channel")
	// ErrNoDelivery: there is no delivery with this ID.
	ErrNoDelivery = errors.New("no such delivery")
	// ErrNotDead: the delivery is not a dead letter, so there is nothing to try again.
	ErrNotDead = errors.New("the delivery is not a dead letter")
)
