package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// Watching forgets what is watched; the engine does, so that neither its queue
// nor a check under way brings it back.
type Watching interface {
	// Remove takes the watcher of owner away, and with the last one the
	// application with its history; watch.ErrNotFound.
	Remove(ctx context.Context, id watch.ID, owner account.Owner) error
}

// Belongings are the store's things of owners.
type Belongings interface {
	// Watched returns some IDs of what an owner watches, Persons some of his
	// people, at most most, also of what cannot be read.
	Watched(ctx context.Context, owner account.Owner, most int) ([]watch.ID, error)
	Persons(ctx context.Context, owner account.Owner, most int) ([]string, error)
	// RemovePerson deletes a person with all documents, and what waits about
	// them; dossier.ErrNotFound.
	RemovePerson(ctx context.Context, id string) error
	// ForgetOwner removes the channels of an owner, and every delivery that was
	// his or names one of them.
	ForgetOwner(ctx context.Context, owner account.Owner) error
}

// Leavers removes users and groups; account.Service does.
type Leavers interface {
	// MayErase returns why whoever acts may not erase the owner, nil if he may.
	MayErase(ctx context.Context, o account.Owner) error
	// EraseOwner removes the user or group itself; account.ErrBelongings while
	// anything is his.
	EraseOwner(ctx context.Context, o account.Owner) error
}

// Upkeep is what is done with the store's files.
type Upkeep interface {
	// Compact writes the file anew, so that nothing that was removed is left in it.
	// If it fails or is never called, the store makes up for it: whatever removes
	// something marks it as due.
	Compact(ctx context.Context) error
	// Backups returns the backups that stand, the newest first.
	Backups(ctx context.Context) ([]Backup, error)
	// Replaced returns the names of the stores that a restored backup replaced.
	Replaced(ctx context.Context) ([]string, error)
}

// Copies are those of backups in a second directory, on a share as a rule.
type Copies interface {
	// Copies returns those that stand, the newest first; none where there is no
	// second directory. It waits a few seconds at most for one that hangs.
	Copies(ctx context.Context) ([]Backup, error)
}

// Trail takes entries of the audit trail.
type Trail interface {
	Audit(ctx context.Context, action account.Action, kind, object, detail string) error
}

// EraserConfig is what NewEraser needs. Nothing may be nil.
type EraserConfig struct {
	Watching   Watching
	Belongings Belongings
	Accounts   Leavers
	Upkeep     Upkeep
	Copies     Copies
	Trail      Trail
	Logger     *slog.Logger
}

// Eraser removes things so that the store's file does not hold them any more.
// Who acts in the context stands in the audit trail; it asks for rights only
// where a method says so.
type Eraser struct{ cfg EraserConfig }

// NewEraser returns an Eraser.
func NewEraser(c EraserConfig) *Eraser { return &Eraser{cfg: c} }

// Erased says what still holds what was erased.
type Erased struct {
	// Compacted: the file was written anew. Otherwise free pages of it may still
	// hold what was erased, until it is: at the next start, or before the next
	// backup. The log says why.
	Compacted bool
	// Backups were made before, the newest first, and hold what they hold until
	// they expire.
	Backups []Backup
	// Copies are backups in the second directory, likewise, also those that stand
	// there alone.
	Copies []Backup
	// CopiesUnread: the second directory could not be read. Whatever copies are in
	// it hold what they hold, too.
	CopiesUnread bool
	// Replaced are the names of stores that were replaced by a restored backup.
	// They never expire: somebody must remove them.
	Replaced []string
}

// EraseApplication removes the watcher of owner from an application, with the
// last one all that is known of it; watch.ErrNotFound. Who may is asked before.
func (e *Eraser) EraseApplication(ctx context.Context, id watch.ID, owner account.Owner) (Erased, error) {
	if err := e.cfg.Watching.Remove(ctx, id, owner); err != nil {
		return Erased{}, err
	}
	return e.finish(ctx, account.KindApplication, string(id), string(owner))
}

// ErasePerson removes a person with all documents; dossier.ErrNotFound. Who may
// is asked before.
func (e *Eraser) ErasePerson(ctx context.Context, id string) (Erased, error) {
	if err := e.cfg.Belongings.RemovePerson(ctx, id); err != nil {
		return Erased{}, err
	}
	return e.finish(ctx, account.KindPerson, id, "")
}

