package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

// office is where commands work: on the open store, in the server that holds it
// or, while that is stopped, in the process of the command.
type office struct {
	cfg      config
	log      *slog.Logger
	ring     *keyring
	store    *boltstore.Store
	accounts *account.Service
	// watching forgets and takes in what is watched: the engine, which knows of
	// the checks under way, or the store while the server is stopped.
	watching watching
	// keeper knows the second directory for backups, and copies there: by itself
	// while the server runs, else when it is told to.
	keeper  *boltstore.Keeper
	serving bool
}

// watching is what commands need of whatever watches.
type watching interface {
	archive.Watching
	watch.Adopter
}

// unwatched is the store while nothing is being watched.
type unwatched struct{ *boltstore.Store }

// Remove implements archive.Watching.
func (u unwatched) Remove(ctx context.Context, id watch.ID, owner account.Owner) error {
	_, err := u.Store.Remove(ctx, id, owner)
	return err
}

// office returns that of the running appliance.
func (a *appliance) office() *office {
	return &office{cfg: a.cfg, log: a.log, ring: a.ring, store: a.store, accounts: a.accounts, watching: a.engine, keeper: a.keeper, serving: true}
}

// operation is a command that works on the store.
type operation func(ctx context.Context, o *office, args json.RawMessage, out io.Writer) error

// operations are the commands that work while the server runs and while it does
// not, by the names under which they reach it.
func operations() map[string]operation {
	all := make(map[string]operation)
	for _, some := range []map[string]operation{userOperations(), groupOperations(), tokenOperations(), keyOperations(), backupOperations(), auditOperations(), archiveOperations()} {
		for name, op := range some {
			all[name] = op
		}
	}
	return all
}

// taking makes an operation of a function that takes its arguments read.
func taking[A any](run func(ctx context.Context, o *office, args A, out io.Writer) error) operation {
	return func(ctx context.Context, o *office, raw json.RawMessage, out io.Writer) error {
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			return fmt.Errorf("read the arguments of the command: %w", err)
		}
		return run(ctx, o, args, out)
	}
}

// run runs an operation as whoever holds the data directory.
func (o *office) run(ctx context.Context, name string, args json.RawMessage, out io.Writer) error {
	op, ok := operations()[name]
	if !ok {
		return fmt.Errorf("the running server knows no command %q; is it of another version?", name)
	}
	return op(account.As(ctx, account.CommandLine()), o, args, out)
}

// operate runs an operation here, or has the running server do it: a bbolt file
// has one owner at a time.
func operate(cmd *cobra.Command, c config, environ []string, name string, args any) error {
	raw, err := encode(args)
	if err != nil {
		return err
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	if serverThere(ctx, c.dataDir) {
		return askServer(ctx, c.dataDir, name, raw, out)
	}
	o, err := openOffice(cmd, c, environ)
	if errors.Is(err, boltstore.ErrLocked) {
		return askServer(ctx, c.dataDir, name, raw, out)
	}
	if err != nil {
		return err
	}
	return errors.Join(o.run(ctx, name, raw, out), o.store.Close())
}

func encode(args any) (json.RawMessage, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments of the command: %w", err)
	}
	return raw, nil
}

// openOffice opens the store for a command. Where the key has a passphrase, it is
// asked for.
func openOffice(cmd *cobra.Command, c config, environ []string) (*office, error) {
	log := c.logger(cmd.ErrOrStderr())
	ring := newKeyring(c, getenv(environ), log)
	if err := gone(c.dataDir); err != nil {
		return nil, err
	}
	cfg := boltstore.Config{Dir: c.dataDir, Keys: ring, Logger: log}
	store, err := boltstore.Open(cfg)
	if errors.Is(err, agebox.ErrPassphraseNeeded) || errors.Is(err, agebox.ErrWrongPassphrase) {
		// After a rotation that was cut short it may be the one of either key.
		if err := ring.give(cmd, "Passphrase of the key: "); err != nil {
			return nil, err
		}
		store, err = boltstore.Open(cfg)
	}
	if err != nil {
		return nil, err
	}
	o := &office{cfg: c, log: log, ring: ring, store: store, accounts: newAccounts(store, log), watching: unwatched{store}}
	o.keeper = boltstore.NewKeeper(boltstore.KeeperConfig{
		Store: store, Copies: c.backupCopies, Location: c.timezone, Report: func(context.Context, boltstore.Trouble, error) {}, Logger: log,
	})
	o.backUpOwed(cmd.Context())
	return o, nil
}

// ask asks for the passphrase if the key file needs another than it has. That there
// is no key yet is no trouble, except where it is not ours to make.
func (k *keyring) ask(cmd *cobra.Command, prompt string) error {
	_, err := k.file.Load(k.passphrase)
	switch {
	case errors.Is(err, agebox.ErrPassphraseNeeded):
		return k.give(cmd, prompt)
	case errors.Is(err, agebox.ErrNoKey) && !k.file.Managed && !k.foreign:
		return nil
	}
	return err
}

// give asks for the passphrase, and takes it if it is right.
func (k *keyring) give(cmd *cobra.Command, prompt string) error {
	passphrase, err := askSecret(cmd, prompt)
	if err != nil {
		return errors.Join(k.file.Accepts(k.passphrase), err)
	}
	return k.unlock([]byte(passphrase))
}

// askSecret asks on the terminal for something that is not shown; without one it
// reads a line of the standard input.
func askSecret(cmd *cobra.Command, prompt string) (string, error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		secret, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read what was typed: %w", err)
		}
		return string(secret), nil
	}
	return readLine(cmd.InOrStdin())
}

// readLine reads one line, byte by byte: what follows is for the next one.
func readLine(r io.Reader) (string, error) {
	var line strings.Builder
	one := make([]byte, 1)
	for line.Len() < maxSecret {
		n, err := r.Read(one)
		if n > 0 && one[0] == '\n' || errors.Is(err, io.EOF) && line.Len() > 0 {
			return strings.TrimRight(line.String(), "\r"), nil
		}
		if err != nil {
			return "", fmt.Errorf("read a line of the standard input: %w", err)
		}
		line.Write(one[:n])
	}
	return "", errors.New("the line is too long")
}

// askTwice asks for a new secret, twice where somebody types it.
func askTwice(cmd *cobra.Command, what string) (string, error) {
	first, err := askSecret(cmd, what+": ")
	if err != nil {
		return "", err
	}
	if f, ok := cmd.InOrStdin().(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return first, nil
	}
	second, err := askSecret(cmd, what+" once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", usage(errors.New("the two are not the same"))
	}
	return first, nil
}
