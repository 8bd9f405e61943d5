package help

import (
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// VerifiedOn is the day on which the topics were last compared with what is
// publicly known of the official pages (help.checked_official), or with this
// program where they have no such page (help.checked_program). Whoever compares
// them again moves it.
const VerifiedOn = "2026-11-24"

// Section groups topics on the page; its name is the text help.section.SECTION.
type Section string

// The sections, in the order of the page.
const (
	SectionStatus    Section = "status"
	SectionTime      Section = "time"
	SectionNumber    Section = "number"
	SectionRefusal   Section = "refusal"
	SectionGrant     Section = "grant"
	SectionChecks    Section = "checks"
	SectionMessages  Section = "messages"
	SectionHousehold Section = "household"
	SectionAccount   Section = "account"
)

// Sections lists every section, in the order of the page.
func Sections() []Section {
	return []Section{
		SectionStatus, SectionTime, SectionNumber, SectionRefusal, SectionGrant,
		SectionChecks, SectionMessages, SectionHousehold, SectionAccount,
	}
}

// Topic is one answer. Its texts are help.ID.title, help.ID.short (a sentence
// or three), help.ID.body (paragraphs with an empty line between them; a line
// that begins with "- " is an item of a list) and help.ID.ask (how people ask,
// with | between them; never shown).
type Topic struct {
	ID      string
	Section Section
	// Related are IDs of topics that belong near.
	Related []string
	// Pages are the official pages about it; none where it is about the appliance.
	Pages []visa.Page
	// VerifiedOn is the day, as civil.ParseDate reads it, on which the text was last compared.
	VerifiedOn string
}

// Key returns the key of one of the topic's texts: title, short, body or ask.
func (t Topic) Key(part string) string { return "help." + t.ID + "." + part }

// Find returns the topic of an ID.
func Find(id string) (Topic, bool) {
	for _, t := range Topics() {
		if t.ID == id {
			return t, true
		}
	}
	return Topic{}, false
}

// ForStatus returns the ID of the topic that explains a status.
func ForStatus(s visa.Status) string { return "status_" + string(s) }

// ForFailure returns the ID of the topic that explains why a check failed.
func ForFailure(code watch.FailureCode) string {
	if code == watch.Throttled || code == watch.Captcha {
		return "check_blocked"
	}
	return "check_failed"
}

// Topics lists every topic, by section, in the order of the page.
func Topics() []Topic {
	var all []Topic
	for _, part := range [][]Topic{proceedings(), numbers(), decisions(), appliance(), household()} {
		all = append(all, part...)
	}
	for i := range all {
		all[i].VerifiedOn = VerifiedOn
	}
	return all
}

func proceedings() []Topic {
	return []Topic{
		{ID: "status_not_found", Section: SectionStatus, Related: []string{"number_not_found", "two_years"}, Pages: []visa.Page{visa.PageStatus}},
		{ID: "status_in_progress", Section: SectionStatus, Related: []string{"time_limits", "letters"}, Pages: []visa.Page{visa.PageInProgress}},
		{ID: "status_suspended", Section: SectionStatus, Related: []string{"letters", "time_clock"}, Pages: []visa.Page{visa.PageInProgress, visa.PageTimeLimits}},
		{ID: "status_preliminarily_positive", Section: SectionStatus, Related: []string{"after_grant", "pick_up"}, Pages: []visa.Page{visa.PageGranted}},
		{ID: "status_granted", Section: SectionStatus, Related: []string{"after_grant", "biometrics"}, Pages: []visa.Page{visa.PageGranted}},
		{ID: "status_refused", Section: SectionStatus, Related: []string{"appeal", "new_assessment"}, Pages: []visa.Page{visa.PageRefused, visa.PageDiscontinued}},
		{ID: "status_unknown", Section: SectionStatus, Related: []string{"check_failed", "contact"}, Pages: []visa.Page{visa.PageStatus}},
		{ID: "time_limits", Section: SectionTime, Related: []string{"time_clock", "inactivity"}, Pages: []visa.Page{visa.PageTimeLimits}},
		{ID: "time_clock", Section: SectionTime, Related: []string{"time_limits", "status_suspended"}, Pages: []visa.Page{visa.PageTimeLimits}},
		{ID: "inactivity", Section: SectionTime, Related: []string{"time_limits", "time_clock"}, Pages: []visa.Page{visa.PageInactivity}},
	}
}

func numbers() []Topic {
	return []Topic{
		{ID: "find_number", Section: SectionNumber, Related: []string{"number_not_found", "who_sees"}, Pages: []visa.Page{visa.PageStatus, visa.PageScope}},
		{ID: "number_not_found", Section: SectionNumber, Related: []string{"find_number", "two_years", "status_not_found"}, Pages: []visa.Page{visa.PageStatus, visa.PageScope}},
		{ID: "two_years", Section: SectionNumber, Related: []string{"status_not_found", "appeal", "contact"}, Pages: []visa.Page{visa.PageScope}},
	}
}

func decisions() []Topic {
	return []Topic{
		{ID: "appeal", Section: SectionRefusal, Related: []string{"new_assessment", "two_years"}, Pages: []visa.Page{visa.PageRefused}},
		{ID: "new_assessment", Section: SectionRefusal, Related: []string{"appeal", "status_refused"}, Pages: []visa.Page{visa.PageNewAssessment, visa.PageRefused}},
		{ID: "letters", Section: SectionRefusal, Related: []string{"status_in_progress", "status_suspended"}, Pages: []visa.Page{visa.PageInProgress}},
		{ID: "after_grant", Section: SectionGrant, Related: []string{"biometrics", "pick_up", "entry_visa"}, Pages: []visa.Page{visa.PageGranted}},
		{ID: "biometrics", Section: SectionGrant, Related: []string{"pick_up", "contact"}, Pages: []visa.Page{visa.PageGranted, visa.PageContacts}},
		{ID: "pick_up", Section: SectionGrant, Related: []string{"biometrics", "documents"}, Pages: []visa.Page{visa.PageGranted, visa.PageContacts}},
		{ID: "entry_visa", Section: SectionGrant, Related: []string{"biometrics", "contact"}, Pages: []visa.Page{visa.PageGranted}},
		{ID: "contact", Section: SectionGrant, Related: []string{"after_grant"}, Pages: []visa.Page{visa.PageContacts, visa.PagePortal}},
	}
}

func appliance() []Topic {
	return []Topic{
		{ID: "how_often", Section: SectionChecks, Related: []string{"check_blocked", "message_missing"}},
		{ID: "paused", Section: SectionChecks, Related: []string{"check_blocked", "message_missing"}},
		{ID: "check_failed", Section: SectionChecks, Related: []string{"check_blocked", "number_not_found"}},
		{ID: "check_blocked", Section: SectionChecks, Related: []string{"check_failed", "how_often"}},
		{ID: "message_missing", Section: SectionMessages, Related: []string{"quiet_hours", "how_often"}},
		{ID: "quiet_hours", Section: SectionMessages, Related: []string{"message_missing", "privacy_levels"}},
		{ID: "privacy_levels", Section: SectionMessages, Related: []string{"who_sees"}},
	}
}

func household() []Topic {
	return []Topic{
		{ID: "who_sees", Section: SectionHousehold, Related: []string{"privacy_levels", "backups"}},
		{ID: "backups", Section: SectionHousehold, Related: []string{"who_sees", "sign_in"}},
		{ID: "family", Section: SectionHousehold, Related: []string{"who_sees", "documents"}},
		{ID: "documents", Section: SectionHousehold, Related: []string{"privacy_levels", "pick_up"}},
		{ID: "new_phone", Section: SectionAccount, Related: []string{"sign_in", "message_missing"}},
		{ID: "sign_in", Section: SectionAccount, Related: []string{"new_phone", "backups"}},
	}
}
