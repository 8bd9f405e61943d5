package visa

// Page is an official page that people are sent to. The values are catalogue
// keys.
type Page string

// The official pages.
const (
	PageStatus        Page = "status"
	PageInProgress    Page = "in_progress"
	PageGranted       Page = "granted"
	PageRefused       Page = "refused"
	PageDiscontinued  Page = "discontinued"
	PageNewAssessment Page = "new_assessment"
	PageInactivity    Page = "inactivity"
	PageContacts      Page = "contacts"
)

// Pages lists every page.
func Pages() []Page {
	return []Page{
		PageStatus, PageInProgress, PageGranted, PageRefused, PageDiscontinued, PageNewAssessment, PageInactivity, PageContacts,
	}
}

// URL returns the address of the page and the language that stands there: the
// Czech one for Czech, and English for everybody else as far as an English page
// is known. The pages have no other languages.
func (p Page) URL(language string) (url, in string) {
	cs, en := p.paths()
	if language == "cs" && cs != "" || en == "" {
		return "https://ipc.gov.cz/" + cs, "cs"
	}
	return "https://ipc.gov.cz/en/" + en, "en"
}

// paths returns the paths of the Czech and of the English page; "" where none is
// known. They were seen in the portal's own answers, and on official pages.
func (p Page) paths() (cs, en string) {
	switch p {
	case PageStatus:
		return "informace-o-stavu-rizeni/", "status-of-your-application/"
	case PageInProgress:
		return "spravni-rizeni/v-prubehu-rizeni/", "administrative-proceedings/application-being-processed/"
	case PageGranted:
		return "spravni-rizeni/rizeni-povoleno/", "administrative-proceedings/application-granted/"
	case PageRefused:
		return "spravni-rizeni/rizeni-nepovoleno/", "administrative-proceedings/application-rejected/"
	case PageDiscontinued:
		return "", "administrative-proceedings/discontinuation-of-administrative-proceedings"
	case PageNewAssessment:
		return "spravni-rizeni/zadost-o-nove-posouzeni-duvodu-neudeleni-viza/", ""
	case PageInactivity:
		return "spravni-rizeni/ochrana-pred-necinnosti/", ""
	case PageContacts:
		return "kontakty/", ""
	}
	return "", ""
}

// Next is what a person can do: three keys of the catalogue, and where the office
// says more.
type Next struct {
	// Title says in a few words what to do, Meaning what the status means, Text
	// what to do, step by step.
	Title, Meaning, Text string
	Pages                []Page
}

// NextSteps returns what to do about an application that has this status; ok is
// false where there is no answer yet.
func NextSteps(ref Reference, p Purpose, s Status) (next Next, ok bool) {
	if !s.Valid() {
		return Next{}, false
	}
	name := string(s)
	next = Next{Title: "next.title." + name, Meaning: "next.meaning." + name, Text: "next.text." + name}
	switch s {
	case NotFound, Unknown:
		next.Pages = []Page{PageStatus}
	case InProgress, Suspended:
		next.Pages = []Page{PageInProgress}
	case PreliminarilyPositive:
		next.Pages = []Page{PageGranted, PageContacts}
	case Granted:
		next.Pages = []Page{PageGranted, PageContacts}
		if ref.kind == ZOV {
			next.Text += "_abroad"
		}
	case Refused:
		switch p.remedy(ref) {
		case NewAssessment:
			next.Text += "_visa"
			next.Pages = []Page{PageRefused, PageNewAssessment}
		case Appeal:
			next.Text += "_residence"
			next.Pages = []Page{PageRefused, PageDiscontinued}
		case RemedyInLetter:
			next.Pages = []Page{PageRefused, PageDiscontinued, PageNewAssessment}
		}
	}
	return next, true
}

// NextInactive returns what to do when the limit may be exceeded. It promises
// nothing for visas, see Clock.Inactivity.
func NextInactive(c Clock) (next Next, ok bool) {
	if c.State != ClockMayBeExceeded {
		return Next{}, false
	}
	next = Next{Title: "next.title.late", Meaning: "next.meaning.late", Text: "next.text.late", Pages: []Page{PageContacts}}
	if c.Inactivity {
		next.Text, next.Pages = "next.text.inactivity", []Page{PageInactivity, PageContacts}
	}
	return next, true
}
