package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/adapters/shout"
	"cz-visa-monitor/adapters/shout/shouttest"
	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// What is done follows from what there is: the steps can be left and taken up again
// in any order.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	a := bareAppliance(t, nil)
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := a.person()
	leadsTo(t, p.post("/setup", "code", code, "name", "anna", "fresh", password), "start")
	users, err := a.accounts.Users(a.asCommand())
	if err != nil {
		t.Fatal(err)
	}
	a.admin, a.me = users[0], account.OfUser(users[0].ID)
	says(t, p.get("/start"), http.StatusOK, "Step 2 of 5", "Your language", `<span class="unseen">(done)</span>`)
	says(t, p.get("/"), http.StatusOK, "First steps", "Go on with the steps")
	if strings.Contains(p.get("/").Body.String(), "Print the recovery sheet.") {
		t.Error("the first page says twice that the sheet is due")
	}
	says(t, p.get("/start?step=channel"), http.StatusOK, "Step 4 of 5", "channels/new?from=start")
	says(t, p.post("/start", "do", "language", "language", "?"), http.StatusUnprocessableEntity, "There is no such language.", "Step 2 of 5", `aria-invalid="true"`)
	says(t, p.post("/start", "do", "language", "language", "en", "theme", "x"), http.StatusUnprocessableEntity, "There is no such look.")
	leadsTo(t, p.post("/start", "do", "language", "language", "en", "theme", "dark"), "start?step=sheet")
	says(t, p.get("/start?step=language"), http.StatusOK, `data-theme="dark"`, `value="dark" checked`)
	says(t, p.get("/start"), http.StatusOK, "Step 3 of 5", "Without the sheet nothing can be read again", `href="start?step=channel"`, "Leave this for later")
	says(t, p.get("/recovery-sheet?from=start"), http.StatusOK, "Step 3 of 5", `name="from" value="start"`)
	says(t, p.post("/recovery-sheet", "from", "start", "step", "confirm", "end", "wrong"), http.StatusUnprocessableEntity, "Step 3 of 5")
	leadsTo(t, p.post("/recovery-sheet", "from", "start", "step", "confirm", "end", recoveryKey[len(recoveryKey)-8:]), "start?step=channel")

	says(t, p.get("/start"), http.StatusOK, "Step 4 of 5")
	ch := a.channel("Phone")
	says(t, p.get("/start"), http.StatusOK, "Step 4 of 5", "Not tested yet", `href="channels/`+ch.ID+`"`)
	says(t, p.post("/channels/"+ch.ID, "do", "test"), http.StatusOK, "The server has taken the test message")
	says(t, p.get("/start?step=channel"), http.StatusOK, "The test message was taken", "Look whether the test message has arrived.")

	says(t, p.get("/start"), http.StatusOK, "Step 5 of 5", `enctype="multipart/form-data"`, `name="from" value="start"`)
	a.portal.fail(anna, watch.Timeout)
	app := a.watch(anna, "Anna")
	says(t, p.get("/start"), http.StatusOK, "Step 5 of 5", "Anna", "The portal is being asked.")
	a.settle(app.ID, watch.State{Pending: &watch.Pending{Status: visa.Granted, SeenAt: time.Now()}, AnsweredAt: time.Now()}, nil)
	w := p.get("/start?step=number")
	says(t, w, http.StatusOK, "Seen once, waits for a second check: Granted", "A second check confirms it before anybody is told.")
	if strings.Contains(w.Body.String(), "The portal is being asked.") {
		t.Error("the portal is said to be asked when it has answered")
	}
	says(t, p.get("/start?step=end"), http.StatusOK, "Everything works.")
	a.settle(app.ID, watch.State{Status: visa.Granted, Valid: visa.Granted}, nil)
	says(t, p.get("/start?step=number"), http.StatusOK, "Granted", `href="start?step=end"`)
	says(t, p.get("/start"), http.StatusOK, "That was all", "Everything works.")
	if strings.Contains(p.get("/").Body.String(), "First steps") {
		t.Error("the first page shows steps that are done")
	}
	leadsTo(t, p.post("/start", "do", "dismiss"), "./")
	says(t, p.post("/start", "do", "nothing"), http.StatusBadRequest)
}

