package main

import (
	"errors"
	"net/netip"

	"cz-visa-monitor/adapters/oidc"
)

// accountOptions are about the key, the backups and who may sign in.
func accountOptions() []option {
	return []option{
		{
			key: "CZVM_KEY_FILE", def: "", help: "File with the key that opens the data; empty takes the credential or secret czvm-key of systemd or Docker, else key.txt in the data folder. Best kept on another disk than the data.",
			set: func(c *config, v string) error { c.keyFile = v; return nil },
		},
		{
			key: "CZVM_KEY_PASSPHRASE", def: "", secret: true, help: "Passphrase of the key file, if it has one; without this it is asked for on the page after a start.",
			set: func(c *config, v string) error { c.keyPassphrase = v; return nil },
		},
		{
			key: "CZVM_BACKUP_COPIES", def: "", help: "Second folder for copies of the backups, such as a share of a NAS; it must exist, and be for this appliance alone.",
			set: func(c *config, v string) error { c.backupCopies = v; return nil },
		},
		{
			key: "CZVM_PROXIES", def: "", help: "Addresses of reverse proxies whose word on a visitor's address, encryption and name counts, such as 192.168.1.5 or 172.18.0.0/16.",
			set: func(c *config, v string) (err error) { c.proxies, err = prefixes(v); return err },
		},
		{
			key: "CZVM_PROXY_USER_HEADER", def: "", help: "Header in which such a proxy names who has signed in there, such as Remote-User; empty for no sign-in this way.",
			set: func(c *config, v string) error { c.proxyUserHeader = v; return nil },
		},
		{
			key: "CZVM_PROXY_GROUPS_HEADER", def: "", help: "Header with the groups of that user, such as Remote-Groups.",
			set: func(c *config, v string) error { c.proxyGroupsHeader = v; return nil },
		},
		{
			key: "CZVM_OIDC_ISSUER", def: "", help: "Address of an OpenID Connect provider (Authelia, Authentik, Keycloak) through which people may sign in; empty for none.",
			set: func(c *config, v string) error { c.oidc.Issuer = v; return nil },
		},
		{
			key: "CZVM_OIDC_CLIENT_ID", def: "", help: "What that provider knows the appliance by.",
			set: func(c *config, v string) error { c.oidc.ClientID = v; return nil },
		},
		{
			key: "CZVM_OIDC_CLIENT_SECRET", def: "", secret: true, help: "Secret of the appliance at that provider; empty for a public client.",
			set: func(c *config, v string) error { c.oidc.ClientSecret = v; return nil },
		},
		{
			key: "CZVM_OIDC_NAME", def: "OpenID Connect", help: "What the sign-in page calls that provider.",
			set: func(c *config, v string) error { return text(&c.oidcName, v) },
		},
		{
			key: "CZVM_OIDC_GROUPS_CLAIM", def: "groups", help: "Claim in which that provider names the groups of a user.",
			set: func(c *config, v string) error { return text(&c.oidc.GroupsClaim, v) },
		},
		{
			key: "CZVM_OIDC_CA_FILE", def: "", help: "Certificates (PEM) to trust beside the system's, for a provider that signs its own.",
			set: func(c *config, v string) error { c.oidc.CAFile = v; return nil },
		},
		{
			key: "CZVM_ROLES", def: "", help: "Which role groups elsewhere give: visa-admins=admin, family=member, *=viewer. Who is in none has no access.",
			set: func(c *config, v string) (err error) { c.roles, err = oidc.ParseRoles(v); return err },
		},
	}
}

// logOptions are about the log.
func logOptions() []option {
	return []option{
		{
			key: "CZVM_LOG_FORMAT", def: "text", help: "text or json.",
			set: func(c *config, v string) error { return oneOf(&c.logFormat, v, "text", "json") },
		},
		{
			key: "CZVM_LOG_LEVEL", def: "info", help: "debug, info, warn or error.",
			set: func(c *config, v string) error { return oneOf(&c.logLevel, v, "debug", "info", "warn", "error") },
		},
	}
}

// elsewhere finds what is missing for signing in through others.
func (c *config) elsewhere() error {
	var errs []error
	if c.proxyUserHeader != "" && len(c.proxies) == 0 {
		errs = append(errs, errors.New("CZVM_PROXY_USER_HEADER needs CZVM_PROXIES: only named addresses may say who somebody is"))
	}
	if c.oidc.Issuer != "" && (c.oidc.ClientID == "" || c.baseURL == "") {
		errs = append(errs, errors.New("CZVM_OIDC_ISSUER needs CZVM_OIDC_CLIENT_ID, and CZVM_BASE_URL for the way back"))
	}
	if (c.oidc.Issuer != "" || c.proxyUserHeader != "") && len(c.roles) == 0 {
		errs = append(errs, errors.New("signing in through others needs CZVM_ROLES: without it nobody has a role"))
	}
	return errors.Join(errs...)
}

// prefixes reads addresses of proxies; none is fine.
func prefixes(v string) ([]netip.Prefix, error) {
	if v == "" {
		return nil, nil
	}
	return oidc.ParsePrefixes(v)
}
