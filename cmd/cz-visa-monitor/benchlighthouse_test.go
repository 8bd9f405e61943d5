package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
)

// lighthouse measures what Google's Lighthouse says of the page on its phone, as
// the middle one of several visits.
func (c *crowd) lighthouse() {
	c.b.Helper()
	program := os.Getenv("BENCH_LIGHTHOUSE")
	if program == "" {
		c.b.Fatal("BENCH_LIGHTHOUSE names no program: run 'make bench-ui', which installs it")
	}
	scores := map[string][]float64{}
	for range benchVisits {
		for category, score := range c.lighthouseOnce(program) {
			scores[category] = append(scores[category], score)
		}
	}
	for _, category := range []string{"performance", "accessibility", "best-practices"} {
		slices.Sort(scores[category])
		if len(scores[category]) != benchVisits {
			c.b.Fatalf("Lighthouse says nothing of %s", category)
		}
		c.b.ReportMetric(scores[category][benchVisits/2], category)
	}
}

func (c *crowd) lighthouseOnce(program string) map[string]float64 {
	c.b.Helper()
	out := filepath.Join(c.b.TempDir(), "report.json")
	headers, err := json.Marshal(map[string]string{"Cookie": c.cookie.Name + "=" + c.cookie.Value})
	if err != nil {
		c.b.Fatal(err)
	}
	cmd := exec.CommandContext(c.b.Context(), program, c.base+"/", "--quiet", "--output=json", "--output-path="+out,
		"--only-categories=performance,accessibility,best-practices", "--extra-headers="+string(headers),
		"--chrome-flags=--headless --no-sandbox --disable-gpu")
	cmd.Env = append(os.Environ(), "CHROME_PATH="+chromiumPath(c.b))
	if text, err := cmd.CombinedOutput(); err != nil {
		c.b.Fatalf("%v\n%s", err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		c.b.Fatal(err)
	}
	var report struct {
		Categories map[string]struct {
			Score float64 `json:"score"`
		} `json:"categories"`
		FinalURL string `json:"finalDisplayedUrl"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		c.b.Fatal(err)
	}
	if report.FinalURL != c.base+"/" {
		c.b.Fatalf("Lighthouse saw %s", report.FinalURL)
	}
	scores := map[string]float64{}
	for name, one := range report.Categories {
		scores[name] = 100 * one.Score
	}
	return scores
}

// chromiumPath returns where the browser is.
func chromiumPath(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no browser: apt-get install chromium-headless-shell")
	return ""
}

// startChromium starts a browser for whoever looks at the pages.
func startChromium(t testing.TB) *rod.Browser {
	t.Helper()
	l := launcher.New().Bin(chromiumPath(t)).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir())
	at, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(at)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close()
		l.Kill()
		l.Cleanup() // Waits for its end.
	})
	return b
}
