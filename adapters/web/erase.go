package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/archive"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// Eraser removes things so that the data file does not hold them any more;
// archive.Eraser does.
type Eraser interface {
	// EraseApplication and ErasePerson are asked only after rights were.
	EraseApplication(ctx context.Context, id watch.ID, owner account.Owner) (archive.Erased, error)
	ErasePerson(ctx context.Context, id string) (archive.Erased, error)
	// EraseOwner asks for rights itself: account.Service.MayErase.
	EraseOwner(ctx context.Context, owner account.Owner) (archive.Erased, error)
}

// eraseInput says what is to be erased.
type eraseInput struct {
	// What is application, person, user or group.
	What string `json:"what"`
	ID   string `json:"id"`
	// Owner is whose way to watch an application is meant; "" as in seatOf.
	Owner string `json:"owner"`
}

// erasedView says what still holds it.
type erasedView struct {
	Compacted    bool         `json:"compacted"`
	Backups      []holderView `json:"backups"`
	Copies       []holderView `json:"copies"`
	CopiesUnread bool         `json:"copies_unread"`
	KeptFiles    []string     `json:"kept_files"`
}

// holderView is a backup, or the copy of one, that holds what was erased.
type holderView struct {
	Name string `json:"name"`
	// Expires is about when it will be removed.
	Expires time.Time `json:"expires,omitzero"`
}

func viewHolder(b archive.Backup) holderView {
	return holderView{Name: b.Name, Expires: b.Expires.UTC()}
}

func viewErased(e archive.Erased) erasedView {
	v := erasedView{
		Compacted: e.Compacted, Backups: viewAll(e.Backups, viewHolder),
		Copies: viewAll(e.Copies, viewHolder), CopiesUnread: e.CopiesUnread, KeptFiles: e.Replaced,
	}
	if v.KeptFiles == nil {
		v.KeptFiles = []string{}
	}
	return v
}

// erase removes something for good.
func (s *Server) erase(c echo.Context) error {
	var in eraseInput
	if err := decode(c, &in); err != nil {
		return err
	}
	do, err := s.erasure(c, in)
	if err != nil {
		return err
	}
	ctx, done, err := s.heavy(c, heavyTimeout)
	if err != nil {
		return err
	}
	defer done()
	erased, err := do(ctx)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewErased(erased))
}

// erasure is one that may be made.
type erasure func(context.Context) (archive.Erased, error)

// erasure returns what does it, after it has seen to the rights.
func (s *Server) erasure(c echo.Context, in eraseInput) (erasure, error) {
	switch in.What {
	case "application":
		return s.applicationErasure(c, in)
	case "person":
		return s.personErasure(c, in.ID)
	case "user":
		return s.ownerErasure(c, account.OfUser(in.ID))
	case "group":
		return s.ownerErasure(c, account.OfGroup(in.ID))
	}
	return nil, badField("what", "The field what must be application, person, user or group.")
}

func (s *Server) applicationErasure(c echo.Context, in eraseInput) (erasure, error) {
	a, err := s.cfg.Applications.Application(c.Request().Context(), watch.ID(in.ID))
	if err != nil {
		return nil, err
	}
	st, ok := seatOf(principal(c), a, account.Owner(in.Owner))
	if !ok {
		return nil, watch.ErrNotFound
	}
	if !principal(c).MayWrite(st.watcher.Owner) {
		return nil, errForbidden()
	}
	return func(ctx context.Context) (archive.Erased, error) {
		return s.cfg.Eraser.EraseApplication(ctx, st.app.ID, st.watcher.Owner)
	}, nil
}

func (s *Server) personErasure(c echo.Context, id string) (erasure, error) {
	one, err := s.cfg.People.Person(c.Request().Context(), id)
	switch p := principal(c); {
	case err != nil:
		return nil, err
	case !p.MayRead(one.Owner):
		return nil, dossier.ErrNotFound
	case !p.MayWrite(one.Owner):
		return nil, errForbidden()
	}
	return func(ctx context.Context) (archive.Erased, error) { return s.cfg.Eraser.ErasePerson(ctx, id) }, nil
}

// ownerErasure asks for the rights before a turn is taken from others; the eraser
// does so too.
func (s *Server) ownerErasure(c echo.Context, owner account.Owner) (erasure, error) {
	if err := s.cfg.Accounts.MayErase(c.Request().Context(), owner); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (archive.Erased, error) { return s.cfg.Eraser.EraseOwner(ctx, owner) }, nil
}

// personProblem answers for what is wrong with people, and with who erases.
func personProblem(err error) *problem {
	if e, ok := errors.AsType[*dossier.InputError](err); ok {
		return badField(e.Field, "The field %s %s.", e.Field, e.Problem).as("field_" + e.Code)
	}
	if e, ok := errors.AsType[*dossier.MRZError](err); ok {
		return mrzProblem(e)
	}
	switch {
	case errors.Is(err, dossier.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "There is no such person."}
	case errors.Is(err, dossier.ErrFull):
		return &problem{Status: http.StatusInsufficientStorage, Code: "full", Detail: "This owner has as many people as the appliance keeps for one. Delete some first."}
	}
	return nil
}
