package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/web"
)

// hindrance says what keeps the appliance from its work; ok is false for an error
// that ends the program.
func hindrance(err error) (why web.Hindrance, ok bool) {
	for _, row := range []struct {
		err error
		why web.Hindrance
	}{
		{agebox.ErrPassphraseNeeded, web.NeedsPassphrase},
		{agebox.ErrWrongPassphrase, web.NeedsPassphrase},
		{agebox.ErrNoKey, web.KeyMissing},
		{agebox.ErrExposed, web.KeyExposed},
		{agebox.ErrBadKey, web.KeyUnreadable},
		{boltstore.ErrWrongKey, web.KeyWrong},
		{boltstore.ErrDamaged, web.StoreDamaged},
		{errGone, web.StoreGone},
	} {
		if errors.Is(err, row.err) {
			return row.why, true
		}
	}
	return "", false
}

// lookAgain is how often it is looked whether the key or the data are there by
// now: on a stick that was put in, on a share that was mounted, from a backup.
const lookAgain = 5 * time.Second

// waitingRoom is where the appliance waits until it can begin its work. It is the
// same one however often it has to.
type waitingRoom struct {
	cfg config
	log *slog.Logger
	// limit is kept here, so that to wait anew gives nobody more tries.
	limit *web.UnlockLimit
	// turn holds whoever tries a passphrase.
	turn chan struct{}
}

func newWaitingRoom(c config, log *slog.Logger) *waitingRoom {
	return &waitingRoom{cfg: c, log: log, limit: web.NewUnlockLimit(), turn: make(chan struct{}, 1)}
}

// unlock tries a passphrase when those before it were tried: each takes a good
// part of the machine.
func (w *waitingRoom) unlock(ctx context.Context, try func([]byte) error, passphrase string) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
		return try([]byte(passphrase))
	case <-ctx.Done():
		return fmt.Errorf("wait until other passphrases were tried: %w", ctx.Err())
	}
}

// wait serves the page that says what hinders, until that may be over. before is
// how the files looked when it was found.
func (w *waitingRoom) wait(ctx context.Context, ring *keyring, why web.Hindrance, before sight) error {
	catalogues, err := loadCatalogues(w.cfg)
	if err != nil {
		return err
	}
	ctx, over := context.WithCancel(ctx)
	defer over()
	unlock := func(ctx context.Context, passphrase string) error { return w.unlock(ctx, ring.unlock, passphrase) }
	cfg := web.WaitingConfig{
		Hindrance: why, Catalogues: catalogues, BaseURL: w.cfg.baseURL, Proxies: w.cfg.proxies, Logger: w.log,
		Unlock: unlock, Limit: w.limit, Unlocked: over,
	}
	if !why.Locked() {
		newest, ok := boltstore.Newest(w.cfg.dataDir, ring.reader())
		if !ok { // Perhaps the key is locked as well: the newest may be good.
			newest, ok = boltstore.Newest(w.cfg.dataDir, nil)
		}
		if ok {
			cfg.Backup, cfg.Command = newest.Name, "cz-visa-monitor backup restore "+newest.Name
			w.log.Error("put the newest good backup back with this command", slog.String("command", cfg.Command))
		}
	}
	srv, err := web.NewWaiting(cfg)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, w.cfg.listen, "CZVM_LISTEN")
	if err != nil {
		return err
	}
	control := openControl(ctx, w.cfg.dataDir, w.log)
	var g errgroup.Group
	g.Go(func() error { return serveHTTP(ctx, ln, srv) })
	g.Go(func() error {
		return serveControl(ctx, control, func(ctx context.Context, name string, args json.RawMessage, _ io.Writer) error {
			return unlockByCommand(ctx, unlock, over, name, args)
		})
	})
	g.Go(func() error {
		before.awaitChange(ctx)
		over()
		return nil
	})
	return g.Wait()
}

// sight is how the files look, by their paths, on which it depends whether the
// appliance can begin its work. A restoration changes the data and not the key, the
// end of a rotation the key and not the data.
type sight map[string]looks

func look(c config, ring *keyring) sight {
	s := sight{filepath.Join(c.dataDir, boltstore.FileName): {}}
	for _, path := range ring.file.Paths() {
		s[path] = looks{}
	}
	return s.again()
}

// again returns how the same files look now.
func (s sight) again() sight {
	now := make(sight, len(s))
	for path := range s {
		now[path] = looksOf(path)
	}
	return now
}

// awaitChange returns when one of the files is another one than in s, or ctx ends.
func (s sight) awaitChange(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for maps.Equal(s, s.again()) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// looks is what tells one version of a file from another.
type looks struct {
	there   bool
	size    int64
	mode    fs.FileMode
	changed time.Time
}

func looksOf(path string) looks {
	info, err := os.Stat(path)
	if err != nil {
		return looks{}
	}
	return looks{there: true, size: info.Size(), mode: info.Mode(), changed: info.ModTime()}
}

// errLocked answers commands that need the data while they cannot be read.
var errLocked = errors.New("the appliance is locked or its data cannot be read; its page and its log say why")

// unlockByCommand answers the only command that is possible while waiting.
func unlockByCommand(ctx context.Context, unlock func(context.Context, string) error, over func(), name string, args json.RawMessage) error {
	if name != commandUnlock {
		return errLocked
	}
	var in unlockArgs
	if err := json.Unmarshal(args, &in); err != nil {
		return err
	}
	if err := unlock(ctx, in.Passphrase); err != nil {
		return err
	}
	over()
	return nil
}
