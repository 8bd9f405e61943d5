package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/watch"
)

// exportArgs are the arguments of export.
type exportArgs struct {
	// User is the name of whose things they are, Group the ID; without both it is
	// everybody's.
	User   string `json:"user,omitempty"`
	Group  string `json:"group,omitempty"`
	Format string `json:"format"`
	// Open: not sealed for the key of the appliance.
	Open bool `json:"open,omitempty"`
	// Secrets: with the passwords and tokens of channels.
	Secrets bool `json:"secrets,omitempty"`
}

// importArgs are the arguments of import.
type importArgs struct {
	// User gets everything, whoever's it was in the archive; "" brings every
	// owner back.
	User   string `json:"user,omitempty"`
	DryRun bool   `json:"dry_run,omitempty"`
	Data   []byte `json:"data"`
}

// eraseArgs are the arguments of erase.
type eraseArgs struct {
	What string `json:"what"`
	// Name is that of a user, or the ID of anything else.
	Name string `json:"name"`
	// User is the name of whose watcher of an application it is.
	User string `json:"user,omitempty"`
}

func archiveOperations() map[string]operation {
	return map[string]operation{
		"export": taking(exportAll),
		"import": taking(importAll),
		"erase":  taking(erase),
	}
}

// exporter returns what writes archives.
func (o *office) exporter() *archive.Exporter {
	return archive.NewExporter(archive.ExporterConfig{
		Applications: o.store, Messages: o.store, People: o.store, Accounts: o.store, Kinds: shout.Kinds(), Sealer: o.store,
	})
}

// eraser returns what erases.
func (o *office) eraser() *archive.Eraser {
	return archive.NewEraser(archive.EraserConfig{
		Watching: o.watching, Belongings: o.store, Accounts: o.accounts, Upkeep: o.store, Copies: o.keeper, Trail: o.store, Logger: o.log,
	})
}

// target is where an import goes. owner says to whom belongs what stands in it.
func (o *office) target(owner func(context.Context, archive.Owner) (account.Owner, error), dryRun bool) archive.Target {
	return archive.Target{
		Owner: owner, Applications: o.watching, Channels: o.store, People: o.store,
		Kinds: shout.Kinds(), Validate: shout.New(shout.Config{}).Validate, Languages: o.languages(),
		MinInterval: o.cfg.minInterval, Zone: o.cfg.timezone, Opener: o.store, DryRun: dryRun,
	}
}

// languages returns those in which messages can be.
func (o *office) languages() []string {
	catalogues, err := loadCatalogues(o.cfg)
	if err != nil {
		return nil // The appliance does not start without them.
	}
	return catalogues.Languages()
}

func exportCommand(environ []string) *cobra.Command {
	var in exportArgs
	var output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write out what is somebody's, or everything",
		Long: `Write out what belongs to a user or a group, or everything, as JSON that 'import'
takes, or as a table. The file is sealed for the key of the appliance, and opens
with 'age -d -i key.txt FILE'; with --open it is not, and only people are.`,
		Args: noArgs,
	}
	cmd.Flags().StringVar(&in.User, "user", "", "name of whose things")
	cmd.Flags().StringVar(&in.Group, "group", "", "ID of the group whose things")
	cmd.Flags().StringVar(&in.Format, "format", "json", "json, csv (applications) or people.csv")
	cmd.Flags().StringVarP(&output, "output", "o", "-", "file to write; - is the standard output")
	cmd.Flags().BoolVar(&in.Open, "open", false, "do not seal the file")
	cmd.Flags().BoolVar(&in.Secrets, "secrets", false, "with the passwords and tokens of channels")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		if in.Format != "json" && in.Format != "csv" && in.Format != "people.csv" {
			return usage(errors.New("--format must be json, csv or people.csv"))
		}
		if output == "-" {
			if f, ok := cmd.OutOrStdout().(*os.File); ok && !in.Open && term.IsTerminal(int(f.Fd())) {
				return usage(errors.New("a sealed file is not for the terminal; name one with --output, or give --open"))
			}
			return operate(cmd, c, environ, "export", in)
		}
		return writeFile(output, func(w io.Writer) error {
			cmd.SetOut(w)
			return operate(cmd, c, environ, "export", in)
		})
	})
}

