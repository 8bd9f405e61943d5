package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/shout/shouttest"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// The addresses of the demo, on this machine only.
const (
	demoListen  = "localhost:8080"
	demoInbox   = "localhost:8081"
	demoReplica = "localhost:8082"
	demoTopic   = "visa"
	demoUser    = "demo"
)

func demoCommand(environ []string) *cobra.Command {
	var listenOn string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job against a replica of the portal",
		Long: `Show the main job on this machine: the appliance with six sample applications
against a replica of the portal, and an inbox that shows what a phone would get.
The statuses move while you watch. Nothing is asked of the real portal, and
nothing is kept when the demo ends.`,
		Args: noArgs,
	}
	cmd.Flags().StringVar(&listenOn, "listen", demoListen, "address and port of the page")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := demoConfig(environment(environ), listenOn)
		if err != nil {
			return usage(err)
		}
		return demo(cmd.Context(), c, cmd.OutOrStdout(), cmd.ErrOrStderr())
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
		"CZVM_INTERVAL": "10s", "CZVM_MIN_INTERVAL": "5s", "CZVM_CONFIRM_AFTER": "5s",
		"CZVM_CHECKS_PER_MINUTE": "120", "CZVM_KEY_DELAY": "10ms", "CZVM_LOG_LEVEL": "warn",
	}}
	for _, key := range []string{"CZVM_BROWSER", "CZVM_LOG_FORMAT"} {
		if v, ok := env[key]; ok {
			src.env[key] = v
		}
	}
	return loadConfig(src)
}

// sample is an application of the demo.
type sample struct {
	reference, label string
	story            []portaltest.Outcome
}

// samples go through what can happen. A decision stands twice at least, since
// it is told only when a second check repeats it.
func samples() []sample {
	const (
		none     = portaltest.NotFound
		running  = portaltest.InProgress
		paused   = portaltest.Suspended
		positive = portaltest.PreliminarilyPositive
		granted  = portaltest.Granted
		refused  = portaltest.Refused
	)
	return []sample{
		{reference: "ZZZZ202608039001", label: "Jana, student visa", story: []portaltest.Outcome{none, none, running, running, running, positive, positive, granted}},
		{reference: "OAM-90002-3/ZM-2026", label: "Minh, employee card", story: []portaltest.Outcome{running, running, running, running, granted}},
		{reference: "OAM-90003/DP-2026", label: "Oksana, residence", story: []portaltest.Outcome{running, paused, paused, paused, running, running, granted}},
		{reference: "ZZZZ202607159004", label: "Wei, family visa", story: []portaltest.Outcome{running, running, running, refused}},
		{reference: "OAM-90005-1/TP-2026", label: "Carlos, permanent residence", story: []portaltest.Outcome{none, running, running, running, running, positive, granted}},
		{reference: "ZZZZ202609219006", label: "Anna, new wording", story: []portaltest.Outcome{running, running, portaltest.Reworded, portaltest.Reworded, portaltest.Reworded, running, positive}},
	}
}

// demo runs everything until ctx ends.
func demo(ctx context.Context, c config, stdout, stderr io.Writer) (err error) {
	if c.dataDir, err = os.MkdirTemp("", "cz-visa-monitor-demo-"); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dataDir)) }()

	replica := portaltest.New(portaltest.Config{Latency: 300 * time.Millisecond})
	stopReplica, replicaURL, err := demoServe(ctx, demoReplica, replica)
	if err != nil {
		return err
	}
	defer stopReplica()
	inbox := shouttest.NewNtfy(shouttest.NtfyConfig{})
	stopInbox, inboxURL, err := demoServe(ctx, demoInbox, inbox)
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
	password, err := fillDemo(ctx, a, replica, inboxURL)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	fmt.Fprintf(stdout, `The demo runs until you press Ctrl-C. Nothing of it is kept.

  the page       %s/   sign in as %s with the password %s
  the phone      %s/
  the portal     %s   (a replica; nothing is asked of the real one)

`, c.baseURL, demoUser, password, inboxURL, c.portalURL)
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

// demoServe serves h on address, or on any free port if that one is taken.
func demoServe(ctx context.Context, address string, h http.Handler) (stop func(), base string, err error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		if ln, err = lc.Listen(ctx, "tcp", "localhost:0"); err != nil {
			return nil, "", fmt.Errorf("open a port for the demo: %w", err)
		}
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

// fillDemo makes the user, the channel and the applications.
func fillDemo(ctx context.Context, a *appliance, replica *portaltest.Replica, inboxURL string) (password string, err error) {
	password = strings.ToLower(rand.Text()[:12])
	user, err := a.accounts.AddUser(account.As(ctx, account.CommandLine()), account.NewUser{Name: demoUser, Password: password}, account.Admin)
	if err != nil {
		return "", err
	}
	now, owner := time.Now(), account.OfUser(user.ID)
	channel := alert.Channel{
		ID: account.NewID(now), Owner: owner, Name: "Demo phone", Kind: "ntfy", Privacy: alert.Full, Language: "en", Operator: true,
		Fields: map[string]string{"server": inboxURL, "topic": demoTopic}, CreatedAt: now,
	}
	if err := a.store.AddChannel(ctx, channel); err != nil {
		return "", err
	}
	for _, s := range samples() {
		ref, err := visa.Parse(s.reference)
		if err != nil {
			return "", fmt.Errorf("sample application: %w", err)
		}
		answers := make([]portaltest.Answer, len(s.story))
		for i, outcome := range s.story {
			answers[i] = portaltest.Answer{Outcome: outcome}
		}
		replica.Script(ref.String(), answers...)
		if _, err := a.engine.Add(ctx, ref, watch.Watcher{Owner: owner, Label: s.label, Channels: []string{channel.ID}}); err != nil {
			return "", fmt.Errorf("sample application: %w", err)
		}
	}
	return password, nil
}