// Whoever does not want to see the steps does not, and they are not shown to who was
// there before them.
func TestFirstStepsArePutAway(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	shown := func() bool { return strings.Contains(p.get("/").Body.String(), "Do not show this any more") }
	if shown() {
		t.Error("who was there before is led through first steps")
	}
	a.beginner(a.admin.ID)
	if !shown() {
		t.Error("the steps are not shown")
	}
	leadsTo(t, p.post("/start", "do", "dismiss"), "./")
	if shown() {
		t.Error("the steps are shown after they were put away")
	}
	says(t, p.get("/"), http.StatusOK, "Print the recovery sheet.")
	says(t, p.get("/start?step=end"), http.StatusOK, "4 steps are left.")
}

func TestFirstStepsOfTheInvited(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.person()
	leadsTo(t, p.post("/join", "code", a.invited(account.Member), "step", "account", "name", "boris", "fresh", password), "start")
	w := p.get("/start")
	says(t, w, http.StatusOK, "Step 1 of 3", "Your language", "How you hear of news", "The first number")
	for _, odd := range []string{"recovery sheet", "Your account</"} {
		if strings.Contains(w.Body.String(), odd) {
			t.Errorf("a member is shown %s", odd)
		}
	}
	says(t, p.get("/start?step=sheet"), http.StatusOK, "Step 1 of 3")
	q := a.person()
	leadsTo(t, q.post("/join", "code", a.invited(account.Viewer), "step", "account", "name", "cecil", "fresh", password), "./")
	says(t, q.get("/start"), http.StatusForbidden, "This is not allowed to you.")
	if strings.Contains(q.get("/").Body.String(), "First steps") {
		t.Error("who may only look is led through first steps")
	}
}

