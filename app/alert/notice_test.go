package alert

import (
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/app/locale"
)

// A notice on a page names the channel, and says what to do.
func TestNotice(t *testing.T) {
	t.Parallel()
	catalogues, err := locale.Load(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, kind := range []Kind{NothingChecked, LayoutChanged, ChannelDead, NoBackup, NoCopy} {
		n := Notification{Kind: kind, Subject: "Phone of Eva", Detail: "timeout", Since: now.Add(-5 * time.Hour), At: now}
		title, lead, next := Notice(n, catalogues.For("en"))
		for _, text := range []string{title, lead, next} {
			if text == "" || strings.Contains(text, "alert.") || strings.Contains(text, "{") {
				t.Errorf("%s: %q", kind, text)
			}
		}
		if kind == ChannelDead && !strings.Contains(lead, "Phone of Eva") {
			t.Errorf("the channel is not named: %q", lead)
		}
	}
}
