package oidc

import (
	"fmt"
	"slices"
	"strings"

	"cz-visa-monitor/app/account"
)

// everybody stands in a setting for all users, whatever their groups.
const everybody = "*"

// Roles says which role a group of the login service gives, by the group's name.
// The name "*" stands for everybody. Without an entry nobody is let in.
type Roles map[string]account.Role

// ParseRoles reads a setting such as "visa-admins=admin, family=member, *=viewer".
// The last = of a part divides it, so that a group's name may hold others, but
// no comma. An empty setting gives no roles.
func ParseRoles(setting string) (Roles, error) {
	roles := Roles{}
	if strings.TrimSpace(setting) == "" {
		return roles, nil
	}
	parts := strings.Split(setting, ",")
	if len(parts) > maxGroups {
		return nil, fmt.Errorf("the roles have %d parts; at most %d are possible", len(parts), maxGroups)
	}
	for i, part := range parts {
		where := fmt.Sprintf("part %d of the roles, %.60q", i+1, strings.TrimSpace(part))
		at := strings.LastIndex(part, "=")
		if at < 0 {
			return nil, fmt.Errorf("%s: write it as group=role", where)
		}
		group, role := strings.TrimSpace(part[:at]), account.Role(strings.TrimSpace(part[at+1:]))
		switch {
		case !namable(group, maxGroup):
			return nil, fmt.Errorf("%s: the group must be 1 to %d printable characters", where, maxGroup)
		case !role.Valid():
			return nil, fmt.Errorf("%s: the role must be one of %v", where, account.Roles())
		case group == everybody && role == account.Admin:
			return nil, fmt.Errorf("%s: this would make everybody an administrator", where)
		case roles[group] != "":
			return nil, fmt.Errorf("%s: the group has a role already", where)
		}
		roles[group] = role
	}
	return roles, nil
}

// RoleFor returns the strongest role that any of the groups gives; ok is false
// if none gives one. Keycloak writes a group as a path, so "/family" is also
// found as "family"; "/firm/family" is not.
func (r Roles) RoleFor(groups []string) (role account.Role, ok bool) {
	given := map[account.Role]bool{r[everybody]: true}
	for _, g := range groups {
		given[r[g]] = true
		if name, slash := strings.CutPrefix(g, "/"); slash {
			given[r[name]] = true
		}
	}
	strongest := slices.IndexFunc(account.Roles(), func(known account.Role) bool { return given[known] })
	if strongest < 0 {
		return "", false
	}
	return account.Roles()[strongest], true
}
