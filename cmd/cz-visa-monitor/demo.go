package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/shout/shouttest"
)

// The addresses of the demo, on this machine only.
const (
	demoListen  = "localhost:8080"
	demoInbox   = "localhost:8081"
	demoReplica = "localhost:8082"
	demoTopic   = "visa"
	demoUser    = "demo"
	// demoViewer is a second user, who only reads what the family watches.
	demoViewer = "ludmila"
)

// demoOptions are the flags of the demo.
type demoOptions struct {
	listen, inbox, replica string
	// movable: where an address is taken, another one will do, since nobody asked for it.
	inboxMovable, replicaMovable bool
	sourceDown                   bool
}

func demoCommand(environ []string) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job against a replica of the portal",
		Long: `Show the main job on this machine: the appliance with what a family, a
firm and somebody of their own have watched for months, against a replica of the
portal, and an inbox that shows what a phone would get. The statuses move while
you watch. Nothing is asked of the real portal, and
nothing is kept when the demo ends.`,
		Args: noArgs,
	}
	cmd.Flags().StringVar(&o.listen, "listen", demoListen, "address and port of the page")
	cmd.Flags().StringVar(&o.inbox, "inbox", demoInbox, "address and port of the inbox")
	cmd.Flags().StringVar(&o.replica, "replica", demoReplica, "address and port of the portal's replica")
	cmd.Flags().BoolVar(&o.sourceDown, "source-down", false, "let the portal be down, to see how that is shown")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := demoConfig(environment(environ), o.listen)
		if err != nil {
			return usage(err)
		}
		o.inboxMovable, o.replicaMovable = !cmd.Flags().Changed("inbox"), !cmd.Flags().Changed("replica")
		return demo(cmd.Context(), c, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// demoConfig returns settings that show in minutes what takes months. Of the
// environment only the browser and the log are taken, so that nothing of a real
// appliance's settings gets into the demo.
func demoConfig(env map[string]string, listenOn string) (config, error) {
	src := sources{env: make(map[string]string), flags: map[string]string{
		"CZVM_PORTAL_URL": "http://" + demoReplica + portaltest.PathEN,
		"CZVM_LISTEN":     listenOn, "CZVM_BASE_URL": "http://" + listenOn, "CZVM_WORKERS": "2",
		"CZVM_INTERVAL": "15s", "CZVM_MIN_INTERVAL": "5s", "CZVM_CONFIRM_AFTER": "5s",
		"CZVM_CHECKS_PER_MINUTE": "120", "CZVM_KEY_DELAY": "10ms", "CZVM_LOG_LEVEL": "error",
	}}
	for _, key := range []string{"CZVM_BROWSER", "CZVM_LOG_FORMAT"} {
		if v, ok := env[key]; ok {
			src.env[key] = v
		}
	}
	return loadConfig(src)
}

// demo runs everything until ctx ends.
func demo(ctx context.Context, c config, o demoOptions, stdout, stderr io.Writer) (err error) {
	if c.dataDir, err = os.MkdirTemp("", "cz-visa-monitor-demo-"); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dataDir)) }()

	replica := newDemoReplica(o.sourceDown)
	stopReplica, replicaURL, err := demoServe(ctx, o.replica, o.replicaMovable, replica)
	if err != nil {
		return err
	}
	defer stopReplica()
	inbox := shouttest.NewNtfy(shouttest.NtfyConfig{})
	stopInbox, inboxURL, err := demoServe(ctx, o.inbox, o.inboxMovable, inbox)
	if err != nil {
		return err
	}
	defer stopInbox()

	c.portalURL = replicaURL + portaltest.PathEN
	ln, err := listen(ctx, c.listen, "CZVM_LISTEN")
	if err != nil {
		return fmt.Errorf("%w (for the demo: --listen)", err)
	}
	c.baseURL = "http://" + demoHost(c.listen, ln.Addr())
	log, lines := c.keptLogger(stderr)
	quiet := slog.New(slog.DiscardHandler) // That a key is made is of no interest here.
	a, err := newAppliance(c, newKeyring(c, func(string) string { return "" }, quiet), log, lines)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, a.close()) }()
	passwords, err := fillDemo(ctx, a, replica, inboxURL)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Fprintf(stdout, `The demo runs until you press Ctrl-C. Nothing of it is kept.

  the page       %s/   sign in as %s with the password %s
  a relative     signs in there as %s with the password %s, and may only read
  the phone      %s/
  the portal     %s   (a replica; nothing is asked of the real one)

`, c.baseURL, demoUser, passwords[demoUser], demoViewer, passwords[demoViewer], inboxURL, c.portalURL)
	return a.run(ctx, ln)
}

// demoHost returns the host and port under which this machine reaches what
// listens on listen: a name where there is one, else localhost.
func demoHost(listen string, addr net.Addr) string {
	host, _, _ := net.SplitHostPort(listen)
	_, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// newDemoReplica is the portal of the demo, which lacks one category; down: it
// shows nothing but that it is being maintained.
func newDemoReplica(down bool) *portaltest.Replica {
	page := portaltest.Page{Missing: []string{lackingCategory}}
	if down {
		page.Fault = portaltest.Maintenance
	}
	return portaltest.New(portaltest.Config{Latency: 300 * time.Millisecond, Page: page})
}

// demoServe serves h on address, or on any free port if that one is taken and
// movable says that another will do.
func demoServe(ctx context.Context, address string, movable bool, h http.Handler) (stop func(), base string, err error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil && movable {
		ln, err = lc.Listen(ctx, "tcp", "localhost:0")
	}
	if err != nil {
		return nil, "", fmt.Errorf("open a port for the demo: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // Ends with an error when it is closed.
	}()
	u := url.URL{Scheme: "http", Host: ln.Addr().String()}
	return func() { _ = srv.Close(); <-done }, u.String(), nil
}
