package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// groupPage is one group: who is in it, and what may be done about that.
type groupPage struct {
	view
	ID, Kind, Owner, Since, MyRight string
	Members                         []memberRow
	// MayLead, MayInvite and MayLeave are what whoever looks may do.
	MayLead, MayInvite, MayLeave bool
	// Rights and Roles can be given, an invitation can last as long as Lasts says.
	Rights, Roles, Lasts []choice
	Invitations          []invitedRow
	// Fresh is a link that was just made, nil for none.
	Fresh *secretOnce
	// Name and Member are what was typed; Wrong is the form and the field that are
	// wrong, "" for none.
	Name, Member string
	Wrong        string
}

// memberRow is somebody in a group.
type memberRow struct {
	User, Name, Right string
	Myself            bool
	Rights            []choice
}

// invitedRow is a link into a group that waits.
type invitedRow struct{ ID, For, By, Until string }

// secretOnce is what can be seen only once: a link or code to hand on. QR is of
// the link, without a size where there is none.
type secretOnce struct {
	Title, Text, Label, Value string
	// JoinPage: the page where the code is given has to be opened by hand.
	JoinPage bool
	QR       qr
}

// groupPage reads the group that the request names.
func (s *Server) groupPage(c echo.Context) (*groupPage, error) {
	ctx, p := c.Request().Context(), principal(c)
	g, err := s.cfg.Accounts.Group(ctx, c.Param("id"))
	if err != nil {
		return nil, err
	}
	names, err := s.cfg.Accounts.MemberNames(ctx, g.ID)
	if err != nil {
		return nil, err
	}
	p.Groups = map[string]account.Right{g.ID: g.Of(p.User.ID)} // As it is now: the request may have changed it.
	page := &groupPage{
		view: s.inside(c, sectionGroups, "groups.group"), ID: g.ID, Owner: string(account.OfGroup(g.ID)),
		MayLead: p.MayLead(g.ID), MayInvite: p.MayLead(g.ID) && p.MayAdminister(), MayLeave: p.MayLeave(g.ID), Name: g.Name,
	}
	page.Heading, page.Kind = g.Name, page.T("groups.kind_"+string(g.Kind))
	page.Since, page.MyRight = page.words.Date(g.CreatedAt), page.T("groups.my_right_"+string(g.Of(p.User.ID)))
	page.Rights, page.Roles, page.Lasts = page.rights(account.Read), page.guestRoles(account.Member), page.lasts("168h")
	for _, m := range g.Members {
		page.Members = append(page.Members, memberRow{
			User: m.User, Name: page.nameIn(names, m.User), Right: page.T("groups.right_" + string(m.Right)), Myself: m.User == p.User.ID, Rights: page.rights(m.Right),
		})
	}
	if page.MayInvite {
		page.Invitations, err = s.invitedTo(c, page.view, g.ID, names)
	}
	return page, err
}

// nameIn returns what a member is called.
func (v view) nameIn(names map[string]string, user string) string {
	if name := names[user]; name != "" {
		return name
	}
	return v.T("groups.nameless")
}

// rights are those that a member can have.
func (v view) rights(chosen account.Right) (list []choice) {
	for _, r := range account.Rights() {
		list = append(list, choice{Value: string(r), Name: v.T("groups.right_" + string(r)), Chosen: r == chosen})
	}
	return list
}

// guestRoles are those that somebody can get who is invited into a group. Whoever
// is to run the appliance is invited to that, and not in passing.
func (v view) guestRoles(chosen account.Role) (list []choice) {
	for _, r := range []account.Role{account.Member, account.Viewer} {
		list = append(list, choice{Value: string(r), Name: v.T("role." + string(r)), Chosen: r == chosen})
	}
	return list
}

// lasts are the times for which an invitation can work.
func (v view) lasts(chosen string) (list []choice) {
	for _, of := range []struct {
		value string
		days  int
	}{{"24h", 1}, {"168h", 7}, {"720h", 30}} {
		list = append(list, choice{Value: of.value, Name: v.T("groups.days", "count", of.days), Chosen: of.value == chosen})
	}
	return list
}

// invitedTo lists the links into a group.
func (s *Server) invitedTo(c echo.Context, v view, group string, names map[string]string) (rows []invitedRow, err error) {
	all, err := s.cfg.Accounts.Invitations(c.Request().Context())
	for _, i := range all {
		if i.Group != group {
			continue
		}
		row := invitedRow{ID: i.ID, For: v.T("groups.right_"+string(i.Right)) + " · " + v.T("role."+string(i.Role)), Until: v.words.Time(i.ExpiresAt)}
		if i.By != "" {
			row.By = v.nameIn(names, i.By)
		}
		rows = append(rows, row)
	}
	return rows, err
}

