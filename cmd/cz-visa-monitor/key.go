package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/agebox"
	"cz-visa-monitor/app/account"
)

// commandUnlock is the command that a locked appliance takes.
const commandUnlock = "key unlock"

// unlockArgs are its arguments.
type unlockArgs struct {
	Passphrase string `json:"passphrase"`
}

// passphraseArgs change the passphrase of the key file.
type passphraseArgs struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func keyOperations() map[string]operation {
	return map[string]operation{
		commandUnlock:       taking(alreadyUnlocked),
		"key show-recovery": taking(showRecovery),
		"key rotate":        taking(rotateKey),
		"key passphrase":    taking(changePassphrase),
	}
}

func keyCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "See to the key that opens the data",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		keyInitCommand(environ), keyUnlockCommand(environ), keyRecoveryCommand(environ),
		keyRotateCommand(environ), keyPassphraseCommand(environ),
	)
	return cmd
}

func keyInitCommand(environ []string) *cobra.Command {
	var protect bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the key before the first start",
		Long: `Make the key that opens the data, before the first start. Without this the first
start makes it. A key that is there is never overwritten. The file is one of age,
as age-keygen writes it: keep it on another disk than the data if you can.`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&protect, "passphrase", false, "protect the key with a passphrase, which is then needed after each start")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		passphrase := c.keyPassphrase
		if protect {
			var err error
			if passphrase, err = askTwice(cmd, "Passphrase"); err != nil {
				return err
			}
			if passphrase == "" {
				return usage(errors.New("the passphrase is empty"))
			}
		}
		ring := newKeyring(c, getenv(environ), c.logger(cmd.ErrOrStderr()))
		id, err := agebox.Generate()
		if err != nil {
			return err
		}
		err = ring.file.Write(id, []byte(passphrase))
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("there is a key already, %s; it is not overwritten. To change it: cz-visa-monitor key rotate", ring.file.Path)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Made the key %s.\n", absolute(ring.file.Path))
		return err
	})
}

func keyUnlockCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock",
		Short: "Give the passphrase to an appliance that has started locked",
		Args:  noArgs,
	}
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		passphrase, err := askSecret(cmd, "Passphrase of the key: ")
		if err != nil {
			return err
		}
		raw, err := encode(unlockArgs{Passphrase: passphrase})
		if err != nil {
			return err
		}
		return askServer(cmd.Context(), c.dataDir, commandUnlock, raw, cmd.OutOrStdout())
	})
}

func alreadyUnlocked(_ context.Context, _ *office, _ unlockArgs, out io.Writer) error {
	_, err := fmt.Fprintln(out, "The appliance is not locked.")
	return err
}

func keyRecoveryCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show-recovery",
		Short: "Print the recovery key",
		Long: `Print the recovery key, which opens the data and all backups when the key file is
lost. The page "Recovery sheet" prints it with a QR code. To use it: write it into
a file that nobody else can read, and name that with CZVM_KEY_FILE.`,
		Args: noArgs,
	}
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		return operate(cmd, c, environ, "key show-recovery", struct{}{})
	})
}

func showRecovery(ctx context.Context, o *office, _ struct{}, out io.Writer) error {
	// First: nobody sees it without a trace.
	if err := o.store.Audit(ctx, account.KeyShown, account.KindKey, "", ""); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, o.ring.current().RecoveryKey())
	return err
}

func keyRotateCommand(environ []string) *cobra.Command {
	var in rotation
	var protect bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Seal everything anew with another key",
		Long: `Make another key and seal everything anew with it, while the server runs or not.
Cut short anywhere, the next start goes on with the old key or the new one. Backups
from before open with the recovery key, which stays unless --recovery is given.`,
		Args: noArgs,
	}
	cmd.Flags().BoolVar(&in.KeepIdentity, "keep-file", false, "change only the key of the data, not the key file; for files that systemd or Docker mount")
	cmd.Flags().BoolVar(&in.Recovery, "recovery", false, "make another recovery key, too: the sheet must be printed again, and backups from before, which are kept for 3 months, need the old one")
	cmd.Flags().BoolVar(&protect, "passphrase", false, "ask for the passphrases of the old and the new key file")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) (err error) {
		in.Old, in.Passphrase = c.keyPassphrase, c.keyPassphrase
		if protect {
			if in.Old, err = askSecret(cmd, "Passphrase of the key as it is (empty if it has none): "); err != nil {
				return err
			}
			if in.Passphrase, err = askTwice(cmd, "New passphrase (empty for none)"); err != nil {
				return err
			}
		}
		return operate(cmd, c, environ, "key rotate", in)
	})
}

func rotateKey(ctx context.Context, o *office, in rotation, out io.Writer) error {
	// Whoever asked may go away: a rotation goes on to its end.
	ctx = context.WithoutCancel(ctx)
	sealed, err := o.ring.rotate(ctx, o.store, in)
	if !sealed {
		return err
	}
	fmt.Fprintln(out, "Everything is sealed with the new key.")
	if in.Recovery { // Before what may fail: this must be known in any case.
		fmt.Fprintln(out, "The recovery key is another one: print the sheet again.")
		o.sayOldSheet(ctx, out)
	}
	if _, failed := o.backUp(ctx, newKeyBackup); failed != nil {
		err = errors.Join(err, fmt.Errorf("the key is changed, but there is no backup for it yet; make one with cz-visa-monitor backup create: %w", failed))
	}
	return err
}

func keyPassphraseCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "change-passphrase",
		Short: "Protect the key file with another passphrase, or with none",
		Args:  noArgs,
	}
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) (err error) {
		in := passphraseArgs{Old: c.keyPassphrase}
		if in.Old == "" {
			if in.Old, err = askSecret(cmd, "Passphrase as it is (empty if there is none): "); err != nil {
				return err
			}
		}
		if in.New, err = askTwice(cmd, "New passphrase (empty for none)"); err != nil {
			return err
		}
		return operate(cmd, c, environ, "key passphrase", in)
	})
}

func changePassphrase(ctx context.Context, o *office, in passphraseArgs, out io.Writer) error {
	if err := o.ring.changePassphrase(ctx, o.store, in.Old, in.New); err != nil {
		return err
	}
	text := "The key file has another passphrase."
	if in.New == "" {
		text = "The key file has no passphrase: whoever has it can read everything."
	}
	_, err := fmt.Fprintln(out, text)
	return err
}
