package account

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ErrUnconfirmed: whoever acts has not given his password for a while, or nobody
// knows whether he has, as he has none here.
var ErrUnconfirmed = errors.New("prove first that it is you: with your password, or through the service you sign in with; " +
	"if neither is possible, have a password set for you, by an admin or with: cz-visa-monitor user reset-password")

// MayErase returns why whoever acts may not erase an owner with all that is his,
// nil if he may: a user himself, in a session in which he gave his password
// within ConfirmedFor, or ErrUnconfirmed; other users whoever runs the appliance;
// a group its owners. What keeps a user is ErrLastAdmin or ErrLastOwner.
func (s *Service) MayErase(ctx context.Context, o Owner) error {
	if p, _ := Acting(ctx); p.active() && o == p.Self() {
		if !p.MayManageSelf() {
			return ErrForbidden // A token is no proof that it is himself.
		}
		if err := s.confirmed(ctx, p); err != nil {
			return err
		}
	}
	return s.mayErase(ctx, o)
}

func (s *Service) mayErase(ctx context.Context, o Owner) error {
	if id, ok := o.Group(); ok {
		p, _ := Acting(ctx)
		g, err := s.store.Group(ctx, id)
		if err != nil {
			return err
		}
		return leads(p, g)
	}
	id, ok := o.User()
	if !ok {
		return ErrNoUser
	}
	if _, err := over(ctx, id); err != nil {
		return err
	}
	u, err := s.store.User(ctx, id)
	if err != nil {
		return err
	}
	if err := s.dispensable(ctx, u); err != nil {
		return err
	}
	return s.followed(ctx, id)
}

// confirmed returns ErrUnconfirmed unless p gave a password or second factor in
// his session within ConfirmedFor.
func (s *Service) confirmed(ctx context.Context, p Principal) error {
	own, err := s.ownSession(ctx, p)
	switch {
	case errors.Is(err, ErrNoSession):
		return ErrUnconfirmed
	case err != nil:
		return err
	case !own.Confirmed(time.Now()):
		return ErrUnconfirmed
	}
	return nil
}

// RunsAlone reports whether nobody would run the appliance without u.
func (s *Service) RunsAlone(ctx context.Context, u User) (bool, error) {
	err := s.dispensable(ctx, u)
	if errors.Is(err, ErrLastAdmin) {
		return true, nil
	}
	return false, err
}

// dispensable returns ErrLastAdmin if nobody would run the appliance without u.
func (s *Service) dispensable(ctx context.Context, u User) error {
	if !u.Runs() {
		return nil
	}
	users, err := s.store.Users(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(users, func(o User) bool { return o.ID != u.ID && o.Runs() }) {
		return nil
	}
	return ErrLastAdmin
}

// followed returns ErrLastOwner if a group that a user leads would have nobody else
// to lead it. It is asked before anything is removed; the store asks again.
func (s *Service) followed(ctx context.Context, user string) error {
	alone, err := s.ledAlone(ctx, user)
	if err == nil && len(alone) > 0 {
		err = ErrLastOwner
	}
	return err
}

// LedAlone returns the groups that nobody would lead without whoever acts: what
// keeps him from leaving the appliance.
func (s *Service) LedAlone(ctx context.Context) ([]Group, error) {
	p, _ := Acting(ctx)
	return s.ledAlone(ctx, p.User.ID)
}

func (s *Service) ledAlone(ctx context.Context, user string) (alone []Group, err error) {
	groups, err := s.store.GroupsOf(ctx, user)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		others := g
		others.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m Membership) bool { return m.User == user })
		err := Followed(g, others, func(user string) bool {
			u, err := s.store.User(ctx, user)
			return err == nil && u.CanLead()
		})
		if err != nil {
			alone = append(alone, g)
		}
	}
	return alone, nil
}

// EraseOwner removes the user or the group that o is, when nothing is his any
// more: with sessions, tokens, memberships and links. Its errors are those of
// MayErase, and ErrBelongings. It does not ask for a password again: MayErase
// has, before all that was his was removed.
func (s *Service) EraseOwner(ctx context.Context, o Owner) error {
	if err := s.mayErase(ctx, o); err != nil {
		return err
	}
	if id, ok := o.Group(); ok {
		return s.RemoveGroup(ctx, id)
	}
	id, _ := o.User()
	return s.store.RemoveUser(ctx, id, mayGo)
}
