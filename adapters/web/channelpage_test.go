package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// channelPageRights are those of the pages of channels, deliveries and people.
func channelPageRights() []right {
	const fresh = "kind=ntfy&name=Phone&field.topic=visa&privacy=masked&language=en&owner={owner}"
	return []right{
		{"GET /channels", aChannel, "", all, listed, noneSeen},
		{"GET /channels/new", nil, "", writes, "", ""},
		{"POST /channels/new", aNumber, fresh + "&do=save", writes, givesAll, unknown},
		{"POST /channels/new", aNumber, fresh + "&do=test", writes, givesAll, unknown},
		{"GET /channels/:id", aChannel, "", all, sees, none},
		{"POST /channels/:id", aChannel, "do=save&name=Another", writes, changes, none},
		{"POST /channels/:id", aChannel, "do=pause", writes, changes, none},
		{"POST /channels/:id", aChannel, "do=test", writes, changes, none},
		{"POST /channels/:id", aChannel, "do=save&operator=yes", "+----- --+ ---", "00---- 000 ---", none},
		{"GET /channels/:id/delete", aChannel, "", writes, changes, none},
		{"POST /channels/:id/delete", aChannel, "", writes, changes, none},
		{"GET /deliveries", aLetter, "", all, listed, noneSeen},
		{"POST /deliveries", aLetter, "do=retry&delivery={id}", writes, changes, none},
		{"POST /deliveries", aChannel, "do=send&channel={id}", writes, changes, none},
		{"GET /people", aPerson, "", all, listed, noneSeen},
		{"GET /people/new", nil, "", writes, "", ""},
		{"POST /people/new", aNumber, "do=save&name=Eva&owner={owner}", writes, givesAll, unknown},
		{"POST /people/new", aNumber, "do=read&zone=x&owner={owner}", "!!-!!! -!! -!!", "!!--!! !!! -!!", unknown},
		{"GET /people/:id", aPerson, "", all, sees, none},
		{"POST /people/:id", aPerson, "do=save&name=Another", writes, changes, none},
		{"POST /people/:id", aPerson, "do=document&document_kind=visa", writes, changes, none},
		{"GET /people/:id/delete", aPerson, "", writes, changes, none},
		{"POST /people/:id/delete", aPerson, "", writes, changes, none},
	}
}

// channelPages yields the states of the pages of channels, deliveries and people,
// before there is anything and after.
func (a *appliance) channelPages(p *person, yield func(name string, w *httptest.ResponseRecorder)) {
	a.tb.Helper()
	yield("channels, none", p.get("/channels"))
	yield("deliveries, none", p.get("/deliveries"))
	yield("people, none", p.get("/people"))
	yield("channel, to choose", p.get("/channels/new"))
	for _, k := range a.server.cfg.Kinds {
		yield("channel, new "+k.Name, p.get("/channels/new?kind="+k.Name))
	}
	yield("channel, wrong", p.post("/channels/new", "kind", "ntfy", "do", "save"))
	yield("channel, tested", p.post("/channels/new", "kind", "ntfy", "name", "x", "privacy", "masked", "language", "en", "field.topic", "visa", "do", "test"))
	ch, app := a.channel("Phone"), a.watch(cecil, "Cecil")
	a.tellOf(app, ch.ID, "401 from the server")
	one := a.keptPerson(app.ID)
	yield("channels", p.get("/channels?done=channel_added"))
	yield("channel", p.get("/channels/"+ch.ID))
	yield("channel, to delete", p.get("/channels/"+ch.ID+"/delete"))
	yield("deliveries", p.get("/deliveries"))
	yield("people", p.get("/people"))
	yield("person, new", p.get("/people/new"))
	yield("person, read", p.post("/people/new", "do", "read", "zone", zoneLines()))
	yield("person, not read", p.post("/people/new", "do", "read", "zone", "P<"))
	yield("person", p.get("/people/"+one.ID))
	yield("person, wrong", p.post("/people/"+one.ID, "do", "save", "name", "x", "birth_date", "yesterday"))
	yield("person, to delete", p.get("/people/"+one.ID+"/delete"))
}

