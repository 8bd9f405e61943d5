package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func healthcheckCommand(environ []string) *cobra.Command {
	return withSettings(&cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running server whether it is well; for containers",
		Long: `Ask the server on this machine whether it is well, and exit with 0 if it is and 1
if not. Made for the HEALTHCHECK of a container.`,
		Args: noArgs,
	}, environ, func(cmd *cobra.Command, _ []string, c config) error {
		return healthcheck(cmd.Context(), c.listen)
	})
}

// healthcheck asks the server that listens on listen.
func healthcheck(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usage(err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	// Never through a proxy: the server is on this machine.
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not well: it answered %s", resp.Status)
	}
	return nil
}
