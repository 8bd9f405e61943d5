package archive

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// byteOrderMark begins every table. Without it Excel takes UTF-8 for the code
// page of the machine, and ř and ž for something else; LibreOffice and whatever
// reads CSV in earnest pass it over.
const byteOrderMark = "\ufeff"

// WriteCSV writes the applications of the scope as a table, one line for each
// owner who watches one, for people and their spreadsheet programs. It is not
// read back; for that there is Write.
func (e *Exporter) WriteCSV(ctx context.Context, w io.Writer, s Scope) error {
	return e.writeTable(ctx, w, s, []string{
		"reference", "kind", "owner", "label", "status", "since", "answered_at", "checked_at", "added_at", "paused", "muted", "archived", "answer", "note",
		"purpose", "filed", "suspension_ended", "pause_days", "delivered", "collected",
	}, func(t *table, owners []account.Owner, names map[account.Owner]string) error {
		return e.eachApplication(ctx, owners, func(a watch.Application) error {
			for _, own := range a.Watchers {
				if s.Owner != "" && own.Owner != s.Owner {
					continue
				}
				st, d := own.Shown(a.State), own.Dates
				t.row(
					a.Reference.String(), string(a.Reference.Kind()), names[own.Owner], own.Label, string(st.Status), moment(st.Since),
					moment(st.AnsweredAt), moment(st.CheckedAt), moment(own.AddedAt), yes(own.Paused), yes(own.Muted), yes(own.Archived), st.Answer.Text, own.Note,
					string(own.Purpose), d.Filed.String(), d.SuspensionEnded.String(), strconv.Itoa(d.PauseDays), d.Delivered.String(), d.Collected.String(),
				)
			}
			return nil
		})
	})
}

// WritePeopleCSV writes the people of the scope as a table, in plain: one line
// for each document, and one for whoever has none.
func (e *Exporter) WritePeopleCSV(ctx context.Context, w io.Writer, s Scope) error {
	return e.writeTable(ctx, w, s, []string{
		"name", "owner", "birth_date", "nationality", "document", "number", "country", "issued", "expires", "note",
	}, func(t *table, owners []account.Owner, names map[account.Owner]string) error {
		return e.eachPerson(ctx, owners, func(p dossier.Person) error {
			documents := p.Documents
			if len(documents) == 0 {
				documents = []dossier.TravelDocument{{}}
			}
			for _, d := range documents {
				t.row(p.Name, names[p.Owner], p.BirthDate.String(), p.Nationality, string(d.Kind), d.Number, d.Country, d.Issued.String(), d.Expires.String(), p.Note)
			}
			return nil
		})
	})
}

// writeTable writes a table with these columns, whose rows fill writes.
func (e *Exporter) writeTable(ctx context.Context, w io.Writer, s Scope, columns []string, fill func(*table, []account.Owner, map[account.Owner]string) error) error {
	owners, err := e.owners(ctx, s)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	names := make(map[account.Owner]string, len(owners))
	for _, o := range owners {
		names[o.ID] = o.Name
	}
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	t := &table{w: bufio.NewWriter(w)}
	t.row(columns...)
	if err := fill(t, idsOf(owners), names); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// table writes rows in which no cell is a formula. It quotes every cell, which
// csv.Writer would not.
type table struct{ w *bufio.Writer }

// row writes a row, ended as RFC 4180 has it. Its errors are those of w.
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			_ = t.w.WriteByte(',') // Errors are kept by w.
		}
		_, _ = t.w.WriteString(`"` + strings.ReplaceAll(harmless(c), `"`, `""`) + `"`)
	}
	_, _ = t.w.WriteString("\r\n")
}

const (
	// signs begin a formula. Some programs read full-width ones alike.
	signs = "=+-@＝＋－＠"
	// ends end a cell for a program that is set to semicolons or tabs.
	ends = ";\t\r\n"
	// skipped are blanks and quotes, which programs pass over before a sign.
	skipped = " \v\f\u00a0\u200b\ufeff\"'`"
)

// harmless returns a cell that no spreadsheet program takes for a formula: one
// that begins with a sign of those, also behind blanks or quotes, or with a tab
// or the end of a line, gets an apostrophe (OWASP, "CSV Injection"). So does a
// sign behind what ends a cell for a program that is set to semicolons, as most
// are in Czechia: to that one our quotes say nothing.
func harmless(cell string) string {
	var b strings.Builder
	if strings.IndexAny(strings.TrimLeft(cell, skipped+ends), signs) == 0 || strings.IndexAny(cell, "\t\r\n") == 0 {
		b.WriteByte('\'')
	}
	begins := false // another cell, here
	for _, r := range cell {
		switch {
		case strings.ContainsRune(ends, r):
			begins = true
		case begins && strings.ContainsRune(signs, r):
			b.WriteByte('\'')
			begins = false
		case !strings.ContainsRune(skipped, r):
			begins = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// moment writes a time for people and programs alike; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
