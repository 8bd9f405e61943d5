package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// right is a row of the matrix: what every caller may do by one route with what
// is his own, his group's and a stranger's. A route may have several rows.
type right struct {
	// route is a method and a pattern; :id and :user become {id} and {user}.
	route string
	// of makes the object; nil where there is none, and own says all.
	of   things
	body string
	// A column says what comes of it, a sign for each of callers:
	//	+  it is done; in a list, the object is there
	//	.  it is answered, and the object is not in the list
	//	-  403, he may not
	//	0  404, as if there were none
	//	!  422, the body names what he may not know of
	//	=  409, something stands in the way
	// "" where there is no such object.
	own, group, stranger string
}

// The columns that come again and again. The signs stand for the sessions of the
// admin, member, viewer, reader, writer and owner, and for the tokens to read,
// write and admin of the admin, then of the owner.
const (
	//          AMVRWO rwa rwa
	all      = "++++++ +++ +++"
	noneSeen = "...... ... ..."
	none     = "000000 000 000"
	refused  = "------ --- ---"
	unknown  = "!!!!!! !!! !!!"
	// admins run the appliance; self is whoever sees to his own account, admins
	// by a token, too; session is the same for what no token may.
	admins  = "+----- --+ ---"
	self    = "++++++ --+ ---"
	session = "++++++ --- ---"
	// writes is for what is one's own; the others for what is the group's.
	writes   = "++-+++ -++ -++"
	listed   = "..++++ ... +++"
	sees     = "00++++ 000 +++"
	changes  = "00--++ 000 -++"
	leads    = "00---+ 000 -++"
	givesAll = "!!--++ !!! -++" // adds something for the group
)

// matrix has a row for every route at least.
func matrix() []right {
	return slices.Concat(applicationRights(), dataRights(), accountRights(), pageRights(), channelPageRights(), adminRights(), groupPageRights(), applicationPageRights(), firstRights())
}

func applicationRights() []right {
	const v1 = apiPath
	channel := `{"name":"Phone","kind":"ntfy","fields":{"topic":"visa"},"owner":"{owner}"}`
	return []right{
		{"GET " + v1 + "/applications", anApplication, "", all, listed, noneSeen},
		{"POST " + v1 + "/applications", aNumber, `{"reference":"{reference}","owner":"{owner}"}`, writes, givesAll, unknown},
		{"POST " + v1 + "/letters", nil, `{"text":"ZZZZ202501159001"}`, writes, "", ""},
		{"GET " + v1 + "/applications/:id", anApplication, "", all, sees, none},
		{"PATCH " + v1 + "/applications/:id", anApplication, `{"label":"Another"}`, writes, changes, none},
		{"DELETE " + v1 + "/applications/:id", anApplication, "", writes, changes, none},
		{"GET " + v1 + "/applications/:id/history", anApplication, "", all, sees, none},
		{"GET " + v1 + "/applications/:id/checks", anApplication, "", all, sees, none},
		{"POST " + v1 + "/applications/:id/check", anApplication, "", writes, changes, none},
		{"POST " + v1 + "/applications/:id/seen", anApplication, "", all, sees, none},
		{"POST " + v1 + "/applications/:id/watchers", anApplication, `{}`, "==-=== -== -==", "00-+++ 000 -++", none},

		{"GET " + v1 + "/channels", aChannel, "", all, listed, noneSeen},
		{"POST " + v1 + "/channels", aNumber, channel, writes, givesAll, unknown},
		{"GET " + v1 + "/channels/kinds", nil, "", all, "", ""},
		{"POST " + v1 + "/channels/test", aNumber, channel, writes, givesAll, unknown},
		{"GET " + v1 + "/channels/:id", aChannel, "", all, sees, none},
		{"PATCH " + v1 + "/channels/:id", aChannel, `{"name":"Another"}`, writes, changes, none},
		{"DELETE " + v1 + "/channels/:id", aChannel, "", writes, changes, none},
		{"POST " + v1 + "/channels/:id/test", aChannel, "", writes, changes, none},
		{"PATCH " + v1 + "/channels/:id", aChannel, `{"operator":true}`, "+----- --+ ---", "00---- 000 ---", none},

		{"GET " + v1 + "/deliveries", aLetter, "", all, listed, noneSeen},
		{"POST " + v1 + "/deliveries/:id/retry", aLetter, "", writes, changes, none},

		{"GET " + v1 + "/source", nil, "", all, "", ""},
		{"GET " + v1 + "/events", nil, "", all, "", ""},
		{"GET " + v1 + "/openapi.yaml", nil, "", all, "", ""},
	}
}

