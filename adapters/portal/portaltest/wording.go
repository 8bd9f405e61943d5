package portaltest

import (
	"cmp"
	"html"
	"strings"
)

// wording is how the portal says one outcome. In the texts, "{lead}" stands for
// the kind of number, "{number}" for the number with its blanks, "{contact}" for
// the sentence about the client centre.
type wording struct {
	kind   string // the alert's class: success, warning or error
	state  string // the response's state
	cs, en string
}

// The links of the explanations, as the official pages have them.
const (
	grantedCS  = `https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/`
	grantedEN  = `https://ipc.gov.cz/en/administrative-proceedings/application-granted/`
	runningCS  = `https://ipc.gov.cz/spravni-rizeni/zadost-v-prubehu-rizeni/`
	runningEN  = `https://ipc.gov.cz/en/administrative-proceedings/application-being-processed/`
	rejectedCS = `https://ipc.gov.cz/spravni-rizeni/rizeni-nepovoleno/`
	rejectedEN = `https://ipc.gov.cz/en/administrative-proceedings/application-rejected/`
)

const (
	contactCS = `<p></p> Pro objednání a případné další informace kontaktujte <a href="https://ipc.gov.cz/kontakty/#3">klientské centrum</a> na čísle +420 974 801 801 (Po-Čt 8:00-16:00, Pá 8:00-14:00).`
	contactEN = `<p></p> To book an appointment or for further information, contact <a href="https://ipc.gov.cz/en/contacts/#3">the Client Centre</a> on +420 974 801 801 (Mon-Thu 8:00-16:00, Fri 8:00-14:00).`

	indicativeCS = `<p></p> <b>Stav řízení je pouze orientační.</b>`
	indicativeEN = `<p></p> <b>The status of the procedure is for informational purposes only.</b>`
)

// link is the sentence that leads to the explanation of an outcome.
func link(language, href string) string {
	if language == "cs" {
		return ` Informace o tom, jak dále postupovat, naleznete dále na <a href="` + href + `">této stránce</a>.`
	}
	return ` For information on how to proceed, see <a href="` + href + `">this page</a>.`
}

const oddHTML = `<style>.alert__content{outline:0}</style><script>window.replicaTrap='script'</script>` +
	`<img src="data:image/png;base64,AAAA" onerror="window.replicaTrap='image'" alt="">` +
	`<iframe srcdoc="&lt;p&gt;was granted&lt;/p&gt;" width="1" height="1"></iframe><table><tr><td>&nbsp;<i>&#8203;`

// wordings returns the texts of every outcome. The words that decide are quoted
// by people who read them on the real page; the rest of a sentence is sometimes
// guessed, and of the states only INPROGRESS and APPROVED are known.
func wordings() map[Outcome]wording {
	return map[Outcome]wording{
		NotFound: {
			kind: "error",
			cs:   `{lead}{number}<b>nebylo nalezeno</b>. <p></p> Zkontrolujte prosím zadané údaje. Číslo zadávejte bez úvodních nul.`,
			en:   `{lead}{number}was <b>not found</b>. <p></p> Please check what you have entered. Enter the number without leading zeros.`,
		},
		InProgress: {
			kind: "warning", state: "INPROGRESS",
			cs: `{lead}{number}<b>zpracovává se</b>. <p></p>` + link("cs", runningCS),
			en: `{lead}{number}is still <b>being processed</b>. <p></p>` + link("en", runningEN),
		},
		Granted: {
			kind: "success", state: "APPROVED",
			cs: `{lead}{number}bylo <b>povoleno</b>. {contact}` + link("cs", grantedCS),
			en: `{lead}{number}was <b>granted</b>. {contact}` + link("en", grantedEN),
		},
		PreliminarilyPositive: {
			kind: "success", state: "PREAPPROVED",
			cs: `{lead}{number}bylo <b>předběžně vyhodnoceno kladně</b>. {contact}` + link("cs", grantedCS),
			en: `{lead}{number}has been <b>preliminarily assessed positively</b>. {contact}` + link("en", grantedEN),
		},
		Refused: {
			kind: "error", state: "REJECTED",
			cs: `{lead}{number}bylo <b>nepovoleno</b>. <p></p> Ministerstvo zamítlo žádost nebo zastavilo řízení.` + link("cs", rejectedCS),
			en: `{lead}{number}was <b>rejected</b> or the proceedings <b>have been closed</b>. <p></p>` + link("en", rejectedEN),
		},
		Suspended: {
			kind: "warning", state: "SUSPENDED",
			cs: `{lead}{number}bylo <b>přerušeno</b>. <p></p> Ministerstvo vám zaslalo usnesení o přerušení řízení.`,
			en: `{lead}{number}has been <b>suspended</b>. <p></p> The Ministry has sent you a resolution on the suspension.`,
		},
		Reworded: {
			kind: "warning", state: "FORWARDED",
			cs: `{lead}{number}bylo <b>postoupeno</b> jinému útvaru, který povede řízení.`,
			en: `{lead}{number}has been <b>handed over</b> to another department, which conducts the proceedings.`,
		},
		NotGranted: {
			kind: "error", state: "OTHER",
			cs: `{lead}{number}<b>zatím nelze považovat za povolené</b>.`,
			en: `{lead}{number}was <b>not granted</b> in the way applied for.`,
		},
		OddHTML: {
			kind: "warning", state: "INPROGRESS",
			cs: oddHTML + `{lead}{number}<b>zpracovává se</b>.` + link("cs", runningCS),
			en: oddHTML + `{lead}{number}is still <b>being processed</b>.` + link("en", runningEN),
		},
		RefusedGrantedLink: {
			kind: "error", state: "REJECTED",
			cs: `{lead}{number}bylo <b>nepovoleno</b>. <p></p> Ministerstvo zamítlo žádost nebo zastavilo řízení.` + link("cs", grantedCS),
			en: `{lead}{number}was <b>rejected</b> or the proceedings <b>have been closed</b>. <p></p>` + link("en", grantedEN),
		},
	}
}

