package web

import (
	"testing"

	"cz-visa-monitor/app/alert"
)

func TestMatter(t *testing.T) {
	t.Parallel()
	expires := func(person, document string) alert.Notification {
		return alert.Notification{Kind: alert.DocumentExpires, PersonID: person, DocumentID: document}
	}
	later := expires("p1", "d1")
	later.DaysLeft = 7
	tests := map[string]struct {
		a, b alert.Notification
		same bool
	}{
		"a later reminder of a document": {expires("p1", "d1"), later, true},
		"two documents of a person":      {expires("p1", "d1"), expires("p1", "d2"), false},
		"documents of two people":        {expires("p1", "d1"), expires("p2", "d2"), false},
		"first answer and change": {
			alert.Notification{Kind: alert.FirstAnswer, ApplicationID: "a"}, alert.Notification{Kind: alert.StatusChanged, ApplicationID: "a"}, true,
		},
		"two applications": {
			alert.Notification{Kind: alert.StatusChanged, ApplicationID: "a"}, alert.Notification{Kind: alert.StatusChanged, ApplicationID: "b"}, false,
		},
	}
	for name, tt := range tests {
		if same := matter(tt.a) == matter(tt.b); same != tt.same {
			t.Errorf("%s: the same matter: %v", name, same)
		}
	}
}
