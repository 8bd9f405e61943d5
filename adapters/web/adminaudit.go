package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/locale"
)

// auditPage shows the audit trail in words.
type auditPage struct {
	adminView
	Rows    []auditRow
	Actions []option
	Users   []option
	// User and Action are what is asked for, "" for all. Older is the number behind
	// which the next page begins, "" if there is none. Begun: it is no first page.
	User, Action, Older string
	Begun               bool
}

// option is one of a list.
type option struct {
	Value, Name string
	Chosen      bool
}

// auditRow is an entry in words.
type auditRow struct {
	Seq uint64
	// At is when, Who did it, Way how he came in, From where.
	At, Who, Way, From string
	// What was done, to the user Object, or to the Kind of thing whose ID is Mark;
	// Detail is more about it.
	What, Object, Kind, Mark, Detail string
}

// auditPageSize is how many entries a page has.
const auditPageSize = 50

// names are what users are called, by their IDs.
type names map[string]string

// userNames returns what all users are called.
func (s *Server) userNames(ctx context.Context) (names, []account.User, error) {
	all, err := s.cfg.Accounts.Users(ctx)
	if err != nil {
		return nil, nil, err
	}
	n := make(names, len(all))
	for _, u := range all {
		n[u.ID] = u.Name
	}
	return n, all, nil
}

// of returns what a user is called who may have been removed.
func (n names) of(words *locale.Locale, id string) string {
	if name, ok := n[id]; ok {
		return name
	}
	return words.Text("audit.removed_user", "id", id)
}

func (s *Server) auditPage(c echo.Context) (*auditPage, error) {
	v, err := s.admin(c, tabAudit)
	if err != nil {
		return nil, err
	}
	called, all, err := s.userNames(c.Request().Context())
	if err != nil {
		return nil, err
	}
	user, action := c.QueryParam("user"), c.QueryParam("action")
	found, next, err := s.trail(c, auditPageSize, func(e account.Entry) bool { return user == "" || e.Concerns(user) })
	if err != nil {
		return nil, err
	}
	p := &auditPage{adminView: v, User: user, Action: action, Begun: c.QueryParam("before") != ""}
	for _, e := range found {
		p.Rows = append(p.Rows, called.auditRow(v.words, e))
	}
	for _, a := range account.Actions() {
		p.Actions = append(p.Actions, option{string(a), v.T("audit." + string(a)), action == string(a)})
	}
	for _, u := range all {
		p.Users = append(p.Users, option{u.ID, u.Name, user == u.ID})
	}
	if next != 0 {
		p.Older = strconv.FormatUint(next, 10)
	}
	return p, nil
}

// auditRow puts an entry into words.
func (n names) auditRow(words *locale.Locale, e account.Entry) auditRow {
	row := auditRow{
		Seq: e.Seq, At: words.Time(e.At), From: e.Address, What: words.Text("audit." + string(e.Action)),
		Who: n.who(words, e), Detail: n.detail(words, e),
	}
	if e.Via == account.ByToken || e.Via == account.ByProxy {
		row.Way = words.Text("audit.via." + string(e.Via))
	}
	if name, ok := n[e.Object]; ok {
		row.Object = name
	} else if e.Object != "" {
		row.Kind, row.Mark = words.Text("audit.kind."+e.Kind), e.Object
	}
	return row
}

// who returns who did it.
func (n names) who(words *locale.Locale, e account.Entry) string {
	switch {
	case e.User != "":
		return n.of(words, e.User)
	case e.Via == account.ByCommand:
		return words.Text("audit.by_command")
	case e.Address != "":
		return words.Text("audit.by_stranger")
	}
	return words.Text("audit.by_appliance")
}

// detail puts the words of the program about an entry into those of the reader, or
// leaves them as they are where one of them has no text.
func (n names) detail(words *locale.Locale, e account.Entry) string {
	if e.Action == account.RequestRefused {
		return words.Text("audit.refusal." + e.Detail)
	}
	var parts []string
	for word := range strings.FieldsSeq(e.Detail) {
		part, ok := n.word(words, word)
		if !ok {
			return e.Detail
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " · ")
}

// word returns what a word of the program means to a reader; ok is false if it has no text.
func (n names) word(words *locale.Locale, word string) (text string, ok bool) {
	if name, ok := n[word]; ok {
		return name, true
	}
	if i := strings.IndexAny(word, ":="); i >= 0 && word[:i] == "user" {
		return n.of(words, word[i+1:]), true
	}
	if _, ok := account.Owner(word).Group(); ok {
		return words.Text("audit.kind.group"), true
	}
	key := "audit.detail." + strings.TrimPrefix(word, "role=")
	return words.Text(key), words.Has(key)
}

func (s *Server) showAudit(c echo.Context) error {
	p, err := s.auditPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-audit", p)
}

// verifyOnPage holds the trail against itself and says on the page what came of it.
func (s *Server) verifyOnPage(c echo.Context) error {
	p, err := s.auditPage(c)
	if err != nil {
		return err
	}
	n, broken, err := s.cfg.Audit.VerifyAudit(c.Request().Context())
	if err != nil {
		return err
	}
	if broken != 0 {
		p.Problem = p.T("admin.audit_broken", "number", strconv.FormatUint(broken, 10))
	} else {
		p.Done = p.T("admin.audit_whole", "count", n)
	}
	return s.show(c, http.StatusOK, "admin-audit", p)
}