// writeFile writes a new file that is there whole or not at all.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Link(f.Name(), path) // Overwrites nothing.
	}
	return errors.Join(err, os.Remove(f.Name()))
}

func exportAll(ctx context.Context, o *office, in exportArgs, out io.Writer) (err error) {
	scope := archive.Scope{Secrets: in.Secrets, Plain: !in.Open}
	switch {
	case in.User != "":
		u, err := o.accounts.UserNamed(ctx, in.User)
		if err != nil {
			return err
		}
		scope.Owner = account.OfUser(u.ID)
	case in.Group != "":
		if _, err := o.store.Group(ctx, in.Group); err != nil {
			return err
		}
		scope.Owner = account.OfGroup(in.Group)
	}
	_, whose, _ := strings.Cut(string(scope.Owner), ":")
	detail := in.Format
	if in.Secrets {
		detail += ", with secrets"
	}
	if err := o.store.Audit(ctx, account.DataExported, account.KindOwner, whose, detail); err != nil {
		return err
	}
	if !in.Open {
		sealed, err := o.ring.current().Encrypt(out)
		if err != nil {
			return err
		}
		return errors.Join(o.write(ctx, sealed, in.Format, scope), sealed.Close())
	}
	return o.write(ctx, out, in.Format, scope)
}

func (o *office) write(ctx context.Context, out io.Writer, format string, scope archive.Scope) error {
	e := o.exporter()
	switch format {
	case "csv":
		return e.WriteCSV(ctx, out, scope)
	case "people.csv":
		return e.WritePeopleCSV(ctx, out, scope)
	}
	return e.Write(ctx, out, scope)
}

func importCommand(environ []string) *cobra.Command {
	var in importArgs
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Bring in what 'export' wrote",
		Long: `Bring in what 'export' wrote as JSON, sealed for this appliance's key or not. What is
there already is left as it is, so that it can be done again. Nothing is told to
anybody; the first check sets what is then compared. Without --user every owner
comes back: users who are not there are added, without a password.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&in.User, "user", "", "name of the user to whom everything is to belong")
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "only say what would be done")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) (err error) {
		if in.Data, err = readImport(args[0], cmd.InOrStdin()); err != nil {
			return err
		}
		return operate(cmd, c, environ, "import", in)
	})
}

// maxImport is the longest archive a command takes, in bytes.
const maxImport = 128 << 20

func readImport(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open the archive: %w", err)
		}
		defer func() { _ = f.Close() }() // Only read.
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	if len(data) > maxImport {
		return nil, fmt.Errorf("the archive is longer than %d MB; export and import it owner by owner", maxImport>>20)
	}
	return data, nil
}

// ageFile begins every age file.
const ageFile = "age-encryption.org/"

func importAll(ctx context.Context, o *office, in importArgs, out io.Writer) error {
	owner := archive.Recreate(o.accounts, o.store, in.DryRun)
	if in.User != "" {
		u, err := o.accounts.UserNamed(ctx, in.User)
		if err != nil {
			return err
		}
		owner = archive.To(account.OfUser(u.ID))
	}
	target := o.target(owner, in.DryRun)
	target.Trusted = true
	var r io.Reader = bytes.NewReader(in.Data)
	if bytes.HasPrefix(in.Data, []byte(ageFile)) {
		var err error
		if r, err = o.ring.current().Decrypt(r); err != nil {
			return err
		}
	}
	report, err := archive.Import(ctx, r, target)
	if !in.DryRun {
		err = errors.Join(err, o.store.Audit(ctx, account.DataImported, account.KindOwner, "", ""))
	}
	printReport(out, report)
	return err
}

func printReport(out io.Writer, r archive.Report) {
	verb := "done"
	if r.DryRun {
		verb = "would be done"
	}
	fmt.Fprintf(out, "What %s:\n", verb)
	for _, row := range []struct {
		name string
		t    archive.Tally
	}{{"applications", r.Applications}, {"channels", r.Channels}, {"people", r.People}} {
		fmt.Fprintf(out, "  %-13s %d added, %d completed, %d there already, %d refused\n", row.name, row.t.Added, row.t.Completed, row.t.Skipped, row.t.Refused)
	}
	for _, no := range r.Refused {
		fmt.Fprintf(out, "  %s: %s\n", no.At, no.Reason)
	}
	if more := r.RefusedInAll - len(r.Refused); more > 0 {
		fmt.Fprintf(out, "  and %d more\n", more)
	}
}

func eraseCommand(environ []string) *cobra.Command {
	var in eraseArgs
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase user NAME | group ID | person ID | application ID --user NAME",
		Short: "Erase somebody or something for good, and name the backups that still hold it",
		Long: `Erase a user or a group with all that is theirs, a person with all documents, or
what a user watches. It is taken out of the store, the queue, the messages and the
history, and the file is written anew so that no page keeps it. Backups from before
are named, with the day on which each is removed.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(2)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&in.User, "user", "", "of an application: name of who watches it")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		in.What, in.Name = args[0], args[1]
		if in.What == account.KindApplication && in.User == "" {
			return usage(errors.New("name who watches the application with --user"))
		}
		if !yes {
			fmt.Fprintf(cmd.ErrOrStderr(), "This erases the %s %s for good. Type yes to go on: ", in.What, in.Name)
			answer, err := readLine(cmd.InOrStdin())
			if err != nil || strings.TrimSpace(answer) != "yes" {
				return errors.New("nothing was erased")
			}
		}
		return operate(cmd, c, environ, "erase", in)
	})
}

