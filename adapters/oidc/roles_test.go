package oidc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/app/account"
)

func TestParseRoles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		setting string
		want    oidc.Roles
		err     string
	}{
		{"", oidc.Roles{}, ""},
		{"  \t", oidc.Roles{}, ""},
		{"visa-admins=admin, family=member, guests=viewer", oidc.Roles{"visa-admins": account.Admin, "family": account.Member, "guests": account.Viewer}, ""},
		{" a b = admin ,*=viewer", oidc.Roles{"a b": account.Admin, "*": account.Viewer}, ""},
		{"*=member", oidc.Roles{"*": account.Member}, ""},
		{"cn=admins=admin", oidc.Roles{"cn=admins": account.Admin}, ""},
		{"/firm/family=member", oidc.Roles{"/firm/family": account.Member}, ""},
		{"rodina-žluťoučká=member", oidc.Roles{"rodina-žluťoučká": account.Member}, ""},
		{"a=admin,b", nil, `part 2 of the roles, "b"`},
		{"a=admin,", nil, `part 2 of the roles, ""`},
		{"a=admin,,b=member", nil, `part 2`},
		{"a=boss", nil, `"a=boss": the role must be one of [admin member viewer]`},
		{"a=Admin", nil, `the role must be`},
		{"a=", nil, `the role must be`},
		{"=admin", nil, `the group must be`},
		{"a\x00=admin", nil, `the group must be`},
		{strings.Repeat("x", 201) + "=admin", nil, `the group must be`},
		{"a=member, a=admin", nil, `part 2 of the roles, "a=admin": the group has a role already`},
		{"*=admin", nil, "everybody"},
		{strings.Repeat("a=member,", 200), nil, "201 parts"},
	} {
		t.Run(fmt.Sprintf("%.40q", tc.setting), func(t *testing.T) {
			t.Parallel()
			got, err := oidc.ParseRoles(tc.setting)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want an error with %q", err, tc.err)
				}
				return
			}
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("%v, roles (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRoleFor(t *testing.T) {
	t.Parallel()
	const setting = "visa-admins=admin, family=member, guests=viewer, /firm/clerks=member"
	for _, tc := range []struct {
		name    string
		setting string
		groups  []string
		want    account.Role
	}{
		{"no groups", setting, nil, ""},
		{"unknown group", setting, []string{"others"}, ""},
		{"one", setting, []string{"family"}, account.Member},
		{"the strongest, first", setting, []string{"visa-admins", "guests"}, account.Admin},
		{"the strongest, last", setting, []string{"guests", "others", "visa-admins"}, account.Admin},
		{"another case is another group", setting, []string{"Visa-Admins"}, ""},
		{"no part of a name", setting, []string{"not-family", "family2"}, ""},
		{"Keycloak's path", setting, []string{"/family"}, account.Member},
		{"a group of the same name elsewhere", setting, []string{"/others/visa-admins", "//visa-admins"}, ""},
		{"a path that is named", setting, []string{"/firm/clerks"}, account.Member},
		{"a path without its slash", setting, []string{"firm/clerks"}, ""},
		{"everybody", "*=viewer", nil, account.Viewer},
		{"everybody and more", "*=viewer, family=member", []string{"family"}, account.Member},
		{"everybody at least", "*=member, guests=viewer", []string{"guests"}, account.Member},
		{"a group called so", "a=admin", []string{"*", "/*"}, ""},
		{"an empty group", "a=admin", []string{""}, ""},
		{"no setting", "", []string{"family"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			roles, err := oidc.ParseRoles(tc.setting)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := roles.RoleFor(tc.groups)
			if got != tc.want || ok != (tc.want != "") {
				t.Errorf("got %q, %v; want %q", got, ok, tc.want)
			}
		})
	}
	if role, ok := oidc.Roles(nil).RoleFor([]string{"family"}); ok {
		t.Errorf("no roles at all give %q", role)
	}
}