// A channel is added in the first steps once its server has taken a test message, and
// without that only by who says so.
func TestFirstChannel(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	p := a.signedIn("admin")
	says(t, p.get("/channels/new?from=start"), http.StatusOK, "Step 4 of 5", "kind=ntfy&amp;from=start")
	says(t, p.get("/channels/new?kind=ntfy&from=start"), http.StatusOK, "Step 4 of 5", `name="do" value="first"`, "Add without a test",
		`name="operator" value="yes" checked`)
	if strings.Contains(p.get("/channels/new?kind=ntfy").Body.String(), `name="operator" value="yes" checked`) {
		t.Error("every channel is one for notices about the appliance")
	}
	form := []string{"from", "start", "kind", "ntfy", "name", "Phone", "privacy", "masked", "language", "en", "field.server", "https://ntfy.sh", "field.topic", "visa"}
	a.mail.refuse = errors.New("the server answered 403 Forbidden: topic is taken")
	says(t, p.post("/channels/new", append(form, "do", "first")...), http.StatusOK, "The test message was not sent.", "topic is taken", `name="do" value="first"`, `value="Phone"`)
	odd := slices.Clone(form)
	odd[len(odd)-1] = "my topic"
	says(t, p.post("/channels/new", append(odd, "do", "first")...), http.StatusUnprocessableEntity, `<details id="more">`, "Topic: Use up to 64 letters")
	says(t, p.post("/channels/new", append(form, "do", "first", "quiet_from", "22:00", "quiet_to", "")...), http.StatusUnprocessableEntity, `<details id="more" open>`)
	kept := func() []alert.Channel {
		t.Helper()
		list, err := a.store.Channels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := kept(); len(got) != 0 {
		t.Errorf("%d channels are kept that do not work", len(got))
	}
	leadsTo(t, p.post("/channels/new", append(form, "do", "save")...), "../start?step=channel")
	a.mail.refuse = nil
	leadsTo(t, p.post("/channels/new", append(form, "do", "first")...), "../start?step=channel")
	if got := kept(); len(got) != 2 || !got[0].TestedAt.IsZero() || got[1].TestedAt.IsZero() {
		t.Errorf("the channels are %+v", got)
	}
}

// From an empty start to the first message that arrives and the first answer of the
// portal, with a real ntfy server. How many things a person has to do is counted.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	ntfy := shouttest.NewNtfy(shouttest.NtfyConfig{})
	phone := httptest.NewServer(ntfy)
	t.Cleanup(phone.Close)
	a := bareAppliance(t, func(c *Config) {
		store, ok := c.Channels.(*boltstore.Store)
		if !ok {
			t.Fatal("the channels are kept elsewhere")
		}
		c.Test = alert.NewDispatcher(alert.DispatcherConfig{
			Outbox: store, Notices: store, Notifier: shout.New(shout.Config{}), Catalogues: c.Catalogues, Logger: c.Logger,
		}).Test
	})
	code, err := a.accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan struct{})
	a.portal.answer(boris, func() (watch.Result, error) {
		<-answer
		return watch.Result{Status: visa.InProgress, Text: "It is being worked on.", Language: "en"}, nil
	})
	a.run()
	proxy := newProxy(t, a.server.Handler())
	v := visit(t, newBrowser(t), proxy.URL+"/visa/")
	v.size(390, 844, true)
	acts := 0
	click := func(role, name string) { acts++; v.click(role, name) }
	fill := func(label, text string) { acts++; v.fill(label, text) }

	v.shows("Step 1 of 5")
	fill("Code from the log", code)
	fill("Name", "anna")
	fill("New password", password)
	click("button", "Set up")

	v.shows("Step 2 of 5")
	v.axe("step 2")
	click("button", "Go on")

	v.shows("Step 3 of 5")
	v.shows("Without the sheet nothing can be read again")
	v.axe("step 3")
	click("link", "Show and print the sheet")
	v.shows("Give your password to see it.")
	fill("Your password now", password)
	click("button", "Show the recovery sheet")
	v.shows("Keep this sheet at home")
	v.shows("Step 3 of 5")
	fill("The last 8 characters, from the paper", recoveryKey[len(recoveryKey)-8:])
	click("button", "I have the sheet")
	v.shows("Step 4 of 5")

	// It is left here, and taken up again.
	v.open(proxy.URL + "/visa/")
	v.shows("First steps")
	v.axe("the steps on the first page")
	click("link", "Go on with the steps")

	v.shows("Step 4 of 5")
	click("link", "Add a channel")
	v.shows("Step 4 of 5")
	click("link", "ntfy (push to the phone)")
	fill("Server", phone.URL)
	fill("Topic", "visa-k3nq8vw2")
	click("button", "Send a test message, then add")
	v.shows("The test message was taken")
	if got := ntfy.Messages(); len(got) != 1 {
		t.Fatalf("%d messages have arrived", len(got))
	}
	v.axe("step 4")
	click("link", "Go on")

	v.shows("Step 5 of 5")
	fill("Paste the number, or a whole text with it", "Číslo jednací: "+boris+", Praha")
	click("button", "Watch this number")
	v.shows("The portal is being asked.")
	v.axe("step 5")
	v.until("the page is the same", `() => window.mark = true`)
	close(answer)
	v.shows("In progress")
	v.until("the answer came by itself", `() => window.mark && !document.body.innerText.includes('The portal is being asked')`)
	click("link", "Go on")
	v.shows("Everything works.")
	v.axe("the end")
	click("button", "Done")
	v.shows("OAM-•••12")
	v.until("the steps are gone", `() => location.pathname === '/visa/' && document.getElementById('first-steps').innerText === ''`)
	v.quiet()
	t.Logf("a person has typed, pasted and clicked %d times", acts)
	if acts > 21 {
		t.Errorf("a person has to do %d things from the code to the first answer", acts)
	}
	if problems := ntfy.Problems(); len(problems) > 0 {
		t.Errorf("the server was sent what a real one would refuse: %q", problems)
	}
}
