package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// groupPageRights are those of the pages of groups.
func groupPageRights() []right {
	return []right{
		{"GET /groups", aGroup, "", all, listed, noneSeen},
		{"POST /groups", nil, "name=Ours&kind=family", writes, "", ""},
		{"GET /groups/:id", aGroup, "", all, sees, none},
		{"POST /groups/:id", aGroup, "do=rename&name=Another", writes, leads, none},
		{"POST /groups/:id", aGroup, "do=add&member=stranger&right=read", writes, leads, none},
		{"POST /groups/:id", aGroup, "do=right&user={user}&right=write", writes, leads, none},
		{"POST /groups/:id", aGroup, "do=invite&role=viewer&right=read&lasts=24h", admins, "00---- 000 ---", none},
		{"POST /groups/:id", aGroup, "do=withdraw&invitation=x", "0----- --0 ---", "00---- 000 ---", none},
		{"GET /groups/:id/leave", aGroup, "", "++++++ -++ -++", "00++++ 000 -++", none},
		{"GET /groups/:id/leave?member={user}", aGroup, "", writes, leads, none},
		{"POST /groups/:id/leave", aGroup, "", "====== -== -==", "00++++ 000 -++", none},
		{"POST /groups/:id/leave?member={user}", aGroup, "", writes, leads, none},
		{"GET /groups/:id/delete", aGroup, "", writes, leads, none},
		{"POST /groups/:id/delete", aGroup, "do=remove", writes, leads, none},
		{"POST /groups/:id/delete", aGroup, "do=erase", writes, leads, none},
	}
}

// groupPages yields the states of the pages of groups and of erasing oneself.
func (a *appliance) groupPages(p *person, yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	yield("groups, none", p.get("/groups"))
	yield("groups, wrong", p.post("/groups", "name", "", "kind", "firm"))
	path := "/" + p.post("/groups", "name", "Novák family", "kind", "family").Header().Get("Location")
	path, _, _ = strings.Cut(path, "?")
	guest, _ := a.user("guest", account.Viewer)
	yield("groups", p.get("/groups"))
	yield("group, alone", p.get(path+"?done=group_begun"))
	leadsTo(a.tb, p.post(path, "do", "add", "member", "guest", "right", "read"), strings.TrimPrefix(path, "/groups/")+"?done=member_added")
	yield("group, nobody to add", p.post(path, "do", "add", "member", "nobody", "right", "write"))
	yield("group, invited", p.post(path, "do", "invite", "role", "viewer", "right", "read", "lasts", "24h"))
	yield("group", p.get(path))
	yield("group, as a reader", a.elsewhere("guest").get(path))
	yield("group, to leave", p.get(path+"/leave"))
	yield("group, not to leave", p.post(path+"/leave"))
	yield("group, to take out of", p.get(path+"/leave?member="+guest.ID))
	yield("group, to delete", p.get(path+"/delete"))
	a.watchFor(account.OfGroup(strings.TrimPrefix(path, "/groups/")), "OAM-90077/DP-2025")
	yield("group, not to delete", p.post(path+"/delete", "do", "remove"))
	yield("account, token made", p.post("/account", "do", "token-add", "name", "Script", "scope", "read", "lasts", "720h"))
	yield("account, token wrong", p.post("/account", "do", "token-add", "name", "", "scope", "read"))
	yield("erase, in the way", p.get("/account/erase"))
	yield("erase", a.elsewhere("guest").get("/account/erase"))
	if _, err := a.store.Backup(a.tb.Context(), "test"); err != nil {
		a.tb.Fatal(err)
	}
	a.user("leaver", account.Member)
	yield("erased", a.elsewhere("leaver").post("/account/erase", "password", password))
}

// elsewhere is signedIn at an address from which nobody has tried wrong passwords.
func (a *appliance) elsewhere(name string) *person {
	a.tb.Helper()
	p := a.person()
	p.from = "192.0.2.77:40000"
	leadsTo(a.tb, p.post("/sign-in", "name", name, "password", password), "./")
	return p
}

