package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func auditOperations() map[string]operation {
	return map[string]operation{
		"audit verify": taking(verifyAudit),
		"audit export": taking(exportAudit),
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