// dataRights are those of people, and of what leaves the appliance, comes in from
// there, or is to be gone.
func dataRights() []right {
	const v1 = apiPath
	return []right{
		{"GET " + v1 + "/people", aPerson, "", all, listed, noneSeen},
		{"POST " + v1 + "/people", aNumber, `{"name":"Eva","owner":"{owner}"}`, writes, givesAll, unknown},
		{"POST " + v1 + "/people/mrz", nil, `{"text":"` + zone + `"}`, all, "", ""},
		{"GET " + v1 + "/people/:id", aPerson, "", all, sees, none},
		{"PATCH " + v1 + "/people/:id", aPerson, `{"name":"Another"}`, writes, changes, none},
		{"DELETE " + v1 + "/people/:id", aPerson, "", writes, changes, none},
		{"GET " + v1 + "/applications/:id/people", anApplication, "", all, sees, none},

		{"GET " + v1 + "/backups", aBackup, "", admins, "", ""},
		{"POST " + v1 + "/backups", nil, "", admins, "", ""},
		{"GET " + v1 + "/backups/:name", aBackup, "", admins, "", ""},
		{"POST " + v1 + "/backups/:name/verify", aBackup, "", admins, "", ""},

		{"GET " + v1 + "/export", nil, "", all, "", ""},
		{"GET " + v1 + "/export?owner={owner}&plain=true", aNumber, "", all, sees, none},
		{"POST " + v1 + "/import", anArchive, "{archive}", writes, "", ""},
		{"POST " + v1 + "/erase", anApplication, `{"what":"application","id":"{id}"}`, writes, changes, none},
		{"POST " + v1 + "/erase", aPerson, `{"what":"person","id":"{id}"}`, writes, changes, none},
		{"POST " + v1 + "/erase", aUser, `{"what":"user","id":"{id}"}`, "", "", admins},
		{"POST " + v1 + "/erase", aGroup, `{"what":"group","id":"{id}"}`, writes, leads, none},
	}
}

