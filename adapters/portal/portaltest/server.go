package portaltest

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a Replica that listens on a port of its own on the loopback device.
type Server struct {
	*Replica
	// URL is http://127.0.0.1:PORT, without a slash at the end.
	URL string

	http *http.Server

	mu     sync.Mutex
	closed bool
	wait   sync.WaitGroup
}

// Start makes a Replica and serves it until Close.
func Start(cfg Config) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the portal's replica: %w", err)
	}
	s := &Server{Replica: New(cfg), URL: "http://" + listener.Addr().String()}
	s.http = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !s.enter() {
				return
			}
			defer s.wait.Done()
			s.Replica.ServeHTTP(w, req)
		}),
	}
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		_ = s.http.Serve(listener) // ends with ErrServerClosed
	}()
	return s, nil
}

// PageURL is the address of the form in a language, cs or en.
func (s *Server) PageURL(language string) string {
	if language == "cs" {
		return s.URL + PathCS
	}
	return s.URL + PathEN
}

// Close ends all connections and returns when no request is under way.
func (s *Server) Close() {
	_ = s.http.Close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wait.Wait()
}

// enter counts a request, unless the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wait.Add(1)
	return true
}
