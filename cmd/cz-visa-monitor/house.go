package main

import (
	"fmt"
	"os"
	"path/filepath"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/web"
)

// house is what the admins' pages ask of the appliance itself. Its Keeper knows what
// stands in the second directory.
type house struct {
	*boltstore.Keeper
	cfg   config
	ring  *keyring
	lines *logLines
}

var _ web.House = house{}

// State implements web.House.
func (h house) State() (web.HouseState, error) {
	info, err := os.Stat(filepath.Join(h.cfg.dataDir, boltstore.FileName))
	if err != nil {
		return web.HouseState{}, fmt.Errorf("look at the data file: %w", err)
	}
	protected, err := h.ring.file.Protected()
	return web.HouseState{
		PerMinute: h.cfg.checksPerMinute, StoreSize: info.Size(), CopiesFolder: h.cfg.backupCopies,
		KeyFile: h.ring.file.Path, KeyMounted: h.ring.file.Managed, KeyProtected: protected, KeyUnread: err != nil,
	}, nil
}

// Settings implements web.House.
func (h house) Settings() []web.Setting { return h.cfg.settings }

// Log implements web.House.
func (h house) Log() []web.LogLine { return h.lines.last() }
