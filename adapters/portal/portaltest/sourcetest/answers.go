package sourcetest

import (
	"fmt"
	"strings"
	"testing"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// statusAnswer is a known answer and what a source makes of it.
type statusAnswer struct {
	scenario string
	outcome  portaltest.Outcome
	status   visa.Status
	alert    string
	state    string
	words    map[string]string // of the text, per language
	link     map[string]string // part of the address, per language
}

func statusAnswers() []statusAnswer {
	type by = map[string]string
	return []statusAnswer{
		{
			"S1", portaltest.NotFound, visa.NotFound, "error", "",
			by{"cs": "nebylo nalezeno", "en": "not found"},
			by{},
		},
		{
			"S2", portaltest.InProgress, visa.InProgress, "warning", "INPROGRESS",
			by{"cs": "zpracovává se", "en": "being processed"},
			by{"cs": "v-prubehu-rizeni", "en": "application-being-processed"},
		},
		{
			"S3", portaltest.Granted, visa.Granted, "success", "APPROVED",
			by{"cs": "bylo povoleno", "en": "was granted"},
			by{"cs": "rizeni-povoleno", "en": "application-granted"},
		},
		{
			"S4", portaltest.PreliminarilyPositive, visa.PreliminarilyPositive, "success", "PREAPPROVED",
			by{"cs": "předběžně vyhodnoceno kladně", "en": "preliminarily assessed positively"},
			by{"cs": "rizeni-povoleno", "en": "application-granted"},
		},
		{
			"S5", portaltest.Refused, visa.Refused, "error", "REJECTED",
			by{"cs": "nepovoleno", "en": "was rejected"},
			by{"cs": "rizeni-nepovoleno", "en": "application-rejected"},
		},
		{
			"S6", portaltest.Suspended, visa.Suspended, "warning", "SUSPENDED",
			by{"cs": "přerušeno", "en": "suspended"},
			by{},
		},
	}
}

// testAnswers reads S1–S6 in both languages, for both kinds of number and with
// both generations of the dropdowns.
func testAnswers(t *testing.T, build Factory) {
	for language, generation := range map[string]portaltest.Generation{"en": portaltest.React5, "cs": portaltest.React3} {
		t.Run(fmt.Sprintf("%s %s", language, generation), func(t *testing.T) {
			srv := NewReplica(t, portaltest.Config{Page: portaltest.Page{Generation: generation}})
			src := build(t, srv.PageURL(language))
			for i, tt := range statusAnswers() {
				for _, number := range []string{zovNumber(i), oamNumber(i)} {
					t.Run(fmt.Sprintf("%s %s %.3s", tt.scenario, tt.status, number), func(t *testing.T) {
						srv.Script(number, portaltest.Answer{Outcome: tt.outcome})
						tt.check(t, wantStatus(t, src, number, tt.status), language)
						if asked := srv.Asked(number); asked != 1 {
							t.Errorf("the portal was asked %d times, want once", asked)
						}
					})
				}
			}
		})
	}
}

func (a statusAnswer) check(t *testing.T, got watch.Result, language string) {
	t.Helper()
	want := watch.Result{Status: a.status, Alert: a.alert, State: a.state, Language: language}
	if a.status == visa.NotFound {
		want.State = got.State // the response has only a message; a source may report it or not
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(watch.Result{}, "Text", "Link")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if words := a.words[language]; !strings.Contains(got.Text, words) {
		t.Errorf("the text lacks %q: %q", words, got.Text)
	}
	if part := a.link[language]; !strings.Contains(got.Link, part) || part == "" && got.Link != "" {
		t.Errorf("link = %q, want %q in it", got.Link, part)
	}
}

// testWording reads what must not be guessed at: unknown wording (S7), odd and
// long texts (S18), a class or link that does not fit the words (S20, S24).
func testWording(t *testing.T, build Factory) {
	srv := NewReplica(t, portaltest.Config{})
	for _, language := range []string{"en", "cs"} {
		src := build(t, srv.PageURL(language))
		tests := []struct {
			name   string
			answer portaltest.Answer
			want   []visa.Status
		}{
			{"S7 reworded", portaltest.Answer{Outcome: portaltest.Reworded}, []visa.Status{visa.Unknown}},
			{"S7 not granted", portaltest.Answer{Outcome: portaltest.NotGranted}, []visa.Status{visa.Unknown}},
			{"S7 only the number", portaltest.Answer{HTML: "<strong> {number} </strong>"}, []visa.Status{visa.Unknown}},
			{"S18 long", portaltest.Answer{Outcome: portaltest.InProgress, Padding: 1500}, []visa.Status{visa.InProgress}},
			{"S18 huge", portaltest.Answer{Outcome: portaltest.InProgress, Padding: 25_000}, []visa.Status{visa.InProgress}},
			{"S18 odd", portaltest.Answer{Outcome: portaltest.OddHTML}, []visa.Status{visa.InProgress, visa.Unknown}},
			{"S20 refused in green", portaltest.Answer{Outcome: portaltest.Refused, Kind: "success"}, []visa.Status{visa.Unknown}},
			{"S20 granted in red", portaltest.Answer{Outcome: portaltest.Granted, Kind: "error"}, []visa.Status{visa.Unknown}},
			{"S20 not found in green", portaltest.Answer{Outcome: portaltest.NotFound, Kind: "success"}, []visa.Status{visa.Unknown}},
			{"S24 refused with the link of granted", portaltest.Answer{Outcome: portaltest.RefusedGrantedLink}, []visa.Status{visa.Refused, visa.Unknown}},
		}
		for i, tt := range tests {
			t.Run(language+" "+tt.name, func(t *testing.T) {
				srv.Script(zovNumber(i), tt.answer)
				wantStatus(t, src, zovNumber(i), tt.want...)
			})
		}
	}
}
