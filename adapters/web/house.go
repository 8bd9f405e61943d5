package web

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"cz-visa-monitor/app/archive"
)

// House is what is known of the appliance itself, for whoever runs it.
type House interface {
	// State returns what can be measured now.
	State() (HouseState, error)
	// Settings returns those in force, in the order of the help.
	Settings() []Setting
	// Log returns the last lines of the log, the newest first. They hold nothing
	// about people.
	Log() []LogLine
	// Copies returns the backups in the second directory, the newest first; none if
	// there is no such directory. It fails if that cannot be read within 5 seconds.
	Copies(ctx context.Context) ([]archive.Backup, error)
}

// HouseState is how the appliance is set up and kept.
type HouseState struct {
	// PerMinute is how many questions the portal is asked in a minute at most; 0 is
	// no limit.
	PerMinute float64
	// StoreSize is the size of the data file in bytes.
	StoreSize int64
	// CopiesFolder is the second directory for backups, "" for none.
	CopiesFolder string
	// KeyFile is the path of the file with the key. KeyMounted: systemd or Docker
	// put it there. KeyProtected: it needs a passphrase. KeyUnread: the file cannot
	// be read any more, so that the next start will not find the key.
	KeyFile                             string
	KeyMounted, KeyProtected, KeyUnread bool
}

// Setting is a row of the configuration table with the value in force.
type Setting struct {
	// Name is the environment variable.
	Name string
	// Value is as it was written; "" of a secret, of which only Set is told.
	Value       string
	Secret, Set bool
	From        Place
}

// Place is where the value of a setting comes from.
type Place string

// The places, the strongest first. FromSecretFile is a file that a variable names.
const (
	FromFlag        Place = "flag"
	FromEnvironment Place = "environment"
	FromEnvFile     Place = "env_file"
	FromSecretFile  Place = "secret_file"
	FromDefault     Place = "default"
)

// Places returns the places above, in that order.
func Places() []Place {
	return []Place{FromFlag, FromEnvironment, FromEnvFile, FromSecretFile, FromDefault}
}

// Key is the text of the catalogue that says what the setting is for.
func (s Setting) Key() string {
	return "setting." + strings.ToLower(strings.TrimPrefix(s.Name, "CZVM_"))
}

// LogLine is a line of the log.
type LogLine struct {
	At    time.Time
	Level slog.Level
	// Text is the message, More what goes with it, as name=value.
	Text, More string
}
