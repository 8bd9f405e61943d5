package account

import (
	"context"
	"io"
)

// Trail returns entries of the audit trail, newest first, at most most of those
// that want accepts: all of them to whoever runs the appliance, to others those
// that concern themselves. before, if not 0, is the Seq to continue after.
func (s *Service) Trail(ctx context.Context, before uint64, most int, want func(Entry) bool) ([]Entry, error) {
	p, _ := Acting(ctx)
	if _, err := administering(ctx); err == nil {
		return s.store.AuditTrail(ctx, before, most, want)
	}
	if !p.active() {
		return nil, ErrForbidden
	}
	entries, err := s.store.AuditTrail(ctx, before, most, func(e Entry) bool { return e.Concerns(p.User.ID) && want(e) })
	for i, e := range entries {
		if e.User != "" && e.User != p.User.ID {
			entries[i].Key, entries[i].Address = "", ""
		}
	}
	return entries, err
}

// WriteTrail writes the audit trail as JSON lines, the oldest entry first, for
// whoever runs the appliance. That he did is its last line.
func (s *Service) WriteTrail(ctx context.Context, w io.Writer) error {
	if _, err := administering(ctx); err != nil {
		return err
	}
	if err := s.store.Audit(ctx, AuditExported, KindAudit, "", ""); err != nil {
		return err
	}
	return s.store.WriteAudit(ctx, w)
}