func (s *Server) showGroup(c echo.Context) error {
	page, err := s.groupPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "group", page)
}

// changeGroup does what a button of the page says.
func (s *Server) changeGroup(c echo.Context) error {
	page, err := s.groupPage(c) // Before the change: who may not see the group learns nothing of it.
	if err != nil {
		return err
	}
	do := c.FormValue("do")
	if do == "invite" {
		return s.inviteByForm(c, page)
	}
	change := s.groupChange(do)
	if change == nil {
		return echo.ErrBadRequest
	}
	done, err := change(c)
	if err == nil {
		return seeDone(c, page.ID, done)
	}
	return s.complainOfGroup(c, page, do, err)
}

// groupChange returns what a button does, nil if there is none of that name. What
// is returned then is the word for what was done.
func (s *Server) groupChange(do string) func(echo.Context) (string, error) {
	return map[string]func(echo.Context) (string, error){
		"rename":   s.renameGroup,
		"add":      s.addMemberByForm,
		"right":    s.giveRight,
		"withdraw": s.withdrawInvitation,
	}[do]
}

func (s *Server) renameGroup(c echo.Context) (string, error) {
	_, err := s.cfg.Accounts.RenameGroup(c.Request().Context(), c.Param("id"), c.FormValue("name"))
	return "saved", err
}

func (s *Server) addMemberByForm(c echo.Context) (string, error) {
	_, err := s.putMember(c.Request().Context(), c.Param("id"), c.FormValue("member"), account.Right(c.FormValue("right")))
	return "member_added", err
}

func (s *Server) giveRight(c echo.Context) (string, error) {
	_, err := s.cfg.Accounts.SetRight(c.Request().Context(), c.Param("id"), c.FormValue("user"), account.Right(c.FormValue("right")))
	return "right_given", err
}

// withdrawInvitation takes back a link into this group; others are seen to elsewhere.
func (s *Server) withdrawInvitation(c echo.Context) (string, error) {
	ctx, id := c.Request().Context(), c.FormValue("invitation")
	all, err := s.cfg.Accounts.Invitations(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(all, func(i account.Invitation) bool { return i.ID == id && i.Group == c.Param("id") }) {
		return "", account.ErrNoInvitation
	}
	return "invitation_withdrawn", s.cfg.Accounts.RemoveInvitation(ctx, id)
}

// inviteByForm makes a link into the group, and shows it this once.
func (s *Server) inviteByForm(c echo.Context, page *groupPage) error {
	right, role, lasts := account.Right(c.FormValue("right")), account.Role(c.FormValue("role")), c.FormValue("lasts")
	most, err := lastsOf(lasts)
	var i account.Invitation
	var secret string
	if err == nil {
		i, secret, err = s.cfg.Accounts.Invite(c.Request().Context(), account.Invite{Role: role, Group: page.ID, Right: right, Lasts: most})
	}
	if err != nil {
		page.Rights, page.Roles, page.Lasts = page.rights(right), page.guestRoles(role), page.lasts(lasts)
		return s.complainOfGroup(c, page, "invite", err)
	}
	if page, err = s.groupPage(c); err != nil {
		return err
	}
	page.Fresh, err = s.linkOnce(page.view, page.T("groups.invitation"), i, secret)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "group", page)
}

// linkOnce is what is shown of an invitation that was just made.
func (s *Server) linkOnce(v view, title string, i account.Invitation, secret string) (*secretOnce, error) {
	once := &secretOnce{
		Title: title, Text: v.T("admin.link_once", "time", i.ExpiresAt), Label: v.T("admin.code"), Value: secret, JoinPage: true,
	}
	link := s.joinLink(secret)
	if link == "" {
		return once, nil
	}
	once.Label, once.Value, once.JoinPage = v.T("admin.link"), link, false
	var err error
	once.QR, err = newQR(link)
	return once, err
}

// complainOfGroup shows the page again and what is wrong with what was sent. What
// somebody may not do at all is not put right on the page.
func (s *Server) complainOfGroup(c echo.Context, page *groupPage, do string, err error) error {
	if errors.Is(err, account.ErrForbidden) || errors.Is(err, account.ErrNoGroup) {
		return err
	}
	page.Wrong = do + "." + problemOf(err).Field
	switch do {
	case "rename":
		page.Name = c.FormValue("name")
	case "add":
		page.Member, page.Rights = c.FormValue("member"), page.rights(account.Right(c.FormValue("right")))
	}
	return s.complain(c, "group", &page.view, func() any { return page }, err)
}
