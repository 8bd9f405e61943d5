package oidctest

import jose "github.com/go-jose/go-jose/v4"

// Product is how a kind of provider differs from the others.
type Product struct {
	Name string
	// Issuer is the part of the issuer after the host; a slash at its end counts.
	Issuer string
	// Paths are those of the endpoints but discovery, from the root of the host.
	Paths map[Endpoint]string
	// Scopes are those the provider knows; StrictScopes refuses others.
	Scopes       []string
	StrictScopes bool
	// ClientAuth are the ways to show a client's secret that the provider
	// advertises. Registered is the only one that the client may use, "" for
	// any of them. A client without a secret shows none.
	ClientAuth []string
	Registered string
	// Algorithm signs; Algorithms are advertised.
	Algorithm  jose.SignatureAlgorithm
	Algorithms []string
	// UserClaims: the ID token says the user's name and groups. The userinfo
	// endpoint always does.
	UserClaims bool
	// GroupsScope must be granted for groups to be told, "" if they always are.
	GroupsScope string
	// GroupPrefix stands before each group.
	GroupPrefix string
	// AudienceList: aud is a list. AuthorizedParty: azp is told.
	AudienceList, AuthorizedParty bool
	// NamesItself: answers hold iss (RFC 9207), and discovery says so.
	NamesItself bool
}

// Authelia is Authelia 4.39 or later: the ID token proves who somebody is and
// tells nothing else.
func Authelia() Product {
	return Product{
		Name: "Authelia",
		Paths: map[Endpoint]string{ //nolint:gosec // paths, no credentials
			Authorization: "/api/oidc/authorization", Token: "/api/oidc/token",
			UserInfo: "/api/oidc/userinfo", Keys: "/jwks.json",
		},
		Scopes:       []string{"offline_access", "openid", "profile", "groups", "email"},
		StrictScopes: true,
		ClientAuth:   []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"},
		Registered:   "client_secret_basic",
		Algorithm:    jose.RS256, Algorithms: []string{"RS256"},
		GroupsScope: "groups", AudienceList: true, AuthorizedParty: true, NamesItself: true,
	}
}

// Authentik is Authentik with a signing key and an issuer per application.
func Authentik() Product {
	return Product{
		Name: "Authentik", Issuer: "/application/o/visa/",
		Paths: map[Endpoint]string{
			Authorization: "/application/o/authorize/", Token: "/application/o/token/",
			UserInfo: "/application/o/userinfo/", Keys: "/application/o/visa/jwks/",
		},
		Scopes:     []string{"openid", "email", "profile"},
		ClientAuth: []string{"client_secret_post", "client_secret_basic"},
		Algorithm:  jose.RS256, Algorithms: []string{"RS256"},
		UserClaims: true, GroupsScope: "profile",
	}
}

// Keycloak is Keycloak with a mapper of groups that writes their full path.
func Keycloak() Product {
	return Product{
		Name: "Keycloak", Issuer: "/realms/home",
		Paths: map[Endpoint]string{ //nolint:gosec // paths, no credentials
			Authorization: "/realms/home/protocol/openid-connect/auth", Token: "/realms/home/protocol/openid-connect/token",
			UserInfo: "/realms/home/protocol/openid-connect/userinfo", Keys: "/realms/home/protocol/openid-connect/certs",
		},
		Scopes:       []string{"openid", "profile", "email", "roles", "web-origins", "acr", "offline_access"},
		StrictScopes: true,
		ClientAuth:   []string{"client_secret_basic", "private_key_jwt", "client_secret_post", "tls_client_auth", "client_secret_jwt"},
		Algorithm:    jose.RS256,
		Algorithms:   []string{"PS384", "RS384", "EdDSA", "ES384", "HS256", "HS512", "ES256", "RS256", "HS384", "ES512", "PS256", "PS512", "RS512"},
		UserClaims:   true, GroupPrefix: "/", AuthorizedParty: true, NamesItself: true,
	}
}

// Products returns all products.
func Products() []Product { return []Product{Authelia(), Authentik(), Keycloak()} }
