package web

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
)

// chromium is the one browser of all tests: to start one takes longer than most of
// them. Whatever a visitor keeps is in a context of his own, as in a private window.
var chromium = &sharedBrowser{turns: make(chan struct{}, 3)}

type sharedBrowser struct {
	turns chan struct{} // holds one for each visitor who is in it: each takes memory
	once  sync.Once
	err   error
	*rod.Browser
	launcher *launcher.Launcher
	dir      string
}

// TestMain ends the browser when all tests have.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := chromium.end(); err != nil {
		fmt.Fprintln(os.Stderr, "end the browser:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func (s *sharedBrowser) start() {
	bin := ""
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			bin = found
			break
		}
	}
	if bin == "" {
		s.err = fmt.Errorf("this test needs a browser: apt-get install chromium-headless-shell")
		return
	}
	if s.dir, s.err = os.MkdirTemp("", "cz-visa-monitor-web"); s.err != nil {
		return
	}
	s.launcher = launcher.New().Bin(bin).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(filepath.Join(s.dir, "profile")).
		Set("host-resolver-rules", "MAP appliance.example.com 127.0.0.1")
	at, err := s.launcher.Launch()
	if err != nil {
		s.err = fmt.Errorf("start %s: %w", bin, err)
		return
	}
	s.Browser = rod.New().ControlURL(at)
	s.err = s.Connect()
}

func (s *sharedBrowser) end() error {
	if s.launcher == nil {
		return nil
	}
	err := s.err
	if err == nil {
		err = s.Close()
	}
	s.launcher.Kill()
	s.launcher.Cleanup() // Waits for its end.
	if left := os.RemoveAll(s.dir); err == nil {
		err = left
	}
	return err
}

// newBrowser returns a context of the browser that ends with the test. It waits
// for its turn.
func newBrowser(t *testing.T) *rod.Browser {
	t.Helper()
	chromium.turns <- struct{}{}
	t.Cleanup(func() { <-chromium.turns })
	chromium.once.Do(chromium.start)
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	b, err := chromium.Incognito()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	return b
}
