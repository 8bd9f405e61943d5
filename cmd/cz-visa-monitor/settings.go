package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

// withSettings gives cmd a flag for every option and hands run the configuration.
func withSettings(cmd *cobra.Command, environ []string, run func(cmd *cobra.Command, args []string, c config) error) *cobra.Command {
	values := make(map[string]*string)
	for _, o := range options() {
		if !o.secret {
			values[o.key] = cmd.Flags().String(o.flag(), o.def, o.help)
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		src := sources{flags: make(map[string]string), env: environment(environ)}
		for _, o := range options() {
			if !o.secret && cmd.Flags().Changed(o.flag()) {
				src.flags[o.key] = *values[o.key]
			}
		}
		var err error
		if src.file, err = readEnvFile(envFile); err != nil {
			return usage(err)
		}
		c, err := loadConfig(src)
		if err != nil {
			return usage(err)
		}
		return run(cmd, args, c)
	}
	return cmd
}

// settingsHelp lists the options for the help.
func settingsHelp() string {
	var b strings.Builder
	for _, o := range options() {
		fmt.Fprintf(&b, "  %s", o.key)
		if o.secret {
			fmt.Fprintf(&b, " (or %s%s)", o.key, fileSuffix)
		}
		fmt.Fprintf(&b, "\n      %s Default: %s\n", o.help, shown(o.def))
	}
	return b.String()
}

// settingsExample is the text of .env.example.
func settingsExample() string {
	var b strings.Builder
	b.WriteString("# Settings of cz-visa-monitor. Copy this file to .env and take away the # where you\n# change something. Made from the table in cmd/cz-visa-monitor/options.go.\n")
	for _, o := range options() {
		fmt.Fprintf(&b, "\n# %s\n#%s=%s\n", o.help, o.key, o.def)
		if o.secret {
			fmt.Fprintf(&b, "#%s%s=\n", o.key, fileSuffix)
		}
	}
	return b.String()
}

// settingsTable is the README's section.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for _, o := range options() {
		name := "`" + o.key + "`"
		if o.secret {
			name += " or `" + o.key + fileSuffix + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, shown(o.def), o.help)
	}
	return b.String()
}

func shown(def string) string {
	if def == "" {
		return "none"
	}
	return "`" + def + "`"
}

// logger makes the program's logger.
func (c config) logger(w io.Writer) *slog.Logger { return slog.New(c.logHandler(w)) }

// keptLogger is logger with a memory for its last lines.
func (c config) keptLogger(w io.Writer) (*slog.Logger, *logLines) {
	lines := newLogLines()
	return slog.New(slog.NewMultiHandler(c.logHandler(w), lines.handler(c.level()))), lines
}

func (c config) logHandler(w io.Writer) slog.Handler {
	opts := &slog.HandlerOptions{Level: c.level()}
	if c.logFormat == "json" {
		return slog.NewJSONHandler(w, opts)
	}
	return slog.NewTextHandler(w, opts)
}

// level is the least that is logged.
func (c config) level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.logLevel)); err != nil {
		level = slog.LevelInfo // oneOf lets only levels through.
	}
	return level
}
