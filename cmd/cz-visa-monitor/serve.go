package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/spf13/cobra"
)

func serveCommand(environ []string) *cobra.Command {
	return withSettings(&cobra.Command{
		Use:   "serve",
		Short: "Watch applications, send messages, and serve the page and the API",
		Long: `Watch applications, send messages, and serve the page and the API, until the
process gets SIGTERM or SIGINT. Make a token with 'cz-visa-monitor token create'.`,
		Args: noArgs,
	}, environ, func(cmd *cobra.Command, _ []string, c config) (err error) {
		a, err := newAppliance(c, c.logger(cmd.ErrOrStderr()))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		ln, err := listen(cmd.Context(), c.listen)
		if err != nil {
			return err
		}
		return a.run(cmd.Context(), ln)
	})
}

// listen opens the port, or says what stands in the way.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s; stop it, or choose another port with CZVM_LISTEN: %w", address, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; choose a port above 1023 with CZVM_LISTEN: %w", address, err)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return ln, nil
}
