package alert

import "errors"

// ErrFinal marks a sending error that trying again will not mend: a refused
// password, an address that does not exist, fields that make no sense.
var ErrFinal = errors.New("will not succeed by trying again")

// ErrNoChannel: there is no channel with this ID (any more).
var ErrNoChannel = errors.New("no such channel")
