package czmoi

import (
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

const (
	leadEN   = `Visa application number<strong> ZZZZ202508149001 </strong>`
	leadCS   = `Číslo žádosti o vízum<strong> ZZZZ202508149001 </strong>`
	noticeEN = `<p></p><b>The status of the procedure is for informational purposes only.</b>`
	noticeCS = `<p></p><b>Stav řízení je pouze orientační.</b>`
	moreCS   = ` Informace o tom, jak dále postupovat, naleznete dále na <a href="https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/">této stránce</a>.`
)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		text   string
		answer answer
		want   visa.Status
	}{
		// What has been read on the real page (portal research, section 2.1).
		{"not found en", leadEN + `was <b>not found</b>.` + noticeEN, answer{class: "error"}, visa.NotFound},
		{"not found cs", leadCS + `<b>nebylo nalezeno</b>. Zadejte číslo bez úvodních nul.` + noticeCS, answer{class: "error"}, visa.NotFound},
		{"not found without bold", leadEN + `was not found.`, answer{class: "error", state: "ENTITY_NOT_EXIST"}, visa.NotFound},
		{"in progress en", leadEN + `is still <b>being processed</b>.` + noticeEN, answer{class: "warning", state: "INPROGRESS"}, visa.InProgress},
		{"in progress cs", leadCS + `<b>zpracovává se</b>.` + noticeCS, answer{class: "warning"}, visa.InProgress},
		{"granted en", leadEN + `was <b>granted</b>.` + noticeEN, answer{class: "success", state: "APPROVED"}, visa.Granted},
		{"granted cs", leadCS + `bylo <b>povoleno</b>.<p></p>` + moreCS + noticeCS, answer{class: "success"}, visa.Granted},
		{"granted cs, boilerplate of 2023", leadCS + `bylo <b>povoleno</b>.<p></p>V případě, že pokud bylo vaše řízení povoleno, postupujte dále.`, answer{}, visa.Granted},
		{"preliminarily positive en", leadEN + `has been <b>preliminarily assessed positively</b>.<p></p> To book an appointment or for further information, contact <a href="/en/contacts/">the Client Centre</a>.` + noticeEN, answer{class: "success"}, visa.PreliminarilyPositive},
		{"preliminarily positive cs, with the link of granted", leadCS + `bylo <b>předběžně vyhodnoceno kladně</b>.` + "\n\n" + `Pro objednání kontaktujte klientské centrum na čísle +420 974 801 801 (Po-Čt 8:00-16:00).` + moreCS + "\n\n" + noticeCS, answer{class: "success"}, visa.PreliminarilyPositive},
		{"refused en, two bold parts", leadEN + `was <b>rejected</b> or the proceedings <b>have been closed</b>.` + noticeEN, answer{class: "error"}, visa.Refused},
		{"refused cs", leadCS + `bylo <b>nepovoleno</b>. Ministerstvo zamítlo žádost nebo zastavilo řízení.` + noticeCS, answer{class: "error"}, visa.Refused},
		{"suspended en", leadEN + `has been <b>suspended</b>.`, answer{class: "warning"}, visa.Suspended},
		{"suspended en, the proceedings", leadEN + `: the proceedings <b>have been suspended</b>.`, answer{class: "error"}, visa.Suspended},
		{"suspended cs", leadCS + `bylo <b>přerušeno</b>.`, answer{}, visa.Suspended},

		// Layout and spelling that must not matter.
		{"capitals, hard blanks, soft hyphens", leadEN + "WAS\u00a0<b>GRAN\u00adTED</b>.", answer{class: "success"}, visa.Granted},
		{"decomposed accents", leadCS + "bylo <b>pr\u030cerus\u030ceno</b>.", answer{}, visa.Suspended},
		{"no bold at all", leadEN + `was granted.`, answer{class: "success"}, visa.Granted},
		{"the number in bold", `Reference number <b>ZZZZ202508149001</b> was <b>granted</b>.`, answer{class: "success"}, visa.Granted},
		{"empty paragraphs before", `<div><p></p><table><tr><td>` + leadEN + `was <b>granted</b>.</td></tr></table>`, answer{class: "success"}, visa.Granted},
		{"new class", leadEN + `was <b>granted</b>.`, answer{class: "info"}, visa.Granted},
		{"new state", leadEN + `was <b>granted</b>.`, answer{class: "success", state: "DONE"}, visa.Granted},

		// S7: wording nobody knows.
		{"S7 handed over", leadEN + `has been <b>handed over</b> to another department, which conducts the proceedings.`, answer{class: "warning"}, visa.Unknown},
		{"S7 not granted", leadEN + `was <b>not granted</b> in the way applied for.`, answer{class: "error"}, visa.Unknown},
		{"S7 was not granted", leadEN + `was not <b>granted</b>.`, answer{class: "error"}, visa.Unknown},
		{"S7 has not been rejected", leadEN + `has not been <b>rejected</b>.`, answer{class: "error"}, visa.Unknown},
		{"S7 granted, but not for", leadEN + `was <b>granted</b> but not delivered.`, answer{class: "success"}, visa.Unknown},
		{"S7 condition", `If ` + leadEN + `was <b>granted</b>, come to the office.`, answer{class: "success"}, visa.Unknown},
		{"S7 may be granted", leadEN + `may be <b>granted</b>.`, answer{class: "success"}, visa.Unknown},
		{"S7 will be granted", leadEN + `will be granted.`, answer{class: "success"}, visa.Unknown},
		{"S7 cs not granted", leadCS + `<b>zatím nelze považovat za povolené</b>.`, answer{class: "error"}, visa.Unknown},
		{"S7 cs nebylo povoleno", leadCS + `nebylo <b>povoleno</b>.`, answer{class: "error"}, visa.Unknown},
		{"S7 cs nebylo nepovoleno", leadCS + `nebylo <b>nepovoleno</b>.`, answer{class: "error"}, visa.Unknown},
		{"S7 another word in bold", leadEN + `, which was granted, has been <b>revoked</b>.`, answer{class: "success"}, visa.Unknown},
		{"S7 proceedings still open", `The proceedings about ` + leadEN + ` are in court.`, answer{class: "warning"}, visa.Unknown},
		{"S7 only the number", `<strong> ZZZZ202508149001 </strong>`, answer{class: "success"}, visa.Unknown},
		{"S7 nothing", ``, answer{}, visa.Unknown},
		{"two statuses in one sentence", leadEN + `was granted and has been suspended.`, answer{}, visa.Unknown},
		{"two languages, two statuses", leadEN + `was granted, bylo přerušeno.`, answer{}, visa.Unknown},
		{"sentence and bold disagree", leadEN + `was granted, now <b>rejected</b>.`, answer{}, visa.Unknown},
		{"the status in another paragraph", leadEN + `: see below.<p>The application was <b>granted</b>.</p>`, answer{class: "success"}, visa.Unknown},

		// A sentence that says more than the decision says another thing.
		{"granted, but something else", leadEN + `was <b>granted</b> an extension of the time limit.`, answer{class: "success"}, visa.Unknown},
		{"granted, not yet decided", `It is yet to be decided whether ` + leadEN + `was <b>granted</b>.`, answer{class: "success"}, visa.Unknown},
		{"granted, then annulled", leadEN + `was granted, then <strong>annulled</strong>.`, answer{class: "success"}, visa.Unknown},
		{"granted and later revoked", leadEN + `was <b>granted</b> and later revoked.`, answer{class: "success"}, visa.Unknown},
		{"granted?", leadEN + `was <b>granted</b>?`, answer{class: "success"}, visa.Unknown},
		{"granted, dots", leadEN + `was <b>granted</b>…`, answer{class: "success"}, visa.Unknown},
		{"granted without the number", `Your application was <b>granted</b>.`, answer{class: "success"}, visa.Unknown},
		{"granted, revoked in bold behind it", leadEN + `was <b>granted</b>. It has been <strong>revoked</strong> since.`, answer{class: "success"}, visa.Unknown},
		{"granted within bold that goes on", leadEN + `was <strong><b>granted</b> until annulled</strong>.`, answer{class: "success"}, visa.Unknown},
		{"granted cs, a look into the file", `Nahlížení do spisu ` + leadCS + ` bylo <b>povoleno</b>.`, answer{class: "success"}, visa.Unknown},
		{"granted cs, not yet decided", `Dosud se nerozhodlo, zda ` + leadCS + ` bylo <b>povoleno</b>.`, answer{class: "success"}, visa.Unknown},
		{"preliminarily positive, and more", leadEN + `has been <b>preliminarily assessed positively</b> by one of two offices.`, answer{class: "success"}, visa.Unknown},
		{"refused, a complaint", `The complaint about ` + leadEN + `has been <b>rejected</b>.`, answer{class: "error"}, visa.Unknown},
		{"refused, offices closed", leadEN + `: the offices <b>have been closed</b> until Monday.`, answer{class: "error"}, visa.Unknown},
		{"refused, closed with a visa", leadEN + `has been <b>closed</b>: a visa has been issued.`, answer{class: "error"}, visa.Unknown},
		{"refused, only closed", leadEN + `<b>has been closed</b>.`, answer{class: "error"}, visa.Unknown},
		{"in progress, and a decision of old", leadEN + `is <b>being processed</b>, although it had been rejected.`, answer{class: "warning"}, visa.Unknown},

		// Other ways to put the same.
		{"number written close to the words", `Číslo žádosti o vízum<strong>ZZZZ202508149001</strong>bylo <b>povoleno</b>.`, answer{class: "success"}, visa.Granted},
		{"number with blanks in it", `Visa application number <strong>ZZZZ 2025 0814 9001</strong> was <b>granted</b>.`, answer{class: "success"}, visa.Granted},
		{"all in strong", `<strong>Visa application number ZZZZ202508149001</strong> was <strong>granted</strong>.`, answer{class: "success"}, visa.Granted},
		{"colon behind the number", leadEN + `: was <b>granted</b>!`, answer{class: "success"}, visa.Granted},
		{"the number alone before it", `<strong> ZZZZ202508149001 </strong> has been <b>rejected</b>.`, answer{class: "error"}, visa.Refused},
		{"the notice in the same paragraph", leadCS + `bylo <b>předběžně vyhodnoceno kladně</b>.` + moreCS + "\n\n<b>Stav řízení je pouze orientační.</b>", answer{class: "success"}, visa.PreliminarilyPositive},
		{"paragraphs as line breaks", leadEN + `was <b>rejected</b> or the proceedings <b>have been closed</b>.<br><br><b>The status of the procedure is for informational purposes only.</b>`, answer{class: "error"}, visa.Refused},

		// S20 and S24: words against class, link or state.
		{"S20 refused in green", leadEN + `was <b>rejected</b>.`, answer{class: "success"}, visa.Unknown},
		{"S20 granted in red", leadEN + `was <b>granted</b>.`, answer{class: "error"}, visa.Unknown},
		{"S20 granted in yellow", leadEN + `was <b>granted</b>.`, answer{class: "warning"}, visa.Unknown},
		{"S20 suspended in green", leadEN + `has been <b>suspended</b>.`, answer{class: "success"}, visa.Unknown},
		{"S20 state still running", leadEN + `was <b>granted</b>.`, answer{class: "success", state: "INPROGRESS"}, visa.Unknown},
		{"S20 state approved", leadEN + `was <b>rejected</b>.`, answer{class: "error", state: "APPROVED"}, visa.Unknown},
		{"S24 refused with the link of granted", leadCS + `bylo <b>nepovoleno</b>.` + moreCS, answer{class: "error"}, visa.Unknown},
		{"S20 state rejected", leadEN + `was <b>granted</b>.`, answer{class: "success", state: "REJECTED"}, visa.Unknown},
		{"S20 state suspended", leadEN + `was <b>granted</b>.`, answer{class: "success", state: "SUSPENDED"}, visa.Unknown},
		{"S20 state preapproved", leadEN + `was <b>granted</b>.`, answer{class: "success", state: "PREAPPROVED"}, visa.Unknown},
		{"S24 the word inside another", leadCS + `bylo <b>nepovoleno</b>.`, answer{class: "success"}, visa.Unknown},
	}
	l := mustLayout(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := read(t, l, tt.text, tt.answer)
			if got.status != tt.want {
				t.Errorf("status %s, want %s", got.status, tt.want)
			}
			if got.status == visa.Unknown {
				return
			}
			language := "en"
			if strings.Contains(tt.text, "Číslo") {
				language = "cs"
			}
			if got.language != language {
				t.Errorf("language %q, want %q", got.language, language)
			}
		})
	}
}

