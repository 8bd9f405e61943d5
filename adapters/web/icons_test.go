package web

import (
	"strings"
	"testing"

	"cz-visa-monitor/app/visa"
)

// No status is told by its colour alone: each has a sign of its own.
func TestStatusesHaveSigns(t *testing.T) {
	t.Parallel()
	pages, err := loadPages()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]visa.Status{}
	for _, status := range append(visa.Statuses(), noStatus) {
		for range 2 { // Drawn, and remembered.
			var out strings.Builder
			if err := pages.ExecuteTemplate(&out, "icon", string(status)); err != nil {
				t.Fatal(err)
			}
			sign := out.String()
			if !strings.HasPrefix(sign, `<svg class="icon"`) || strings.Count(sign, "<") < 3 || !strings.HasSuffix(sign, "</svg>") {
				t.Errorf("%s is drawn as %s", status, sign)
			}
			if other, ok := seen[sign]; ok && other != status {
				t.Errorf("%s has the sign of %s", status, other)
			}
			seen[sign] = status
		}
	}
}
