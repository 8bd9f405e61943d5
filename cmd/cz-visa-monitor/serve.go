package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/web"
	"cz-visa-monitor/app/account"
)

func serveCommand(environ []string) *cobra.Command {
	return withSettings(&cobra.Command{
		Use:   "serve",
		Short: "Watch applications, send messages, and serve the page and the API",
		Long: `Watch applications, send messages, and serve the page and the API, until the
process gets SIGTERM or SIGINT. On the first start the log has a code, with which
the page makes the first account.

Where the key or the data cannot be read, the page and /readyz say so, nothing is
checked, and nothing is changed.`,
		Args: noArgs,
	}, environ, func(cmd *cobra.Command, _ []string, c config) error {
		log, lines := c.keptLogger(cmd.ErrOrStderr())
		if getenv(environ)("GOGC") == "" {
			debug.SetGCPercent(gcPercent)
		}
		return serveAll(cmd.Context(), c, getenv(environ), log, lines)
	})
}

// gcPercent is by how much the memory may grow before it is tidied; Go's own value is
// 100. What is kept is small, and a machine that holds it may be small, too: see
// docs/decisions/0022-memory.md.
const gcPercent = 50

// getenv returns what looks up a variable.
func getenv(environ []string) func(string) string {
	env := environment(environ)
	return func(key string) string { return env[key] }
}

// serveAll runs the appliance, or what waits in its place until it can. lines are
// the last ones of log.
func serveAll(ctx context.Context, c config, env func(string) string, log *slog.Logger, lines *logLines) error {
	ring, room := newKeyring(c, env, log), newWaitingRoom(c, log)
	var before web.Hindrance
	for ctx.Err() == nil {
		seen, err := serveOnce(ctx, c, ring, before, log, lines)
		if before != "" && errors.Is(err, boltstore.ErrLocked) {
			// The command that brings the data back has not come to its end yet.
			log.Info("another command is at work on the data; looking again")
			continue
		}
		why, waits := hindrance(err)
		if !waits {
			if errors.Is(err, boltstore.ErrLocked) {
				noteRefused(ctx, c, ring, noteArgs{Action: account.SecondServer})
			}
			return err
		}
		log.Error("the appliance cannot begin its work; the page says what to do", slog.String("why", string(why)), slog.Any("error", err))
		if err := room.wait(ctx, ring, why, seen); err != nil {
			return err
		}
		ring, before = ring.anew(), why
	}
	return nil
}

// serveOnce opens everything and runs it until ctx ends or it cannot go on. before is
// what it had to wait for, "" for nothing. seen is how the files looked before it
// tried: what changes from there on is a reason to try again.
func serveOnce(ctx context.Context, c config, ring *keyring, before web.Hindrance, log *slog.Logger, lines *logLines) (seen sight, err error) {
	seen = look(c, ring)
	a, err := newAppliance(c, ring, log, lines)
	if err != nil {
		return seen, err
	}
	defer func() {
		err = errors.Join(err, a.close())
		seen = seen.again() // What changed while it ran was its own work.
	}()
	if before != "" {
		a.note(ctx, account.ApplianceWaited, "", string(before))
	}
	ln, err := listen(ctx, c.listen, "CZVM_LISTEN")
	if err != nil {
		return seen, err
	}
	return seen, a.run(ctx, ln)
}

// listen opens the port that setting names, or says what stands in the way.
func listen(ctx context.Context, address, setting string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s; stop it, or choose another port with %s: %w", address, setting, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; choose a port above 1023 with %s: %w", address, setting, err)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return ln, nil
}
