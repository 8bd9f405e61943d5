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
// How the scenarios are played:
//
//	S1–S7    Answer.Outcome
//	S8       Answer.StaleFor, Page.Working
//	S9       Answer.Swallow, Page.DisableButton
//	S10      Answer.Fault CaptchaDenied, Page.CaptchaDelay
//	S11      Answer.Delay, SetLatency, Page.FormDelay and OptionsDelay
//	S12      Answer.Fault, Break and Page.Fault
//	S13      Page.Fault Maintenance and MaintenanceOK
//	S14      Page.Cookies
//	S15      Page.Notice
//	S16      Page.Layout
//	S17      Page.Missing
//	S18      Answer.Padding and Outcome OddHTML
//	S19      Script with several answers
//	S20      Answer.Kind
//	S21      Answer.About
//	S22      nothing: the test ends the browser's renderer itself
//	S23      Page.Language and PathRedirect
//	S24      Outcome RefusedGrantedLink, Page.Banner
//
// Page.Dialog and Page.Popup are of no scenario: what a page may do to a browser
// that nobody sits at.
//
// The page's source and its bundles are in the folder page; what is in dist
// was made by "npm ci && npm run build" there.
package portaltest
