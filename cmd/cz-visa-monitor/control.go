package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/account"
)

// controlSocket is the socket in the data directory through which commands
// reach the running server. Whoever can open it could read the store as well:
// the directory belongs to the server's user alone.
const controlSocket = "control.sock"

// controlTimeout bounds one command.
const controlTimeout = 10 * time.Second

// serveControl answers commands on ln until ctx ends. Without a listener it
// only waits.
func serveControl(ctx context.Context, ln net.Listener, store *boltstore.Store) error {
	if ln == nil {
		<-ctx.Done()
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tokens", func(w http.ResponseWriter, r *http.Request) {
		name, err := io.ReadAll(http.MaxBytesReader(w, r.Body, account.MaxTokenName))
		if err != nil || len(name) == 0 {
			http.Error(w, "the name of the token is missing or too long", http.StatusBadRequest)
			return
		}
		secret, err := addToken(r.Context(), store, string(name))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(secret) // Where it fails the client sees a cut answer, and says so.
	})
	srv := &http.Server{Handler: mux, ReadTimeout: controlTimeout, WriteTimeout: controlTimeout, MaxHeaderBytes: 4 << 10}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the control socket: %w", err)
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

// askServerForToken has the server that holds the store make a token.
func askServerForToken(ctx context.Context, dir, name string) (secret string, err error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", filepath.Join(dir, controlSocket))
		},
	}}
	u := url.URL{Scheme: "http", Host: "control", Path: "/tokens"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(name))
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("%w, and it does not answer; is it another program, or still starting? (%w)", boltstore.ErrLocked, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return "", fmt.Errorf("the running server refused: %s", text)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&secret); err != nil {
		return "", fmt.Errorf("read the server's answer: %w", err)
	}
	return secret, nil
}
