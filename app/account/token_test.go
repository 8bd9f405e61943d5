package account

import (
	"strings"
	"testing"
	"time"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a, secretA := NewToken("phone", now)
	b, secretB := NewToken("phone", now)
	if secretA == secretB || a.ID == b.ID || a.Hash == b.Hash {
		t.Error("two tokens share something")
	}
	if !strings.HasPrefix(secretA, "czvm_") || len(secretA) < 50 {
		t.Errorf("a secret of %d characters", len(secretA))
	}
	if a.Hash != HashToken(secretA) || strings.Contains(a.Hash+a.ID+a.Name, strings.TrimPrefix(secretA, "czvm_")) {
		t.Error("the token keeps its secret, or the hash of another")
	}
	if a.Name != "phone" || !a.CreatedAt.Equal(now) {
		t.Errorf("got %+v", a)
	}
}
