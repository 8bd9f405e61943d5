package alert_test

import (
	"errors"
	"testing"
	"time"

	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/visa"
)

func TestCheckTimes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		channel alert.Channel
		field   string // "" if it is fine
	}{
		"nothing":                     {alert.Channel{}, ""},
		"over midnight":               {alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}}, ""},
		"by day":                      {alert.Channel{Quiet: alert.Quiet{From: "09:00", To: "17:30"}}, ""},
		"decisions alone":             {alert.Channel{Quiet: alert.Quiet{Decisions: true}, Digest: "18:00"}, ""},
		"digest at their end":         {alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}, Digest: "07:00"}, ""},
		"digest just before them":     {alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}, Digest: "21:59"}, ""},
		"a zone":                      {alert.Channel{Zone: "Asia/Kathmandu"}, ""},
		"23 hours":                    {alert.Channel{Quiet: alert.Quiet{From: "08:00", To: "07:00"}}, ""},
		"more than 23 hours":          {alert.Channel{Quiet: alert.Quiet{From: "08:00", To: "07:01"}}, "quiet"},
		"all day":                     {alert.Channel{Quiet: alert.Quiet{From: "08:00", To: "08:00"}}, "quiet"},
		"no end":                      {alert.Channel{Quiet: alert.Quiet{From: "22:00"}}, "quiet"},
		"no beginning":                {alert.Channel{Quiet: alert.Quiet{To: "07:00"}}, "quiet"},
		"24 o'clock":                  {alert.Channel{Quiet: alert.Quiet{From: "24:00", To: "07:00"}}, "quiet"},
		"one digit":                   {alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "7:00"}}, "quiet"},
		"seconds":                     {alert.Channel{Digest: "18:00:00"}, "digest"},
		"no time":                     {alert.Channel{Digest: "daily"}, "digest"},
		"digest at their beginning":   {alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}, Digest: "22:00"}, "digest"},
		"digest within, by day":       {alert.Channel{Quiet: alert.Quiet{From: "09:00", To: "17:00"}, Digest: "16:59"}, "digest"},
		"no zone":                     {alert.Channel{Zone: "Europe/Praha"}, "zone"},
		"the zone of some machine":    {alert.Channel{Zone: "Local"}, "zone"},
		"a file somewhere":            {alert.Channel{Zone: "../../etc/localtime"}, "zone"},
		"blanks around a time of day": {alert.Channel{Digest: " 18:0"}, "digest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.channel.CheckTimes()
			var field *alert.FieldError
			switch errors.As(err, &field); {
			case tt.field == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.field != "" && (field == nil || field.Field != tt.field):
				t.Errorf("got %v, want an error about %s", err, tt.field)
			}
		})
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	night := alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}}
	early := alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "02:30"}}
	late := alert.Channel{Quiet: alert.Quiet{From: "02:30", To: "07:00"}}
	noon := alert.Channel{Quiet: alert.Quiet{From: "12:00", To: "14:00"}}
	evening := alert.Channel{Digest: "18:00"}
	small := alert.Channel{Digest: "02:30"}
	both := alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00"}, Digest: "21:00"}
	tests := map[string]struct {
		channel         alert.Channel
		made, now, want string // "" of made: now; "" of want: now
	}{
		"no times":                               {alert.Channel{}, "", "2026-11-22T03:00:00+01:00", ""},
		"before the night":                       {night, "", "2026-11-22T21:59:59+01:00", ""},
		"as it begins":                           {night, "", "2026-11-22T22:00:00+01:00", "2026-11-23T07:00:00+01:00"},
		"after midnight":                         {night, "", "2026-11-23T03:00:00+01:00", "2026-11-23T07:00:00+01:00"},
		"as it ends":                             {night, "", "2026-11-23T07:00:00+01:00", ""},
		"by day":                                 {noon, "", "2026-11-22T13:00:00+01:00", "2026-11-22T14:00:00+01:00"},
		"by day, before":                         {noon, "", "2026-11-22T11:00:00+01:00", ""},
		"night in which an hour is missing":      {night, "", "2026-03-28T22:30:00+01:00", "2026-03-29T07:00:00+02:00"},
		"night with an hour more":                {night, "", "2026-10-24T22:30:00+02:00", "2026-10-25T07:00:00+01:00"},
		"end in the hour that is missing":        {early, "", "2026-03-29T01:59:00+01:00", "2026-03-29T03:00:00+02:00"},
		"after an end that is missing":           {early, "", "2026-03-29T03:00:00+02:00", ""},
		"end in the hour that is twice, before":  {early, "", "2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+01:00"},
		"between the two ends":                   {early, "", "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+01:00"},
		"end in the hour that is twice, after":   {early, "", "2026-10-25T02:30:00+01:00", ""},
		"beginning in the missing hour, before":  {late, "", "2026-03-29T01:59:59+01:00", ""},
		"beginning in the missing hour, after":   {late, "", "2026-03-29T03:00:00+02:00", "2026-03-29T07:00:00+02:00"},
		"beginning twice":                        {late, "", "2026-10-25T02:30:00+02:00", "2026-10-25T07:00:00+01:00"},
		"beginning twice, the clock put back":    {late, "", "2026-10-25T02:10:00+01:00", "2026-10-25T07:00:00+01:00"},
		"digest today":                           {evening, "", "2026-11-22T08:00:00+01:00", "2026-11-22T18:00:00+01:00"},
		"digest tomorrow":                        {evening, "", "2026-11-22T18:00:00+01:00", "2026-11-23T18:00:00+01:00"},
		"late for the digest":                    {evening, "2026-11-22T08:00:00+01:00", "2026-11-22T19:00:00+01:00", ""},
		"made in the future, which is no reason": {evening, "2027-11-22T08:00:00+01:00", "2026-11-22T08:00:00+01:00", "2026-11-22T18:00:00+01:00"},
		"digest in the hour that is missing":     {small, "", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		"digest in the hour that is twice":       {small, "", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		"no second digest in that hour":          {small, "", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		"late for the digest, by night":          {both, "2026-11-22T08:00:00+01:00", "2026-11-22T23:00:00+01:00", "2026-11-23T07:00:00+01:00"},
		"new by night":                           {both, "", "2026-11-22T23:00:00+01:00", "2026-11-23T21:00:00+01:00"},
	}
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	parse := func(s string, otherwise time.Time) time.Time {
		if s == "" {
			return otherwise
		}
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := parse(tt.now, time.Time{})
			d := alert.Delivery{CreatedAt: parse(tt.made, now)}
			if got, want := tt.channel.Opens(d, now, prague), parse(tt.want, now); !got.Equal(want) {
				t.Errorf("opens at %s, want %s", got.In(prague), want.In(prague))
			}
		})
	}
}

