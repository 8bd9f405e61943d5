package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"cz-visa-monitor/adapters/boltstore"
)

// controlSocket is the socket in the data directory through which commands
// reach the running server. Whoever can open it could read the store as well:
// the directory belongs to the server's user alone.
const controlSocket = "control.sock"

const (
	// controlTimeout bounds one command: a backup of a large store on an SD card
	// takes a while.
	controlTimeout = 15 * time.Minute
	// maxArgs bounds what a command is given, in bytes: an import is the largest.
	maxArgs = 256 << 20
)

// The parts of an answer. What the command prints is the body; how it ended stands
// behind it.
const (
	controlPath    = "/run"
	trailerFailure = "X-Failure"
)

// runner runs a command by its name and writes what it prints to out.
type runner func(ctx context.Context, name string, args json.RawMessage, out io.Writer) error

// call is a command on its way to the server.
type call struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// openControl listens for commands. Some file systems of a NAS know no sockets,
// and a long path does not fit into one's address; the appliance can do without.
func openControl(ctx context.Context, dir string, log *slog.Logger) net.Listener {
	ln, err := listenControl(ctx, dir)
	if err != nil {
		log.Warn("the data directory takes no control socket; commands work only while the server is stopped", slog.Any("error", err))
		return nil
	}
	return ln
}

// serveControl answers commands on ln until ctx ends, and those under way are
// answered. Without a listener it only waits.
func serveControl(ctx context.Context, ln net.Listener, run runner) error {
	if ln == nil {
		<-ctx.Done()
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+controlPath, func(w http.ResponseWriter, r *http.Request) {
		var c call
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxArgs)).Decode(&c); err != nil {
			http.Error(w, "the command cannot be read", http.StatusBadRequest)
			return
		}
		w.Header().Set("Trailer", trailerFailure)
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := run(r.Context(), c.Name, c.Args, w); err != nil {
			w.Header().Set(trailerFailure, url.QueryEscape(err.Error())) // A header takes no line breaks.
		}
	})
	srv := &http.Server{
		Handler: mux, ReadTimeout: controlTimeout, WriteTimeout: controlTimeout, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the control socket: %w", err)
	case <-ctx.Done():
	}
	// A command is told to end, and still answers: the one that unlocks the
	// appliance is what ends ctx.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout/2)
	defer cancel()
	if err := srv.Shutdown(stopping); err != nil {
		return errors.Join(fmt.Errorf("stop the control socket: %w", err), srv.Close())
	}
	return nil
}

// listenControl listens in dir for this user only. What a killed server left
// there is removed: the store's lock proves that no other one is alive.
func listenControl(ctx context.Context, dir string) (net.Listener, error) {
	path := filepath.Join(dir, controlSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// serverThere reports whether a server answers in dir. What a killed one left there
// does not.
func serverThere(ctx context.Context, dir string) bool {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "unix", filepath.Join(dir, controlSocket))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// askServer has the server that holds the store run a command.
func askServer(ctx context.Context, dir, name string, args json.RawMessage, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	body, err := json.Marshal(call{Name: name, Args: args})
	if err != nil {
		return fmt.Errorf("encode the command: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", filepath.Join(dir, controlSocket))
		},
	}}
	u := url.URL{Scheme: "http", Host: "control", Path: controlPath}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%w, and it does not answer; is it another program, or still starting? (%w)", boltstore.ErrLocked, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return fmt.Errorf("the running server refused: %s", text)
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if text := resp.Trailer.Get(trailerFailure); text != "" {
		plain, err := url.QueryUnescape(text)
		if err != nil {
			plain = text
		}
		return errors.New(plain)
	}
	return nil
}