func erase(ctx context.Context, o *office, in eraseArgs, out io.Writer) error {
	done, err := o.eraseOne(ctx, in)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "It is erased.")
	if !done.Compacted {
		fmt.Fprintln(out, "The file could not be written anew, so that free pages of it may still hold it; the log says why. It is tried again at the next start and before the next backup.")
	}
	for _, b := range done.Backups {
		fmt.Fprintf(out, "The backup %s still holds it, until %s.\n", b.Name, b.Expires.In(o.cfg.timezone).Format(time.DateOnly))
	}
	for _, b := range done.Copies {
		fmt.Fprintf(out, "The copy %s in %s still holds it, until %s.\n", b.Name, o.cfg.backupCopies, b.Expires.In(o.cfg.timezone).Format(time.DateOnly))
	}
	if done.CopiesUnread {
		fmt.Fprintf(out, "%s could not be read; the copies of backups there may hold it, too.\n", o.cfg.backupCopies)
	}
	for _, name := range done.Replaced {
		fmt.Fprintf(out, "%s may still hold it; remove it.\n", name)
	}
	return nil
}

func (o *office) eraseOne(ctx context.Context, in eraseArgs) (archive.Erased, error) {
	e := o.eraser()
	switch in.What {
	case account.KindUser:
		u, err := o.accounts.UserNamed(ctx, in.Name)
		if err != nil {
			return archive.Erased{}, err
		}
		return e.EraseOwner(ctx, account.OfUser(u.ID))
	case account.KindGroup:
		return e.EraseOwner(ctx, account.OfGroup(in.Name))
	case account.KindPerson:
		return e.ErasePerson(ctx, in.Name)
	case account.KindApplication:
		u, err := o.accounts.UserNamed(ctx, in.User)
		if err != nil {
			return archive.Erased{}, err
		}
		return e.EraseApplication(ctx, watch.ID(in.Name), account.OfUser(u.ID))
	}
	return archive.Erased{}, fmt.Errorf("there is nothing called %q to erase; name a user, group, person or application", in.What)
}
