package oidc_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/oidc"
)

func trusting(t *testing.T, setting string) oidc.ProxyLogin {
	t.Helper()
	trusted, err := oidc.ParsePrefixes(setting)
	if err != nil {
		t.Fatal(err)
	}
	return oidc.ProxyLogin{Trusted: trusted, UserHeader: "Remote-User", GroupsHeader: "Remote-Groups"}
}

func TestProxyLogin(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("g,", 201), ",")
	for _, tc := range []struct {
		name   string
		remote string
		header http.Header
		want   string // the user, "" for nobody
		groups []string
		err    string
	}{
		{"Authelia", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {"family,visa admins"}}, "anna", []string{"family", "visa admins"}, ""},
		{"blanks between groups", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {"family, guests ,,"}}, "anna", []string{"family", "guests"}, ""},
		{"no groups", "192.168.1.5", http.Header{"Remote-User": {"anna"}}, "anna", nil, ""},
		{"empty groups", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {""}}, "anna", nil, ""},
		{"in a network", "10.0.0.77", http.Header{"Remote-User": {"anna"}}, "anna", nil, ""},
		{"IPv6", "fd00::7", http.Header{"Remote-User": {"anna"}}, "anna", nil, ""},
		{"IPv4 as IPv6", "::ffff:192.168.1.5", http.Header{"Remote-User": {"anna"}}, "anna", nil, ""},
		{"IPv6 with a zone", "fd00::7%eth0", http.Header{"Remote-User": {"anna"}}, "anna", nil, ""},
		{"letters", "192.168.1.5", http.Header{"Remote-User": {"Žofie Ďurišová"}}, "Žofie Ďurišová", nil, ""},
		{"64 characters", "192.168.1.5", http.Header{"Remote-User": {strings.Repeat("ž", 64)}}, strings.Repeat("ž", 64), nil, ""},
		{"nobody", "192.168.1.5", http.Header{"Remote-Groups": {"family"}}, "", nil, ""},
		{"another address", "192.168.1.6", http.Header{"Remote-User": {"anna"}}, "", nil, ""},
		{"another address with nonsense", "192.168.1.6", http.Header{"Remote-User": {"a\n", "b"}}, "", nil, ""},
		{"beside the network", "10.0.1.0", http.Header{"Remote-User": {"anna"}}, "", nil, ""},
		{"no address", "", http.Header{"Remote-User": {"anna"}}, "", nil, ""},
		{"forwarded address", "203.0.113.9", http.Header{"Remote-User": {"anna"}, "X-Forwarded-For": {"192.168.1.5"}, "X-Real-Ip": {"192.168.1.5"}}, "", nil, ""},
		{"another header", "192.168.1.5", http.Header{"X-Remote-User": {"anna"}, "Remote_user": {"anna"}}, "", nil, ""},
		{"twice", "192.168.1.5", http.Header{"Remote-User": {"anna", "admin"}}, "", nil, "2 times"},
		{"twice the same", "192.168.1.5", http.Header{"Remote-User": {"anna", "anna"}}, "", nil, "2 times"},
		{"joined", "192.168.1.5", http.Header{"Remote-User": {"admin, anna"}}, "", nil, "comma"},
		{"empty", "192.168.1.5", http.Header{"Remote-User": {""}}, "", nil, "printable"},
		{"blank", "192.168.1.5", http.Header{"Remote-User": {" "}}, "", nil, "printable"},
		{"blank at the end", "192.168.1.5", http.Header{"Remote-User": {"anna "}}, "", nil, "printable"},
		{"line break", "192.168.1.5", http.Header{"Remote-User": {"anna\nadmin"}}, "", nil, "printable"},
		{"NUL", "192.168.1.5", http.Header{"Remote-User": {"anna\x00"}}, "", nil, "printable"},
		{"turned round", "192.168.1.5", http.Header{"Remote-User": {"\u202eanna"}}, "", nil, "printable"},
		{"no UTF-8", "192.168.1.5", http.Header{"Remote-User": {"ann\xe1"}}, "", nil, "printable"},
		{"65 characters", "192.168.1.5", http.Header{"Remote-User": {strings.Repeat("x", 65)}}, "", nil, "printable"},
		{"groups twice", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {"family", "visa-admins"}}, "", nil, "2 times"},
		{"groups with a line break", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {"family\nvisa-admins"}}, "", nil, "control"},
		{"too many groups", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {many}}, "", nil, "too many"},
		{"groups too long", "192.168.1.5", http.Header{"Remote-User": {"anna"}, "Remote-Groups": {strings.Repeat("x", 20000)}}, "", nil, "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := trusting(t, "192.168.1.5, 10.0.0.0/24, fd00::/8")
			var remote netip.Addr
			if tc.remote != "" {
				remote = netip.MustParseAddr(tc.remote)
			}
			got, ok, err := p.Identity(remote, tc.header)
			if tc.err != "" {
				if !errors.Is(err, oidc.ErrRefused) || !strings.Contains(err.Error(), tc.err) || ok || got.Subject != "" {
					t.Errorf("got %v, %v, %v; want ErrRefused about %q", got, ok, err, tc.err)
				}
				if err != nil && (strings.Contains(err.Error(), "anna") || strings.Contains(err.Error(), "visa-admins")) {
					t.Errorf("the error tells who it was: %v", err)
				}
				return
			}
			want := oidc.Identity{}
			if tc.want != "" {
				want = oidc.Identity{Subject: tc.want, Name: tc.want, Groups: tc.groups}
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil || ok != (tc.want != "") {
				t.Errorf("%v, %v, identity (-want +got):\n%s", ok, err, diff)
			}
		})
	}
}