func accountRights() []right {
	const v1 = apiPath
	return []right{
		{"GET " + v1 + "/me", nil, "", all, "", ""},

		{"GET " + v1 + "/users", aUser, "", admins, "", admins},
		{"POST " + v1 + "/users", aName, `{"name":"{name}","role":"member"}`, admins, "", ""},
		{"GET " + v1 + "/users/:id", aUser, "", all, "", admins},
		{"PATCH " + v1 + "/users/:id", aUser, `{"language":"cs"}`, self, "", admins},
		{"PATCH " + v1 + "/users/:id", aUser, `{"role":"{role}","disabled":false}`, admins, "", admins},
		{"DELETE " + v1 + "/users/:id", aUser, "", "=----- --= ---", "", admins},
		{"POST " + v1 + "/users/:id/reset", aUser, "", refused, "", admins},
		{"DELETE " + v1 + "/users/:id/second-factor", aUser, "", refused, "", admins},
		{"GET " + v1 + "/users/:id/sessions", aUser, "", self, "", admins},
		{"DELETE " + v1 + "/users/:id/sessions", aUser, "", self, "", admins},

		{"GET " + v1 + "/invitations", anInvitation, "", admins, "", ""},
		{"POST " + v1 + "/invitations", nil, `{"role":"member"}`, admins, "", ""},
		{"POST " + v1 + "/invitations", aGroup, `{"role":"member","group":"{id}","right":"own"}`, admins, "!----- --! ---", "!----- --! ---"},
		{"DELETE " + v1 + "/invitations/:id", anInvitation, "", admins, "", ""},

		{"GET " + v1 + "/groups", aGroup, "", all, listed, noneSeen},
		{"POST " + v1 + "/groups", nil, `{"name":"Ours","kind":"family"}`, writes, "", ""},
		{"GET " + v1 + "/groups/:id", aGroup, "", all, sees, none},
		{"PATCH " + v1 + "/groups/:id", aGroup, `{"name":"Another"}`, writes, leads, none},
		{"DELETE " + v1 + "/groups/:id", aGroup, "", writes, leads, none},
		{"POST " + v1 + "/groups/:id/members", aGroup, `{"name":"stranger","right":"read"}`, writes, leads, none},
		{"PATCH " + v1 + "/groups/:id/members/:user", aGroup, `{"right":"write"}`, writes, leads, none},
		{"DELETE " + v1 + "/groups/:id/members/:user", aGroup, "", writes, leads, none},

		{"GET " + v1 + "/tokens", aToken, "", self, "", "...... --. ---"},
		{"POST " + v1 + "/tokens", nil, `{"name":"Script","scope":"read"}`, session, "", ""},
		{"DELETE " + v1 + "/tokens/:id", aToken, "", self, "", "000000 --0 ---"},

		{"GET " + v1 + "/sessions", aSession, "", self, "", "...... --. ---"},
		{"DELETE " + v1 + "/sessions", nil, "", self, "", ""},
		{"DELETE " + v1 + "/sessions/:id", aSession, "", self, "", "000000 --0 ---"},

		{"GET " + v1 + "/audit", aDeed, "", all, "", "+..... ..+ ..."},
		{"GET " + v1 + "/audit/export", nil, "", admins, "", ""},
		{"GET " + v1 + "/audit/verify", nil, "", admins, "", ""},
	}
}

func pageRights() []right {
	const form = "name=admin&password=" + "correct+horse+battery"
	return []right{
		{"GET /", nil, "", all, "", ""},
		{"POST /", anApplication, "do=pause&id={id}", "++!+++ !++ !++", "!!!!++ !!! !++", unknown},
		{"POST /", anApplication, "seen={id}", all, "!!++++ !!! +++", unknown},
		{"GET /assets/:version/:name", nil, "", none, "", ""}, // No such version.
		{"GET /manifest.webmanifest", nil, "", all, "", ""},
		{"GET /worker.js", nil, "", all, "", ""},
		{"GET /offline", nil, "", all, "", ""},
		{"GET /help", nil, "", all, "", ""},
		{"POST /help", nil, "question=appeal", all, "", ""},
		{"GET /help/:topic", nil, "", none, "", ""}, // No such topic.
		{"GET /healthz", nil, "", all, "", ""},
		{"GET /readyz", nil, "", all, "", ""},

		{"GET /sign-in", nil, "", all, "", ""},
		{"POST /sign-in", nil, form, all, "", ""},
		{"GET /second-factor", nil, "", all, "", ""},
		{"POST /second-factor", nil, "code=123456", refused, "", ""}, // Nobody has begun.
		{"GET /external", nil, "", none, "", ""},                     // There is no other service.
		{"GET /external-back", nil, "", none, "", ""},
		{"POST /sign-out", nil, "", all, "", ""},
		{"GET /setup", nil, "", all, "", ""},
		{"POST /setup", nil, "code=x", "====== === ===", "", ""},
		{"GET /join", nil, "", all, "", ""},
		{"POST /join", nil, "code=x", none, "", ""},
		{"GET /account", nil, "", self, "", ""},
		{"POST /account", nil, "do=language&language=cs&theme=dark", self, "", ""},
		{"POST /account", nil, "do=token-add&name=Script&scope=read", session, "", ""},
		{"POST /account", aToken, "do=token-revoke&token={id}", self, "", "000000 --0 ---"},
		{"GET /account/export", nil, "", all, "", ""},
		{"GET /account/export?owner={owner}", aNumber, "", all, sees, none},
		{"GET /account/erase", nil, "", session, "", ""},
		{"POST /account/erase", nil, "", "=++++= --- ---", "", ""}, // The last admin and the last owner stay.
		{"GET /recovery-sheet", nil, "", "+----- --- ---", "", ""},
		{"POST /recovery-sheet", nil, form, "+----- --- ---", "", ""},
	}
}

