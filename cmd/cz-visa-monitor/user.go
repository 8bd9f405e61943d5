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

	"cz-visa-monitor/app/account"
)

// userArgs are the arguments of the commands about users.
type userArgs struct {
	Name     string       `json:"name"`
	Role     account.Role `json:"role,omitempty"`
	Language string       `json:"language,omitempty"`
	// Password is the new one; without it a link is made.
	Password string `json:"password,omitempty"`
	Off      bool   `json:"off,omitempty"`
	JSON     bool   `json:"json,omitempty"`
}

func userOperations() map[string]operation {
	return map[string]operation{
		"user add":     taking(addUser),
		"user list":    taking(listUsers),
		"user disable": taking(disableUser),
		"user role":    taking(changeRole),
		"user reset":   taking(resetPassword),
	}
}

func userCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list and disable users, and set their passwords",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		userAddCommand(environ), userListCommand(environ),
		userSwitchCommand(environ, "disable", "Keep a user from signing in; his tokens end to work", true),
		userSwitchCommand(environ, "enable", "Let a user sign in again", false),
		userRoleCommand(environ), userResetCommand(environ),
	)
	return cmd
}

// oneName takes the name of a user.
func oneName(cmd *cobra.Command, args []string) error {
	if err := cobra.ExactArgs(1)(cmd, args); err != nil {
		return usage(err)
	}
	return nil
}

func userAddCommand(environ []string) *cobra.Command {
	var role, language string
	var withPassword bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Add a user. Without --password a code is printed with which he sets his password
on the page join; it works once, for a day. The first user must be an admin.`,
		Args: oneName,
	}
	cmd.Flags().StringVar(&role, "role", string(account.Member), "admin, member or viewer")
	cmd.Flags().StringVar(&language, "language", "", "language of pages, such as cs")
	cmd.Flags().BoolVar(&withPassword, "password", false, "ask for the password, or read it from the standard input")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		in := userArgs{Name: args[0], Role: account.Role(role), Language: language}
		if withPassword {
			var err error
			if in.Password, err = askTwice(cmd, "Password"); err != nil {
				return err
			}
		}
		return operate(cmd, c, environ, "user add", in)
	})
}

func addUser(ctx context.Context, o *office, in userArgs, out io.Writer) error {
	u, err := o.accounts.AddUser(ctx, account.NewUser{Name: in.Name, Password: in.Password, Language: in.Language}, in.Role)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Added %s as %s.\n", u.Name, u.Role)
	if in.Password != "" {
		return nil
	}
	return o.printReset(ctx, u, out)
}

// printReset prints the link with which a user sets his password.
func (o *office) printReset(ctx context.Context, u account.User, out io.Writer) error {
	inv, secret, err := o.accounts.NewReset(ctx, u.ID)
	if err != nil {
		return err
	}
	place := "on the page join"
	if base := strings.TrimRight(o.cfg.baseURL, "/"); base != "" {
		place = "on " + base + "/join#" + secret
	}
	_, err = fmt.Fprintf(out, "%s sets the password %s with this code, once, until %s:\n%s\n",
		u.Name, place, inv.ExpiresAt.In(o.cfg.timezone).Format(time.DateTime), secret)
	return err
}

func userListCommand(environ []string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the users", Args: noArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return withSettings(cmd, environ, func(cmd *cobra.Command, _ []string, c config) error {
		return operate(cmd, c, environ, "user list", userArgs{JSON: asJSON})
	})
}

// userLine is a user as it is printed.
type userLine struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Role         account.Role `json:"role"`
	Disabled     bool         `json:"disabled"`
	Password     bool         `json:"password"`
	SecondFactor bool         `json:"second_factor"`
	CreatedAt    time.Time    `json:"created_at"`
}

func listUsers(ctx context.Context, o *office, in userArgs, out io.Writer) error {
	users, err := o.accounts.Users(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !in.JSON {
		fmt.Fprintln(table, "NAME\tROLE\tSTATE\tSECOND FACTOR\tADDED")
	}
	for _, u := range users {
		line := userLine{ID: u.ID, Name: u.Name, Role: u.Role, Disabled: u.Disabled, Password: u.Password != "", SecondFactor: u.Asked(), CreatedAt: u.CreatedAt}
		if in.JSON {
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
			continue
		}
		state := "active"
		switch {
		case u.Disabled:
			state = "disabled"
		case !line.Password && u.External == "":
			state = "without a password"
		}
		second := "no"
		if line.SecondFactor {
			second = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.Name, u.Role, state, second, u.CreatedAt.In(o.cfg.timezone).Format(time.DateOnly))
	}
	return table.Flush()
}

func userSwitchCommand(environ []string, name, short string, off bool) *cobra.Command {
	cmd := &cobra.Command{Use: name + " NAME", Short: short, Args: oneName}
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		return operate(cmd, c, environ, "user disable", userArgs{Name: args[0], Off: off})
	})
}

func disableUser(ctx context.Context, o *office, in userArgs, out io.Writer) error {
	return o.editUser(ctx, in.Name, account.UserEdit{Disabled: &in.Off}, out)
}

func userRoleCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "role NAME ROLE", Short: "Give a user another role: admin, member or viewer",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(2)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		return operate(cmd, c, environ, "user role", userArgs{Name: args[0], Role: account.Role(args[1])})
	})
}

func changeRole(ctx context.Context, o *office, in userArgs, out io.Writer) error {
	return o.editUser(ctx, in.Name, account.UserEdit{Role: &in.Role}, out)
}

func (o *office) editUser(ctx context.Context, name string, edit account.UserEdit, out io.Writer) error {
	u, err := o.accounts.UserNamed(ctx, name)
	if err != nil {
		return err
	}
	if u, _, err = o.accounts.EditUser(ctx, u.ID, edit); err != nil {
		return err
	}
	state := ""
	if u.Disabled {
		state = ", disabled"
	}
	_, err = fmt.Fprintf(out, "%s is %s%s.\n", u.Name, u.Role, state)
	return err
}

func userResetCommand(environ []string) *cobra.Command {
	var withPassword bool
	cmd := &cobra.Command{
		Use:   "reset-password NAME",
		Short: "Let a user set another password",
		Long: `Print a code with which a user sets another password on the page join; it works
once, for a day. With --password the new one is asked for here, or read from the
standard input. His sessions end in either case when it is set, and a second
factor stays: 'cz-visa-monitor user reset-password' is the way back in for the
last admin.`,
		Args: oneName,
	}
	cmd.Flags().BoolVar(&withPassword, "password", false, "ask for the password, or read it from the standard input")
	return withSettings(cmd, environ, func(cmd *cobra.Command, args []string, c config) error {
		in := userArgs{Name: args[0]}
		if withPassword {
			var err error
			if in.Password, err = askTwice(cmd, "New password"); err != nil {
				return err
			}
			if in.Password == "" {
				return usage(errors.New("the password is empty"))
			}
		}
		return operate(cmd, c, environ, "user reset", in)
	})
}

func resetPassword(ctx context.Context, o *office, in userArgs, out io.Writer) error {
	u, err := o.accounts.UserNamed(ctx, in.Name)
	if err != nil {
		return err
	}
	if in.Password == "" {
		return o.printReset(ctx, u, out)
	}
	if err := o.accounts.SetPassword(ctx, u.ID, in.Password); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The password of %s is set.\n", u.Name)
	return err
}