// alert is what the page shows. The field is an addition of the replica: how the
// real page comes to its text is not known.
type alert struct {
	Kind    string            `json:"kind"`
	HTML    map[string]string `json:"html"`
	StaleMS int64             `json:"stale_ms"` // -1: never show it
}

// render makes the alert of a about number.
func (a Answer) render(number string) alert {
	w := wordings()[a.outcome()]
	out := alert{
		Kind: cmp.Or(a.Kind, w.kind),
		HTML: map[string]string{
			"cs": a.text("cs", w.cs+padding(a.Padding, "cs")+indicativeCS, number),
			"en": a.text("en", w.en+padding(a.Padding, "en")+indicativeEN, number),
		},
		StaleMS: a.StaleFor.Milliseconds(),
	}
	if a.StaleFor == Forever {
		out.StaleMS = -1
	}
	return out
}

// lead names the kind of number. That of a reference number is a guess.
func lead(language, number string) string {
	oam := strings.HasPrefix(number, oamPrefix)
	switch {
	case language == "cs" && oam:
		return "Číslo jednací"
	case language == "cs":
		return "Číslo žádosti o vízum"
	case oam:
		return "Reference number"
	}
	return "Visa application number"
}

func (a Answer) text(language, template, number string) string {
	number = html.EscapeString(number)
	if a.HTML != "" {
		return strings.ReplaceAll(a.HTML, "{number}", number)
	}
	contact := contactCS
	if language == "en" {
		contact = contactEN
	}
	return strings.NewReplacer(
		"{lead}", lead(language, number),
		"{number}", "<strong> "+number+" </strong>", // the blanks are the real page's
		"{contact}", contact,
	).Replace(template)
}

// padding returns at least n characters of explanation that says nothing about
// any status.
func padding(n int, language string) string {
	if n <= 0 {
		return ""
	}
	sentence := " Please keep this number at hand whenever you write to or visit an office."
	if language == "cs" {
		sentence = " Toto číslo si prosím připravte, kdykoli úřadu píšete nebo jej navštívíte."
	}
	return "<p></p>" + strings.Repeat(sentence, n/len([]rune(sentence))+1)
}

// Reading is an answer as somebody reads it on the English page.
type Reading struct {
	// Kind is the alert's class, State the response's state.
	Kind, State string
	// Text is plain, one paragraph a line; Link leads to the explanation of the
	// outcome, "" where there is none.
	Text, Link string
}

// Read returns what the page shows of a about a number, which is without the
// suffix: for a past that the replica was never asked about.
func (a Answer) Read(number string) Reading {
	w, shown := wordings()[a.outcome()], a.render(number)
	r := Reading{Kind: shown.Kind, State: cmp.Or(a.State, w.state)}
	for _, block := range strings.Split(shown.HTML["en"], "<p></p>") {
		for _, piece := range strings.Split(block, `href="`)[1:] {
			link, _, _ := strings.Cut(piece, `"`)
			if strings.Contains(link, "/administrative-proceedings/") {
				r.Link = link
			}
		}
		if text := strings.Join(strings.Fields(untagged(block)), " "); text != "" {
			r.Text += "\n" + text
		}
	}
	r.Text = strings.TrimPrefix(r.Text, "\n")
	return r
}

// untagged drops the tags of one of our own texts.
func untagged(text string) string {
	var out strings.Builder
	for _, piece := range strings.Split(text, "<") {
		if _, after, tag := strings.Cut(piece, ">"); tag {
			piece = after
		}
		out.WriteString(piece)
	}
	return html.UnescapeString(out.String())
}
