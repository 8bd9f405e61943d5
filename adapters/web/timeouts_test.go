package web

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// defect S12: whoever sends slowly, or nothing at all, is not waited for.
func TestSlowClientsAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	const head = "POST /api/v1/applications HTTP/1.1\r\nHost: appliance.example.com\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
	for _, tc := range []struct {
		name  string
		sent  func(token string) string
		after time.Duration
		want  int // status, 0 for none
	}{
		{"nothing", func(string) string { return "" }, readHeaderTimeout, 0},
		{"half a head", func(string) string { return head }, readHeaderTimeout, 0},
		{"half a body", func(token string) string { return head + "Authorization: Bearer " + token + "\r\n\r\n{" }, readTimeout, http.StatusRequestTimeout},
		{"half a form", func(string) string {
			return "POST /sign-in HTTP/1.1\r\nHost: appliance.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname="
		}, readTimeout, http.StatusRequestTimeout},
		{"no second request", func(token string) string {
			return "GET /api/v1/source HTTP/1.1\r\nHost: appliance.example.com\r\nAuthorization: Bearer " + token + "\r\n\r\n"
		}, idleTimeout, http.StatusOK},
		{"an endless head", func(string) string { return head + "X: " + strings.Repeat("x", 2*maxHeader) }, 0, http.StatusRequestHeaderFieldsTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serveOnWire(t)
				conn, err := s.wire.dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				start := time.Now()
				go func() { _, _ = io.WriteString(conn, tc.sent(s.token)) }() // The server may hang up first.
				answer := bufio.NewReader(conn)
				got := 0
				if resp, err := http.ReadResponse(answer, nil); err == nil {
					got = resp.StatusCode
					_, _ = io.Copy(io.Discard, resp.Body) // How it ends is seen below.
				}
				_, _ = io.Copy(io.Discard, answer) // Until the server hangs up.
				if took := time.Since(start).Truncate(time.Second); took != tc.after || got != tc.want {
					t.Errorf("status %d after %s, want %d after %s", got, took, tc.want, tc.after)
				}
			})
		})
	}
}
