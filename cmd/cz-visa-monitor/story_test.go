package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/shout/shouttest"
	"cz-visa-monitor/adapters/shout/shouttest/smtpd"
)

// The secrets of the story; none may be in the log.
const (
	ntfyToken   = "tk_story_secret_ntfy_0001"
	gotifyToken = "Astory.secret-1"
	matrixToken = "syt_story_secret_matrix"
	storyLabel  = "Quetzalcoatl"
	storyNote   = "asked the embassy of Tlaloc"
)

// phones are the servers of the story, true to the wire.
type phones struct {
	ntfy   *shouttest.Ntfy
	gotify *shouttest.Gotify
	matrix *shouttest.Matrix
	mail   *smtpd.Server
}

// startPhones starts the servers and gives the appliance a channel to each.
func startPhones(t *testing.T, a api) (p phones, channels []string) {
	t.Helper()
	p = phones{
		ntfy:   shouttest.NewNtfy(shouttest.NtfyConfig{Token: ntfyToken}),
		gotify: shouttest.NewGotify(shouttest.GotifyConfig{Token: gotifyToken}),
		matrix: shouttest.NewMatrix(shouttest.MatrixConfig{Token: matrixToken, Rooms: map[string]string{"#visa:example.com": "!room:example.com"}}),
		mail:   smtpd.Start(t),
	}
	start := func(h http.Handler, problems func() []string) string {
		srv := httptest.NewServer(h)
		t.Cleanup(func() {
			srv.Close()
			for _, problem := range problems() {
				t.Errorf("a server was sent what the real one would refuse: %s", problem)
			}
		})
		return srv.URL
	}
	ntfyURL := start(p.ntfy, p.ntfy.Problems)
	channels = append(channels,
		a.addChannel("ntfy", "full", true, map[string]string{"server": ntfyURL, "topic": "visa", "token": ntfyToken}),
		a.addChannel("gotify", "masked", false, map[string]string{"server": start(p.gotify, p.gotify.Problems), "token": gotifyToken}),
		a.addChannel("matrix", "silent", false, map[string]string{"server": start(p.matrix, p.matrix.Problems), "token": matrixToken, "room": "!room:example.com"}),
		a.addChannel("email", "full", false, map[string]string{
			"host": p.mail.Host, "port": p.mail.Port, "encryption": "none", "from": "visa@example.com", "to": "jana@example.com",
		}))
	return p, channels
}

// TestStory is the main job, end to end: real Chromium on the form, the real
// store, a real mail server and servers true to the wire. The story brings
// exactly the messages that the design promises, each once.
//
// It is also the test of defect S2, secrets in logs, and of what lies on the disk.
func TestStory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, language, reference, inMasked string }{
		{"ŽOV on the English page", "en", "ZZZZ202601059001", "ZZZZ2026••••9001"},
		{"OAM on the Czech page", "cs", "OAM-90001-2/DP-2025", "OAM-•••01/DP-2025"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := startReplica(t, quick())
			env := settingsFor(t, srv.PageURL(tt.language), freeAddress(t))
			s := serve(t, env)
			p, channels := startPhones(t, s.api)
			tell(t, s, srv, tt.reference, channels)
			s.must(s.call(http.MethodPatch, "/api/v1/applications/"+s.list(t).Applications[0].ID, map[string]string{"note": storyNote}, nil))
			succeed(t, env, "backup", "create")
			eventually(t, "the last messages arrive", func() error {
				if n := len(p.ntfy.Messages()); n < len(told) {
					return fmt.Errorf("%d messages", n)
				}
				return s.outboxEmpty()
			})
			asked := srv.Asked(tt.reference)
			eventually(t, "later checks repeat nothing", func() error {
				if n := srv.Asked(tt.reference) - asked; n < 2 {
					return fmt.Errorf("%d checks since", n)
				}
				return s.outboxEmpty()
			})
			s.stop()

			full := []string{
				"Watching works: " + storyLabel + " – Not found", "In progress: " + storyLabel,
				"Preliminarily positive: " + storyLabel, "Granted: " + storyLabel,
			}
			masked := []string{
				"Watching works: " + tt.inMasked + " – Not found", "In progress: " + tt.inMasked,
				"Preliminarily positive: " + tt.inMasked, "Granted: " + tt.inMasked,
			}
			silent := []string{"There is news", "There is news", "There is news", "There is news"}
			same(t, "ntfy", full, titles(p.ntfy.Messages()))
			same(t, "Gotify", masked, titles(p.gotify.Messages()))
			same(t, "Matrix", silent, titles(p.matrix.Messages()))
			same(t, "mail", slices.Sorted(slices.Values(full)), subjects(p.mail.Wait(t, len(told))))
			for _, secret := range []string{ntfyToken, gotifyToken, matrixToken, storyLabel, tt.reference, tt.reference[4:12], s.token, "jana@example.com"} {
				if strings.Contains(s.log.String(), secret) {
					t.Errorf("the log holds %q:\n%s", secret, s.log)
				}
			}
			noneOf(t, env["CZVM_DATA_DIR"], ntfyToken, gotifyToken, matrixToken, storyLabel, storyNote, tt.reference, s.token,
				"jana@example.com", "!room:example.com", "tester", "still being processed", "in_progress")
			for _, m := range append(p.gotify.Messages(), p.matrix.Messages()...) {
				if strings.Contains(m.Title+m.Text, tt.reference) || strings.Contains(m.Title+m.Text, storyLabel) {
					t.Errorf("a discreet message tells too much: %q %q", m.Title, m.Text)
				}
			}
		})
	}
}

