package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/letter"
)

// readLetterCommand is for the appliance itself, which has letters read by a
// process of its own.
func readLetterCommand() *cobra.Command {
	return &cobra.Command{
		Use:    letter.Command,
		Short:  "Read the text of a PDF from standard input, with little time and memory",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if code := letter.Child(cmd.InOrStdin(), cmd.OutOrStdout()); code != exitOK {
				return &codedError{code: code}
			}
			return nil
		},
	}
}

// newLetters returns a reader of letters that runs this program.
func newLetters() (*letter.Reader, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, which is to read letters: %w", err)
	}
	return letter.New(letter.Config{Program: program}), nil
}
