package account

import (
	"strings"
	"testing"
	"time"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a, secretA := NewToken("u1", "phone", ScopeRead, 0, now)
	b, secretB := NewToken("u1", "phone", ScopeRead, time.Hour, now)
	if secretA == secretB || a.ID == b.ID || a.Hash == b.Hash {
		t.Error("two tokens share something")
	}
	if !strings.HasPrefix(secretA, "czvm_") || len(secretA) < 50 {
		t.Errorf("a secret of %d characters", len(secretA))
	}
	if a.Hash != HashSecret(secretA) || strings.Contains(a.Hash+a.ID+a.Name, strings.TrimPrefix(secretA, "czvm_")) {
		t.Error("the token keeps its secret, or the hash of another")
	}
	if a.Name != "phone" || a.User != "u1" || a.Scope != ScopeRead || !a.CreatedAt.Equal(now) {
		t.Errorf("got %+v", a)
	}
	if a.Expired(now.Add(1000*time.Hour)) || b.Expired(now.Add(59*time.Minute)) || !b.Expired(now.Add(time.Hour)) {
		t.Error("a token expires at another time than it says")
	}
}
