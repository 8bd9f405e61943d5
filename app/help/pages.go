package help

import "cz-visa-monitor/app/locale"

// Page is an official page of the Ministry; its name is the text help.page.PAGE.
type Page string

// The official pages that topics point to.
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

// czech is the language of the pages that exist in no other.
const czech = "cs"

// address is where a page is, in each language in which it is known to exist.
// Others are not guessed: the Ministry's pages in further languages, if there
// are any, have not been seen.
type address struct{ cs, en string }

func (p Page) address() address {
	switch p {
	case PageStatus:
		return address{
			cs: "https://ipc.gov.cz/informace-o-stavu-rizeni/",
			en: "https://ipc.gov.cz/en/status-of-your-application/",
		}
	case PageInProgress:
		return address{
			cs: "https://ipc.gov.cz/spravni-rizeni/v-prubehu-rizeni/",
			en: "https://ipc.gov.cz/en/administrative-proceedings/application-being-processed/",
		}
	case PageGranted:
		return address{
			cs: "https://ipc.gov.cz/spravni-rizeni/rizeni-povoleno/",
			en: "https://ipc.gov.cz/en/administrative-proceedings/application-granted/",
		}
	case PageRefused:
		return address{
			cs: "https://ipc.gov.cz/spravni-rizeni/rizeni-nepovoleno/",
			en: "https://ipc.gov.cz/en/administrative-proceedings/application-rejected/",
		}
	case PageDiscontinued:
		return address{en: "https://ipc.gov.cz/en/administrative-proceedings/discontinuation-of-administrative-proceedings"}
	case PageNewAssessment:
		return address{cs: "https://ipc.gov.cz/spravni-rizeni/zadost-o-nove-posouzeni-duvodu-neudeleni-viza/"}
	case PageTimeLimits:
		return address{en: "https://prod.frs.gov.cz/en/administrative-proceedings/time-limits/"}
	case PageInactivity:
		return address{cs: "https://frs.gov.cz/spravni-rizeni/ochrana-pred-necinnosti/"}
	case PageScope:
		return address{en: "https://frs.gov.cz/en/ioff/application-status"}
	case PageContacts:
		return address{cs: "https://ipc.gov.cz/kontakty/#3"}
	case PagePortal:
		return address{cs: "https://ipc.gov.cz/", en: "https://ipc.gov.cz/en/"}
	}
	return address{}
}

// Link returns the address of the page for a reader of lang, and the language
// it is written in: Czech for whoever reads Czech, else English, or whichever
// of the two there is.
func (p Page) Link(lang string) (url, language string) {
	a := p.address()
	if a.en == "" || (lang == czech && a.cs != "") {
		return a.cs, czech
	}
	return a.en, locale.Fallback
}
