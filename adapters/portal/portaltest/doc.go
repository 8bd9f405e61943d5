// Package portaltest is a replica of the Ministry's portal for tests and the
// demo, used like net/http/httptest: the same addresses, the same form built
// from the real react-select, the same request behind it, and every trouble the
// real portal is known or feared to make (scenarios S1–S24).
//
// A test starts a Server, scripts what the portal says about a number, points
// its source at PageURL, and asks afterwards what was requested and whether
// anything was wrong with the requests:
//
//	srv, err := portaltest.Start(portaltest.Config{})
//	defer srv.Close()
//	srv.Script("ZZZZ202508149001",
//		portaltest.Answer{Outcome: portaltest.NotFound},
//		portaltest.Answer{Outcome: portaltest.InProgress})
//
// The same can be done from outside the process over HTTP at ControlPath.
// The package does not import testing, so that a program may embed it; the
// helpers for tests are in the package sourcetest below it.
//
// The page's source and its bundles are in the folder page; what is in dist
// was made by "npm ci && npm run build" there.
package portaltest
