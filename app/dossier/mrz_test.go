package dossier

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/civil"
)

// The specimens of Doc 9303: parts 4 to 7, and part 11, appendix D, for the
// numbers that do not fit. Utopia and its citizens are made up.
const (
	specimenTD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n" +
		"L898902C36UTO7408122F1204159ZE184226B<<<<<10"
	specimenTD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n" +
		"D231458907UTO7408122F1204159<<<<<<<6"
	specimenTD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n" +
		"7408122F1204159UTO<<<<<<<<<<<6\n" +
		"ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
	specimenMRVA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n" +
		"L8988901C4XXX4009078F96121096ZE184226B<<<<<<"
	specimenMRVB = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n" +
		"L8988901C4XXX4009078F9612109<<<<<<<<"
	longTD1 = "I<UTOD23145890<7349<<<<<<<<<<<\n" +
		"3407127M9507122UTO<<<<<<<<<<<2\n" +
		"STEVENSON<<PETER<JOHN<<<<<<<<<"
	longTD2 = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\n" +
		"D23145890<UTO3407127M95071227349<<<8"
)

// anna is what all but the oldest specimens say.
func anna(t testing.TB, format Format, code, number string) MRZ {
	t.Helper()
	return MRZ{
		Format: format, Code: code, Country: "UTO", Nationality: "UTO", Surname: "ERIKSSON", GivenNames: "ANNA MARIA",
		Number: number, BirthDate: date(t, "1974-08-12"), Expires: date(t, "2012-04-15"), Sex: "F",
	}
}

