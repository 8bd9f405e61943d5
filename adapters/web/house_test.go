package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cz-visa-monitor/app/archive"
)

// house is what the tests say of the appliance itself.
type house struct {
	mu     sync.Mutex
	state  HouseState
	copies []archive.Backup
	// unread: the second directory does not answer.
	unread error
}

func (h *house) State() (HouseState, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state, nil
}

func (h *house) Settings() []Setting {
	return []Setting{
		{Name: "CZVM_LISTEN", Value: ":8080", Set: true, From: FromDefault},
		{Name: "CZVM_BASE_URL", Value: "https://visa.example.com/<b>", Set: true, From: FromEnvFile},
		{Name: "CZVM_BROWSER", From: FromDefault},
		{Name: "CZVM_KEY_PASSPHRASE", Secret: true, Set: true, From: FromSecretFile},
		{Name: "CZVM_OIDC_CLIENT_SECRET", Secret: true, From: FromDefault},
	}
}

func (h *house) Log() []LogLine {
	at := time.Date(2026, 11, 24, 14, 38, 3, 0, time.UTC)
	return []LogLine{
		{At: at.Add(time.Minute), Level: slog.LevelError, Text: "cannot make a backup", More: `error="no space left"`},
		{At: at, Level: slog.LevelWarn, Text: "the clock was set"},
		{At: at, Level: slog.LevelInfo, Text: "request answered", More: "status=200"},
		{At: at, Level: slog.LevelDebug, Text: "a detail"},
	}
}

func (h *house) Copies(context.Context) ([]archive.Backup, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.copies, h.unread
}
