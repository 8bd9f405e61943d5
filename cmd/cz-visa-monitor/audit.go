package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

func auditOperations() map[string]operation {
	return map[string]operation{
		"audit verify": taking(verifyAudit),
		"audit export": taking(exportAudit),
		commandNote:    taking(noteRefusal),
	}
}

func auditCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Verify or export the audit trail",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, one := range []*cobra.Command{
		{Use: "verify", Short: "Check that nothing was changed in the audit trail; names the first broken link", Args: noArgs},
		{Use: "export", Short: "Print the audit trail as JSON lines", Args: noArgs},
	} {
		cmd.AddCommand(withSettings(one, environ, func(cmd *cobra.Command, _ []string, c config) error {
			return operate(cmd, c, environ, "audit "+one.Use, struct{}{})
		}))
	}
	return cmd
}

// commandNote is what a command asks the running server for by itself, when that
// is why it was refused.
const commandNote = "audit note"

// noteArgs say what was refused.
type noteArgs struct {
	Action account.Action `json:"action"`
	Detail string         `json:"detail"`
}

func noteRefusal(ctx context.Context, o *office, in noteArgs, _ io.Writer) error {
	kind := ""
	switch in.Action {
	case account.SecondServer:
	case account.BackupRefused:
		kind = account.KindBackup
	default:
		return fmt.Errorf("%q is nothing that a command notes", in.Action)
	}
	return o.store.Audit(ctx, in.Action, kind, "", in.Detail)
}

// noteRefused writes a refusal to the audit trail: that of the running server or,
// where there is none, of the data as they stand. It does what it can: data that
// cannot be read take no entry.
func noteRefused(ctx context.Context, c config, ring *keyring, in noteArgs) {
	err := func() error {
		raw, err := encode(in)
		if err != nil {
			return err
		}
		if serverThere(ctx, c.dataDir) {
			return askServer(ctx, c.dataDir, commandNote, raw, io.Discard)
		}
		if _, err := os.Stat(filepath.Join(c.dataDir, boltstore.FileName)); err != nil {
			return err // Opening it would make it.
		}
		store, err := boltstore.Open(boltstore.Config{Dir: c.dataDir, Keys: ring, Logger: ring.log})
		if err != nil {
			return err
		}
		return errors.Join(noteRefusal(account.As(ctx, account.CommandLine()), &office{store: store}, in, io.Discard), store.Close())
	}()
	if err != nil {
		ring.log.Debug("the audit trail does not tell of this refusal", slog.Any("error", err))
	}
}

func verifyAudit(ctx context.Context, o *office, _ struct{}, out io.Writer) error {
	n, broken, err := o.store.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("the audit trail was changed: entry %d does not follow from those before it (%d entries stand)", broken, n)
	}
	_, err = fmt.Fprintf(out, "The audit trail is whole: %d entries.\n", n)
	return err
}

func exportAudit(ctx context.Context, o *office, _ struct{}, out io.Writer) error {
	return o.accounts.WriteTrail(ctx, out)
}
