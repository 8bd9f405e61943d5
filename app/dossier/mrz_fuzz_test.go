package dossier

import (
	"errors"
	"strings"
	"testing"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
)

func FuzzParseMRZ(f *testing.F) {
	for _, s := range []string{
		specimenTD1, specimenTD2, specimenTD3, specimenMRVA, specimenMRVB, longTD1, longTD2, "", "<", "«",
		strings.ToLower(specimenTD3), strings.ReplaceAll(specimenTD3, "<<", "«"), strings.ReplaceAll(specimenTD1, "<", "‹"),
		strings.ReplaceAll(specimenTD1, "\n", "\r\n"), redated("74<<<<", "<<<<<<"), "P<UTOERIKSSON\n" + specimenTD3[45:], "\xff\x00",
	} {
		f.Add(s)
	}
	now := date(f, "2026-11-24")
	f.Fuzz(func(t *testing.T, s string) {
		z, err := ParseMRZ(s, now)
		if err != nil {
			checkMRZError(t, z, err)
			return
		}
		lines, ok := mrzLines(s)
		if !ok || strings.Trim(strings.Join(lines, ""), letters+digits+filler) != "" {
			t.Fatalf("%q was read as %q", s, lines)
		}
		checkMRZ(t, z, now)
		recompose(t, z, lines)
	})
}

// checkMRZError fails if an error is not what ParseMRZ promises.
func checkMRZError(t *testing.T, z MRZ, err error) {
	t.Helper()
	var bad *MRZError
	if !errors.As(err, &bad) || z != (MRZ{}) {
		t.Fatalf("got %+v and %v", z, err)
	}
	if placed := bad.Line >= 1 && bad.Line <= 3 && bad.Column >= 1 && bad.Column <= 44; placed != (bad.Problem != BadLength) {
		t.Errorf("%s of %s is at line %d, column %d", bad.Problem, bad.Field, bad.Line, bad.Column)
	}
}

// checkMRZ fails if something was read that no zone can say, or that the
// dossier itself would refuse.
func checkMRZ(t *testing.T, z MRZ, now civil.Date) {
	t.Helper()
	if strings.Trim(z.Surname+z.GivenNames, letters+" ") != "" || strings.Trim(z.Number, letters+digits+" ") != "" ||
		strings.Trim(z.Sex, "MF") != "" || !strings.Contains("P V A C I", z.Code[:1]) {
		t.Errorf("read %+v", z)
	}
	p := z.Person()
	p.ID, p.Owner = ids(1)[0], account.OfUser(ids(1)[0])
	p.Documents[0].ID = ids(1)[0]
	if p.Documents[0].Kind == "" {
		p.Documents[0].Kind = ResidenceCard
	}
	if err := p.Validate(now); err != nil {
		t.Errorf("what was read is refused: %v", err)
	}
	if z.BirthDate > now || z.Expires > lastExpiry(now) {
		t.Errorf("born %s, expires %s", z.BirthDate, z.Expires)
	}
}

// recompose works out the check digits of what was read, and compares them with
// those of the zone.
func recompose(t *testing.T, z MRZ, lines []string) {
	t.Helper()
	data, birth, expires, number := lines[1], 13, 21, 0
	optional, composite := lines[1][28:], ""
	switch z.Format {
	case TD1:
		birth, expires, number, optional = 0, 8, 5, lines[0][15:]
		composite = lines[0][5:] + data[0:7] + data[8:15] + data[18:29]
	case TD2:
		composite = data[0:10] + data[13:20] + data[21:35]
	case TD3:
		composite = data[0:10] + data[13:20] + data[21:43]
	}
	equal := func(what, want, got string) {
		t.Helper()
		if want != got {
			t.Errorf("%s in\n%s\nis %s, want %s", what, strings.Join(lines, "\n"), got, want)
		}
	}
	for what, at := range map[civil.Date]int{z.BirthDate: birth, z.Expires: expires} {
		if what != 0 {
			equal("a date", what.UTC().Format("060102")+weigh(what.UTC().Format("060102")), data[at:at+7])
		}
		equal("the digit of a date", weigh(data[at:at+6]), data[at+6:at+7])
	}
	line := lines[0]
	if z.Format != TD1 {
		line = data
	}
	full := strings.ReplaceAll(z.Number, " ", "<")
	if len(full) > 9 {
		equal("a long number", full[:9]+"<", line[number:number+10])
		equal("the rest of it", full[9:]+weigh(full)+"<", optional[:len(full)-7])
	} else {
		full += strings.Repeat("<", 9-len(full))
		equal("the number", full+weigh(full), line[number:number+10])
	}
	if composite != "" {
		equal("the last digit", weigh(composite), data[len(data)-1:])
	}
	if personal := optional[:min(14, len(optional))]; z.Format == TD3 && data[42] != '<' {
		equal("the digit of the personal number", weigh(personal), data[42:43])
	}
}
