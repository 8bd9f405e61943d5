package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// remote is the address of a browser that somebody else runs.
type remote struct {
	url   *url.URL // without fragment; may carry a token in user or query
	pages int      // limit of pages, 0 if the address does not say
}

// parseRemote reads an address such as
//
//	ws://host:3000?token=…          a websocket, taken as it is
//	ws://host:9222#pages=4          asked for its websocket first
//	http://host:9222                the same
//
// No error repeats the address: it may carry a token.
func parseRemote(address string) (remote, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" {
		return remote{}, errors.New("a browser address is not a URL such as ws://host:9222#pages=2")
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return remote{}, fmt.Errorf("browser address of %s: the scheme must be ws, wss, http or https", u.Host)
	}
	options, err := url.ParseQuery(u.Fragment)
	if err != nil {
		return remote{}, fmt.Errorf("browser address of %s: what follows # is not key=value", u.Host)
	}
	r := remote{url: u}
	for key := range options {
		if key != "pages" {
			return remote{}, fmt.Errorf("browser address of %s: unknown option %q after #; there is only pages=N", u.Host, key)
		}
		if r.pages, err = strconv.Atoi(options.Get(key)); err != nil || r.pages < 1 || r.pages > 64 {
			return remote{}, fmt.Errorf("browser address of %s: pages must be a number from 1 to 64", u.Host)
		}
	}
	u.Fragment, u.RawFragment = "", ""
	return r, nil
}

// name tells endpoints apart in logs without their tokens.
func (r remote) name() string { return r.url.Host }

// connect opens the DevTools connection.
func (r remote) connect(ctx context.Context) (transport, error) {
	target, host, err := r.websocketURL(ctx)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 10 * time.Second}
	header := http.Header{}
	if host != "" {
		header.Set("Host", host)
	}
	if user := target.User; user != nil {
		password, _ := user.Password()
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
		target.User = nil
	}
	ws, resp, err := dialer.DialContext(ctx, target.String(), header) //nolint:bodyclose // the library hands out a copy
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("open websocket: the endpoint answered %s", resp.Status)
		}
		return nil, fmt.Errorf("open websocket: %w", withoutURL(err))
	}
	ws.SetReadLimit(maxMessage)
	return &socket{conn: ws}, nil
}

// websocketURL returns where to connect and the Host header to send ("" for the
// natural one).
func (r remote) websocketURL(ctx context.Context) (*url.URL, string, error) {
	isSocket := r.url.Scheme == "ws" || r.url.Scheme == "wss"
	if isSocket && (strings.Trim(r.url.Path, "/") != "" || r.url.RawQuery != "") {
		u := *r.url
		return &u, "", nil
	}
	// Chromium answers its discovery address only to an IP address or localhost
	// in the Host header, a guard against DNS rebinding. A reverse proxy, on the
	// other hand, needs the real name: so that is tried first.
	target, err := r.discover(ctx, "")
	if errors.Is(err, errHostHeader) {
		target, err = r.discover(ctx, "localhost")
		return target, "localhost", err
	}
	return target, "", err
}

var errHostHeader = errors.New("the endpoint refuses this Host header")

// discover asks /json/version for the websocket of the browser. The answer names
// the host as the browser sees itself; ours is the way to reach it.
func (r remote) discover(ctx context.Context, host string) (*url.URL, error) {
	ask := *r.url
	ask.Scheme = map[string]string{"ws": "http", "wss": "https", "http": "http", "https": "https"}[ask.Scheme]
	ask.Path = strings.TrimRight(ask.Path, "/") + "/json/version"
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ask.String(), nil)
	if err != nil {
		return nil, errors.New("ask for the websocket: bad address")
	}
	req.Host = host
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for the websocket: %w", withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("ask for the websocket: %w", withoutURL(err))
	}
	if resp.StatusCode != http.StatusOK {
		if strings.Contains(string(body), "Host header") {
			return nil, errHostHeader
		}
		return nil, fmt.Errorf("ask for the websocket: the endpoint answered %s", resp.Status)
	}
	var version struct {
		URL string `json:"webSocketDebuggerUrl"`
	}
	if err := json.Unmarshal(body, &version); err != nil || version.URL == "" {
		return nil, errors.New("ask for the websocket: the answer names none")
	}
	target, err := url.Parse(version.URL)
	if err != nil {
		return nil, errors.New("ask for the websocket: the answer names a bad one")
	}
	target.Host, target.User = r.url.Host, r.url.User
	target.Scheme = map[string]string{"http": "ws", "https": "wss"}[ask.Scheme]
	if target.RawQuery == "" {
		target.RawQuery = r.url.RawQuery
	}
	return target, nil
}

// withoutURL drops the address from an error of net/http, because it may carry
// a token.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New("the name of the host is not known")
	}
	return err
}

// socket is a DevTools connection over a websocket.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
}

// Send writes one message.
func (s *socket) Send(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if err := s.conn.WriteMessage(websocket.TextMessage, data); err != nil {
		_ = s.conn.Close()
		return err
	}
	return nil
}

// Read returns the next message.
func (s *socket) Read() ([]byte, error) {
	_, data, err := s.conn.ReadMessage()
	return data, err
}

// Close closes the connection; it may be called more than once.
func (s *socket) Close() error { return s.conn.Close() }
