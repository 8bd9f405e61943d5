package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cz-visa-monitor/app/account"
)

// tokenArgs are the arguments of the commands about tokens.
type tokenArgs struct {
	// User is the name of the owner; "" is the only user who may sign in.
	User  string        `json:"user,omitempty"`
	Name  string        `json:"name,omitempty"`
	Scope account.Scope `json:"scope,omitempty"`
	Lasts time.Duration `json:"lasts,omitempty"`
	ID    string        `json:"id,omitempty"`
	JSON  bool          `json:"json,omitempty"`
}

func tokenOperations() map[string]operation {
	return map[string]operation{
		"token create": taking(createToken),
		"token list":   taking(listTokens),
		"token revoke": taking(revokeToken),
	}
}

func tokenCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke tokens for the API",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tokenCreateCommand(environ), tokenListCommand(environ), tokenRevokeCommand(environ))
	return cmd
}

func tokenCreateCommand(environ []string) *cobra.Command {
	var in tokenArgs
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it; only its hash is kept",
		Long: `Make a token for the API, and print it. It is shown this once: only its hash is
kept. It may do what its user may, at most what --scope says. Works while the
server runs and while it does not.`,
		Args: noArgs,
	}
	cmd.Flags().StringVar(&in.User, "user", "", "whose token it is; needed where there are several users")
	cmd.Flags().StringVar(&in.Name, "name", "token", "what the token is for")
	cmd.Flags().StringVar((*string)(&in.Scope), "scope", "", "read, write or admin; the most that the role allows if it is not given")
	cmd.Flags().DurationVar(&in.Lasts, "lasts", 0, "how long it works, such as 2160h; for ever if it is not given")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		if in.Name == "" || len(in.Name) > account.MaxTokenName {
			return usage(fmt.Errorf("--name must have 1 to %d characters", account.MaxTokenName))
		}
		if in.Scope != "" && !in.Scope.Valid() {
			return usage(errors.New("--scope must be read, write or admin"))
		}
		// A token made in the wrong folder would never work, and nobody would know why.
		fmt.Fprintf(cmd.ErrOrStderr(), "A token for the appliance whose data is in %s:\n", absolute(c.dataDir))
		return operate(cmd, c, environ, "token create", in)
	})
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// owner returns the user with this name or, without one, the only user there is.
func (o *office) owner(ctx context.Context, name string) (account.User, error) {
	if name != "" {
		return o.accounts.UserNamed(ctx, name)
	}
	users, err := o.accounts.Users(ctx)
	if err != nil {
		return account.User{}, err
	}
	switch len(users) {
	case 0:
		return account.User{}, errors.New("there is no user yet; add one with 'cz-visa-monitor user add --role admin NAME', or set the appliance up on its page")
	case 1:
		return users[0], nil
	}
	return account.User{}, errors.New("there are several users; name one with --user")
}

func createToken(ctx context.Context, o *office, in tokenArgs, out io.Writer) error {
	u, err := o.owner(ctx, in.User)
	if err != nil {
		return err
	}
	if in.Scope == "" {
		in.Scope = u.Role.Allows()
	}
	_, secret, err := o.accounts.AddToken(ctx, u.ID, in.Name, in.Scope, in.Lasts)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

func tokenListCommand(environ []string) *cobra.Command {
	var in tokenArgs
	cmd := &cobra.Command{Use: "list", Short: "List the tokens of all users, or of one", Args: noArgs}
	cmd.Flags().StringVar(&in.User, "user", "", "whose tokens")
	cmd.Flags().BoolVar(&in.JSON, "json", false, "print one JSON object a line")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		return operate(cmd, c, environ, "token list", in)
	})
}

// tokenLine is a token as it is printed.
type tokenLine struct {
	ID        string        `json:"id"`
	User      string        `json:"user"`
	Name      string        `json:"name"`
	Scope     account.Scope `json:"scope"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at,omitzero"`
	UsedAt    time.Time     `json:"used_at,omitzero"`
}

func listTokens(ctx context.Context, o *office, in tokenArgs, out io.Writer) error {
	lines, err := o.tokens(ctx, in.User)
	if err != nil {
		return err
	}
	if in.JSON {
		for _, line := range lines {
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
		}
		return nil
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.In(o.cfg.timezone).Format(time.DateOnly)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tUSER\tNAME\tSCOPE\tMADE\tUSED\tENDS")
	for _, t := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.User, t.Name, t.Scope, day(t.CreatedAt), day(t.UsedAt), day(t.ExpiresAt))
	}
	return table.Flush()
}

// tokens returns the tokens of the user with this name, "" for all users.
func (o *office) tokens(ctx context.Context, name string) (lines []tokenLine, err error) {
	users, err := o.accounts.Users(ctx)
	if name != "" && err == nil {
		users = make([]account.User, 1)
		users[0], err = o.accounts.UserNamed(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		tokens, err := o.accounts.Tokens(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		for _, t := range tokens {
			lines = append(lines, tokenLine{ID: t.ID, User: u.Name, Name: t.Name, Scope: t.Scope, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UsedAt: t.UsedAt})
		}
	}
	return lines, nil
}

func tokenRevokeCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "End a token; 'token list' names the IDs",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		return operate(cmd, c, environ, "token revoke", tokenArgs{ID: args[0]})
	})
}

func revokeToken(ctx context.Context, o *office, in tokenArgs, out io.Writer) error {
	users, err := o.accounts.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		err := o.accounts.RevokeToken(ctx, u.ID, in.ID)
		if errors.Is(err, account.ErrNoToken) {
			continue
		}
		if err == nil {
			fmt.Fprintln(out, "The token is revoked.")
		}
		return err
	}
	return account.ErrNoToken
}