func TestProxyLoginOfAuthentik(t *testing.T) {
	t.Parallel()
	p := trusting(t, "192.168.1.5")
	p.UserHeader, p.GroupsHeader = "X-authentik-username", "X-authentik-groups"
	header := http.Header{}
	header.Set("X-authentik-username", "anna")
	header.Set("X-authentik-groups", "family|Visa, Admins")
	got, ok, err := p.Identity(netip.MustParseAddr("192.168.1.5"), header)
	if diff := cmp.Diff([]string{"family", "Visa, Admins"}, got.Groups); diff != "" || !ok || err != nil {
		t.Errorf("%v, %v, groups (-want +got):\n%s", ok, err, diff)
	}
}

func TestProxyLoginTrustsNobodyByItself(t *testing.T) {
	t.Parallel()
	header := http.Header{"Remote-User": {"anna"}, "": {"anna"}}
	here := netip.MustParseAddr("127.0.0.1")
	for name, p := range map[string]oidc.ProxyLogin{
		"zero value": {},
		"no address": {UserHeader: "Remote-User"},
		"no header":  {Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	} {
		if got, ok, err := p.Identity(here, header); ok || err != nil || got.Subject != "" {
			t.Errorf("%s: got %v, %v, %v; want nobody", name, got, ok, err)
		}
	}
}

func TestParsePrefixes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		setting string
		want    string
		err     string
	}{
		{"", "[]", ""},
		{"  ", "[]", ""},
		{"192.168.1.5, 10.0.0.0/24, fd00::/8", "[192.168.1.5/32 10.0.0.0/24 fd00::/8]", ""},
		{"::1,127.0.0.1", "[::1/128 127.0.0.1/32]", ""},
		{"10.0.0.0/8,fc00::/7", "[10.0.0.0/8 fc00::/7]", ""},
		{"0.0.0.0/0", "", "too wide"},
		{"::/0", "", "too wide"},
		{"127.0.0.1, ::/0", "", `address 2 of the proxies, "::/0"`},
		{"0.0.0.0/1,128.0.0.0/1", "", "too wide"},
		{"::/1", "", "too wide"},
		{"::ffff:0.0.0.0/96", "", "IPv4"},
		{"::ffff:10.0.0.1", "", "no address"},
		{"0.0.0.0", "", "no address"},
		{"::", "", "no address"},
		{"fe80::1%eth0", "", "no address"},
		{"fe80::1%eth0/64", "", "write an address"},
		{"10.0.0.5/24", "", "write 10.0.0.5 for one address, or 10.0.0.0/24"},
		{"10.0.0.1,", "", `address 2 of the proxies, ""`},
		{"proxy.example.com", "", "write an address"},
		{"10.0.0.1-10.0.0.9", "", "write an address"},
		{"10.0.0.0/33", "", "write an address"},
		{"10.0.0.1:8080", "", "write an address"},
		{"*", "", "write an address"},
		{strings.Repeat("10.0.0.1,", 100), "", "101 addresses"},
	} {
		t.Run(fmt.Sprintf("%.40q", tc.setting), func(t *testing.T) {
			t.Parallel()
			got, err := oidc.ParsePrefixes(tc.setting)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, %v; want an error with %q", got, err, tc.err)
				}
				return
			}
			if err != nil || fmt.Sprint(got) != tc.want {
				t.Errorf("got %v, %v; want %s", got, err, tc.want)
			}
		})
	}
}
