package oidctest

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
)

// Server is a Provider that listens on the loopback device.
type Server struct {
	*Provider
	// URL is http://127.0.0.1:PORT or https://127.0.0.1:PORT.
	URL string

	http *httptest.Server
}

// Start makes a Provider and serves it in plain HTTP until Close.
func Start(cfg Config) (*Server, error) { return StartAt("127.0.0.1:0", cfg) }

// StartAt is Start at an address that is known before.
func StartAt(address string, cfg Config) (*Server, error) {
	return start(address, "http://", cfg, (*httptest.Server).Start)
}

// StartTLS is Start over TLS, with a certificate that nobody vouches for.
func StartTLS(cfg Config) (*Server, error) {
	return start("127.0.0.1:0", "https://", cfg, (*httptest.Server).StartTLS)
}

func start(address, scheme string, cfg Config, run func(*httptest.Server)) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the provider: %w", err)
	}
	url := scheme + listener.Addr().String()
	p, err := New(url, cfg)
	if err != nil {
		return nil, fmt.Errorf("make the provider: %w", err)
	}
	s := httptest.NewUnstartedServer(p)
	_ = s.Listener.Close() // the one that httptest made
	s.Listener = listener
	run(s)
	return &Server{Provider: p, URL: url, http: s}, nil
}

// CertificatePEM returns the certificate of a server by StartTLS, in the form of
// a CA file.
func (s *Server) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
}

// Close returns when no request is under way. As httptest does, it also cuts off
// the idle connections of http.DefaultTransport: a browser of a test beside
// others needs a transport of its own.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}
