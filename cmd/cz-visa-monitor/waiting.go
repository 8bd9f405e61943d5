package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
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

// wait serves the page that says what hinders, until that may be over.
func wait(ctx context.Context, c config, ring *keyring, why web.Hindrance, log *slog.Logger) error {
	catalogues, err := loadCatalogues(c)
	if err != nil {
		return err
	}
	ctx, over := context.WithCancel(ctx)
	defer over()
	cfg := web.WaitingConfig{
		Hindrance: why, Catalogues: catalogues, BaseURL: c.baseURL, Logger: log, Unlocked: over,
		Unlock: func(_ context.Context, passphrase string) error { return ring.unlock([]byte(passphrase)) },
	}
	if !why.Locked() {
		newest, ok := boltstore.Newest(c.dataDir, ring.reader())
		if !ok { // Perhaps the key is locked as well: the newest may be good.
			newest, ok = boltstore.Newest(c.dataDir, nil)
		}
		if ok {
			cfg.Backup, cfg.Command = newest.Name, "cz-visa-monitor backup restore "+newest.Name
			log.Error("put the newest good backup back with this command", slog.String("command", cfg.Command))
		}
	}
	srv, err := web.NewWaiting(cfg)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, c.listen)
	if err != nil {
		return err
	}
	control := openControl(ctx, c.dataDir, log)
	var g errgroup.Group
	g.Go(func() error { return serveWeb(ctx, ln, srv) })
	g.Go(func() error {
		return serveControl(ctx, control, func(_ context.Context, name string, args json.RawMessage, _ io.Writer) error {
			return unlockByCommand(ring, over, name, args)
		})
	})
	watched := ring.file.Path
	if !why.Locked() {
		watched = filepath.Join(c.dataDir, boltstore.FileName)
	}
	g.Go(func() error {
		awaitChange(ctx, watched)
		over()
		return nil
	})
	return g.Wait()
}

// awaitChange returns when the file at path is another one than now, or ctx ends.
func awaitChange(ctx context.Context, path string) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for before := looksOf(path); before == looksOf(path); {
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
func unlockByCommand(ring *keyring, over func(), name string, args json.RawMessage) error {
	if name != commandUnlock {
		return errLocked
	}
	var in unlockArgs
	if err := json.Unmarshal(args, &in); err != nil {
		return err
	}
	if err := ring.unlock([]byte(in.Passphrase)); err != nil {
		return err
	}
	over()
	return nil
}
