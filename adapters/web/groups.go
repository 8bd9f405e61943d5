package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
)

// groupSummaryView is a group, and what the user who asks may do in it.
type groupSummaryView struct {
	ID    string            `json:"id"`
	Owner account.Owner     `json:"owner"`
	Name  string            `json:"name"`
	Kind  account.GroupKind `json:"kind"`
	Right account.Right     `json:"right"`
}

// groupView is a group with its members.
type groupView struct {
	groupSummaryView
	// MayWrite: whether the user may change what belongs to the group. MayLead:
	// whether he may change the group itself. His role and the scope of a token
	// may leave less than the right.
	MayWrite  bool         `json:"may_write"`
	MayLead   bool         `json:"may_lead"`
	CreatedAt time.Time    `json:"created_at"`
	Members   []memberView `json:"members"`
}

type memberView struct {
	User string `json:"user"`
	// Name is left out where the user cannot be read any more.
	Name  string        `json:"name,omitempty"`
	Right account.Right `json:"right"`
}

type groupsView struct {
	Groups []groupView `json:"groups"`
}

func viewGroupSummary(p account.Principal, g account.Group) groupSummaryView {
	return groupSummaryView{ID: g.ID, Owner: account.OfGroup(g.ID), Name: g.Name, Kind: g.Kind, Right: g.Of(p.User.ID)}
}

// viewGroup shows g with the names of its members to p, by the rights that stand
// in it now: the request may have changed them.
func (s *Server) viewGroup(ctx context.Context, p account.Principal, g account.Group) (groupView, error) {
	names, err := s.cfg.Accounts.MemberNames(ctx, g.ID)
	if err != nil {
		return groupView{}, err
	}
	p.Groups = map[string]account.Right{g.ID: g.Of(p.User.ID)}
	return groupView{
		groupSummaryView: viewGroupSummary(p, g), MayWrite: p.MayWrite(account.OfGroup(g.ID)), MayLead: p.MayLead(g.ID), CreatedAt: g.CreatedAt.UTC(),
		Members: viewAll(g.Members, func(m account.Membership) memberView {
			return memberView{User: m.User, Name: names[m.User], Right: m.Right}
		}),
	}, nil
}

// group answers with g.
func (s *Server) group(c echo.Context, status int, g account.Group, err error) error {
	if err != nil {
		return err
	}
	v, err := s.viewGroup(c.Request().Context(), principal(c), g)
	if err != nil {
		return err
	}
	return c.JSON(status, v)
}

func (s *Server) listGroups(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	groups, err := s.cfg.Accounts.Groups(ctx)
	if err != nil {
		return err
	}
	list := groupsView{Groups: make([]groupView, 0, len(groups))}
	for _, g := range groups {
		v, err := s.viewGroup(ctx, p, g)
		if errors.Is(err, account.ErrNoGroup) {
			continue // It was left or deleted meanwhile.
		}
		if err != nil {
			return err
		}
		list.Groups = append(list.Groups, v)
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) addGroup(c echo.Context) error {
	var in struct {
		Name string            `json:"name"`
		Kind account.GroupKind `json:"kind"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	g, err := s.cfg.Accounts.AddGroup(c.Request().Context(), in.Name, in.Kind)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "groups/"+g.ID)
	return s.group(c, http.StatusCreated, g, nil)
}

func (s *Server) getGroup(c echo.Context) error {
	g, err := s.cfg.Accounts.Group(c.Request().Context(), c.Param("id"))
	return s.group(c, http.StatusOK, g, err)
}

func (s *Server) editGroup(c echo.Context) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	g, err := s.cfg.Accounts.RenameGroup(c.Request().Context(), c.Param("id"), in.Name)
	return s.group(c, http.StatusOK, g, err)
}

func (s *Server) removeGroup(c echo.Context) error {
	if err := s.cfg.Accounts.RemoveGroup(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return noContent(c)
}

func (s *Server) addMember(c echo.Context) error {
	var in struct {
		Name  string        `json:"name"`
		Right account.Right `json:"right"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	g, err := s.putMember(c.Request().Context(), c.Param("id"), in.Name, in.Right)
	return s.group(c, http.StatusCreated, g, err)
}

// putMember makes the user with this name a member of a group.
func (s *Server) putMember(ctx context.Context, group, name string, right account.Right) (account.Group, error) {
	g, err := s.cfg.Accounts.AddMember(ctx, group, name, right)
	if errors.Is(err, account.ErrNoUser) {
		err = badField("name", "There is no user with this name. Ask whoever runs the appliance to add or invite him.").as("no_user")
	}
	return g, err
}

func (s *Server) editMember(c echo.Context) error {
	var in struct {
		Right account.Right `json:"right"`
	}
	if err := decode(c, &in); err != nil {
		return err
	}
	g, err := s.cfg.Accounts.SetRight(c.Request().Context(), c.Param("id"), c.Param("user"), in.Right)
	return s.group(c, http.StatusOK, g, err)
}

func (s *Server) removeMember(c echo.Context) error {
	if err := s.cfg.Accounts.RemoveMember(c.Request().Context(), c.Param("id"), c.Param("user")); err != nil {
		return err
	}
	return noContent(c)
}
