package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// usersPage shows who may use the appliance, and who is invited.
type usersPage struct {
	adminView
	Rows        []userRow
	Count       string
	Invitations []invitationRow
	Roles       []option
	Languages   []language
	// Fresh is a link that was just made.
	Fresh *secretOnce
	// Name is what was typed, Lang what was chosen; WrongName: the name is wrong.
	Name, Lang string
	WrongName  bool
	// Earlier and Later are the numbers of other pages of the list, "" for none.
	Earlier, Later string
}

// userRow is a user of the list.
type userRow struct {
	ID, Name, Role, Seen              string
	Disabled, Second, Waiting, Myself bool
}

// invitationRow is a link that waits.
type invitationRow struct{ ID, For, By, Until string }

// usersOnPage is how many users a page shows.
const usersOnPage = 100

func (s *Server) usersPage(c echo.Context) (*usersPage, error) {
	v, err := s.admin(c, tabUsers)
	if err != nil {
		return nil, err
	}
	ctx := c.Request().Context()
	called, all, err := s.userNames(ctx)
	if err != nil {
		return nil, err
	}
	p := &usersPage{adminView: v, Count: v.T("admin.users_count", "count", len(all)), Languages: s.languages(), Lang: v.Language(), Roles: v.roles(account.Member)}
	from := p.turn(c.QueryParam("page"), len(all))
	for _, u := range all[from:min(from+usersOnPage, len(all))] {
		row, err := s.userRow(c, v.view, u)
		if err != nil {
			return nil, err
		}
		p.Rows = append(p.Rows, row)
	}
	waiting, err := s.cfg.Accounts.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range waiting {
		p.Invitations = append(p.Invitations, called.invitationRow(v.view, i))
	}
	return p, nil
}

// turn returns with which of n users the page of this number begins.
func (p *usersPage) turn(number string, n int) (from int) {
	page, err := strconv.Atoi(number)
	if err != nil || page < 1 || page-1 > (n-1)/usersOnPage {
		page = 1
	}
	if page > 1 {
		p.Earlier = strconv.Itoa(page - 1)
	}
	if page*usersOnPage < n {
		p.Later = strconv.Itoa(page + 1)
	}
	return (page - 1) * usersOnPage
}

// roles are those that can be given.
func (v view) roles(chosen account.Role) (list []option) {
	for _, r := range account.Roles() {
		list = append(list, option{string(r), v.T("role." + string(r)), r == chosen})
	}
	return list
}

func (s *Server) userRow(c echo.Context, v view, u account.User) (userRow, error) {
	row := userRow{
		ID: u.ID, Name: u.Name, Role: v.T("admin.role_" + string(u.Role)), Seen: v.T("admin.never_seen"),
		Disabled: u.Disabled, Second: u.Asked(), Waiting: u.Password == "" && u.External == "", Myself: u.ID == v.Me.ID,
	}
	sessions, err := s.cfg.Accounts.Sessions(c.Request().Context(), u.ID)
	if err != nil {
		return row, err
	}
	if len(sessions) > 0 {
		last := slices.MaxFunc(sessions, func(a, b account.Session) int { return a.SeenAt.Compare(b.SeenAt) })
		row.Seen = v.words.Time(last.SeenAt)
	}
	return row, nil
}

// invitationRow says for whom a link is.
func (n names) invitationRow(v view, i account.Invitation) invitationRow {
	row := invitationRow{ID: i.ID, By: v.T("audit.by_command"), Until: v.words.Time(i.ExpiresAt)}
	if i.By != "" {
		row.By = n.of(v.words, i.By)
	}
	switch {
	case i.User != "":
		row.For = v.T("admin.link_password", "name", n.of(v.words, i.User))
	case i.Group != "":
		row.For = v.T("admin.link_group", "role", v.T("admin.role_"+string(i.Role)))
	default:
		row.For = v.T("admin.link_new", "role", v.T("admin.role_"+string(i.Role)))
	}
	return row
}

func (s *Server) showUsers(c echo.Context) error {
	p, err := s.usersPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-users", p)
}

// changeUsers makes a user or a link, or takes a link back. A link is shown at once,
// as it can be seen this once only.
func (s *Server) changeUsers(c echo.Context) error {
	v, err := s.admin(c, tabUsers)
	if err != nil {
		return err
	}
	ctx, role := c.Request().Context(), account.Role(c.FormValue("role"))
	var fresh *secretOnce
	switch c.FormValue("do") {
	case "add", "invite":
		fresh, err = s.newLink(c, v.view, role)
	case "withdraw":
		if err = s.cfg.Accounts.RemoveInvitation(ctx, c.FormValue("id")); err == nil {
			return seeDone(c, "users", "invitation_withdrawn")
		}
	default:
		return echo.ErrBadRequest
	}
	p, shown := s.usersPage(c)
	if shown != nil {
		return shown
	}
	if err != nil {
		p.Name, p.Lang, p.Roles = c.FormValue("name"), c.FormValue("language"), v.roles(role)
		p.WrongName = problemOf(err).Field == "name"
		return s.complain(c, "admin-users", &p.view, func() any { return p }, err)
	}
	p.Fresh = fresh
	return s.show(c, http.StatusOK, "admin-users", p)
}

