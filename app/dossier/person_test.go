package dossier

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/civil"
)

const today civil.Date = 739577 // 2025-11-22

// ids returns n IDs.
func ids(n int) (all []string) {
	for range n {
		all = append(all, account.NewID(time.Unix(1e9, 0)))
	}
	return all
}

// someone returns a person in whom everything is set and right.
func someone(t testing.TB) Person {
	t.Helper()
	return Person{
		ID: ids(1)[0], Owner: account.OfUser(ids(1)[0]), Name: "Ludmila Quetzal", BirthDate: date(t, "1990-02-28"),
		Nationality: "UTO", Note: "Line one\r\nand two", Applications: ids(2), Revision: 1,
		Documents: []TravelDocument{
			{ID: ids(1)[0], Kind: Passport, Number: "TEST90001", Country: "UTO", Issued: date(t, "2021-05-18"), Expires: date(t, "2031-05-17")},
			{ID: ids(1)[0], Kind: Insurance, Expires: date(t, "2026-09-30")},
		},
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("ň", n) }
	tests := map[string]struct {
		change func(*Person)
		field  string
	}{
		"all that can be":                {func(*Person) {}, ""},
		"only what must be":              {func(p *Person) { *p = Person{ID: p.ID, Owner: p.Owner, Name: "X"} }, ""},
		"an owner that is a group":       {func(p *Person) { p.Owner = account.OfGroup(ids(1)[0]) }, ""},
		"the longest texts":              {func(p *Person) { p.Name, p.Note = long(MaxName), long(MaxNote) }, ""},
		"born today":                     {func(p *Person) { p.BirthDate = today }, ""},
		"born in 1900":                   {func(p *Person) { p.BirthDate = firstBirth }, ""},
		"of Germany":                     {func(p *Person) { p.Nationality = "D" }, ""},
		"of no state":                    {func(p *Person) { p.Nationality = "XXA" }, ""},
		"valid for a day":                {func(p *Person) { p.Documents[0].Issued = p.Documents[0].Expires }, ""},
		"issued, who knows when":         {func(p *Person) { p.Documents[0].Issued = 0 }, ""},
		"expires never":                  {func(p *Person) { p.Documents[0].Expires = 0 }, ""},
		"expired":                        {func(p *Person) { p.Documents[0].Expires = p.Documents[0].Issued }, ""},
		"the most documents":             {func(p *Person) { p.Documents = documents(MaxDocuments) }, ""},
		"no ID":                          {func(p *Person) { p.ID = "" }, "id"},
		"an ID that is none":             {func(p *Person) { p.ID = strings.Repeat("/", account.IDLen) }, "id"},
		"no owner":                       {func(p *Person) { p.Owner = "" }, "owner"},
		"an owner of another kind":       {func(p *Person) { p.Owner = account.Owner("firm:" + ids(1)[0]) }, "owner"},
		"no name":                        {func(p *Person) { p.Name = "" }, "name"},
		"a name of blanks":               {func(p *Person) { p.Name = " \u00a0 " }, "name"},
		"a name too long":                {func(p *Person) { p.Name = long(MaxName + 1) }, "name"},
		"a name of two lines":            {func(p *Person) { p.Name = "Ludmila\nQuetzal" }, "name"},
		"a name with a bell":             {func(p *Person) { p.Name = "Ludmila\aQuetzal" }, "name"},
		"a name that is no text":         {func(p *Person) { p.Name = "Ludmila\xff" }, "name"},
		"born tomorrow":                  {func(p *Person) { p.BirthDate = today + 1 }, "birth_date"},
		"born in 1899":                   {func(p *Person) { p.BirthDate = firstBirth - 1 }, "birth_date"},
		"a state in small letters":       {func(p *Person) { p.Nationality = "uto" }, "nationality"},
		"a state of two letters":         {func(p *Person) { p.Nationality = "UT" }, "nationality"},
		"a state of another letter":      {func(p *Person) { p.Nationality = "X" }, "nationality"},
		"a state with a digit":           {func(p *Person) { p.Nationality = "U1O" }, "nationality"},
		"a note too long":                {func(p *Person) { p.Note = long(MaxNote + 1) }, "note"},
		"a note with a bell":             {func(p *Person) { p.Note = "\a" }, "note"},
		"a note with a C1 control":       {func(p *Person) { p.Note = "a\u0085b" }, "note"},
		"an application that is none":    {func(p *Person) { p.Applications[1] = "ZZZZ202601050001" }, "applications"},
		"too many applications":          {func(p *Person) { p.Applications = ids(MaxApplications + 1) }, "applications"},
		"too many documents":             {func(p *Person) { p.Documents = documents(MaxDocuments + 1) }, "documents"},
		"a document without an ID":       {func(p *Person) { p.Documents[1].ID = "" }, "documents[1].id"},
		"a document of no kind":          {func(p *Person) { p.Documents[1].Kind = "" }, "documents[1].kind"},
		"a document of an unknown kind":  {func(p *Person) { p.Documents[0].Kind = "library_card" }, "documents[0].kind"},
		"a number too long":              {func(p *Person) { p.Documents[0].Number = long(MaxNumber + 1) }, "documents[0].number"},
		"a number of two lines":          {func(p *Person) { p.Documents[0].Number = "TEST\n90001" }, "documents[0].number"},
		"a country that is none":         {func(p *Person) { p.Documents[0].Country = "Utopia" }, "documents[0].country"},
		"expired before it was issued":   {func(p *Person) { p.Documents[0].Expires = p.Documents[0].Issued - 1 }, "documents[0].expires"},
		"the second document is the one": {func(p *Person) { p.Documents[1].Number = "\x7f" }, "documents[1].number"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := someone(t)
			tt.change(&p)
			err := p.Validate(today)
			var bad *InputError
			switch {
			case tt.field == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.field != "" && (!errors.As(err, &bad) || bad.Field != tt.field):
				t.Errorf("got %v, want an error about %s", err, tt.field)
			case err != nil && (strings.Contains(err.Error(), "Ludmila") || strings.Contains(err.Error(), "TEST") || strings.Contains(err.Error(), "ZZZZ")):
				t.Errorf("the error repeats what was entered: %v", err)
			}
		})
	}
}

