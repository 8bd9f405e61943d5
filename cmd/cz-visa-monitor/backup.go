package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

// backupArgs are the arguments of the commands about backups.
type backupArgs struct {
	Name string `json:"name,omitempty"`
	JSON bool   `json:"json,omitempty"`
}

func backupOperations() map[string]operation {
	return map[string]operation{
		"backup create": taking(makeBackup),
		"backup list":   taking(listBackups),
		"backup verify": taking(verifyBackup),
	}
}

func backupCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Make, list, verify and restore backups",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	create := &cobra.Command{Use: "create", Short: "Make a backup now, and verify it", Args: noArgs}
	var asJSON bool
	list := &cobra.Command{Use: "list", Short: "List the backups, and when each will be removed", Args: noArgs}
	list.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	verify := &cobra.Command{
		Use: "verify [NAME...]", Short: "Read backups to the end and check them; all of them without a name",
	}
	cmd.AddCommand(
		withSettings(create, environ, func(cmd *cobra.Command, _ []string, c config) error {
			return operate(cmd, c, environ, "backup create", backupArgs{})
		}),
		withSettings(list, environ, func(cmd *cobra.Command, _ []string, c config) error {
			return operate(cmd, c, environ, "backup list", backupArgs{JSON: asJSON})
		}),
		withSettings(verify, environ, func(cmd *cobra.Command, args []string, c config) error {
			return operate(cmd, c, environ, "backup verify", backupArgs{Name: strings.Join(args, "\n")})
		}),
		restoreCommand(environ),
	)
	return cmd
}

func makeBackup(ctx context.Context, o *office, _ backupArgs, out io.Writer) error {
	info, err := o.backUp(ctx, "by hand")
	if err != nil {
		return err
	}
	if err := o.store.Audit(ctx, account.BackupMade, account.KindBackup, info.Name, ""); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s  %s, verified\n", info.Name, megabytes(info.Size))
	return err
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// backupLine is a backup as it is printed.
type backupLine struct {
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Size    int64     `json:"size"`
	State   string    `json:"state"`
	Expires time.Time `json:"expires,omitzero"`
}

func healthWord(h boltstore.Health) string {
	switch h {
	case boltstore.Good:
		return "good"
	case boltstore.Damaged:
		return "damaged"
	}
	return "verified when made"
}

func listBackups(ctx context.Context, o *office, in backupArgs, out io.Writer) error {
	infos, err := o.store.Backups(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !in.JSON {
		fmt.Fprintln(table, "NAME\tMADE\tSIZE\tSTATE\tKEPT UNTIL")
	}
	for _, b := range infos {
		if in.JSON {
			line := backupLine{Name: b.Name, At: b.At, Size: b.Size, State: healthWord(b.Health), Expires: b.Expires}
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", b.Name, b.At.In(o.cfg.timezone).Format(time.DateTime), megabytes(b.Size), healthWord(b.Health),
			b.Expires.In(o.cfg.timezone).Format(time.DateOnly))
	}
	return table.Flush()
}

func verifyBackup(ctx context.Context, o *office, in backupArgs, out io.Writer) error {
	names := strings.FieldsFunc(in.Name, func(r rune) bool { return r == '\n' })
	if len(names) == 0 {
		infos, err := o.store.Backups(ctx)
		if err != nil {
			return err
		}
		for _, b := range infos {
			names = append(names, b.Name)
		}
	}
	var errs []error
	for _, name := range names {
		if err := o.store.VerifyBackup(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		fmt.Fprintf(out, "%s is good.\n", name)
	}
	return errors.Join(errs...)
}

func restoreCommand(environ []string) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "restore [NAME|FILE]",
		Short: "Put a backup in the place of the data; the server must be stopped",
		Long: `Put a backup in the place of the data. Without a name it is the newest good one in
the data directory; a name is that of a backup there, a path that of any file. The
backup is read to the end and checked first. The data that was there is kept under
another name. Messages that were sent since the backup are not sent again, as far
as the data that was there can still be read.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the key the backup was made for, or with the recovery key, if that is not the key of today; everything is then sealed with today's")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		return restoreBackup(cmd, c, environ, args, key)
	})
}

func restoreBackup(cmd *cobra.Command, c config, environ, args []string, key string) error {
	log := c.logger(cmd.ErrOrStderr())
	own := newKeyring(c, getenv(environ), log)
	ring := own.reader()
	if key != "" {
		ring = (&keyring{file: agebox.KeyFile{Path: key}, log: log}).reader()
	}
	if err := ring.ask(cmd, "Passphrase of the key of the backup: "); err != nil {
		return err
	}
	if key != "" { // What is restored is sealed for the own key then, which must be at hand before.
		if err := own.ask(cmd, "Passphrase of the appliance's key: "); err != nil {
			return err
		}
	}
	cfg := boltstore.RestoreConfig{Dir: c.dataDir, Logger: log}
	switch {
	case len(args) == 0:
		newest, ok := boltstore.Newest(c.dataDir, ring)
		if !ok {
			return errors.New("there is no good backup for this key in the data directory; name a file")
		}
		cfg.Name = newest.Name
	case strings.ContainsAny(args[0], `/\`):
		cfg.Path = args[0]
	default:
		cfg.Name = args[0]
	}
	ring = ring.reader() // Which knows of no other backup.
	cfg.Keys = ring
	if key != "" {
		cfg.Own = sealingAnew{keyring: own, from: ring}
	}
	done, err := boltstore.Restore(account.As(cmd.Context(), account.CommandLine()), cfg)
	if err != nil {
		noteRefused(cmd.Context(), c, own, noteArgs{Action: account.BackupRefused, Detail: refusalWord(err)})
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "The backup is in place.")
	if done.Replaced != "" {
		fmt.Fprintf(out, "What was there before is kept as %s; remove it when all is well.\n", done.Replaced)
	}
	if done.Settled > 0 {
		fmt.Fprintf(out, "%d messages were sent since the backup and are not sent again.\n", done.Settled)
	}
	if done.Unread != nil {
		fmt.Fprintln(out, "What was there before cannot be read; messages that waited at the time of the backup may be sent a second time.")
	}
	return nil
}

// sealingAnew are the appliance's own keys while a backup that was made for others
// is put in place.
type sealingAnew struct {
	*keyring
	from *keyring // which has opened the backup
}

// New implements boltstore.Keys. The recovery key stays that of the backup, whose
// sheet is at hand or can be printed again.
func (k sealingAnew) New() (boltstore.Box, []byte, error) {
	var recovery *agebox.Identity
	if box := k.from.current(); box != nil { // One from before there were keys has none.
		recovery = box.Recovery()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	id, err := k.identity()
	if err != nil {
		return nil, nil, err
	}
	box, wrapped, err := id.NewBox(recovery)
	if err != nil {
		return nil, nil, err
	}
	return box, wrapped, nil
}

// refusalWord says for the audit trail why a backup was not put in place.
func refusalWord(err error) string {
	for _, row := range []struct {
		err  error
		word string
	}{
		{boltstore.ErrLocked, "running"}, {boltstore.ErrNewer, "newer"}, {boltstore.ErrWrongKey, "key"}, {boltstore.ErrBadBackup, "damaged"},
	} {
		if errors.Is(err, row.err) {
			return row.word
		}
	}
	return "failed"
}
