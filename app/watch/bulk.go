package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"cz-visa-monitor/app/account"
)

// editBatch is how many applications one transaction edits at most: each waits
// for the disk once, and for others meanwhile.
const editBatch = 500

// Whose says through whose watcher an application is meant, or why it may not be
// changed. It is asked with the application as it stands when it is changed.
type Whose func(Application) (account.Owner, error)

// EditMany is Edit for several applications, a batch of them in one transaction.
// What is refused is said of each, in the order of ids, and does not keep the
// others from being edited. With an error, what was done before it is returned.
func (e *Engine) EditMany(ctx context.Context, ids []ID, whose Whose, edit func(*Watcher) error) ([]Edited, error) {
	now := time.Now()
	return e.editMany(ctx, ids, false, func(a *Application) error {
		owner, err := whose(a.Clone())
		if err != nil {
			return err
		}
		return e.editWatcher(a, owner, edit, now)
	})
}

// SeenMany is Seen for several applications, as far as whose allows each.
func (e *Engine) SeenMany(ctx context.Context, ids []ID, whose Whose, user string) ([]Edited, error) {
	now := time.Now()
	return e.editMany(ctx, ids, false, func(a *Application) error {
		if _, err := whose(a.Clone()); err != nil {
			return err
		}
		a.see(user, now)
		return nil
	})
}

// errWaits: what somebody wants checked waits for its check already.
var errWaits = errors.New("waits for its check already")

// CheckManyNow is CheckNow for several applications, as far as whose allows each.
// One that waits for its check already is no error, and not edited.
func (e *Engine) CheckManyNow(ctx context.Context, ids []ID, whose Whose) ([]Edited, error) {
	now, waits := time.Now(), make(map[ID]bool)
	for _, id := range ids {
		_, waits[id] = e.ticket(id, true)
	}
	done, err := e.editMany(ctx, ids, true, func(a *Application) error {
		if _, err := whose(a.Clone()); err != nil {
			return err
		}
		if waits[a.ID] {
			return errWaits
		}
		return e.wish(a, now)
	})
	for i := range done {
		if errors.Is(done[i].Err, errWaits) {
			done[i].Err = nil
		}
	}
	return done, err
}

// editMany edits the applications in batches, and plans the checks of those that
// became others. None is edited twice.
func (e *Engine) editMany(ctx context.Context, ids []ID, byHand bool, edit func(*Application) error) ([]Edited, error) {
	var once []ID
	known := make(map[ID]bool, len(ids))
	for _, id := range ids {
		if !known[id] {
			known[id], once = true, append(once, id)
		}
	}
	var all []Edited
	for batch := range slices.Chunk(once, editBatch) {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		done, err := e.cfg.Store.EditMany(ctx, batch, edit)
		if err != nil {
			return all, err
		}
		for _, d := range done {
			if d.Err == nil {
				e.enqueue(d.Application, byHand)
				e.publish(d.Application)
			}
		}
		all = append(all, done...)
	}
	return all, nil
}
