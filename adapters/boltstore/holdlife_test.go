package boltstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/locale"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// post is a Notifier that keeps what it accepts.
type post struct {
	mu     sync.Mutex
	sent   []alert.Message
	at     []time.Time
	refuse bool
	// accepted is called after each message that was accepted, before that is noted.
	accepted func()
}

func (p *post) Send(_ context.Context, _ alert.Channel, m alert.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse {
		return fmt.Errorf("503 from the server")
	}
	p.sent, p.at = append(p.sent, m), append(p.at, time.Now())
	if p.accepted != nil {
		p.accepted()
	}
	return nil
}

func (p *post) down(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// dispatch runs a dispatcher over s until stop is called.
func dispatch(t *testing.T, s *Store, p *post) (d *alert.Dispatcher, stop func()) {
	t.Helper()
	catalogues, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	d = alert.NewDispatcher(alert.DispatcherConfig{
		Outbox: s, Notices: s, Notifier: p, Catalogues: catalogues, BaseURL: "https://watch.example.com", Logger: discard(),
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	synctest.Wait()
	return d, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestDigestAcrossACrash: a process that dies between the peer's "accepted" and
// the note of it sends the same digest under the same ID.
func TestDigestAcrossACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		c := alert.Channel{ID: "phone", Owner: jana, Digest: "18:00", Language: "en", Privacy: alert.Full}
		filled(t, s, c, 3)
		var crashed *Store
		p := &post{accepted: sync.OnceFunc(func() { crashed = copyOf(t, dir) })}
		_, stop := dispatch(t, s, p)
		time.Sleep(18 * time.Hour)
		synctest.Wait()
		stop()
		_, stop = dispatch(t, crashed, p)
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		if len(p.sent) != 2 || p.sent[0].ID != p.sent[1].ID || p.sent[0].Text != p.sent[1].Text {
			t.Fatalf("sent %+v", p.sent)
		}
		all, err := crashed.Deliveries(t.Context(), "", 10, func(d alert.Delivery) bool {
			return d.State == alert.Delivered && d.Digest == p.sent[0].ID
		})
		if err != nil || len(all) != 3 {
			t.Errorf("%d delivered, %v", len(all), err)
		}
	})
}

// life is a channel through a time in which much happens.
type life struct {
	t    *testing.T
	rand *rand.Rand
	s    *Store
	p    *post
	d    *alert.Dispatcher
	stop func()
	apps []watch.ID
	made int
}

func (l *life) step() {
	switch l.rand.IntN(10) {
	default:
		l.news()
	case 0:
		l.edit(l.times())
	case 1:
		l.stop()
		l.s = copyOf(l.t, l.s.dir)
		l.d, l.stop = dispatch(l.t, l.s, l.p)
	case 2: // The server is down, but not for so long that anything is given up.
		l.p.down(true)
		for range 5 {
			l.news()
		}
		l.p.down(false)
	}
}

// news makes a delivery and lets time go by.
func (l *life) news() {
	status := []visa.Status{visa.InProgress, visa.Suspended, visa.Granted, visa.PreliminarilyPositive}[l.rand.IntN(4)]
	if _, err := l.s.Record(l.t.Context(), l.apps[l.rand.IntN(len(l.apps))], changing(status, time.Now())); err != nil {
		l.t.Fatal(err)
	}
	l.made++
	l.d.Wake()
	time.Sleep(time.Duration(l.rand.Int64N(int64(3 * time.Hour))))
	synctest.Wait()
}

func (l *life) times() alert.Channel {
	all := []alert.Channel{
		{},
		{Quiet: alert.Quiet{From: "22:00", To: "07:00"}},
		{Quiet: alert.Quiet{From: "22:00", To: "07:00", Decisions: true}},
		{Digest: "18:00"},
		{Digest: "18:00", Quiet: alert.Quiet{From: "22:00", To: "07:00", Decisions: true}},
		{Digest: "02:30", Zone: "Europe/Prague"},
	}
	return all[l.rand.IntN(len(all))]
}

func (l *life) edit(with alert.Channel) {
	_, err := l.s.EditChannel(l.t.Context(), "phone", func(c *alert.Channel) error {
		c.Quiet, c.Digest, c.Zone = with.Quiet, with.Digest, with.Zone
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.d.Wake()
	synctest.Wait()
}

// TestNothingIsLostOrRepeated whatever happens to a channel: each delivery
// arrives in one message, and in the order of its application.
func TestNothingIsLostOrRepeated(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &life{t: t, rand: rand.New(rand.NewPCG(seed, 4)), p: &post{}}
				l.s = open(t, t.TempDir())
				addChannel(t, l.s, alert.Channel{ID: "phone", Owner: jana, Language: "en", Privacy: alert.Full})
				for _, ref := range []string{zov1, zov2, "ZZZZ202508090003"} {
					a := addApplication(t, l.s, watch.Application{Reference: reference(t, ref), Watchers: []watch.Watcher{{Owner: jana, Channels: []string{"phone"}}}})
					l.apps = append(l.apps, a.ID)
				}
				l.d, l.stop = dispatch(t, l.s, l.p)
				for range 60 {
					l.step()
				}
				l.edit(alert.Channel{})
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				l.stop()
				l.count()
			})
		})
	}
}

// count holds the log against what was accepted.
func (l *life) count() {
	accepted := map[string]int{}
	for i, m := range l.p.sent {
		if _, twice := accepted[m.ID]; twice {
			l.t.Errorf("message %s was sent twice", m.ID)
		}
		accepted[m.ID] = i
	}
	all, err := l.s.Deliveries(l.t.Context(), "", 1000, func(alert.Delivery) bool { return true })
	if err != nil || len(all) != l.made {
		l.t.Fatalf("%d deliveries, want %d, %v", len(all), l.made, err)
	}
	last := map[string]int{}
	messages := map[string]bool{}
	slices.SortFunc(all, func(a, b alert.Delivery) int { return int(a.Seq) - int(b.Seq) })
	for _, d := range all {
		id := d.ID
		if d.Digest != "" {
			id = d.Digest
		}
		at, ok := accepted[id]
		if d.State != alert.Delivered || !ok {
			l.t.Errorf("lost: %+v", d)
		}
		if at < last[d.Notification.ApplicationID] {
			l.t.Errorf("%s arrived before news that is older: %+v", id, d)
		}
		last[d.Notification.ApplicationID] = at
		messages[id] = true
	}
	if len(messages) != len(accepted) {
		l.t.Errorf("%d messages were accepted, %d are known", len(accepted), len(messages))
	}
}
