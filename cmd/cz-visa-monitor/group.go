package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cz-visa-monitor/app/account"
)

// groupArgs are the arguments of the commands about groups.
type groupArgs struct {
	Group string `json:"group,omitempty"`
	Name  string `json:"name"`
	JSON  bool   `json:"json,omitempty"`
}

func groupOperations() map[string]operation {
	return map[string]operation{
		"group list": taking(listGroups),
		"group own":  taking(ownGroup),
	}
}

func groupCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "group",
		Short: "List the groups of a user, and give a group another owner",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	list := &cobra.Command{Use: "list NAME", Short: "List the groups of a user", Args: oneName}
	list.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	own := &cobra.Command{
		Use:   "own GROUP NAME",
		Short: "Make a user an owner of a group",
		Long: `Make a user an owner of the group with this ID, which 'group list' prints: for
groups whose owners cannot sign in any more. He sees all that belongs to the group.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(2)(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
	}
	cmd.AddCommand(
		withSettings(list, environ, func(cmd *cobra.Command, args []string, c config) error {
			return operate(cmd, c, environ, "group list", groupArgs{Name: args[0], JSON: asJSON})
		}),
		withSettings(own, environ, func(cmd *cobra.Command, args []string, c config) error {
			return operate(cmd, c, environ, "group own", groupArgs{Group: args[0], Name: args[1]})
		}),
	)
	return cmd
}

// groupLine is a group of a user as it is printed.
type groupLine struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Kind    account.GroupKind `json:"kind"`
	Right   account.Right     `json:"right"`
	Members int               `json:"members"`
}

func listGroups(ctx context.Context, o *office, in groupArgs, out io.Writer) error {
	u, groups, err := o.accounts.GroupsOfUser(ctx, in.Name)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !in.JSON {
		fmt.Fprintln(table, "GROUP\tNAME\tKIND\tRIGHT\tMEMBERS")
	}
	for _, g := range groups {
		line := groupLine{ID: g.ID, Name: g.Name, Kind: g.Kind, Right: g.Of(u.ID), Members: len(g.Members)}
		if in.JSON {
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\n", line.ID, line.Name, line.Kind, line.Right, line.Members)
	}
	return table.Flush()
}

func ownGroup(ctx context.Context, o *office, in groupArgs, out io.Writer) error {
	g, err := o.accounts.MakeOwner(ctx, in.Group, in.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s owns the group %s.\n", in.Name, g.Name)
	return err
}
