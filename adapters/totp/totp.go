// Package totp makes and checks the codes of authenticators (RFC 6238), as a
// second factor of accounts.
package totp

import (
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"cz-visa-monitor/app/account"
)

// What every authenticator understands: the defaults of the otpauth format.
const (
	period     = 30 // seconds
	secretSize = 20 // bytes, the least that RFC 4226 recommends
	// around is how many steps before and after the present one are taken, for
	// clocks that are not quite right (RFC 6238, 5.2: one).
	around = 1
)

// Codes implements account.Codes.
type Codes struct {
	// Issuer is the name of the appliance in the authenticator.
	Issuer string
}

var _ account.Codes = Codes{}

// Generate implements account.Codes.
func (c Codes) Generate(name string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: c.Issuer, AccountName: name, Period: period, SecretSize: secretSize,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", "", fmt.Errorf("make a secret for an authenticator: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// Step implements account.Codes. All steps are tried, whichever fits, so that
// the time tells nothing.
func (c Codes) Step(secret, code string, now time.Time) (step uint64, ok bool) {
	for i := -around; i <= around; i++ {
		at := now.Add(time.Duration(i) * period * time.Second)
		if at.Unix() < 0 {
			continue
		}
		want, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{
			Period: period, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			step, ok = uint64(at.Unix())/period, true //nolint:gosec // Not negative, see above.
		}
	}
	return step, ok
}
