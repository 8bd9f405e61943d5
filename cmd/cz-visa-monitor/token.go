package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

func tokenCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make tokens for the API and the page",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var name string
	create := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it; only its hash is kept",
		Long: `Make a token for the API and the page, and print it. It is shown this once: only
its hash is kept. Works while the server runs and while it does not.`,
		Args: noArgs,
	}
	create.Flags().StringVar(&name, "name", "token", "what the token is for")
	cmd.AddCommand(withSettings(create, environ, func(cmd *cobra.Command, _ []string, c config) error {
		if name == "" || len(name) > account.MaxTokenName {
			return usage(fmt.Errorf("--name must have 1 to %d characters", account.MaxTokenName))
		}
		secret, err := createToken(cmd.Context(), c, name)
		if err != nil {
			return err
		}
		// A token made in the wrong folder would never work, and nobody would know why.
		fmt.Fprintf(cmd.ErrOrStderr(), "A token for the appliance whose data is in %s:\n", absolute(c.dataDir))
		_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
		return err
	}))
	return cmd
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// createToken stores a token itself, or has the running server do it: a bbolt
// file has one owner at a time.
func createToken(ctx context.Context, c config, name string) (secret string, err error) {
	store, err := boltstore.Open(boltstore.Config{Dir: c.dataDir, Keys: boltstore.PlainKeys{}, Logger: slog.New(slog.DiscardHandler)})
	if errors.Is(err, boltstore.ErrLocked) {
		return askServerForToken(ctx, c.dataDir, name)
	}
	if err != nil {
		return "", err
	}
	secret, err = addToken(ctx, store, name)
	return secret, errors.Join(err, store.Close())
}

// addToken makes and stores a token.
func addToken(ctx context.Context, store *boltstore.Store, name string) (secret string, err error) {
	token, secret := account.NewToken("", name, account.ScopeAdmin, 0, time.Now())
	return secret, store.AddToken(ctx, token)
}