// newLink makes a link for somebody new, or with a user whom it is for.
func (s *Server) newLink(c echo.Context, v view, role account.Role) (*secretOnce, error) {
	if c.FormValue("do") == "invite" {
		i, secret, err := s.cfg.Accounts.Invite(c.Request().Context(), account.Invite{Role: role})
		if err != nil {
			return nil, err
		}
		return s.linkOnce(v, v.T("admin.link_for_new"), i, secret)
	}
	u, i, secret, err := s.newUser(c, account.NewUser{Name: c.FormValue("name"), Language: c.FormValue("language")}, role)
	if err != nil {
		return nil, err
	}
	return s.linkOnce(v, v.T("admin.link_for_user", "name", u.Name), i, secret)
}

// userPage is one user, for whoever runs the appliance.
type userPage struct {
	adminView
	User     userRow
	Added    string
	Speaks   string
	External bool
	Sessions string
	Roles    []option
	Fresh    *secretOnce
}

func (s *Server) userPage(c echo.Context) (*userPage, error) {
	v, err := s.admin(c, tabUsers)
	if err != nil {
		return nil, err
	}
	ctx := c.Request().Context()
	u, err := s.cfg.Accounts.User(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	v.Heading = u.Name
	p := &userPage{adminView: v, Added: v.words.Time(u.CreatedAt), External: u.External != "", Roles: v.roles(u.Role), Speaks: v.T("admin.language_browser")}
	if u.Language != "" {
		p.Speaks = s.cfg.Catalogues.For(u.Language).Text("language.name")
	}
	if p.User, err = s.userRow(c, v.view, u); err != nil {
		return nil, err
	}
	sessions, err := s.cfg.Accounts.Sessions(ctx, u.ID)
	p.Sessions = v.T("admin.sessions_count", "count", len(sessions))
	return p, err
}

func (s *Server) showUser(c echo.Context) error {
	p, err := s.userPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-user", p)
}

// changeUser does one of the things on the page of a user.
func (s *Server) changeUser(c echo.Context) error {
	p, err := s.userPage(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	if c.FormValue("do") == "reset" {
		i, secret, err := s.cfg.Accounts.NewReset(c.Request().Context(), id)
		if err != nil {
			return s.complain(c, "admin-user", &p.view, func() any { return p }, err)
		}
		if p.Fresh, err = s.linkOnce(p.view, p.T("admin.link_for_user", "name", p.User.Name), i, secret); err != nil {
			return err
		}
		return s.show(c, http.StatusOK, "admin-user", p)
	}
	done, err := s.userChange(c, id)
	if err != nil {
		return s.complain(c, "admin-user", &p.view, func() any { return p }, err)
	}
	return seeDone(c, id, done)
}

// userChange does what a button says, and returns the word for what was done.
func (s *Server) userChange(c echo.Context, id string) (done string, err error) {
	ctx := c.Request().Context()
	switch do := c.FormValue("do"); do {
	case "role":
		role := account.Role(c.FormValue("role"))
		return "role_changed", s.edit(c, id, account.UserEdit{Role: &role})
	case "disable", "enable":
		disabled := do == "disable"
		return "user_" + do + "d", s.edit(c, id, account.UserEdit{Disabled: &disabled})
	case "second-off":
		return "second_removed", s.cfg.Accounts.RemoveSecond(ctx, id)
	case "sessions-end":
		_, err = s.cfg.Accounts.EndOtherSessions(ctx, id)
		return "sessions_ended", err
	}
	return "", echo.ErrBadRequest
}

// edit changes a user; if it is whoever asks, his session may go on under another secret.
func (s *Server) edit(c echo.Context, id string, e account.UserEdit) error {
	_, secret, err := s.cfg.Accounts.EditUser(c.Request().Context(), id, e)
	if secret != "" {
		s.keepSession(c, secret)
	}
	return err
}

func (s *Server) showRemoval(c echo.Context) error {
	p, err := s.userPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "admin-remove", p)
}

// removeOnPage removes a user, or erases him with all that is his.
func (s *Server) removeOnPage(c echo.Context) error {
	p, err := s.userPage(c)
	if err != nil {
		return err
	}
	done := "user_removed"
	switch c.FormValue("do") {
	case "remove":
		err = s.cfg.Accounts.RemoveUser(c.Request().Context(), c.Param("id"))
	case "erase":
		done, err = "user_erased", s.eraseUser(c, c.Param("id"))
	default:
		return echo.ErrBadRequest
	}
	if err != nil {
		return s.complain(c, "admin-remove", &p.view, func() any { return p }, err)
	}
	return seeDone(c, "../../users", done)
}

// eraseUser removes a user with all that is his.
func (s *Server) eraseUser(c echo.Context, id string) error {
	_, err := s.eraseNow(c, account.OfUser(id))
	return err
}
