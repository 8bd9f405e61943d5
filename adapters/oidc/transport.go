package oidc

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// maxAnswer bounds an answer of the provider, in bytes.
const maxAnswer = 1 << 20

// maxRedirects bounds how often the provider may send a question elsewhere.
const maxRedirects = 3

var (
	errHuge     = errors.New("the answer is too long")
	errRedirect = errors.New("redirected to another address")
)

// statusError is the HTTP status of an answer that says no.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// newClient returns a client that asks the provider under the bounds of this
// package. caFile is "" or a PEM file of certificates to trust beside the system's.
func newClient(caFile string, timeout time.Duration) (*http.Client, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: timeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		// Logins are rare. A connection kept from the last one may be dead by
		// now, and an exchange of a code cannot be tried again.
		DisableKeepAlives: true,
	}
	if caFile != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool() // the machine has none
		}
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read the CA file: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("the CA file holds no certificate in PEM form")
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: bounded{transport}, CheckRedirect: checkRedirect, Timeout: timeout}, nil
}

// bounded reads each answer as a whole, so that why one broke off is not lost
// in the libraries above.
type bounded struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "cz-visa-monitor")
	resp, err := b.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, errHuge
	}
	if r.Method == http.MethodGet && resp.StatusCode >= http.StatusBadRequest {
		return nil, statusError(resp.StatusCode)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// checkRedirect follows only where nothing secret could end up elsewhere: within
// the same host, from one GET to the next. The code and the client's secret are
// in a POST.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > maxRedirects ||
		next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return errRedirect
	}
	return nil
}