// tell leads one application through the story.
func tell(t *testing.T, s *served, srv *portaltest.Server, reference string, channels []string) {
	t.Helper()
	srv.Script(reference, portaltest.Answer{Outcome: story[0]})
	app := s.addApplication(reference, storyLabel, channels...)
	for _, chapter := range story {
		if chapter == failure {
			srv.Script(reference, portaltest.Answer{Fault: portaltest.ServerError})
			s.becomes(app.ID, "the failure is noticed", func(a application) bool {
				return a.Trouble != nil && a.Trouble.Code == "unreachable" && a.Status == "in_progress"
			})
			continue
		}
		srv.Script(reference, portaltest.Answer{Outcome: chapter})
		s.becomes(app.ID, string(chapter), func(a application) bool {
			return a.Status == string(chapter) && a.Trouble == nil
		})
	}
}

// outboxEmpty complains while deliveries wait.
func (a api) outboxEmpty() error {
	var list struct {
		Deliveries []struct {
			ID string `json:"id"`
		} `json:"deliveries"`
	}
	if err := a.get("/api/v1/deliveries?state=waiting", &list); err != nil {
		return err
	}
	if len(list.Deliveries) > 0 {
		return fmt.Errorf("%d deliveries wait", len(list.Deliveries))
	}
	return nil
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// titles returns the titles, each as often as it came.
func titles(messages []shouttest.Message) (list []string) {
	for _, m := range messages {
		for range m.Times {
			list = append(list, m.Title)
		}
	}
	return list
}

// subjects returns the subjects, sorted: mails arrive in no certain order.
func subjects(mails []smtpd.Mail) (list []string) {
	for _, m := range mails {
		list = append(list, m.Subject)
	}
	slices.Sort(list)
	return list
}

// TestRefusedMessagesWaitForTheMend lets a server refuse what it is sent, as a
// proxy does while the program behind it starts. Nothing is given up, and what
// waits is sent as soon as somebody has mended the channel.
func TestRefusedMessagesWaitForTheMend(t *testing.T) {
	t.Parallel()
	srv := startReplica(t, quick())
	s := serve(t, settingsFor(t, srv.PageURL("en"), freeAddress(t)))
	phone := shouttest.NewWebhook(shouttest.WebhookConfig{})
	phone.Break(shouttest.Answer(http.StatusNotFound, "no such hook"))
	hook := httptest.NewServer(phone)
	t.Cleanup(hook.Close)
	id := s.addChannel("webhook", "full", false, map[string]string{"url": hook.URL})
	srv.SetDefault(portaltest.Answer{Outcome: portaltest.InProgress})
	s.addApplication("ZZZZ202601059001", "one", id)
	s.addApplication("ZZZZ202601059002", "two", id)
	var waiting struct {
		Deliveries []struct {
			Attempts  int    `json:"attempts"`
			LastError string `json:"last_error"`
		} `json:"deliveries"`
	}
	eventually(t, "the refusal is noted", func() error {
		if err := s.get("/api/v1/deliveries?state=waiting", &waiting); err != nil {
			return err
		}
		for _, d := range waiting.Deliveries {
			if len(waiting.Deliveries) == 2 && d.Attempts > 0 && strings.Contains(d.LastError, "404") {
				return nil
			}
		}
		return fmt.Errorf("%+v", waiting.Deliveries)
	})
	phone.Break(nil)
	s.must(s.call(http.MethodPatch, "/api/v1/channels/"+id, map[string]any{"name": "mended"}, nil))
	eventually(t, "what waited is sent", func() error {
		if n := len(phone.Messages()); n != 2 {
			return fmt.Errorf("%d messages", n)
		}
		return s.outboxEmpty()
	})
	s.stop()
	same(t, "phone", []string{"Watching works: one – In progress", "Watching works: two – In progress"}, slices.Sorted(slices.Values(titles(phone.Messages()))))
}
