package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const (
	// maxHeader bounds the header with the groups, in bytes.
	maxHeader = 16 << 10
	// maxPrefixes bounds the addresses in the setting.
	maxPrefixes = 100
	// minBits4 and minBits6 are the widest networks that a home or a firm has:
	// 10.0.0.0/8 and fc00::/7.
	minBits4 = 8
	minBits6 = 7
)

// ProxyLogin lets a reverse proxy say who somebody is. Whoever can reach the
// appliance from a trusted address can be anybody, so the addresses are those of
// the proxy alone. The zero value trusts nobody.
type ProxyLogin struct {
	// Trusted are the addresses of the proxy itself, never of those behind it.
	Trusted []netip.Prefix
	// UserHeader names the user, as Remote-User or X-Authentik-Username do; ""
	// for no such login.
	UserHeader string
	// GroupsHeader names the user's groups between commas, as Remote-Groups
	// does; X-Authentik-Groups has | between them. "" for no groups.
	GroupsHeader string
}

// Identity returns whom the proxy at remote, the direct peer of the connection,
// names in the header of its request. ok is false where nobody is named, or where
// remote is not the proxy. The error is ErrRefused: a name that two parties may
// have had a hand in is nobody's.
func (p ProxyLogin) Identity(remote netip.Addr, header http.Header) (who Identity, ok bool, err error) {
	if !p.names(header) || !p.trusts(remote) {
		return Identity{}, false, nil
	}
	user, err := single(header, p.UserHeader)
	if err != nil {
		return Identity{}, false, err
	}
	// Some proxies join a header that came twice with a comma.
	if !namable(user, maxName) || user != strings.TrimSpace(user) || strings.Contains(user, ",") {
		return Identity{}, false, refused(fmt.Sprintf(
			"the proxy's header %s must be a name of 1 to %d printable characters without a comma", p.UserHeader, maxName,
		))
	}
	groups, err := p.groups(header)
	if err != nil {
		return Identity{}, false, err
	}
	return Identity{Subject: user, Name: user, Groups: groups}, true, nil
}

func (p ProxyLogin) names(header http.Header) bool {
	return p.UserHeader != "" && len(header.Values(p.UserHeader)) > 0
}

func (p ProxyLogin) trusts(remote netip.Addr) bool {
	remote = remote.Unmap().WithZone("")
	return slices.ContainsFunc(p.Trusted, func(t netip.Prefix) bool { return t.Contains(remote) })
}

// groups returns what the proxy says about the user's groups.
func (p ProxyLogin) groups(header http.Header) ([]string, error) {
	if p.GroupsHeader == "" || len(header.Values(p.GroupsHeader)) == 0 {
		return nil, nil
	}
	value, err := single(header, p.GroupsHeader)
	if err != nil {
		return nil, err
	}
	if value == "" {
		return nil, nil
	}
	if !namable(value, maxHeader) {
		return nil, refused(fmt.Sprintf("the proxy's header %s is too long or holds control characters", p.GroupsHeader))
	}
	separator := ","
	if strings.EqualFold(p.GroupsHeader, "X-Authentik-Groups") {
		separator = "|"
	}
	var groups []string
	for name := range strings.SplitSeq(value, separator) {
		groups = append(groups, strings.TrimSpace(name))
	}
	return namableGroups(groups)
}

// single returns the value of a header that is there once.
func single(header http.Header, name string) (string, error) {
	values := header.Values(name)
	if len(values) != 1 {
		return "", refused(fmt.Sprintf("the header %s came %d times; the proxy must replace what a visitor sends", name, len(values)))
	}
	return values[0], nil
}

// ParsePrefixes reads a setting such as "192.168.1.5, 10.0.0.0/24, fd00::/8". It
// refuses networks so wide that they name nobody in particular, and anything
// that could be meant in two ways. An empty setting gives none.
func ParsePrefixes(setting string) ([]netip.Prefix, error) {
	if strings.TrimSpace(setting) == "" {
		return nil, nil
	}
	parts := strings.Split(setting, ",")
	if len(parts) > maxPrefixes {
		return nil, fmt.Errorf("there are %d addresses of proxies; at most %d are possible", len(parts), maxPrefixes)
	}
	var prefixes []netip.Prefix
	for i, part := range parts {
		part = strings.TrimSpace(part)
		prefix, err := parsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("address %d of the proxies, %.60q: %w", i+1, part, err)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, errors.New("write an address as 192.168.1.5 or a network as 10.0.0.0/24")
		}
		if addr.Zone() != "" || addr.Is4In6() || addr.IsUnspecified() {
			return netip.Prefix{}, errors.New("this is no address a proxy calls from")
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errors.New("write an address as 192.168.1.5 or a network as 10.0.0.0/24")
	}
	least := minBits6
	if prefix.Addr().Is4() {
		least = minBits4
	}
	switch {
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, errors.New("write the IPv4 address itself")
	case prefix.Bits() < least:
		return netip.Prefix{}, errors.New("the network is too wide: anybody in it could sign in as anybody; name the proxy alone")
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("write %s for one address, or %s for the network", prefix.Addr(), prefix.Masked())
	}
	return prefix, nil
}