func documents(n int) (all []TravelDocument) {
	for range n {
		all = append(all, TravelDocument{ID: ids(1)[0], Kind: Visa})
	}
	return all
}

func TestNewPerson(t *testing.T) {
	t.Parallel()
	now := today.UTC().Add(9 * time.Hour)
	wish := someone(t)
	wish.Revision, wish.Documents[0].Reminded = 9, []int{180, 90, 30, 7, 0}
	wish.Applications = append(wish.Applications, wish.Applications[0])
	wish.Documents[1].Expires = today + 50
	before := fmt.Sprint(wish)
	p, err := NewPerson(wish, now)
	if err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(wish); after != before {
		t.Errorf("the wish was changed from\n%s to\n%s", before, after)
	}
	if p.ID == wish.ID || !account.IsID(p.ID) || p.Revision != 0 || !p.CreatedAt.Equal(now) {
		t.Errorf("got %+v", p)
	}
	for i, d := range p.Documents {
		if d.ID == wish.Documents[i].ID || !account.IsID(d.ID) {
			t.Errorf("document %d kept the ID that somebody made up", i)
		}
	}
	if diff := cmp.Diff(wish.Applications[:2], p.Applications); diff != "" {
		t.Errorf("applications -want +got\n%s", diff)
	}
	if diff := cmp.Diff([][]int{nil, {180, 90}}, [][]int{p.Documents[0].Reminded, p.Documents[1].Reminded}); diff != "" {
		t.Errorf("reminded -want +got\n%s", diff)
	}
	wish.Name = ""
	if p, err := NewPerson(wish, now); err == nil || p.ID != "" {
		t.Errorf("a person without a name was made: %+v, %v", p, err)
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	now := today.UTC().Add(9 * time.Hour)
	tests := map[string]struct {
		change func(*Person)
		// reminded are those of each document afterwards.
		reminded [][]int
	}{
		"nothing":                    {func(*Person) {}, [][]int{{180}, {180, 90}}},
		"the number":                 {func(p *Person) { p.Documents[0].Number = "TEST90002" }, [][]int{{180}, {180, 90}}},
		"what was reminded":          {func(p *Person) { p.Documents[0].Reminded = nil }, [][]int{{180}, {180, 90}}},
		"the day, to a far one":      {func(p *Person) { p.Documents[0].Expires = today + 999 }, [][]int{nil, {180, 90}}},
		"the day, to a near one":     {func(p *Person) { p.Documents[0].Expires = today + 10 }, [][]int{{180, 90, 30}, {180, 90}}},
		"the day, to one at a mark":  {func(p *Person) { p.Documents[0].Expires = today + 30 }, [][]int{{180, 90}, {180, 90}}},
		"the day, to today":          {func(p *Person) { p.Documents[0].Expires = today }, [][]int{{180, 90, 30, 7}, {180, 90}}},
		"the day, to yesterday":      {func(p *Person) { p.Documents[0].Expires = today - 1 }, [][]int{{180, 90, 30, 7, 0}, {180, 90}}},
		"the day, to an unknown one": {func(p *Person) { p.Documents[0].Expires = 0 }, [][]int{nil, {180, 90}}},
		"the order":                  {func(p *Person) { p.Documents[0], p.Documents[1] = p.Documents[1], p.Documents[0] }, [][]int{{180, 90}, {180}}},
		"one less":                   {func(p *Person) { p.Documents = p.Documents[1:] }, [][]int{{180, 90}}},
		"one more":                   {func(p *Person) { p.Documents = append(p.Documents, TravelDocument{Kind: Visa, Expires: today + 5}) }, [][]int{{180}, {180, 90}, {180, 90, 30, 7}}},
		"one more with an ID": {func(p *Person) {
			p.Documents = append(p.Documents, TravelDocument{ID: ids(1)[0], Kind: Visa, Reminded: []int{0}})
		}, [][]int{{180}, {180, 90}, nil}},
		"a copy with the ID of another": {func(p *Person) { p.Documents = append(p.Documents, p.Documents[0]) }, [][]int{{180}, {180, 90}, {180}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := someone(t)
			p.Documents[0].Expires, p.Documents[0].Issued, p.Documents[0].Reminded = today+100, 0, []int{180}
			p.Documents[1].Expires, p.Documents[1].Reminded = today+60, []int{180, 90}
			was := p
			if err := Edit(now, func(p *Person) error { tt.change(p); return nil })(&p); err != nil {
				t.Fatal(err)
			}
			if p.ID != was.ID || p.Revision != was.Revision || !p.CreatedAt.Equal(was.CreatedAt) {
				t.Errorf("became %+v", p)
			}
			var reminded [][]int
			seen := map[string]bool{}
			for _, d := range p.Documents {
				reminded = append(reminded, d.Reminded)
				if seen[d.ID] || !account.IsID(d.ID) {
					t.Errorf("the ID %q is none, or that of two documents", d.ID)
				}
				seen[d.ID] = true
			}
			if diff := cmp.Diff(tt.reminded, reminded); diff != "" {
				t.Errorf("reminded -want +got\n%s", diff)
			}
		})
	}
}

func TestEditKeepsWhatItMust(t *testing.T) {
	t.Parallel()
	now := today.UTC()
	p := someone(t)
	was := p
	err := Edit(now, func(p *Person) error {
		p.ID, p.Revision, p.CreatedAt, p.Name = "other", 77, now, "Anna"
		return nil
	})(&p)
	if err != nil || p.ID != was.ID || p.Revision != was.Revision || !p.CreatedAt.Equal(was.CreatedAt) || p.Name != "Anna" {
		t.Errorf("became %+v, %v", p, err)
	}
	no := errors.New("no")
	if err := Edit(now, func(*Person) error { return no })(&p); !errors.Is(err, no) {
		t.Errorf("a change that was refused: %v", err)
	}
	var bad *InputError
	if err := Edit(now, func(p *Person) error { p.Name = ""; return nil })(&p); !errors.As(err, &bad) {
		t.Errorf("a change to what cannot be: %v", err)
	}
}