// tellOf makes a dead letter about an application for a channel.
func (a *appliance) tellOf(app watch.Application, channel, answer string) alert.Delivery {
	a.tb.Helper()
	ref := app.Reference
	_, err := a.store.Record(a.tb.Context(), app.ID, func(app watch.Application) watch.Decision {
		n := alert.Notification{Kind: alert.StatusChanged, ApplicationID: string(app.ID), Reference: ref, From: visa.InProgress, To: visa.Granted, At: time.Now()}
		return watch.Decision{State: app.State, Watchers: app.Clone().Watchers, Letters: []watch.Letter{{Channels: []string{channel}, Notification: n}}}
	})
	if err != nil {
		a.tb.Fatal(err)
	}
	found, err := a.store.Deliveries(a.tb.Context(), "", 1, func(d alert.Delivery) bool { return d.ChannelID == channel })
	if err != nil || len(found) != 1 {
		a.tb.Fatalf("there are %d deliveries, %v", len(found), err)
	}
	d := found[0]
	d.State, d.SettledAt, d.Attempts, d.LastError = alert.DeadLetter, time.Now(), 4, answer
	if err := a.store.Settle(a.tb.Context(), d); err != nil {
		a.tb.Fatal(err)
	}
	return d
}

// keptPerson adds a person with a passport that expires soon.
func (a *appliance) keptPerson(applications ...watch.ID) dossier.Person {
	a.tb.Helper()
	now := time.Now()
	wish := dossier.Person{Owner: a.me, Name: "Eva Example", Nationality: "UKR", Documents: []dossier.TravelDocument{
		{Kind: dossier.Passport, Number: passport, Country: "UKR", Expires: today(now) + 20},
	}}
	for _, id := range applications {
		wish.Applications = append(wish.Applications, string(id))
	}
	one, err := dossier.NewPerson(wish, now)
	if err == nil {
		err = a.store.AddPerson(a.tb.Context(), one)
	}
	if err != nil {
		a.tb.Fatal(err)
	}
	return one
}

func TestChannelIsAddedByItsForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/channels"), http.StatusOK, "There is no channel yet.", `href="channels/new"`)
	says(t, p.get("/channels/new"), http.StatusOK, "ntfy (push to the phone)", "E-mail", "Webhook", "You need:")
	says(t, p.get("/channels/new?kind=ntfy"), http.StatusOK, `name="field.server" value="https://ntfy.sh"`, `name="field.token" type="password"`,
		"ZZZZ202501150001", "ZZZZ2025••••0001", "There is news") // An example of each level.
	topic := regexp.MustCompile(`name="field\.topic" value="(visa-[a-z0-9]{12})"`)
	one, other := topic.FindStringSubmatch(p.get("/channels/new?kind=ntfy").Body.String()), topic.FindStringSubmatch(p.get("/channels/new?kind=ntfy").Body.String())
	if one == nil || other == nil || one[1] == other[1] {
		t.Errorf("the topics that are proposed are %q and %q", one, other)
	}
	base := []string{"kind", "ntfy", "name", "Phone", "privacy", "silent", "language", "cs", "field.server", "https://ntfy.sh", "field.token", secret}
	for _, tc := range []struct {
		name   string
		change []string
		want   []string
	}{
		{"no topic", []string{"field.topic", ""}, []string{"Topic: This is missing.", `name="field.topic" value=""`}},
		{"odd topic", []string{"field.topic", "téma"}, []string{"Topic: Use up to 64 letters", `value="téma"`}},
		{"odd server", []string{"field.topic", "visa", "field.server", "ftp://x"}, []string{"Server: Begin with https://"}},
		{"no name", []string{"field.topic", "visa", "name", " "}, []string{"Name: This is missing."}},
		{"half a night", []string{"field.topic", "visa", "quiet_from", "22:00", "quiet_to", ""}, []string{"Quiet hours: Give both times"}},
		{"a digest at night", []string{"field.topic", "visa", "quiet_from", "22:00", "quiet_to", "07:00", "digest", "23:00"}, []string{"One summary a day, at: This time lies within the quiet hours.", `value="23:00"`}},
		{"no zone", []string{"field.topic", "visa", "quiet_from", "", "quiet_to", "", "zone", "Europe/Atlantis"}, []string{"Time zone: There is no such time zone."}},
		{"odd language", []string{"field.topic", "visa", "language", "xx"}, []string{"There is no such language."}},
	} {
		for _, do := range []string{"save", "test"} {
			w := p.post("/channels/new", append(append(changed(base, tc.change), "do"), do)...)
			says(t, w, http.StatusUnprocessableEntity, append(tc.want, `role="alert"`)...)
			if tc.name != "odd language" && strings.Count(w.Body.String(), `aria-invalid="true"`) != 1 {
				t.Errorf("%s: no field is marked, or several", tc.name)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: the page sends the secret back", tc.name)
			}
		}
	}
	whole := append(base, "field.topic", "visa")
	a.mail.refuse = errors.New("the server answered 403 Forbidden: topic is taken")
	says(t, p.post("/channels/new", append(whole, "do", "test")...), http.StatusOK, "The test message was not sent.", `<q lang="en">the server answered 403 Forbidden: topic is taken</q>`, `value="visa"`)
	a.mail.refuse = nil
	says(t, p.post("/channels/new", append(whole, "do", "test")...), http.StatusOK, "The server has taken the test message")
	if got := a.mail.tested[len(a.mail.tested)-1]; got.ID != "" || got.Fields["token"] != secret {
		t.Errorf("another channel was tested: %s", got.ID)
	}
	leadsTo(t, p.post("/channels/new", append(whole, "do", "save")...), "../channels?done=channel_added")
	says(t, p.get("/channels?done=channel_added"), http.StatusOK, "The channel is added.", "Phone", "Only that there is news", "Nothing has gone through it lately.")
	list, err := a.store.Channels(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d channels, %v", len(list), err)
	}
	if ch := list[0]; ch.Owner != a.me || ch.Fields["token"] != secret || ch.Privacy != alert.Silent || ch.Language != "cs" || ch.Operator {
		t.Errorf("the channel is %+v", ch)
	}
	says(t, p.post("/channels/new", "kind", "no such"), http.StatusBadRequest)
}

