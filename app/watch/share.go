package watch

import (
	"errors"
	"strings"
	"time"

	"cz-visa-monitor/app/account"
)

// Share is a link that shows whoever has it how one application stands, and
// nothing that says whose it is. It changes nothing. Only the hash of its secret
// is kept.
type Share struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
	// Application is what it shows, as the watcher of Owner may see it.
	Application ID            `json:"application"`
	Owner       account.Owner `json:"owner"`
	// By is the ID of the user who made it.
	By string `json:"by"`
	// Named: what the watcher calls the application is shown, too.
	Named     bool      `json:"named,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// The bounds of links.
const (
	// MaxSharesOf is how many one watcher of an application has.
	MaxSharesOf = 20
	// MaxShares is how many there are in all.
	MaxShares = 1000
)

// Errors that callers decide on.
var (
	// ErrNoShare: the link has ended, or never was one.
	ErrNoShare = errors.New("this link has ended")
	// ErrManyShares: there is no room for another one.
	ErrManyShares = errors.New("there are too many links; end one first")
)

const (
	// sharePrefix begins the secret of every link.
	sharePrefix = "czvl_"
	// shareSecretLen is how long it is, see account.NewSecret.
	shareSecretLen = len(sharePrefix) + 52
)

// NewShare gives s an ID and a secret, which is shown once.
func NewShare(s Share, lasts time.Duration, now time.Time) (Share, string) {
	secret := account.NewSecret(sharePrefix)
	s.ID, s.Hash, s.CreatedAt, s.ExpiresAt = account.NewID(now), account.HashSecret(secret), now, now.Add(lasts)
	return s, secret
}

// ShareHash returns what is kept of a secret; ok is false for what has not the
// form of one.
func ShareHash(secret string) (hash string, ok bool) {
	if len(secret) != shareSecretLen || !strings.HasPrefix(secret, sharePrefix) {
		return "", false
	}
	return account.HashSecret(secret), true
}

// ShareLasts returns for how long a link may work, in days, the usual choice second.
func ShareLasts() []int { return []int{1, 7, 30} }

// Expired reports whether the link works no more because of its age.
func (s Share) Expired(now time.Time) bool { return !now.Before(s.ExpiresAt) }
