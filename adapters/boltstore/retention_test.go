package boltstore

import (
	"slices"
	"testing"
	"time"
)

// on returns a backup made on that day at half past one, UTC.
func on(date string) Info {
	at, err := time.Parse("2006-01-02 15:04", date+" 01:30")
	if err != nil {
		panic(err)
	}
	return Info{Name: backupName(at), At: at}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	at := func(text string) Info {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return Info{Name: backupName(at), At: at}
	}
	bad := func(b Info) Info {
		b.Health = Damaged
		return b
	}
	var daily []Info
	for d := range 200 { // Back from Tuesday, 24 November 2026.
		daily = append(daily, on(time.Date(2026, 11, 24-d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)))
	}
	tests := []struct {
		name string
		all  []Info
		now  string
		keep []Info
	}{
		{"none", nil, "2026-11-24 01:31:00", nil},
		{"a year old and the only one", []Info{on("2025-11-24")}, "2026-11-24 01:31:00", []Info{on("2025-11-24")}},
		{"made daily for long", daily, "2026-11-24 01:31:00", []Info{
			on("2026-11-24"), on("2026-11-23"), on("2026-11-22"), on("2026-11-21"), on("2026-11-20"), on("2026-11-19"), on("2026-11-18"),
			on("2026-11-15"), on("2026-11-08"), // weeks end on Sunday
			on("2026-10-31"), on("2026-09-30"),
		}},
		{
			"several of one day",
			[]Info{at("2026-11-24 05:00:00"), at("2026-11-24 04:00:00"), at("2026-11-24 03:00:00")},
			"2026-11-24 06:00:00",
			[]Info{at("2026-11-24 05:00:00")},
		},
		{
			"two of the last hour",
			[]Info{at("2026-11-24 05:00:00"), at("2026-11-24 04:30:00"), at("2026-11-24 03:00:00")},
			"2026-11-24 05:01:00",
			[]Info{at("2026-11-24 05:00:00"), at("2026-11-24 04:30:00")},
		},
		{"days without one count for nothing", []Info{
			on("2026-11-20"), on("2026-09-02"), on("2026-09-01"), on("2026-08-31"), on("2026-08-30"), on("2026-08-29"), on("2026-08-28"), on("2026-08-27"),
		}, "2026-11-24 01:31:00", []Info{
			on("2026-11-20"), on("2026-09-02"), on("2026-09-01"), on("2026-08-31"), on("2026-08-30"), on("2026-08-29"), on("2026-08-28"),
		}},
		{
			"a damaged one pushes out no good one",
			[]Info{bad(at("2026-11-24 05:00:00")), at("2026-11-24 04:00:00"), at("2026-11-24 03:00:00")},
			"2026-11-24 09:00:00",
			[]Info{bad(at("2026-11-24 05:00:00")), at("2026-11-24 04:00:00")},
		},
		{"the clock stands before them", []Info{on("2026-11-24"), on("2026-11-23")}, "2000-01-01 00:00:00", []Info{on("2026-11-24"), on("2026-11-23")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.DateTime, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			gone := expired(tt.all, now)
			kept := slices.DeleteFunc(slices.Clone(tt.all), func(b Info) bool { return slices.Contains(gone, b) })
			if !slices.Equal(kept, tt.keep) {
				t.Errorf("kept %v, want %v", kept, tt.keep)
			}
		})
	}
}

// TestExpiriesComeTrue makes a backup every day and looks when each one goes.
func TestExpiriesComeTrue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 1, 31, 0, 0, time.UTC)
	var standing []Info
	for d := range 150 {
		at := now.AddDate(0, 0, d-149)
		standing = append(standing, Info{Name: backupName(at), At: at})
		for _, b := range expired(standing, at) {
			standing = slices.DeleteFunc(standing, func(o Info) bool { return o == b })
		}
	}
	want := slices.Clone(standing)
	expiries(want, now)
	for d := range farthest {
		at := now.AddDate(0, 0, d+1)
		standing = append(standing, Info{Name: backupName(at), At: at})
		for _, b := range expired(standing, at) {
			standing = slices.DeleteFunc(standing, func(o Info) bool { return o.Name == b.Name })
			i := slices.IndexFunc(want, func(o Info) bool { return o.Name == b.Name })
			if i >= 0 && !want[i].Expires.Equal(at) {
				t.Errorf("%s goes on %s, said was %s", b.Name, at, want[i].Expires)
			}
		}
	}
	for _, b := range want {
		if b.Expires.IsZero() || b.Expires.After(now.AddDate(0, 4, 0)) {
			t.Errorf("%s expires %s", b.Name, b.Expires)
		}
		if slices.ContainsFunc(standing, func(o Info) bool { return o.Name == b.Name }) {
			t.Errorf("%s stands for ever", b.Name)
		}
	}
}

func TestBackupNames(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 14, 38, 3, 0, time.UTC)
	if name := backupName(at.In(time.FixedZone("Prague", 3600))); name != "cz-visa-monitor-20261124T143803Z.bak" {
		t.Errorf("the name is %s", name)
	}
	if got, ok := parseBackupName(backupName(at)); !ok || !got.Equal(at) {
		t.Errorf("read back %s, %t", got, ok)
	}
	for _, name := range []string{
		"", ".bak", "cz-visa-monitor-.bak", "cz-visa-monitor.db", "../cz-visa-monitor-20261124T143803Z.bak",
		"cz-visa-monitor-20261124T143803Z.bak.tmp", "cz-visa-monitor-20261324T143803Z.bak", "cz-visa-monitor-20261124T143803Z.bak/",
		"20261124T143803Z", "cz-visa-monitor-20261124T143803Z", "cz-visa-monitor-cz-visa-monitor-20261124T143803Z.bak", "cz-visa-monitor-20261124T143803.5Z.bak",
	} {
		if _, ok := parseBackupName(name); ok {
			t.Errorf("%q was taken", name)
		}
	}
}