func TestClassifyOAM(t *testing.T) {
	t.Parallel()
	l := mustLayout(t)
	for lead, want := range map[string]visa.Status{
		"Č. j. OAM-90001-6/DP-2025":                              visa.Granted,
		"Číslo jednací<strong> OAM-90001-6/DP-2025 </strong>":    visa.Granted,
		"Řízení č.j. OAM-90001/DP-2025":                          visa.Granted,
		"Reference number <strong> OAM-090001/DP-2025 </strong>": visa.Granted,
		"File No. 90001 / dp - 2025":                             visa.Granted,
		"The proceedings OAM-90001/DP-2025":                      visa.Granted,
		"OAM-90001/DP-2025":                                      visa.Granted,
		"The appeal against OAM-90001/DP-2025":                   visa.Unknown,
		"OAM-90001/DP-2025 and the appeal":                       visa.Unknown,
	} {
		got := l.classify(answer{class: "success", page: DefaultURL}, readMessage(lead+" was <b>granted</b>."), newNumbers(),
			visa.Query{Number: "90001", Category: "DP", Year: "2025"})
		if got.status != want {
			t.Errorf("%s: %s, want %s", lead, got.status, want)
		}
	}
}

func TestOfficialLink(t *testing.T) {
	t.Parallel()
	l := mustLayout(t)
	tests := []struct{ name, html, want string }{
		{"none", `<a href="https://ipc.gov.cz/kontakty/">x</a>`, ""},
		{"first about an outcome", `<a href="https://ipc.gov.cz/kontakty/">x</a><a href="https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/">y</a>`, "https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/"},
		{"relative", `<a href="/en/administrative-proceedings/application-granted/">y</a>`, "https://ipc.gov.cz/en/administrative-proceedings/application-granted/"},
		{"no web address", `<a href="javascript:alert('/rizeni-povoleno')">y</a>`, ""},
		{"a stranger's", `<a href="https://ipc.gov.cz.example.com/spravni-rizeni/rizeni-povoleno/">y</a>`, ""},
		{"a stranger's before the real one", `<a href="https://example.com/rizeni-povoleno">x</a><a href="/spravni-rizeni/rizeni-povoleno/">y</a>`, "https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/"},
		{"broken", `<a href="https://%zz/rizeni-povoleno">y</a>`, ""},
	}
	for _, tt := range tests {
		if got := l.officialLink(readMessage(tt.html).links, DefaultURL); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzClassify holds the classifier to what no text may make it do: panic, grant
// what is refused in the same breath, grant what is negated, or take a decision
// from a sentence that has a word more than the known ones.
func FuzzClassify(f *testing.F) {
	f.Add("bylo <b>povoleno</b>", "success", "APPROVED")
	f.Add("was <b>granted</b>. <p>", "", "")
	f.Add("<script>was granted</script><b>rejected", "error", "X")
	f.Add("\xff<b>was \u00a0granted</b", "success", "")
	l := mustLayout(f)
	f.Fuzz(func(t *testing.T, text, class, state string) {
		a := answer{class: class, state: state}
		m := readMessage(text)
		if plain := m.plain(); len(plain) > 4096 {
			t.Errorf("plain text of %d bytes", len(plain))
		}
		read(t, l, text, a)
		for _, refused := range []string{
			leadEN + "was <b>rejected</b> " + text,
			leadEN + "was <b>not granted</b> " + text,
			leadCS + "bylo <b>nepovoleno</b> " + text,
			leadCS + "nebylo <b>povoleno</b> " + text,
		} {
			if got := read(t, l, refused, a).status; got == visa.Granted || got == visa.PreliminarilyPositive {
				t.Errorf("%q is read as %s", refused, got)
			}
		}
		for _, more := range []string{
			text + " whether " + leadEN + "was <b>granted</b>.",
			text + " zda " + leadCS + "bylo <b>povoleno</b>.",
			text + " about " + leadEN + "was <b>rejected</b>.",
			leadEN + "was <b>granted</b> and " + text,
			leadEN + "was <b>preliminarily assessed positively</b> and " + text,
			leadEN + "was <b>rejected</b> and " + text,
		} {
			got := read(t, l, more, a).status
			if decisive(got) && strings.Count(strings.Join(m.blocks, ""), "9001") == 0 && !strings.ContainsAny(text, "<>") {
				t.Errorf("%q is read as %s", more, got)
			}
		}
	})
}
