// Command cz-visa-monitor watches Czech visa and residence applications and
// tells people when their status changes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // A slim container has no time zones of its own.

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// The exit codes, as the help documents them.
const (
	exitOK      = 0 // done; every reference was answered
	exitError   = 1 // it could not be done
	exitUsage   = 2 // the command line, the configuration or a reference is wrong
	exitFailure = 3 // at least one check failed
)

// codedError is an error that carries an exit code; a nil Err has been reported already.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codedError) Unwrap() error { return e.err }

// usage marks err as a mistake of the caller.
func usage(err error) error { return &codedError{code: exitUsage, err: err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second signal ends the process at once.
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(environ)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var coded *codedError
	switch {
	case err == nil:
		return exitOK
	case !errors.As(err, &coded):
		coded = &codedError{code: exitError, err: err}
	}
	if coded.err != nil {
		fmt.Fprintf(stderr, "cz-visa-monitor: %v\n", coded.err)
	}
	return coded.code
}

const longHelp = `cz-visa-monitor watches Czech visa (ŽOV) and residence (OAM) applications on the
Ministry of the Interior's portal and tells people when a status changes.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage, configuration or
reference, 3 at least one check failed.

Settings come from a flag, the environment, a file .env in the working
directory, or the default, in this order:
`

func rootCommand(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "cz-visa-monitor",
		Short:         "Watches Czech visa and residence applications",
		Long:          longHelp + "\n" + settingsHelp(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("there is no command %q; see 'cz-visa-monitor help'", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		serveCommand(environ), checkCommand(environ), demoCommand(environ),
		userCommand(environ), groupCommand(environ), tokenCommand(environ), keyCommand(environ), backupCommand(environ), auditCommand(environ),
		exportCommand(environ), importCommand(environ), eraseCommand(environ),
		healthcheckCommand(environ), versionCommand(), readLetterCommand(),
	)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
}

// noArgs refuses arguments with the exit code for wrong usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usage(err)
	}
	return nil
}