// watchFor has somebody watch a number.
func (a *appliance) watchFor(owner account.Owner, number string) watch.Application {
	a.tb.Helper()
	ref, err := visa.Parse(number)
	if err != nil {
		a.tb.Fatal(err)
	}
	app, err := a.engine.Add(a.tb.Context(), ref, watch.Watcher{Owner: owner, Label: "Shared"})
	if err != nil {
		a.tb.Fatal(err)
	}
	return app
}

// begins returns the path of a group that a person has just begun.
func (p *person) begins(name string) string {
	p.tb.Helper()
	to, done, _ := strings.Cut(p.post("/groups", "name", name, "kind", "firm").Header().Get("Location"), "?")
	if done != "done=group_begun" {
		p.tb.Fatalf("the group is not begun: %s", to)
	}
	return "/" + to
}

func TestGroupIsBegunAndChanged(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/groups"), http.StatusOK, "You are in no group yet.", "Begin the group")
	for _, tc := range []struct {
		name   string
		fields []string
		want   []string
	}{
		{"no name", []string{"name", " ", "kind", "firm"}, []string{"1 to 64 characters", `aria-invalid="true"`, `value="firm" checked`}},
		{"no kind", []string{"name", "Ours"}, []string{"a family or a firm", `value="Ours"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			says(t, p.post("/groups", tc.fields...), http.StatusUnprocessableEntity, append(tc.want, `role="alert"`)...)
		})
	}
	path := p.begins("Visa helpers")
	id := strings.TrimPrefix(path, "/groups/")
	says(t, p.get("/groups"), http.StatusOK, "Visa helpers", "Firm", "1 member · You lead it", `href="`+strings.TrimPrefix(path, "/")+`"`)
	leadsTo(t, p.post(path, "do", "rename", "name", "Helpers"), id+"?done=saved")
	says(t, p.post(path, "do", "rename", "name", "\x01"), http.StatusUnprocessableEntity, `id="name" name="name" value="`, `aria-invalid="true"`)
	says(t, p.get(path), http.StatusOK, "<h1>Helpers</h1>")
	says(t, p.post(path, "do", "nothing"), http.StatusBadRequest)
	says(t, p.get("/groups/"+account.NewID(time.Now())), http.StatusNotFound, "or it is not yours")
}

func TestMembersOfGroup(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	boris, _ := a.user("boris", account.Member)
	p, other := a.signedIn("admin"), a.signedIn("boris")
	path := p.begins("Helpers")
	id := strings.TrimPrefix(path, "/groups/")
	says(t, other.get(path), http.StatusNotFound)
	says(t, p.post(path, "do", "add", "member", "nobody", "right", "write"), http.StatusUnprocessableEntity, "There is no user with this name here.", `value="nobody"`, `value="write" selected`, `aria-invalid="true"`)
	says(t, p.post(path, "do", "add", "member", "boris", "right", "everything"), http.StatusUnprocessableEntity, "There is no such right.")
	leadsTo(t, p.post(path, "do", "add", "member", "boris", "right", "read"), id+"?done=member_added")
	says(t, p.post(path, "do", "add", "member", "boris", "right", "read"), http.StatusConflict, "in the group already")

	w := other.get(path)
	says(t, w, http.StatusOK, "You read along", "Leave the group", "Leads the group", "<strong>boris</strong>")
	for _, not := range []string{`value="rename"`, `value="add"`, `value="right"`, `value="invite"`, "/delete", "Take out"} {
		if strings.Contains(w.Body.String(), not) {
			t.Errorf("a reader is shown %s", not)
		}
	}
	says(t, other.post(path, "do", "rename", "name", "Mine"), http.StatusForbidden, "not allowed to you")
	leadsTo(t, p.post(path, "do", "right", "user", boris.ID, "right", "own"), id+"?done=right_given")
	says(t, other.get(path), http.StatusOK, "You lead it", `value="rename"`, "made by whoever runs the appliance")
	if strings.Contains(other.get(path).Body.String(), `value="invite"`) {
		t.Error("who does not run the appliance is offered to invite")
	}
	leadsTo(t, p.post(path, "do", "right", "user", boris.ID, "right", "write"), id+"?done=right_given")
	says(t, p.post(path, "do", "right", "user", a.admin.ID, "right", "read"), http.StatusConflict, "without anybody who can lead it")
	says(t, p.post(path, "do", "right", "user", account.NewID(time.Now()), "right", "read"), http.StatusNotFound, "not in the group any more")
	says(t, p.post(path+"/leave"), http.StatusConflict, "without anybody who can lead it", "Leave the group")
	says(t, p.get(path+"/leave?member="+boris.ID), http.StatusOK, "Take boris out of the group")
	says(t, p.get(path+"/leave?member="+account.NewID(time.Now())), http.StatusNotFound)
	leadsTo(t, p.post(path+"/leave?member="+boris.ID), "../"+id+"?done=member_removed")
	says(t, other.get(path), http.StatusNotFound)
	leadsTo(t, p.post(path, "do", "add", "member", "Boris", "right", "read"), id+"?done=member_added")
	leadsTo(t, other.post(path+"/leave"), "../../groups?done=group_left")
	says(t, other.get("/groups?done=group_left"), http.StatusOK, "no member of the group any more", "You are in no group yet.")
}

func TestGroupIsDeletedWhenNothingStandsInTheWay(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	path := p.begins("Helpers")
	id := strings.TrimPrefix(path, "/groups/")
	app := a.watchFor(account.OfGroup(id), anna)
	says(t, p.get(path+"/delete"), http.StatusOK, "1 application, with its history", "Erase the group and all of this")
	says(t, p.post(path+"/delete", "do", "remove"), http.StatusConflict, "Something still belongs to it", "1 application")
	says(t, p.post(path+"/delete"), http.StatusBadRequest)
	leadsTo(t, p.post(path+"/delete", "do", "erase"), "../../groups?done=group_removed")
	says(t, p.get(path), http.StatusNotFound)
	if _, err := a.store.Application(t.Context(), app.ID); err == nil {
		t.Error("the application is there still")
	}
	second := p.begins("Others")
	says(t, p.get(second+"/delete"), http.StatusOK, "Nothing belongs to the group", "1 member loses access")
	leadsTo(t, p.post(second+"/delete", "do", "remove"), "../../groups?done=group_removed")
	says(t, p.get("/groups?done=group_removed"), http.StatusOK, "The group is deleted.", "You are in no group yet.")
}

func TestInvitationIntoGroup(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, func(c *Config) { c.BaseURL = "https://visa.example.com/home" })
	p := a.signedIn("admin")
	path, other := p.begins("Helpers"), p.begins("Others")
	id := strings.TrimPrefix(path, "/groups/")
	for _, tc := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"no role", []string{"role", "king", "right", "read", "lasts", "24h"}, "There is no such role."},
		{"no right", []string{"role", "member", "right", "all", "lasts", "24h"}, "There is no such right."},
		{"too long", []string{"role", "member", "right", "read", "lasts", "721h"}, "It cannot last so long"},
		{"no time", []string{"role", "member", "right", "read", "lasts", "soon"}, "It cannot last so long"},
		{"a time that has gone", []string{"role", "member", "right", "read", "lasts", "-1h"}, "It cannot last so long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			says(t, p.post(path, append(tc.fields, "do", "invite")...), http.StatusUnprocessableEntity, tc.want, `role="alert"`, `aria-invalid="true"`)
		})
	}
	w := p.post(path, "do", "invite", "role", "viewer", "right", "read", "lasts", "24h")
	link := field(t, w, `value="(https://visa\.example\.com/home/join#czvi_[a-z2-7]+)"`)
	picture, err := newQR(link)
	if err != nil || field(t, w, `class="qr"[^>]*><path d="([^"]+)"`) != picture.Path {
		t.Errorf("the QR code is another one, %v", err)
	}
	list, err := a.accounts.Invitations(a.asCommand())
	if err != nil || len(list) != 1 || list[0].Group != id || list[0].Role != account.Viewer || list[0].ExpiresAt.Sub(list[0].CreatedAt) != 24*time.Hour {
		t.Fatalf("the invitation is %+v, %v", list, err)
	}
	again := p.get(path)
	says(t, again, http.StatusOK, "Links that wait", "Reads along · Viewer", "made by admin")
	_, code, _ := strings.Cut(link, "#")
	if strings.Contains(again.Body.String(), code) || strings.Contains(a.logged(), code) {
		t.Error("what is shown once is shown twice, or stands in the log")
	}
	if strings.Contains(p.get(other).Body.String(), "Links that wait") {
		t.Error("another group shows the link")
	}
	says(t, p.post(other, "do", "withdraw", "invitation", list[0].ID), http.StatusNotFound, "used already or has expired")
	leadsTo(t, p.post(path, "do", "withdraw", "invitation", list[0].ID), id+"?done=invitation_withdrawn")
	says(t, a.person().post("/join", "code", code), http.StatusNotFound)

	bare := newAppliance(t, nil) // It does not know its address.
	q := bare.signedIn("admin")
	w = q.post(q.begins("Helpers"), "do", "invite", "role", "member", "right", "write", "lasts", "168h")
	says(t, w, http.StatusOK, "does not know its own address", `href="../join"`, `value="czvi_`)
	if strings.Contains(w.Body.String(), `class="qr"`) {
		t.Error("there is a QR code of no link")
	}
}

