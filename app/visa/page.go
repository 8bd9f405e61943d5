package visa

// Page is an official page that people are sent to; its name is the text
// official.PAGE of the catalogues.
type Page string

// The official pages.
const (
	PageStatus        Page = "status"
	PageInProgress    Page = "in_progress"
	PageGranted       Page = "granted"
	PageRefused       Page = "refused"
	PageDiscontinued  Page = "discontinued"
	PageNewAssessment Page = "new_assessment"
	PageTimeLimits    Page = "time_limits"
	PageInactivity    Page = "inactivity"
	PageScope         Page = "scope"
	PageContacts      Page = "contacts"
	PagePortal        Page = "portal"
)

// Pages lists every page.
func Pages() []Page {
	return []Page{
		PageStatus, PageInProgress, PageGranted, PageRefused, PageDiscontinued, PageNewAssessment,
		PageTimeLimits, PageInactivity, PageScope, PageContacts, PagePortal,
	}
}

// URL returns the address of the page for a reader of a language, and the language
// that stands there: Czech for whoever reads Czech, else English, or whichever of
// the two there is.
func (p Page) URL(language string) (url, in string) {
	cs, en := p.addresses()
	if en == "" || language == "cs" && cs != "" {
		return cs, "cs"
	}
	return en, "en"
}

// addresses returns where the page is in Czech and in English, "" where none is
// known. They were seen in the portal's own answers and on official pages. Others
// are not guessed: pages in further languages, if there are any, have not been seen.
func (p Page) addresses() (cs, en string) {
	switch p {
	case PageStatus:
		return "https://ipc.gov.cz/informace-o-stavu-rizeni/", "https://ipc.gov.cz/en/status-of-your-application/"
	case PageInProgress:
		return "https://ipc.gov.cz/spravni-rizeni/v-prubehu-rizeni/", "https://ipc.gov.cz/en/administrative-proceedings/application-being-processed/"
	case PageGranted:
		return "https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/", "https://ipc.gov.cz/en/administrative-proceedings/application-granted/"
	case PageRefused:
		return "https://ipc.gov.cz/spravni-rizeni/rizeni-nepovoleno/", "https://ipc.gov.cz/en/administrative-proceedings/application-rejected/"
	case PageDiscontinued:
		return "", "https://ipc.gov.cz/en/administrative-proceedings/discontinuation-of-administrative-proceedings"
	case PageNewAssessment:
		return "https://ipc.gov.cz/spravni-rizeni/zadost-o-nove-posouzeni-duvodu-neudeleni-viza/", ""
	case PageTimeLimits:
		return "", "https://prod.frs.gov.cz/en/administrative-proceedings/time-limits/"
	case PageInactivity:
		return "https://frs.gov.cz/spravni-rizeni/ochrana-pred-necinnosti/", ""
	case PageScope:
		return "", "https://frs.gov.cz/en/ioff/application-status"
	case PageContacts:
		return "https://ipc.gov.cz/kontakty/#3", ""
	case PagePortal:
		return "https://ipc.gov.cz/", "https://ipc.gov.cz/en/"
	}
	return "", ""
}
