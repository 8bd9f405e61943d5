package oidc

import "net/http"

// Through lets p ask through rt instead of the network.
func (p *Provider) Through(rt http.RoundTripper) { p.client.Transport = bounded{rt} }