// adminRights are those of the pages of administration.
func adminRights() []right {
	return []right{
		{"GET /admin", nil, "", admins, "", ""},
		{"GET /admin/users", aUser, "", admins, "", admins},
		{"POST /admin/users", aName, "do=add&name={name}&role=member", admins, "", ""},
		{"POST /admin/users", nil, "do=invite&role=viewer", admins, "", ""},
		{"POST /admin/users", anInvitation, "do=withdraw&id={id}", admins, "", ""},
		{"GET /admin/users/:id", aUser, "", admins, "", admins},
		{"POST /admin/users/:id", aUser, "do=role&role={role}", admins, "", admins},
		{"POST /admin/users/:id", aUser, "do=enable", admins, "", admins},
		{"POST /admin/users/:id", aUser, "do=disable", "", "", admins},
		{"POST /admin/users/:id", aUser, "do=reset", refused, "", admins},
		{"POST /admin/users/:id", aUser, "do=second-off", refused, "", admins},
		{"POST /admin/users/:id", aUser, "do=sessions-end", admins, "", admins},
		{"GET /admin/users/:id/remove", aUser, "", admins, "", admins},
		{"POST /admin/users/:id/remove", aUser, "do=remove", "=----- --= ---", "", admins},
		{"POST /admin/users/:id/remove", aUser, "do=erase", "", "", admins},
		{"GET /admin/backups", aBackup, "", admins, "", ""},
		{"POST /admin/backups", nil, "do=make", admins, "", ""},
		{"POST /admin/backups", aBackup, "do=verify&name={name}", admins, "", ""},
		{"GET /admin/audit", aDeed, "", admins, "", admins},
		{"POST /admin/audit", nil, "do=verify", admins, "", ""},
		{"GET /admin/settings", nil, "", admins, "", ""},
		{"GET /admin/log", nil, "", admins, "", ""},
		{"GET /admin/keys", nil, "", admins, "", ""},
	}
}

// Every route needs a row, so that nobody forgets to think about it.
func TestMatrixIsWhole(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	served, listed := map[string]bool{}, map[string]bool{}
	for _, r := range a.server.echo.Routes() {
		if r.Method != http.MethodHead && r.Method != echo.RouteNotFound { // HEAD goes with GET.
			served[r.Method+" "+r.Path] = true
		}
	}
	for _, row := range matrix() {
		route, _, _ := strings.Cut(row.route, "?")
		listed[route] = true
		for _, column := range []string{row.own, row.group, row.stranger} {
			if n := len(strings.ReplaceAll(column, " ", "")); column != "" && n != len(callers()) {
				t.Errorf("%s: a column has %d signs for %d callers", row.route, n, len(callers()))
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(listed))); diff != "" {
		t.Errorf("routes (-) and rows of the matrix (+) differ:\n%s", diff)
	}
}

// defect S3: everybody's numbers and notes stood in a list that needed no sign-in.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, row := range matrix() {
		t.Run(row.route, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, column := range []struct{ whose, signs string }{{"own", row.own}, {"group", row.group}, {"stranger", row.stranger}} {
				for i, sign := range strings.ReplaceAll(column.signs, " ", "") {
					w.hold(t, row, column.whose, callers()[i], string(sign))
				}
			}
			w.holdOut(t, row)
		})
	}
}

