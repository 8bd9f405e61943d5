package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cz-visa-monitor/adapters/agebox"
)

// TestKilledRotation kills 'key rotate' at random moments: between the key file
// and the store there is none at which both are lost.
func TestKilledRotation(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	newToken(t, env)
	const kills = 100
	took := time.Now()
	succeed(t, env, "key", "rotate")
	most := 2 * time.Since(took)
	changed, key := 0, filepath.Join(env["CZVM_DATA_DIR"], agebox.KeyFileName)
	last, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	for n := range kills {
		cmd := exec.CommandContext(context.Background(), os.Args[0], "key", "rotate")
		cmd.Env = append(environ(env), childEnv+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(rand.Int64N(int64(most) + int64(20*time.Millisecond))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		code, out, errs := command(t, env, "user", "list")
		if code != exitOK || !strings.Contains(out, "tester") {
			t.Fatalf("after kill %d: %d %s %s", n+1, code, out, errs)
		}
		now, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		if string(now) != string(last) {
			changed++
		}
		last = now
	}
	if changed == 0 || changed == kills {
		t.Errorf("%d of %d rotations came through; the kills hit none in the middle", changed, kills)
	}
	for _, pattern := range []string{"*.new", "*.tmp*"} {
		if left, err := filepath.Glob(filepath.Join(env["CZVM_DATA_DIR"], pattern)); err != nil || len(left) > 0 {
			t.Errorf("left over: %q %v", left, err)
		}
	}
	// The trail tells of each that came through and of no other, and the newest
	// backup is one for the key of today.
	if trail := succeed(t, env, "audit", "export"); strings.Count(trail, `"key.rotated"`) != 1+changed {
		t.Errorf("the audit trail tells of %d rotations, there were %d", strings.Count(trail, `"key.rotated"`), 1+changed)
	}
	if out := succeed(t, env, "audit", "verify"); !strings.Contains(out, "is whole") {
		t.Errorf("the audit trail: %s", out)
	}
	if len(backupsFor(t, env, env["CZVM_DATA_DIR"])) == 0 {
		t.Error("there is no backup for the key of today")
	}
	succeed(t, env, "backup", "verify", strings.Fields(succeed(t, env, "backup", "create"))[0])
	t.Logf("%d of %d rotations came through", changed, kills)
}
