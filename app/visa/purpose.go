package visa

import "slices"

// Purpose is the kind of proceedings, as a person chooses it: the number tells
// only the category, and one category holds proceedings with different limits.
// The zero Purpose means that nobody has chosen. The values are catalogue keys
// and are stored, so their spelling never changes.
type Purpose string

// The purposes.
const (
	VisaStudies  Purpose = "visa_studies"
	VisaBusiness Purpose = "visa_business"
	VisaOther    Purpose = "visa_other"
	// VisaExtension: a longer stay on a long-term visa.
	VisaExtension Purpose = "visa_extension"
	// ResidenceStudies: long-term residence for studies or research, and of a
	// researcher's family.
	ResidenceStudies Purpose = "residence_studies"
	// ResidenceChange: long-term residence applied for in the country, mostly for
	// another purpose than before.
	ResidenceChange Purpose = "residence_change"
	// ResidenceExtension: long-term residence goes on for the same purpose.
	ResidenceExtension Purpose = "residence_extension"
	// FamilyReunification: long-term residence with a foreigner.
	FamilyReunification Purpose = "family_reunification"
	// FamilyBlueCard: the same with the holder of a blue card.
	FamilyBlueCard Purpose = "family_blue_card"
	EmployeeCard   Purpose = "employee_card"
	BlueCard       Purpose = "blue_card"
	// EUResident: residence of a long-term resident of another state of the EU.
	EUResident Purpose = "eu_resident"
	// EUFamily: temporary residence of a family member of an EU citizen.
	EUFamily Purpose = "eu_family"
	// EUCitizen: certificate of temporary residence of an EU citizen.
	EUCitizen          Purpose = "eu_citizen"
	PermanentResidence Purpose = "permanent_residence"
)

// AllPurposes lists every purpose, visas first.
func AllPurposes() []Purpose {
	return []Purpose{
		VisaStudies, VisaBusiness, VisaOther, VisaExtension, ResidenceStudies, ResidenceChange, ResidenceExtension,
		FamilyReunification, FamilyBlueCard, EmployeeCard, BlueCard, EUResident, EUFamily, EUCitizen, PermanentResidence,
	}
}

// Valid reports whether p is one of AllPurposes. The zero Purpose is none.
func (p Purpose) Valid() bool { return slices.Contains(AllPurposes(), p) }

// Visa reports whether p is about a long-term visa rather than a permit.
func (p Purpose) Visa() bool {
	return p == VisaStudies || p == VisaBusiness || p == VisaOther || p == VisaExtension
}

// Purposes returns the purposes that fit ref, to be offered. It suggests and
// never refuses. What a category stands for that nobody has published may be
// anything; embassies give their numbers to visas, and to permits that are
// applied for abroad.
func Purposes(ref Reference) []Purpose {
	if ref.kind == ZOV {
		return []Purpose{
			VisaStudies, VisaBusiness, VisaOther, ResidenceStudies, FamilyReunification, FamilyBlueCard,
			EmployeeCard, BlueCard, EUResident,
		}
	}
	switch ref.category {
	case "DV":
		return []Purpose{VisaStudies, VisaBusiness, VisaOther, VisaExtension}
	case "DP":
		return []Purpose{ResidenceExtension, ResidenceChange, ResidenceStudies, FamilyReunification, FamilyBlueCard, EUResident}
	case "TP":
		return []Purpose{PermanentResidence}
	case "PP":
		return []Purpose{EUFamily, EUCitizen}
	case "ZM":
		return []Purpose{EmployeeCard}
	}
	return AllPurposes()
}

// Limit is how long the office may take by the law.
type Limit struct {
	// Days from the day of filing, which does not count itself.
	Days int
	// Complicated are the days in particularly complicated cases, 0 where there
	// is no longer limit for them.
	Complicated int
	// Section is where Act 326/1999 Coll. says so, "" where the source does not name it.
	Section string
	// Official: a page of the Ministry says so. What is not official comes from
	// guides that others publish, and may be out of date.
	Official bool
}

// Limit returns the statutory limit, false for the zero Purpose. The figures are
// those of mvcr.cz where Official, and otherwise what guides agree on
// (movetoprague.com, ciziproblem.cz, czimmigration.com).
func (p Purpose) Limit() (Limit, bool) {
	switch p {
	case VisaStudies:
		return Limit{Days: 60, Section: "§ 169t (2)", Official: true}, true
	case VisaOther:
		return Limit{Days: 90, Complicated: 120, Section: "§ 170 (6)", Official: true}, true
	case VisaBusiness:
		return Limit{Days: 90, Complicated: 120}, true
	case VisaExtension:
		return Limit{Days: 14}, true
	case ResidenceStudies:
		return Limit{Days: 60, Section: "§ 169t (6) (a) (2)", Official: true}, true
	case ResidenceExtension:
		return Limit{Days: 30, Section: "§ 169t", Official: true}, true
	case FamilyReunification:
		return Limit{Days: 270}, true
	case EmployeeCard:
		return Limit{Days: 60, Complicated: 90}, true
	case FamilyBlueCard, BlueCard:
		return Limit{Days: 90}, true
	case EUResident:
		return Limit{Days: 120}, true
	case EUCitizen:
		return Limit{Days: 30}, true
	case ResidenceChange, EUFamily, PermanentResidence:
		return Limit{Days: 60}, true
	}
	return Limit{}, false
}