// An owner invites, a second user comes by the link in another browser, sees what
// is the group's, and is offered nothing to change it with.
func TestPageInvitesIntoGroup(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	base := newProxy(t, a.server.Handler()).URL + "/visa"
	a.server.cfg.BaseURL = base
	owner := visit(t, newBrowser(t), base+"/groups")
	owner.signIn("admin", password)
	owner.until("it is signed in", `() => document.querySelector('nav.ways') !== null`)
	owner.open(base + "/groups")
	owner.fill("Name", "Novák family")
	owner.click("button", "Begin the group")
	owner.shows("The group is begun.")
	groups, err := a.store.GroupsOf(t.Context(), a.admin.ID)
	if err != nil || len(groups) != 1 {
		t.Fatalf("the groups are %v, %v", groups, err)
	}
	app := a.watchFor(account.OfGroup(groups[0].ID), anna)
	choose := func(field, value string) {
		t.Helper()
		owner.until("it is chosen", `(id, value) => { const el = document.getElementById(id); if (!el) return false; el.value = value; return el.value === value; }`, field, value)
	}
	choose("invite-role", "viewer")
	choose("invite-lasts", "24h")
	owner.click("button", "Make a link")
	owner.shows("The link is ready")
	owner.click("button", "Copy")
	owner.shows("Copied")
	link, err := owner.Eval(`() => document.getElementById('once').value`)
	owner.must(err)
	owner.axe("a link that was made")

	guest := visit(t, newBrowser(t), link.Value.Str())
	guest.until("the code is in the form", `() => document.getElementById('code')?.value.startsWith('czvi_') ?? false`)
	guest.click("button", "Continue")
	guest.shows("Make my account")
	guest.fill("Name", "babička")
	guest.fill("New password", password)
	guest.click("button", "Make my account")
	guest.shows("Shared")
	guest.open(base + "/groups/" + groups[0].ID)
	guest.shows("You read along")
	guest.shows("babička")
	offered := `() => [...document.querySelectorAll('main button, main select, main input:not([type=hidden])')].filter((el) => el.checkVisibility()).map((el) => el.textContent.trim() || el.name).join()`
	if got, err := guest.Eval(offered); err != nil || got.Value.Str() != "Show the group's applications" {
		t.Errorf("a viewer is offered %q in the group, %v", got.Value.Str(), err)
	}
	guest.click("button", "Show the group's applications")
	guest.shows("Shared")
	if got, err := guest.Eval(`() => document.querySelectorAll('main [name=do], main .tick').length`); err != nil || got.Value.Int() != 0 {
		t.Errorf("a viewer is offered %v buttons that change applications, %v", got.Value, err)
	}
	guest.open(base + "/applications/" + string(app.ID))
	guest.until("the page is there", `() => document.querySelector('main h1') !== null`)
	if got, err := guest.Eval(`() => [...document.querySelectorAll('main [name=do]')].map((el) => el.value).filter((value) => !['seen', 'number'].includes(value)).join()`); err != nil || got.Value.Str() != "" {
		t.Errorf("a viewer is offered %q at the application, %v", got.Value.Str(), err)
	}
	owner.open(base + "/groups/" + groups[0].ID)
	owner.shows("babička")
	owner.quiet()
}
