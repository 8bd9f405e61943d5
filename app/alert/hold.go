package alert

import (
	"context"
	"time"
)

// batches returns what of a channel's line is to be sent now, in order, each
// batch as one message; the rest is held. What it cannot find out stays for the
// attempt to run into.
func (d *Dispatcher) batches(ctx context.Context, line []Delivery) [][]Delivery {
	c, err := d.cfg.Outbox.Channel(ctx, line[0].ChannelID)
	if err != nil || c.Quiet == (Quiet{}) && c.Digest == "" {
		return singly(line)
	}
	now, zone := time.Now(), c.Location(d.cfg.Zone)
	open, held := sorted(c, line, now, zone)
	if len(held) > 0 {
		d.persist(ctx, "hold deliveries", func() error { return d.cfg.Outbox.Hold(ctx, c, held) })
	}
	if c.Digest == "" {
		return singly(open)
	}
	return collected(c, open, now, zone)
}

// singly makes each of line a message of its own.
func singly(line []Delivery) [][]Delivery {
	batches := make([][]Delivery, len(line))
	for i := range line {
		batches[i] = line[i : i+1]
	}
	return batches
}

// sorted splits line into what may go through c now and what has to wait. What has
// news of the same application or person behind it that may go goes before that:
// an old status after the new one would be taken for the new one.
func sorted(c Channel, line []Delivery, now time.Time, zone *time.Location) (open, held []Delivery) {
	opens := make([]time.Time, len(line))
	last := make(map[string]int) // the last that may go, by what it is about
	for i, del := range line {
		opens[i] = c.Opens(del, now, zone)
		if about := del.Notification.About(); about != "" && !opens[i].After(now) {
			last[about] = i
		}
	}
	for i, del := range line {
		if behind, ok := last[del.Notification.About()]; !opens[i].After(now) || ok && i < behind {
			open = append(open, del)
			continue
		}
		if del.HeldUntil.Equal(opens[i]) {
			continue // It is here for no other reason than to be looked at.
		}
		del.HeldUntil, del.NextAttemptAt = opens[i], opens[i]
		if del.Attempts == 0 {
			del.OpensAt = opens[i]
		}
		held = append(held, del)
	}
	return open, held
}

// collected puts together what c collects. What breaks through, and what goes
// before that, stays by itself; where it comes between, what is behind it is
// another message, so that no news overtakes older ones.
func collected(c Channel, open []Delivery, now time.Time, zone *time.Location) (batches [][]Delivery) {
	joins := false
	for i, del := range open {
		alone := c.Quiet.Decisions && del.Notification.decides() || c.Opens(del, now, zone).After(now)
		if alone || !joins {
			batches = append(batches, open[i:i+1:i+1])
		} else {
			last := &batches[len(batches)-1]
			*last = append(*last, del)
		}
		joins = !alone
	}
	return batches
}
