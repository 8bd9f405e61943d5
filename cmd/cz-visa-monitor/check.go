package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// checked is the line that check --json prints for a reference.
type checked struct {
	Reference visa.Reference    `json:"reference"`
	Kind      visa.Kind         `json:"kind"`
	Status    visa.Status       `json:"status"`
	Failure   watch.FailureCode `json:"failure"`
	Text      string            `json:"text"`
	TookMS    int64             `json:"took_ms"`
	Attempts  int               `json:"attempts"`
}

func checkCommand(environ []string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check REFERENCE...",
		Short: "Ask the portal about references, once, and print the answers",
		Long: `Ask the portal about references, once, and print the answers in the order given.
Needs neither a server nor a data directory. A reference with blanks in it is
put in quotes. With --json each answer is one line with the fields reference,
kind, status, failure, text, took_ms and attempts.

Exit codes: 0 all answered, 1 it could not be done, 2 wrong usage or reference,
3 at least one check failed.`,
		Example: "  cz-visa-monitor check ZZZZ202601059001 'OAM-90001-2/DP-2025'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) (err error) {
		refs, err := parseAll(args)
		if err != nil {
			return usage(err)
		}
		if c.logLevel == "info" {
			c.logLevel = "warn" // The answers are on the screen; the log need not repeat them.
		}
		source, err := openSource(c, "", c.logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.close()) }()
		show := printText
		if asJSON {
			show = printJSON
		}
		return checkAll(cmd.Context(), source, c, refs, func(r checked, f *watch.Failure) error {
			return show(cmd.OutOrStdout(), r, f)
		})
	})
}

// parseAll reads all references, or says which is wrong and why.
func parseAll(args []string) ([]visa.Reference, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("name at least one reference, such as ZZZZ202601059001 or OAM-90001-2/DP-2025")
	}
	refs := make([]visa.Reference, len(args))
	for i, arg := range args {
		ref, err := visa.Parse(arg)
		if err != nil {
			return nil, fmt.Errorf("reference %d: %w", i+1, err)
		}
		refs[i] = ref
	}
	return refs, nil
}

// checkAll checks refs with as many workers as there are pages and shows the
// answers in order.
func checkAll(ctx context.Context, source *portalSource, c config, refs []visa.Reference, show func(checked, *watch.Failure) error) error {
	asker := watch.NewAsker(source, watch.NewPace(c.checksPerMinute))
	outcomes := make([]chan watch.Outcome, len(refs))
	for i := range outcomes {
		outcomes[i] = make(chan watch.Outcome, 1)
	}
	failed := false
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(source.browser.Limit() + 1) // And one that shows.
	g.Go(func() (err error) {
		failed, err = showInOrder(ctx, refs, outcomes, show)
		return err
	})
	for i, ref := range refs {
		g.Go(func() error {
			o, err := asker.Ask(ctx, ref)
			if err == nil {
				outcomes[i] <- o
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("stopped before all references were checked: %w", err)
	}
	if failed {
		return &codedError{code: exitFailure}
	}
	return nil
}

// showInOrder shows each outcome when those before it have been shown, and
// reports whether any was a failure.
func showInOrder(ctx context.Context, refs []visa.Reference, outcomes []chan watch.Outcome, show func(checked, *watch.Failure) error) (failed bool, err error) {
	for i, ref := range refs {
		select {
		case <-ctx.Done():
			return failed, ctx.Err()
		case o := <-outcomes[i]:
			failed = failed || o.Failure != nil
			if err := show(line(ref, o), o.Failure); err != nil {
				return failed, fmt.Errorf("print an answer: %w", err)
			}
		}
	}
	return failed, nil
}

func line(ref visa.Reference, o watch.Outcome) checked {
	r := checked{Reference: ref, Kind: ref.Kind(), TookMS: o.Took.Milliseconds(), Attempts: o.Attempts}
	if o.Failure != nil {
		r.Failure = o.Failure.Code
		return r
	}
	r.Status, r.Text = o.Result.Status, o.Result.Text
	return r
}

func printJSON(w io.Writer, r checked, _ *watch.Failure) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

func printText(w io.Writer, r checked, f *watch.Failure) error {
	if f != nil {
		_, err := fmt.Fprintf(w, "%s: no answer (%v)\n", r.Reference, f)
		return err
	}
	_, err := fmt.Fprintf(w, "%s: %s\n    %s\n", r.Reference, r.Status, strings.ReplaceAll(r.Text, "\n", "\n    "))
	return err
}
