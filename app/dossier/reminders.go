package dossier

import (
	"context"
	"log/slog"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
)

// Store is what Reminders need.
type Store interface {
	// Remind hands every person to due of whom something may be due on a day.
	// Where due returns notifications, one transaction stores the person as due
	// has left it and puts one delivery of each for every channel of the
	// person's owner that is not paused; otherwise, and while the owner has no
	// such channel, nothing is written, and it stays due. It returns how many notifications were put, also with an error, after which
	// the rest is due again at the next call.
	Remind(ctx context.Context, today civil.Date, due func(*Person) []alert.Notification) (n int, err error)
}

// Config is what Reminders work with. Nothing may be nil.
type Config struct {
	Store Store
	// Zone is where the people live: its calendar decides what today is.
	Zone *time.Location
	// Wake is called after something was put into the outbox. It must not block.
	Wake   func()
	Logger *slog.Logger
}

const (
	// lookEvery is the time between two looks. Timers do not follow a clock that
	// is set, and a machine may sleep; a look costs next to nothing.
	lookEvery = time.Hour
	// tellFrom is the hour of the local day from which reminders are told. A day
	// begins at midnight, but nobody wants to be woken by what can wait until
	// the offices open.
	tellFrom = 8
)

// Reminders tell people that their documents expire: each threshold once.
type Reminders struct{ cfg Config }

// New returns reminders that tell nothing before Run.
func New(cfg Config) *Reminders { return &Reminders{cfg: cfg} }

// Run looks at once, and then every hour, until ctx ends. It returns nil:
// trouble with the store is logged, and what was not told is due at the next look.
func (r *Reminders) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		r.look(ctx, time.Now().In(r.cfg.Zone))
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return nil
}

// look tells what is due at now.
func (r *Reminders) look(ctx context.Context, now time.Time) {
	if now.Hour() < tellFrom {
		return
	}
	today := civil.DateOf(now)
	n, err := r.cfg.Store.Remind(ctx, today, func(p *Person) []alert.Notification { return tell(p, today, now) })
	if n > 0 {
		r.cfg.Logger.Info("told of documents that expire", slog.Int("reminders", n))
		r.cfg.Wake()
	}
	if err != nil && ctx.Err() == nil {
		r.cfg.Logger.Error("could not tell of all documents that expire", slog.Any("error", err))
	}
}

// tell marks what is due of p's documents today as told, and returns it.
func tell(p *Person, today civil.Date, now time.Time) (told []alert.Notification) {
	for _, due := range Due(*p, today) {
		p.told(due)
		told = append(told, alert.Notification{
			Kind: alert.DocumentExpires, PersonID: p.ID, Label: p.Name, DocumentID: due.Document.ID,
			Document: string(due.Document.Kind), Expires: due.Document.Expires.String(), DaysLeft: due.Left, At: now,
		})
	}
	return told
}