// hold makes one request and holds its answer against a sign of the matrix.
func (w *world) hold(t *testing.T, row right, whose string, c caller, sign string) {
	t.Helper()
	var words []string
	if row.of != nil {
		words = row.of(w, w.place(whose, c))
	}
	method, path, body := row.request(words)
	if c.scope == "" {
		w.as(c, "GET", apiPath+"/me", "") // If his session was ended, he signs in again.
	}
	before := w.mark()
	got := w.as(c, method, path, body)
	list := method == http.MethodGet && !strings.ContainsAny(row.route, ":?") && words != nil
	if s := signOf(got, list, words); s != sign {
		t.Errorf("%s of %s by the %s: %q, want %q: %d %s", row.route, whose, c, s, sign, got.Code, got.Body)
		return
	}
	if got.Code < http.StatusBadRequest {
		return
	}
	if w.mark() != before {
		t.Errorf("%s of %s by the %s is refused, and something has changed", row.route, whose, c)
	}
	if whose != "stranger" {
		return
	}
	method, path, body = row.request(missing(words))
	if diff := cmp.Diff(plain(w.as(c, method, path, body)), plain(got)); diff != "" {
		t.Errorf("%s by the %s tells what there is (+) from what there is not (-):\n%s", row.route, c, diff)
	}
}

// holdOut holds out those whom nobody knows, or knows no more.
func (w *world) holdOut(t *testing.T, row right) {
	t.Helper()
	var words []string
	if row.of != nil {
		words = row.of(w, w.place("stranger", caller{}))
	}
	method, path, body := row.request(words)
	_, pattern, _ := strings.Cut(row.route, " ")
	pattern, _, _ = strings.Cut(pattern, "?")
	w.server.guard = newGuard() // Another test asks about the limit.
	for name, authorization := range map[string]string{"nobody": "", "a disabled user": "Bearer " + w.disabled, "an expired token": "Bearer " + w.expired} {
		w.with(authorization, "", "GET", apiPath+"/me", "") // That he was refused is noted once an hour.
		before := w.mark()
		got := w.with(authorization, "", method, path, body)
		if isOpen(pattern) {
			if got.Code == http.StatusUnauthorized {
				t.Errorf("%s is open, and refuses %s", row.route, name)
			}
			continue
		}
		led := authorization == "" && !strings.HasPrefix(pattern, apiPath) && // A page may lead to the sign-in instead.
			got.Code == http.StatusSeeOther && strings.Contains(got.Header().Get("Location"), "/sign-in")
		if got.Code != http.StatusUnauthorized && !led {
			t.Errorf("%s by %s: %d, want 401", row.route, name, got.Code)
		}
		if w.mark() != before {
			t.Errorf("%s by %s has changed something", row.route, name)
		}
	}
}

// request fills the words in.
func (r right) request(words []string) (method, path, body string) {
	fill := strings.NewReplacer(words...)
	method, path, _ = strings.Cut(r.route, " ")
	path = strings.NewReplacer(":id", "{id}", ":user", "{user}", ":version", "x", ":name", "{name}").Replace(path)
	return method, fill.Replace(path), fill.Replace(r.body)
}

// missing returns the words for an object that there is not, of nobody.
func missing(words []string) []string {
	words = slices.Clone(words)
	for i := 0; i+1 < len(words); i += 2 {
		switch words[i] {
		case "{id}":
			words[i+1] = account.NewID(time.Now())
		case "{owner}":
			words[i+1] = string(account.OfUser(account.NewID(time.Now())))
		}
	}
	return words
}

// signOf returns the sign of the matrix that an answer is.
func signOf(got *httptest.ResponseRecorder, list bool, words []string) string {
	if sign, ok := map[int]string{
		http.StatusForbidden: "-", http.StatusNotFound: "0", http.StatusUnprocessableEntity: "!", http.StatusConflict: "=",
	}[got.Code]; ok {
		return sign
	}
	switch {
	case got.Code >= http.StatusBadRequest || got.Code < http.StatusOK:
		return "?"
	case list && !strings.Contains(got.Body.String(), words[1]):
		return "."
	}
	return "+"
}

// plain is all that an answer tells, but for the ID of the request.
func plain(w *httptest.ResponseRecorder) map[string]any {
	h := w.Header().Clone()
	h.Del(echo.HeaderXRequestID)
	return map[string]any{"status": w.Code, "header": h, "body": w.Body.String()}
}
