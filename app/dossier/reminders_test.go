package dossier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/civil"
)

// memory is a Store in memory. It keeps what was told, with the local time.
type memory struct {
	zone   *time.Location
	people []Person
	told   []string
	last   alert.Notification
	looks  int
	// broken, if set, is returned after the first person.
	broken error
}

func (m *memory) Remind(_ context.Context, on civil.Date, due func(*Person) []alert.Notification) (n int, err error) {
	m.looks++
	for i := range m.people {
		for _, told := range due(&m.people[i]) {
			at := time.Now().In(m.zone)
			if civil.DateOf(at) != on {
				return n, fmt.Errorf("asked for %s on %s", on, at)
			}
			m.told = append(m.told, fmt.Sprint(at.Format("2006-01-02 15:04 "), told.Document, " ", told.DaysLeft))
			m.last = told
			n++
		}
		if m.broken != nil {
			return n, m.broken
		}
	}
	return n, nil
}

// run lets reminders run for a while of the bubble's time, and stops them.
func run(t *testing.T, m *memory, logger *slog.Logger, lasts time.Duration) (wakes int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	r := New(Config{Store: m, Zone: m.zone, Wake: func() { wakes++ }, Logger: logger})
	go func() { done <- r.Run(ctx) }()
	time.Sleep(lasts)
	stop()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	return wakes
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestRemindersOverAYear: each threshold is told once, on its day, from eight in
// the morning, in winter and in summer time, over restarts at odd times. The
// bubble begins at midnight UTC, 1 January 2000.
func TestRemindersOverAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{zone: prague(t), people: []Person{{ID: "p", Name: "Ludmila", Documents: []TravelDocument{
			{ID: "a", Kind: Passport, Expires: date(t, "2000-09-15")},
			{ID: "b", Kind: Visa, Expires: date(t, "2000-02-01"), Reminded: []int{180, 90}},
		}}}}
		wakes := 0
		for range 9 {
			wakes += run(t, m, discard(), 45*24*time.Hour+7*time.Hour+13*time.Minute)
		}
		want := []string{
			"2000-01-02 08 visa 30",
			"2000-01-25 08 visa 7",
			"2000-02-01 08 visa 0",
			"2000-03-19 08 passport 180",
			"2000-06-17 08 passport 90",
			"2000-08-16 08 passport 30",
			"2000-09-08 08 passport 7",
			"2000-09-15 08 passport 0",
		}
		for i, line := range m.told {
			m.told[i] = line[:13] + line[16:] // The minute is that of the last start.
		}
		if diff := cmp.Diff(want, m.told); diff != "" {
			t.Errorf("told -want +got\n%s", diff)
		}
		if wakes != len(want) {
			t.Errorf("woke the dispatcher %d times for %d reminders", wakes, len(want))
		}
		last := m.last
		last.At = time.Time{}
		if diff := cmp.Diff(alert.Notification{
			Kind: alert.DocumentExpires, PersonID: "p", Label: "Ludmila", DocumentID: "a", Document: "passport", Expires: "2000-09-15",
		}, last); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

// TestRemindersLookAtStart: an appliance that comes on late in the day does not
// wait for the next hour, and one that comes on at night tells nothing before eight.
func TestRemindersLookAtStart(t *testing.T) {
	tests := map[string]struct {
		start time.Duration
		runs  time.Duration
		want  []string
	}{
		"in the evening":   {19*time.Hour + 30*time.Minute, time.Second, []string{"2000-01-01 20:30 visa 10"}},
		"at eight":         {7 * time.Hour, time.Second, []string{"2000-01-01 08:00 visa 10"}},
		"just before":      {7*time.Hour - time.Second, time.Minute, nil},
		"an hour after":    {7*time.Hour - time.Second, time.Hour + time.Second, []string{"2000-01-01 08:59 visa 10"}},
		"after midnight":   {23*time.Hour + 30*time.Minute, 7 * time.Hour, nil},
		"until the office": {23*time.Hour + 30*time.Minute, 8*time.Hour + time.Second, []string{"2000-01-02 08:30 visa 9"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &memory{zone: prague(t), people: []Person{{Documents: []TravelDocument{{ID: "d", Kind: Visa, Expires: date(t, "2000-01-11")}}}}}
				time.Sleep(tt.start)
				run(t, m, discard(), tt.runs)
				if diff := cmp.Diff(tt.want, m.told); diff != "" {
					t.Errorf("told -want +got\n%s", diff)
				}
			})
		})
	}
}

// TestRemindersGoOnAfterTrouble: what was told before the trouble wakes the
// dispatcher, what was not is told an hour later, and the log names nobody.
func TestRemindersGoOnAfterTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := &memory{zone: prague(t), broken: errors.New("the disk is full"), people: []Person{
			{Name: "Ludmila", Documents: []TravelDocument{{ID: "a", Kind: Visa, Number: "TEST90001", Expires: date(t, "2000-01-11")}}},
			{Name: "Quetzal", Documents: []TravelDocument{{ID: "b", Kind: Passport, Expires: date(t, "2000-01-12")}}},
		}}
		time.Sleep(10 * time.Hour)
		logger := slog.New(slog.NewTextHandler(&log, nil))
		if wakes := run(t, m, logger, time.Minute); wakes != 1 || len(m.told) != 1 {
			t.Errorf("woke %d times, told %v", wakes, m.told)
		}
		if !strings.Contains(log.String(), "the disk is full") {
			t.Errorf("log: %s", &log)
		}
		m.broken = nil
		if wakes := run(t, m, logger, time.Minute); wakes != 1 || len(m.told) != 2 {
			t.Errorf("woke %d times, told %v", wakes, m.told)
		}
		if m.looks != 2 {
			t.Errorf("looked %d times", m.looks)
		}
		for _, secret := range []string{"Ludmila", "Quetzal", "TEST90001"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log holds %s: %s", secret, &log)
			}
		}
	})
}