// eraseRounds is how often it is looked for what came to an owner while he was
// being erased.
const eraseRounds = 3

// EraseOwner removes a user or a group and all that is his: what he watches, his
// people, channels, messages, sessions, tokens and links. It asks
// account.Service.MayErase first; its errors are those of that. After any other
// error some of it may be removed, and it can be called again.
func (e *Eraser) EraseOwner(ctx context.Context, owner account.Owner) (Erased, error) {
	err := e.cfg.Accounts.MayErase(ctx, owner)
	if err != nil {
		return Erased{}, err
	}
	for range eraseRounds {
		if err = e.empty(ctx, owner); err != nil {
			return Erased{}, fmt.Errorf("erase what belongs to an owner: %w", err)
		}
		if err = e.cfg.Accounts.EraseOwner(ctx, owner); !errors.Is(err, account.ErrBelongings) {
			break
		}
	}
	if err != nil {
		return Erased{}, err
	}
	// Once more: what was on its way to him when he went.
	if err := e.cfg.Belongings.ForgetOwner(ctx, owner); err != nil {
		return Erased{}, err
	}
	_, id, _ := strings.Cut(string(owner), ":")
	return e.finish(ctx, account.KindOwner, id, "")
}

// erasePage is how many IDs are read at once.
const erasePage = 500

// empty removes all that is an owner's.
func (e *Eraser) empty(ctx context.Context, owner account.Owner) error {
	own := e.cfg.Belongings
	err := drain(ctx, owner, own.Watched, func(id watch.ID) error {
		return passing(e.cfg.Watching.Remove(ctx, id, owner), watch.ErrNotFound)
	})
	if err != nil {
		return err
	}
	err = drain(ctx, owner, own.Persons, func(id string) error {
		return passing(own.RemovePerson(ctx, id), dossier.ErrNotFound)
	})
	if err != nil {
		return err
	}
	return own.ForgetOwner(ctx, owner)
}

// drain removes what list returns until that is less than a page.
func drain[ID any](ctx context.Context, owner account.Owner, list func(context.Context, account.Owner, int) ([]ID, error), remove func(ID) error) error {
	for range watch.MaxApplications/erasePage + 1 {
		ids, err := list(ctx, owner, erasePage)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := remove(id); err != nil {
				return err
			}
		}
		if len(ids) < erasePage {
			break
		}
	}
	return ctx.Err()
}

// passing returns err, unless it only says that somebody was faster.
func passing(err, gone error) error {
	if errors.Is(err, gone) {
		return nil
	}
	return err
}

// finish writes to the audit trail what was erased, compacts the file and names
// what else holds it.
func (e *Eraser) finish(ctx context.Context, kind, object, detail string) (Erased, error) {
	if err := e.cfg.Trail.Audit(ctx, account.DataErased, kind, object, detail); err != nil {
		return Erased{}, err
	}
	var done Erased
	if err := e.cfg.Upkeep.Compact(ctx); err != nil {
		e.cfg.Logger.Error("cannot compact the data file after an erasure; what was erased may stay on free pages until it is", slog.Any("error", err))
	} else {
		done.Compacted = true
	}
	if err := e.name(ctx, &done); err != nil {
		return Erased{}, err
	}
	return done, nil
}

// name names what holds what was erased. It looks after the file was compacted: a
// backup that was made meanwhile may hold it too.
func (e *Eraser) name(ctx context.Context, done *Erased) (err error) {
	if done.Backups, err = e.cfg.Upkeep.Backups(ctx); err != nil {
		return fmt.Errorf("look which backups hold what was erased: %w", err)
	}
	if done.Replaced, err = e.cfg.Upkeep.Replaced(ctx); err != nil {
		return fmt.Errorf("look which files hold what was erased: %w", err)
	}
	if done.Copies, err = e.cfg.Copies.Copies(ctx); err != nil {
		e.cfg.Logger.Warn("cannot look which copies of backups hold what was erased", slog.Any("error", err))
		done.CopiesUnread = true
	}
	return nil
}
