package account

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Invite says whom an invitation is for.
type Invite struct {
	Role Role
	// Group, if not "", is the ID of the group to join, with Right.
	Group string
	Right Right
	// Lasts is how long the link works, 0 for InvitationLasts.
	Lasts time.Duration
}

// Invite makes a link for somebody new, and returns it with its secret, which is
// shown once. For whoever runs the appliance; for a group he must own that, too:
// an admin has no right to what belongs to others.
func (s *Service) Invite(ctx context.Context, to Invite) (Invitation, string, error) {
	p, err := administering(ctx)
	if err != nil {
		return Invitation{}, "", err
	}
	if !to.Role.Valid() {
		return Invitation{}, "", ErrRole
	}
	if to.Lasts < 0 || to.Lasts > MaxInvitationLasts {
		return Invitation{}, "", ErrLasts
	}
	if to.Group == "" {
		to.Right = ""
	} else if err := s.mayInvite(ctx, p, to); err != nil {
		return Invitation{}, "", err
	}
	return s.addInvitation(ctx, Invitation{Role: to.Role, Group: to.Group, Right: to.Right, By: p.User.ID}, cmp.Or(to.Lasts, InvitationLasts))
}

// mayInvite returns why p cannot invite somebody to a group.
func (s *Service) mayInvite(ctx context.Context, p Principal, to Invite) error {
	if !to.Right.Valid() {
		return ErrRight
	}
	g, err := s.store.Group(ctx, to.Group)
	if err != nil {
		return err
	}
	return leads(p, g)
}

func (s *Service) addInvitation(ctx context.Context, i Invitation, lasts time.Duration) (Invitation, string, error) {
	i, secret := newInvitation(i, lasts, time.Now())
	if err := s.store.AddInvitation(ctx, i); err != nil {
		return Invitation{}, "", err
	}
	return i, secret, nil
}

// NewReset makes a link with which another user sets a password, and returns it
// with its secret, which is shown once. For whoever runs the appliance.
func (s *Service) NewReset(ctx context.Context, user string) (Invitation, string, error) {
	if err := overOther(ctx, user); err != nil {
		return Invitation{}, "", err
	}
	if _, err := s.store.User(ctx, user); err != nil {
		return Invitation{}, "", err
	}
	p, _ := Acting(ctx)
	return s.addInvitation(ctx, Invitation{User: user, By: p.User.ID}, ResetLasts)
}

// Invitations returns the links that wait, the oldest first, for whoever runs
// the appliance.
func (s *Service) Invitations(ctx context.Context) ([]Invitation, error) {
	if _, err := administering(ctx); err != nil {
		return nil, err
	}
	all, err := s.store.Invitations(ctx)
	now, waiting := time.Now(), []Invitation{}
	for _, i := range all {
		if !i.Expired(now) {
			waiting = append(waiting, i)
		}
	}
	return waiting, err
}

// RemoveInvitation takes a link back, or returns ErrNoInvitation.
func (s *Service) RemoveInvitation(ctx context.Context, id string) error {
	if _, err := administering(ctx); err != nil {
		return err
	}
	return s.store.RemoveInvitation(ctx, id)
}

// Invitation returns what a link is for, or ErrNoInvitation, for the page that it
// opens. It uses nothing up, and neither does a program that follows links. One
// that has the form of a link and is none (any more) is noted as refused.
func (s *Service) Invitation(ctx context.Context, secret string, from Origin) (Invitation, error) {
	if !isSecret(secret, invitationPrefix) {
		return Invitation{}, ErrNoInvitation
	}
	i, err := s.store.Invitation(ctx, HashSecret(secret))
	if err == nil && i.Expired(time.Now()) {
		err = ErrNoInvitation
	}
	if errors.Is(err, ErrNoInvitation) {
		s.Refused(ctx, RefusedLink, from.Address)
	}
	if err != nil {
		return Invitation{}, err
	}
	return i, nil
}

// Accept makes the user who was invited, and signs him in. The link is used up by
// it, in the same transaction.
func (s *Service) Accept(ctx context.Context, secret string, n NewUser, from Origin) (SignedIn, error) {
	i, err := s.Invitation(ctx, secret, from)
	if err == nil && i.User != "" {
		err = ErrNoInvitation
	}
	if err != nil {
		return SignedIn{}, err
	}
	u, err := s.newcomer(ctx, n, i.Role)
	if err != nil {
		return SignedIn{}, err
	}
	return s.welcome(ctx, u, from, Also{Action: UserAdded, Detail: string(i.Role), Invitation: i.Hash})
}

// Reset sets the password of the user whom a link of NewReset is for, and ends
// his sessions and the links that were made in his name. The link is used up by it. He signs in afterwards: a second
// factor is still asked for.
func (s *Service) Reset(ctx context.Context, secret, password string, from Origin) error {
	i, err := s.Invitation(ctx, secret, from)
	if err == nil && i.User == "" {
		err = ErrNoInvitation
	}
	if err != nil {
		return err
	}
	u, err := s.store.User(ctx, i.User)
	if errors.Is(err, ErrNoUser) {
		err = ErrNoInvitation
	}
	if err != nil {
		return err
	}
	ctx = As(ctx, Principal{User: User{ID: u.ID}, Address: from.Address})
	return s.setPassword(ctx, u, password, Also{Action: PasswordSet, Invitation: i.Hash, EndSessions: true, EndInvitations: true})
}
