package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
)

// leavePage asks before somebody is taken out of a group: Member is his ID, ""
// where whoever asks goes himself.
type leavePage struct {
	view
	ID, Group, Member string
	Texts             []string
	Button            string
}

// leavePage is for whoever may leave the group or, where the query names a member,
// lead it.
func (s *Server) leavePage(c echo.Context) (*leavePage, error) {
	group, err := s.groupPage(c)
	if err != nil {
		return nil, err
	}
	page := &leavePage{view: group.view, ID: group.ID, Group: group.Name, Member: c.QueryParam("member")}
	if page.Member == "" {
		if !group.MayLeave {
			return nil, account.ErrForbidden
		}
		page.Heading, page.Button = page.T("groups.leave"), page.T("groups.leave_go")
		page.Texts = []string{page.T("groups.leave_what"), page.T("groups.leave_back")}
		return page, nil
	}
	if !group.MayLead {
		return nil, account.ErrForbidden
	}
	for _, m := range group.Members {
		if m.User == page.Member {
			page.Heading, page.Button = page.T("groups.remove_member_named", "name", m.Name), page.T("groups.remove_member")
			page.Texts = []string{page.T("groups.remove_member_what"), page.T("groups.remove_member_channels")}
			return page, nil
		}
	}
	return nil, account.ErrNoMember
}

func (s *Server) showLeave(c echo.Context) error {
	page, err := s.leavePage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "group-leave", page)
}

func (s *Server) leaveByForm(c echo.Context) error {
	page, err := s.leavePage(c)
	if err != nil {
		return err
	}
	user, to, done := page.Member, "../"+page.ID, "member_removed"
	if user == "" {
		user = page.Me.ID
	}
	if user == page.Me.ID {
		to, done = "../../groups", "group_left"
	}
	if err := s.cfg.Accounts.RemoveMember(c.Request().Context(), page.ID, user); err != nil {
		return s.complain(c, "group-leave", &page.view, func() any { return page }, err)
	}
	return seeDone(c, to, done)
}

// groupRemovalPage asks before a group is gone. Lines say what belongs to it still
// and stands in the way.
type groupRemovalPage struct {
	view
	ID, Group, Members string
	Lines              []string
}

func (s *Server) groupRemovalPage(c echo.Context) (*groupRemovalPage, error) {
	group, err := s.groupPage(c)
	if err != nil {
		return nil, err
	}
	if !group.MayLead {
		return nil, account.ErrForbidden
	}
	page := &groupRemovalPage{view: group.view, ID: group.ID, Group: group.Name, Members: group.T("groups.members_lose", "count", len(group.Members))}
	page.Heading = page.T("groups.delete")
	things, err := s.belongings(c.Request().Context(), principal(c), account.OfGroup(group.ID))
	page.Lines = things.lines(page.view)
	return page, err
}

func (s *Server) showGroupRemoval(c echo.Context) error {
	page, err := s.groupRemovalPage(c)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "group-delete", page)
}

// removeGroupByForm removes a group to which nothing belongs, or erases it with
// everything.
func (s *Server) removeGroupByForm(c echo.Context) error {
	page, err := s.groupRemovalPage(c)
	if err != nil {
		return err
	}
	switch c.FormValue("do") {
	case "remove":
		err = s.cfg.Accounts.RemoveGroup(c.Request().Context(), page.ID)
	case "erase":
		_, err = s.eraseNow(c, account.OfGroup(page.ID))
	default:
		return echo.ErrBadRequest
	}
	if errors.Is(err, account.ErrNoGroup) {
		return err
	}
	if err != nil {
		return s.complain(c, "group-delete", &page.view, func() any { return page }, err)
	}
	return seeDone(c, "../../groups", "group_removed")
}

// eraseNow erases a user or a group with all that is his, and returns what still
// holds it.
func (s *Server) eraseNow(c echo.Context, owner account.Owner) (archive.Erased, error) {
	do, err := s.ownerErasure(c, owner)
	if err != nil {
		return archive.Erased{}, err
	}
	ctx, end, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return archive.Erased{}, err
	}
	defer end()
	return do(ctx)
}