// changed returns pairs with others in place of those of the same name.
func changed(pairs, change []string) (out []string) {
	given := map[string]bool{}
	for i := 0; i < len(change); i += 2 {
		given[change[i]] = true
	}
	for i := 0; i < len(pairs); i += 2 {
		if !given[pairs[i]] {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return append(out, change...)
}

func TestChannelIsChangedByItsForm(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p, ch := a.signedIn("admin"), a.channel("Phone")
	path := "/channels/" + ch.ID
	stored := func() alert.Channel {
		t.Helper()
		got, err := a.store.Channel(t.Context(), ch.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	w := p.get(path)
	says(t, w, http.StatusOK, "Leave it empty to keep it as it is.", "Access token: remove what is stored")
	if strings.Contains(w.Body.String(), secret) || strings.Contains(w.Body.String(), "Password: remove") {
		t.Error("the page shows the secret, or offers to remove one that there is not")
	}
	base := []string{"do", "save", "name", "My phone", "privacy", "full", "language", "en", "field.server", "https://ntfy.sh", "field.topic", "visa", "field.token", ""}
	when := []string{"quiet_from", "22:00", "quiet_to", "07:00", "quiet_decisions", "yes", "digest", "18:00", "zone", "Asia/Ho_Chi_Minh"}
	leadsTo(t, p.post(path, append(append(base, "operator", "yes"), when...)...), ch.ID+"?done=saved")
	if got := stored(); got.Quiet != (alert.Quiet{From: "22:00", To: "07:00", Decisions: true}) || got.Digest != "18:00" || got.Zone != "Asia/Ho_Chi_Minh" {
		t.Errorf("the times are %+v, %s, %s", got.Quiet, got.Digest, got.Zone)
	}
	says(t, p.get(path), http.StatusOK, `name="quiet_to" type="time" value="07:00"`, `name="digest" type="time" value="18:00"`, `name="quiet_decisions" value="yes" checked`)
	if got := stored(); got.Fields["token"] != secret || got.Name != "My phone" || got.Privacy != alert.Full || !got.Operator {
		t.Errorf("the channel is %+v", got)
	}
	w = p.post(path, append(changed(base, []string{"field.server", "https://evil.example.com"}), "asked_operator", "yes")...)
	says(t, w, http.StatusUnprocessableEntity, "Access token: The address is another one now.")
	if got := stored(); got.Fields["server"] != "https://ntfy.sh" || !got.Operator {
		t.Errorf("what was refused is stored: %+v", got)
	}
	leadsTo(t, p.post(path, append(base, "remove.token", "yes", "asked_operator", "yes")...), ch.ID+"?done=saved")
	if got := stored(); got.Fields["token"] != "" || got.Operator {
		t.Errorf("the channel is %+v", got)
	}
	leadsTo(t, p.post(path, "do", "pause"), ch.ID+"?done=channel_pause")
	says(t, p.get(path+"?done=channel_pause"), http.StatusOK, "The channel is paused", "Send again")
	leadsTo(t, p.post(path, "do", "resume"), ch.ID+"?done=channel_resume")
	says(t, p.post(path, "do", "nothing"), http.StatusBadRequest)

	a.mail.refuse = errors.New("the server answered 401")
	says(t, p.post(path, "do", "test"), http.StatusOK, "The test message was not sent.", "the server answered 401")
	a.mail.refuse = nil
	says(t, p.post(path, "do", "test"), http.StatusOK, "The server has taken the test message")

	a.watch(anna, "Anna", ch.ID)
	a.watch(boris, "Boris")
	says(t, p.get(path+"/delete"), http.StatusOK, "1 application tells of itself through it", "There is no way back.")
	leadsTo(t, p.post(path+"/delete"), "../../channels?done=channel_removed")
	says(t, p.get(path), http.StatusNotFound)
}

// Whoever may only see a channel sees no secret and nothing to press.
func TestChannelOfAGroupToItsReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := aChannel(w, w.place("group", caller{}))[1]
	got := w.as(caller{user: "reader"}, "GET", "/channels/"+id, "")
	says(t, got, http.StatusOK, "Stored, not shown", "Family", "visa")
	for _, odd := range []string{secret, "<button name", `href="../channels/` + id + `/delete"`, "<input"} {
		if strings.Contains(got.Body.String(), odd) {
			t.Errorf("the page of who may only read holds %s", odd)
		}
	}
}

func TestDeliveriesPage(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/deliveries"), http.StatusOK, "Nothing has been sent yet.")
	ch, other, app := a.channel("Phone"), a.channel("Other"), a.watch(anna, "")
	d := a.tellOf(app, ch.ID, "the server answered 401")
	w := p.get("/deliveries?channel=" + ch.ID + "&state=dead")
	says(t, w, http.StatusOK, "ZZZZ2025••••9001: “Granted”", "Given up after 4 tries", `<q lang="en">the server answered 401</q>`, `value="retry"`)
	if strings.Contains(w.Body.String(), anna) {
		t.Error("the page shows a whole number")
	}
	says(t, p.get("/channels/"+ch.ID), http.StatusOK, "Given up after 4 tries")
	says(t, p.get("/channels"), http.StatusOK, "Given up after 4 tries")
	says(t, p.get("/deliveries?channel="+other.ID), http.StatusOK, "There is nothing of this kind.")
	says(t, p.get("/deliveries?state=waiting"), http.StatusOK, "There is nothing of this kind.")
	woken := a.woken.Load()
	leadsTo(t, p.post("/deliveries", "do", "retry", "delivery", d.ID), "deliveries?done=delivery_retried")
	says(t, p.get("/deliveries?state=waiting"), http.StatusOK, "Waits to be sent", "Send what waits now")
	says(t, p.post("/deliveries", "do", "retry", "delivery", d.ID), http.StatusConflict, "is on its way or was sent already")
	got, err := a.store.Delivery(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	got.Attempts, got.NextAttemptAt = 2, time.Now().Add(time.Hour)
	if err := a.store.Settle(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	says(t, p.get("/deliveries"), http.StatusOK, "2 tries have failed; the next one")
	got.Attempts, got.NextAttemptAt = 0, time.Now().Add(time.Hour)
	got.HeldUntil = got.NextAttemptAt
	if err := a.store.Settle(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	says(t, p.get("/deliveries?state=held"), http.StatusOK, "Held back until", "Send what waits now")
	leadsTo(t, p.post("/deliveries", "do", "send"), "deliveries?done=deliveries_sending")
	due, err := a.store.DueDeliveries(t.Context(), time.Now(), 10)
	if err != nil || len(due) != 1 || a.woken.Load() < woken+2 {
		t.Errorf("%d deliveries are due, %v", len(due), err)
	}
	says(t, p.post("/deliveries", "do", "nothing"), http.StatusBadRequest)
}

// Somebody adds a channel with the keyboard alone: the server refuses the first
// test message and takes the second.
func TestChannelIsAddedByKeyboard(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	a.mail.refuse = errors.New("the server answered 403 Forbidden")
	proxy := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), proxy.URL+"/visa/channels")
	v.signIn("admin", password)
	v.shows("Live")
	if err := v.Navigate(proxy.URL + "/visa/channels/new?kind=ntfy"); err != nil {
		t.Fatal(err)
	}
	v.shows("How much a message tells")
	v.tabTo("name")
	v.press(input.End)
	v.types(" of Anna")
	v.tabTo("field-topic")
	v.types("visa-k3nq8vw2")
	v.tabTo("field-token")
	v.types(secret)
	v.until("the page is the same", `() => window.mark = true`)
	v.tabTo("test")
	v.press(input.Enter)
	v.shows("The test message was not sent.")
	v.shows("the server answered 403 Forbidden")
	a.mail.mu.Lock()
	a.mail.refuse = nil
	a.mail.mu.Unlock()
	v.press(input.Enter)
	v.shows("The server has taken the test message")
	v.until("nothing typed is lost", `() => window.mark && document.getElementById('field-token').value !== ''`)
	v.tabTo("save")
	v.press(input.Enter)
	v.shows("The channel is added.")
	v.shows("ntfy (push to the phone) of Anna")
	v.quiet()
	list, err := a.store.Channels(t.Context())
	if err != nil || len(list) != 1 || list[0].Fields["token"] != secret || list[0].Owner != account.OfUser(a.admin.ID) {
		t.Errorf("the channels are %v, %v", list, err)
	}
}

// tabTo presses Tab, or with Shift, until the element with an ID or value has the focus.
func (v *visitor) tabTo(what string) {
	v.t.Helper()
	for range 60 {
		at, err := v.Eval(`() => [document.activeElement.id, document.activeElement.value]`)
		if err != nil {
			v.t.Fatal(err)
		}
		for _, one := range at.Value.Arr() {
			if one.Str() == what {
				return
			}
		}
		if what == "save" { // It stands before.
			err = v.KeyActions().Press(input.ShiftLeft).Type(input.Tab).Do()
		} else {
			err = v.Keyboard.Type(input.Tab)
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
	v.t.Fatalf("the keyboard does not lead to %s", what)
}

// types types a text where the focus is.
func (v *visitor) types(text string) {
	v.t.Helper()
	if err := v.InsertText(text); err != nil {
		v.t.Fatal(err)
	}
}
