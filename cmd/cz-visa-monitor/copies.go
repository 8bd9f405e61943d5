package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"cz-visa-monitor/adapters/boltstore"
	"cz-visa-monitor/app/archive"
)

// copyTimeout bounds the copying of backups by a command: the second directory may
// be a slow share, or one that hangs.
const copyTimeout = 5 * time.Minute

// newKeyBackup is why a backup is made after a rotation of the key: those from
// before need the recovery key, or the old key file, once the data is lost.
const newKeyBackup = "new key"

// backUp makes a backup and has it copied to the second directory, if there is one.
// That it cannot be copied is no failure.
func (o *office) backUp(ctx context.Context, reason string) (boltstore.Info, error) {
	info, err := o.store.Backup(ctx, reason)
	if err != nil {
		return boltstore.Info{}, err
	}
	if o.serving {
		o.keeper.Wake()
		return info, nil
	}
	ctx, cancel := context.WithTimeout(ctx, copyTimeout)
	defer cancel()
	if err := o.keeper.CopyNow(ctx); err != nil {
		o.log.Warn("cannot copy the backups to the second directory; the server tries it again", slog.Any("error", err))
	}
	return info, nil
}

// backUpOwed makes the backup that a rotation of the key has left to be made when it
// was cut short.
func (o *office) backUpOwed(ctx context.Context) {
	due, err := o.store.BackupDue()
	if err == nil && due {
		_, err = o.backUp(ctx, newKeyBackup)
	}
	if err != nil {
		o.log.Error("there is no backup for the new key yet; make one with 'cz-visa-monitor backup create'", slog.Any("error", err))
	}
}

// sayOldSheet says for how long the old recovery key is still needed.
func (o *office) sayOldSheet(ctx context.Context, out io.Writer) {
	backups, err := o.store.Backups(ctx)
	copies, unread := o.keeper.Copies(ctx)
	var last time.Time
	for _, b := range append(backups, copies...) {
		if b.Expires.After(last) {
			last = b.Expires
		}
	}
	if !last.IsZero() {
		fmt.Fprintf(out, "Once the data is lost, backups from before and their copies open with the old sheet only: keep it until %s, when the last of them is to be removed. Backups are kept for up to 3 months.\n",
			last.In(o.cfg.timezone).Format(time.DateOnly))
	}
	if err != nil || unread != nil {
		fmt.Fprintln(out, "Not all of them could be looked at: keep the old sheet for 3 months, and as long as there is a copy from before.")
	}
}

// backups are those of the store, as the API wants them.
type backups struct {
	*boltstore.Store
	office *office
}

// Backup makes one and has it copied.
func (b backups) Backup(ctx context.Context, reason string) (archive.Backup, error) {
	return b.office.backUp(ctx, reason)
}