func TestParseMRZ(t *testing.T) {
	t.Parallel()
	visitor := func(format Format) MRZ {
		z := anna(t, format, "V", "L8988901C")
		z.Nationality, z.BirthDate, z.Expires = "XXX", date(t, "1940-09-07"), date(t, "1996-12-10")
		return z
	}
	peter := func(format Format) MRZ {
		return MRZ{
			Format: format, Code: "I", Country: "UTO", Nationality: "UTO", Surname: "STEVENSON", GivenNames: "PETER JOHN",
			Number: "D23145890734", BirthDate: date(t, "1934-07-12"), Expires: date(t, "2095-07-12"), Sex: "M",
		}
	}
	passport := anna(t, TD3, "P", "L898902C3")
	but := func(z MRZ, change func(*MRZ)) MRZ {
		change(&z)
		return z
	}
	line := func(name string) string { return name + strings.Repeat("<", 44-len(name)) + specimenTD3[44:] }
	tests := map[string]struct {
		text string
		want MRZ
	}{
		"TD3":                    {specimenTD3, passport},
		"TD2":                    {specimenTD2, anna(t, TD2, "I", "D23145890")},
		"TD1":                    {specimenTD1, anna(t, TD1, "I", "D23145890")},
		"MRV-A":                  {specimenMRVA, visitor(MRVA)},
		"MRV-B":                  {specimenMRVB, visitor(MRVB)},
		"TD1 with a long number": {longTD1, peter(TD1)},
		"TD2 with a long number": {longTD2, peter(TD2)},
		"small letters":          {strings.ToLower(specimenTD3), passport},
		"CRLF and empty lines":   {"\r\n" + strings.ReplaceAll(specimenTD3, "\n", "\r\n\r\n") + "\r\n", passport},
		"blanks of every kind":   {"  " + strings.ReplaceAll(specimenTD3, "<<", "< \t\u00a0\u200b\u2009<") + "\ufeff", passport},
		"run together":           {strings.ReplaceAll(specimenTD3, "\n", ""), passport},
		"TD1 run together":       {strings.ReplaceAll(specimenTD1, "\n", ""), anna(t, TD1, "I", "D23145890")},
		"broken elsewhere":       {specimenTD3[:20] + "\n" + specimenTD3[20:44] + specimenTD3[45:60] + "\n" + specimenTD3[60:], passport},
		"‹ for <":                {strings.ReplaceAll(specimenTD3, "<", "‹"), passport},
		"« for <":                {strings.ReplaceAll(specimenTD3, "<", "«"), passport},
		"« for <<":               {strings.ReplaceAll(specimenTD3, "<<", "«"), passport},
		"« for <<, TD1":          {strings.ReplaceAll(specimenTD1, "<<", "«"), anna(t, TD1, "I", "D23145890")},
		"« for <<, MRV-A":        {strings.ReplaceAll(specimenMRVA, "<<", "«"), visitor(MRVA)},
		"« for <, MRV-B":         {strings.ReplaceAll(specimenMRVB, "<", "«"), visitor(MRVB)},
		"« for <<, run together": {strings.ReplaceAll(strings.ReplaceAll(specimenTD3, "<<", "«"), "\n", " "), passport},
		// With « for < these would be the two lines of 36 of an MRV-B.
		"« for <<, as long as another": {
			strings.ReplaceAll("V<UTOERIKSSON<<ANNA<MARIA<IRMA<<<<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<<<<<<<<<", "<<", "«"),
			but(visitor(MRVA), func(z *MRZ) { z.GivenNames = "ANNA MARIA IRMA" }),
		},
		"a wide <":                {strings.ReplaceAll(specimenTD3, "<", "＜"), passport},
		"fillers missing":         {strings.Replace(specimenTD3, "<<<<\n", "\n", 1), passport},
		"no fillers":              {"P<UTOERIKSSON<<ANNA<MARIA\n" + specimenTD3[45:], passport},
		"too many fillers":        {strings.Replace(specimenTD3, "<\n", "<<<\n", 1), passport},
		"TD1, too many fillers":   {specimenTD1 + "<<", anna(t, TD1, "I", "D23145890")},
		"two letters of the code": {line("PPUTOERIKSSON<<ANNA<MARIA"), but(passport, func(z *MRZ) { z.Code = "PP" })},
		"of Germany":              {line("P<D<<ERIKSSON<<ANNA<MARIA"), but(passport, func(z *MRZ) { z.Country = "D" })},
		"a name of several parts": {line("P<UTOVAN<DER<MUELLEN<<CHARLES<J<R"), but(passport, func(z *MRZ) { z.Surname, z.GivenNames = "VAN DER MUELLEN", "CHARLES J R" })},
		"one name only":           {line("P<UTOARKFREITH"), but(passport, func(z *MRZ) { z.Surname, z.GivenNames = "ARKFREITH", "" })},
		"no primary name":         {line("P<UTO<<ANNA<MARIA"), but(passport, func(z *MRZ) { z.Surname = "" })},
		"a truncated name": {line("P<UTONILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"), but(passport, func(z *MRZ) {
			z.Surname, z.GivenNames, z.Truncated = "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", true
		})},
		"no personal number, < behind":  {compose(t, passport, "", "<"), passport},
		"no personal number, 0 behind":  {compose(t, passport, "", "0"), passport},
		"a filler within the number":    {compose(t, but(passport, func(z *MRZ) { z.Number = "L8 902C3" }), "", ""), but(passport, func(z *MRZ) { z.Number = "L8 902C3" })},
		"a short number":                {compose(t, but(passport, func(z *MRZ) { z.Number = "7" }), "", ""), but(passport, func(z *MRZ) { z.Number = "7" })},
		"no sex":                        {strings.Replace(specimenTD3, "2F1", "2<1", 1), but(passport, func(z *MRZ) { z.Sex = "" })},
		"the sex X":                     {strings.Replace(specimenTD3, "2F1", "2X1", 1), but(passport, func(z *MRZ) { z.Sex = "" })},
		"a man":                         {strings.Replace(specimenTD3, "2F1", "2M1", 1), but(passport, func(z *MRZ) { z.Sex = "M" })},
		"born, nobody knows when":       {compose(t, but(passport, func(z *MRZ) { z.BirthDate = 0 }), "", ""), but(passport, func(z *MRZ) { z.BirthDate = 0 })},
		"never expires":                 {compose(t, but(passport, func(z *MRZ) { z.Expires = 0 }), "", ""), but(passport, func(z *MRZ) { z.Expires = 0 })},
		"the nationality of a refugee":  {compose(t, but(passport, func(z *MRZ) { z.Nationality = "XXB" }), "", ""), but(passport, func(z *MRZ) { z.Nationality = "XXB" })},
		"German, on a passport of 2026": {compose(t, but(passport, func(z *MRZ) { z.Nationality = "D" }), "ABC", ""), but(passport, func(z *MRZ) { z.Nationality = "D" })},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseMRZ(tt.text, date(t, "2026-11-24"))
			if err != nil {
				t.Fatalf("%v\n%s", err, tt.text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// compose writes a TD3 zone, independently of how one is read: personal is the
// personal number, check its check digit if it is not to be worked out.
func compose(t testing.TB, z MRZ, personal, check string) string {
	t.Helper()
	pad := func(s string, width int) string {
		s = strings.ReplaceAll(s, " ", "<")
		return s + strings.Repeat("<", width-len(s))
	}
	short := func(d civil.Date) string {
		if d == 0 {
			return "<<<<<<"
		}
		return d.UTC().Format("060102")
	}
	checked := func(s string) string { return s + weigh(s) }
	number, birth, expires := checked(pad(z.Number, 9)), checked(short(z.BirthDate)), checked(short(z.Expires))
	optional := pad(personal, 14)
	if check == "" {
		check = weigh(optional)
	}
	whole := weigh(number + birth + expires + optional + check)
	first := pad(pad(z.Code, 2)+pad(z.Country, 3)+z.Surname+"<<"+z.GivenNames, 44)
	sex := pad(z.Sex, 1)
	return first + "\n" + number + pad(z.Nationality, 3) + birth + sex + expires + optional + check + whole
}

// weigh works a check digit out as part 3 of Doc 9303 describes it.
func weigh(s string) string {
	sum := 0
	for i, c := range s {
		v := 0
		switch {
		case c >= '0' && c <= '9':
			v = int(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int(c-'A') + 10
		}
		switch i % 3 {
		case 0:
			sum += 7 * v
		case 1:
			sum += 3 * v
		case 2:
			sum += v
		}
	}
	return string(rune('0' + sum%10))
}

// TestComposeIsTheSpecimen guards the tests' own writer.
func TestComposeIsTheSpecimen(t *testing.T) {
	t.Parallel()
	if got := compose(t, anna(t, TD3, "P", "L898902C3"), "ZE184226B", ""); got != specimenTD3 {
		t.Errorf("got\n%s, want\n%s", got, specimenTD3)
	}
}

func TestYearsOfTwoDigits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		today, birth, expires string // As civil.ParseDate reads them.
	}{
		"born today":                         {"2026-11-24", "2026-11-24", "2031-01-01"},
		"born on tomorrow's day":             {"2026-11-24", "1926-11-25", "2031-01-01"},
		"born this century":                  {"2026-11-24", "2000-01-01", "2031-01-01"},
		"born last century":                  {"2026-11-24", "1927-01-01", "2031-01-01"},
		"born on a leap day":                 {"2026-11-24", "2000-02-29", "2031-01-01"},
		"born on a leap day of last century": {"2026-11-24", "1996-02-29", "2031-01-01"},
		"expired last week":                  {"2026-11-24", "1974-08-12", "2026-11-17"},
		"expired 29 years ago":               {"2026-11-24", "1974-08-12", "1997-01-01"},
		"expired just in the window":         {"2026-11-24", "1974-08-12", "1996-01-01"},
		"the last year of the window":        {"2026-11-24", "1974-08-12", "2095-12-31"},
		"ten years from the last of them":    {"2099-12-31", "2099-12-31", "2109-12-31"},
		"after the turn of the century":      {"2101-01-01", "2030-01-01", "2111-01-01"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := anna(t, TD3, "P", "L898902C3")
			z.BirthDate, z.Expires = date(t, tt.birth), date(t, tt.expires)
			got, err := ParseMRZ(compose(t, z, "", ""), date(t, tt.today))
			if err != nil {
				t.Fatal(err)
			}
			if got.BirthDate != z.BirthDate || got.Expires != z.Expires {
				t.Errorf("born %s, expires %s", got.BirthDate, got.Expires)
			}
		})
	}
}

func TestParseMRZRefuses(t *testing.T) {
	t.Parallel()
	// put writes s into a specimen, at a line and column from 1.
	put := func(zone string, line, column int, s string) string {
		lines := strings.Split(zone, "\n")
		l := lines[line-1]
		lines[line-1] = l[:column-1] + s + l[column-1+len(s):]
		return strings.Join(lines, "\n")
	}
	tests := map[string]struct {
		text string
		want MRZError
	}{
		"nothing":               {"", MRZError{MRZZone, BadLength, 0, 0}},
		"blanks":                {" \r\n ", MRZError{MRZZone, BadLength, 0, 0}},
		"one line":              {specimenTD3[:44], MRZError{MRZZone, BadLength, 0, 0}},
		"a character missing":   {specimenTD3[:len(specimenTD3)-1], MRZError{MRZZone, BadLength, 0, 0}},
		"a character too much":  {specimenTD3 + "<", MRZError{MRZZone, BadLength, 0, 0}},
		"a name too long":       {"P<UTO" + strings.Repeat("A", 40) + specimenTD3[44:], MRZError{MRZZone, BadLength, 0, 0}},
		"far too long":          {strings.Repeat(" ", maxZone) + specimenTD3, MRZError{MRZZone, BadLength, 0, 0}},
		"no travel document":    {put(specimenTD3, 1, 1, "X"), MRZError{MRZCode, BadValue, 1, 1}},
		"a card as a passport":  {put(specimenTD3, 1, 1, "I"), MRZError{MRZCode, BadValue, 1, 1}},
		"a passport as a card":  {put(specimenTD1, 1, 1, "P"), MRZError{MRZCode, BadValue, 1, 1}},
		"an odd code":           {put(specimenTD3, 1, 2, "!"), MRZError{MRZCode, BadCharacter, 1, 2}},
		"an odd letter":         {strings.Replace(specimenTD3, "ERIKSSON", "ÉRIKSSON", 1), MRZError{MRZName, BadCharacter, 1, 6}},
		"a digit in the name":   {strings.Replace(specimenTD3, "ERIKSSON", "ERIKSS0N", 1), MRZError{MRZName, BadCharacter, 1, 12}},
		"no name":               {"P<UTO\n" + specimenTD3[45:], MRZError{MRZName, BadValue, 1, 6}},
		"a digit in the state":  {put(specimenTD3, 1, 5, "0"), MRZError{MRZCountry, BadCharacter, 1, 5}},
		"no state":              {put(specimenTD3, 1, 3, "<<<"), MRZError{MRZCountry, BadValue, 1, 3}},
		"a state of two":        {put(specimenTD3, 2, 11, "UT<"), MRZError{MRZNationality, BadValue, 2, 11}},
		"a nationality with 0":  {put(specimenTD3, 2, 13, "0"), MRZError{MRZNationality, BadCharacter, 2, 13}},
		"an odd number":         {put(specimenTD3, 2, 3, "#"), MRZError{MRZNumber, BadCharacter, 2, 3}},
		"O for 0 in a birth":    {put(specimenTD3, 2, 16, "O"), MRZError{MRZBirthDate, BadCharacter, 2, 16}},
		"an odd sex":            {put(specimenTD3, 2, 21, "W"), MRZError{MRZSex, BadCharacter, 2, 21}},
		"I for 1 in an expiry":  {put(specimenTD3, 2, 22, "I"), MRZError{MRZExpires, BadCharacter, 2, 22}},
		"an odd personal one":   {put(specimenTD3, 2, 30, "*"), MRZError{MRZOptional, BadCharacter, 2, 30}},
		"odd data of a TD1":     {put(specimenTD1, 2, 20, "*"), MRZError{MRZOptional, BadCharacter, 2, 20}},
		"number":                {put(specimenTD3, 2, 2, "9"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"number's digit":        {put(specimenTD3, 2, 10, "7"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"number's digit <":      {put(specimenTD3, 2, 10, "<"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"number's digit odd":    {put(specimenTD3, 2, 10, "?"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"birth":                 {put(specimenTD3, 2, 19, "3"), MRZError{MRZBirthDate, BadCheckDigit, 2, 20}},
		"birth's digit":         {put(specimenTD3, 2, 20, "3"), MRZError{MRZBirthDate, BadCheckDigit, 2, 20}},
		"expiry":                {put(specimenTD3, 2, 27, "6"), MRZError{MRZExpires, BadCheckDigit, 2, 28}},
		"expiry's digit":        {put(specimenTD3, 2, 28, "8"), MRZError{MRZExpires, BadCheckDigit, 2, 28}},
		"personal number":       {put(specimenTD3, 2, 30, "F"), MRZError{MRZOptional, BadCheckDigit, 2, 43}},
		"its digit":             {put(specimenTD3, 2, 43, "2"), MRZError{MRZOptional, BadCheckDigit, 2, 43}},
		"its digit <":           {put(specimenTD3, 2, 43, "<"), MRZError{MRZOptional, BadCheckDigit, 2, 43}},
		"none, and a digit":     {put(compose(t, anna(t, TD3, "P", "L898902C3"), "", ""), 2, 43, "1"), MRZError{MRZOptional, BadCheckDigit, 2, 43}},
		"the whole":             {put(specimenTD3, 2, 44, "1"), MRZError{MRZComposite, BadCheckDigit, 2, 44}},
		"the whole <":           {put(specimenTD3, 2, 44, "<"), MRZError{MRZComposite, BadCheckDigit, 2, 44}},
		"TD2: number":           {put(specimenTD2, 2, 10, "8"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"TD2: birth":            {put(specimenTD2, 2, 20, "1"), MRZError{MRZBirthDate, BadCheckDigit, 2, 20}},
		"TD2: expiry":           {put(specimenTD2, 2, 28, "1"), MRZError{MRZExpires, BadCheckDigit, 2, 28}},
		"TD2: optional data":    {put(specimenTD2, 2, 29, "1"), MRZError{MRZComposite, BadCheckDigit, 2, 36}},
		"TD2: the whole":        {put(specimenTD2, 2, 36, "7"), MRZError{MRZComposite, BadCheckDigit, 2, 36}},
		"TD1: number":           {put(specimenTD1, 1, 15, "8"), MRZError{MRZNumber, BadCheckDigit, 1, 15}},
		"TD1: birth":            {put(specimenTD1, 2, 7, "1"), MRZError{MRZBirthDate, BadCheckDigit, 2, 7}},
		"TD1: expiry":           {put(specimenTD1, 2, 15, "1"), MRZError{MRZExpires, BadCheckDigit, 2, 15}},
		"TD1: optional data":    {put(specimenTD1, 1, 16, "1"), MRZError{MRZComposite, BadCheckDigit, 2, 30}},
		"TD1: more such":        {put(specimenTD1, 2, 19, "1"), MRZError{MRZComposite, BadCheckDigit, 2, 30}},
		"TD1: the whole":        {put(specimenTD1, 2, 30, "7"), MRZError{MRZComposite, BadCheckDigit, 2, 30}},
		"MRV-A: number":         {put(specimenMRVA, 2, 10, "5"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"MRV-A: birth":          {put(specimenMRVA, 2, 20, "9"), MRZError{MRZBirthDate, BadCheckDigit, 2, 20}},
		"MRV-A: expiry":         {put(specimenMRVA, 2, 28, "1"), MRZError{MRZExpires, BadCheckDigit, 2, 28}},
		"MRV-B: number":         {put(specimenMRVB, 2, 10, "5"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"MRV-B: birth":          {put(specimenMRVB, 2, 20, "9"), MRZError{MRZBirthDate, BadCheckDigit, 2, 20}},
		"MRV-B: expiry":         {put(specimenMRVB, 2, 28, "1"), MRZError{MRZExpires, BadCheckDigit, 2, 28}},
		"a long number":         {put(longTD1, 1, 16, "8"), MRZError{MRZNumber, BadCheckDigit, 1, 19}},
		"its digit, TD1":        {put(longTD1, 1, 19, "8"), MRZError{MRZNumber, BadCheckDigit, 1, 19}},
		"its digit, TD2":        {put(longTD2, 2, 32, "8"), MRZError{MRZNumber, BadCheckDigit, 2, 32}},
		"without a rest":        {put(longTD1, 1, 16, "<<<<"), MRZError{MRZNumber, BadCheckDigit, 1, 15}},
		"with only a digit":     {put(longTD1, 1, 16, "9<<<"), MRZError{MRZNumber, BadCheckDigit, 1, 15}},
		"without an end":        {put(longTD2, 2, 29, "7349999"), MRZError{MRZNumber, BadCheckDigit, 2, 10}},
		"no number":             {compose(t, anna(t, TD3, "P", ""), "", ""), MRZError{MRZNumber, BadValue, 2, 1}},
		"no such day":           {redated("740230", "120415"), MRZError{MRZBirthDate, BadDate, 2, 14}},
		"no leap day":           {redated("740229", "120415"), MRZError{MRZBirthDate, BadDate, 2, 14}},
		"no such month":         {redated("740812", "121315"), MRZError{MRZExpires, BadDate, 2, 22}},
		"a day without a month": {redated("74<<12", "120415"), MRZError{MRZBirthDate, BadDate, 2, 14}},
		"half a month":          {redated("740<<<", "120415"), MRZError{MRZBirthDate, BadDate, 2, 14}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseMRZ(tt.text, date(t, "2026-11-24"))
			var bad *MRZError
			if !errors.As(err, &bad) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if diff := cmp.Diff(tt.want, *bad); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if got != (MRZ{}) {
				t.Errorf("something was read: %+v", got)
			}
			for _, secret := range []string{"ERIKSSON", "ANNA", "STEVENSON", "898902", "231458", "ZE184226B"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds %s: %v", secret, err)
				}
			}
		})
	}
}

// redated returns a TD2 zone with these dates and the check digits that fit them.
func redated(birth, expires string) string {
	number := "D23145890" + weigh("D23145890")
	birth, expires = birth+weigh(birth), expires+weigh(expires)
	const optional = "<<<<<<<"
	return specimenTD2[:36] + "\n" + number + "UTO" + birth + "F" + expires + optional + weigh(number+birth+expires+optional)
}

// TestPartlyKnownDates: month and day may be left open, which leaves the date open.
func TestPartlyKnownDates(t *testing.T) {
	t.Parallel()
	for _, birth := range []string{"7408<<", "74<<<<", "<<<<<<"} {
		z, err := ParseMRZ(redated(birth, "120415"), date(t, "2026-11-24"))
		if err != nil || z.BirthDate != 0 || z.Expires != date(t, "2012-04-15") {
			t.Errorf("%s: %+v, %v", birth, z, err)
		}
	}
}

func TestMRZErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	fields := []MRZField{MRZCode, MRZCountry, MRZName, MRZNumber, MRZNationality, MRZBirthDate, MRZSex, MRZExpires, MRZOptional, MRZComposite}
	seen := map[string]bool{}
	for _, f := range fields {
		for _, p := range []MRZProblem{BadCharacter, BadCheckDigit, BadDate, BadValue} {
			text := (&MRZError{f, p, 2, 44}).Error()
			if seen[text] || !strings.Contains(text, "line 2, column 44") || !strings.Contains(text, "compare") {
				t.Errorf("%s, %s: %s", f, p, text)
			}
			seen[text] = true
		}
	}
	if text := (&MRZError{MRZZone, BadLength, 0, 0}).Error(); strings.Contains(text, "line 0") || !strings.Contains(text, "copy all") {
		t.Error(text)
	}
	if text := (&MRZError{MRZZone, BadValue, 1, 1}).Error(); !strings.Contains(text, "the zone") {
		t.Error(text)
	}
}

func TestPersonOfMRZ(t *testing.T) {
	t.Parallel()
	person := func(text string) Person {
		z, err := ParseMRZ(text, date(t, "2026-11-24"))
		if err != nil {
			t.Fatal(err)
		}
		return z.Person()
	}
	want := Person{
		Name: "ANNA MARIA ERIKSSON", BirthDate: date(t, "1974-08-12"), Nationality: "UTO",
		Documents: []TravelDocument{{Kind: Passport, Number: "L898902C3", Country: "UTO", Expires: date(t, "2012-04-15")}},
	}
	if diff := cmp.Diff(want, person(specimenTD3)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	kinds := map[string]struct {
		text string
		want Kind
	}{
		"a visa":                   {specimenMRVA, Visa},
		"a small visa":             {specimenMRVB, Visa},
		"a card of the own state":  {specimenTD1, ""},
		"a card of another state":  {strings.Replace(specimenTD1, "9UTO", "9XXB", 1), ResidenceCard},
		"another such, of old":     {strings.Replace(specimenTD2, "7UTO", "7XXB", 1), ResidenceCard},
		"a passport from abroad":   {strings.Replace(specimenTD3, "6UTO", "6XXB", 1), Passport},
		"a long number on a card":  {longTD1, ""},
		"a passport of other code": {strings.Replace(specimenTD3, "P<", "PP", 1), Passport},
	}
	for name, tt := range kinds {
		if got := person(tt.text).Documents[0].Kind; got != tt.want {
			t.Errorf("%s is %q, want %q", name, got, tt.want)
		}
	}
}