func TestDecisionsBreakThrough(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	wants := map[visa.Status]bool{visa.Granted: true, visa.Refused: true, visa.PreliminarilyPositive: true}
	for _, s := range visa.Statuses() {
		for _, kind := range []alert.Kind{alert.StatusChanged, alert.FirstAnswer, alert.CannotCheck, alert.NothingChecked} {
			for _, may := range []bool{true, false} {
				c := alert.Channel{Quiet: alert.Quiet{From: "22:00", To: "07:00", Decisions: may}, Digest: "18:00"}
				d := alert.Delivery{CreatedAt: now, Notification: alert.Notification{Kind: kind, To: s}}
				want := may && wants[s] && (kind == alert.StatusChanged || kind == alert.FirstAnswer)
				if got := c.Opens(d, now, time.UTC).Equal(now); got != want {
					t.Errorf("%s %s, breakthrough %t: goes at once: %t", kind, s, may, got)
				}
			}
		}
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]string{"": "UTC", "Asia/Nowhere": "UTC", "Asia/Ho_Chi_Minh": "Asia/Ho_Chi_Minh"} {
		if got := (alert.Channel{Zone: zone}).Location(time.UTC).String(); got != want {
			t.Errorf("zone %q is %s, want %s", zone, got, want)
		}
	}
}

// FuzzCheckTimes: whatever is accepted lets everything go within two days, and
// what has waited until then waits no longer.
func FuzzCheckTimes(f *testing.F) {
	f.Add("22:00", "07:00", "18:00", "Europe/Prague", int64(1_774_746_000))
	f.Add("02:30", "01:30", "02:00", "Europe/Prague", int64(1_792_890_000))
	f.Add("00:00", "23:00", "", "America/St_Johns", int64(0))
	f.Add("", "", "7:00", "Local", int64(-5))
	f.Fuzz(func(t *testing.T, from, to, digest, zone string, at int64) {
		c := alert.Channel{Quiet: alert.Quiet{From: from, To: to}, Digest: digest, Zone: zone}
		if c.CheckTimes() != nil || at < 0 || at > 4e9 {
			return
		}
		loc := c.Location(time.UTC)
		now := time.Unix(at, 0)
		d := alert.Delivery{CreatedAt: now}
		opens := c.Opens(d, now, loc)
		if opens.Before(now) || opens.Sub(now) > 50*time.Hour {
			t.Errorf("%+v at %s: opens at %s", c, now.In(loc), opens.In(loc))
		}
		if again := c.Opens(d, opens, loc); !again.Equal(opens) {
			t.Errorf("%+v at %s: opens at %s, and then at %s", c, now.In(loc), opens.In(loc), again.In(loc))
		}
	})
}
