package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files and the generated documents anew")

func TestLoadConfigPrecedence(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "urls")
	if err := os.WriteFile(secret, []byte("ws://a:1 ws://b:2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		src  sources
		want func(c config) any
		is   any
	}{
		{"default", sources{}, func(c config) any { return c.interval }, time.Hour},
		{".env over default", sources{file: map[string]string{"CZVM_INTERVAL": "2h"}}, func(c config) any { return c.interval }, 2 * time.Hour},
		{
			"environment over .env",
			sources{env: map[string]string{"CZVM_INTERVAL": "3h"}, file: map[string]string{"CZVM_INTERVAL": "2h"}},
			func(c config) any { return c.interval }, 3 * time.Hour,
		},
		{
			"flag over environment",
			sources{flags: map[string]string{"CZVM_INTERVAL": "4h"}, env: map[string]string{"CZVM_INTERVAL": "3h"}},
			func(c config) any { return c.interval }, 4 * time.Hour,
		},
		{
			"what a cluster puts into the environment",
			sources{env: map[string]string{"CZVM_PORT": "tcp://10.0.0.1:80", "CZVM_SERVICE_HOST": "10.0.0.1", "CZVM_PORT_80_TCP": "x"}},
			func(c config) any { return c.workers }, 1,
		},
		{
			"secret from a file",
			sources{env: map[string]string{"CZVM_BROWSER_URLS_FILE": secret}},
			func(c config) any { return strings.Join(c.browserURLs, " ") }, "ws://a:1 ws://b:2",
		},
		{"figures for this machine alone", sources{env: map[string]string{"CZVM_METRICS_LISTEN": "[::1]:9479"}}, func(c config) any { return c.metricsListen }, "[::1]:9479"},
		{"figures by the name of this machine", sources{env: map[string]string{"CZVM_METRICS_LISTEN": "localhost:9479"}}, func(c config) any { return c.metricsToken }, ""},
		{"figures with a token", sources{env: map[string]string{"CZVM_METRICS_LISTEN": ":9479", "CZVM_METRICS_TOKEN": "sixteen-letters-"}}, func(c config) any { return c.metricsToken }, "sixteen-letters-"},
		{"a ping", sources{file: map[string]string{"CZVM_PING_URL": "https://hc-ping.com/x?a=b"}}, func(c config) any { return c.pingURL }, "https://hc-ping.com/x?a=b"},
		{"foreign keys are none of our business", sources{file: map[string]string{"SMTP_PASS": "x"}}, func(c config) any { return c.listen }, ":8080"},
		{"pace off, against a replica", sources{env: map[string]string{"CZVM_CHECKS_PER_MINUTE": "0", "CZVM_PORTAL_URL": "http://localhost:8082/"}}, func(c config) any { return c.checksPerMinute }, 0.0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.want(c); got != tt.is {
				t.Errorf("got %v, want %v", got, tt.is)
			}
		})
	}
}

func TestLoadConfigRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  map[string]string
		says []string
	}{
		{"a typing error in a key", map[string]string{"CZVM_INTERVALL": "1h"}, []string{"CZVM_INTERVALL", "no known setting"}},
		{"a time without a unit", map[string]string{"CZVM_INTERVAL": "60"}, []string{"CZVM_INTERVAL", "90s, 60m or 2h"}},
		{"a negative time", map[string]string{"CZVM_CONFIRM_AFTER": "-1m"}, []string{"CZVM_CONFIRM_AFTER"}},
		{"no workers", map[string]string{"CZVM_WORKERS": "0"}, []string{"CZVM_WORKERS", "from 1 to 64"}},
		{"a pace that is no number", map[string]string{"CZVM_CHECKS_PER_MINUTE": "NaN"}, []string{"CZVM_CHECKS_PER_MINUTE"}},
		{"a port that is none", map[string]string{"CZVM_LISTEN": "8080"}, []string{"CZVM_LISTEN", ":8080"}},
		{"a portal without a scheme", map[string]string{"CZVM_PORTAL_URL": "ipc.gov.cz"}, []string{"CZVM_PORTAL_URL", "https://"}},
		{"a password in the base address", map[string]string{"CZVM_BASE_URL": "https://u:p@example.com"}, []string{"CZVM_BASE_URL"}},
		{"an unknown zone", map[string]string{"CZVM_TIMEZONE": "Europe/Prag"}, []string{"CZVM_TIMEZONE", "Europe/Prague"}},
		{"an interval under the floor", map[string]string{"CZVM_INTERVAL": "5m"}, []string{"CZVM_MIN_INTERVAL"}},
		{"a file for what is no secret", map[string]string{"CZVM_LISTEN_FILE": "x"}, []string{"CZVM_LISTEN_FILE", "no known setting"}},
		{"a secret given twice", map[string]string{"CZVM_BROWSER_URLS": "ws://a", "CZVM_BROWSER_URLS_FILE": "x"}, []string{"given twice"}},
		{"a secret's file that is not there", map[string]string{"CZVM_BROWSER_URLS_FILE": "/nowhere/at/all"}, []string{"cannot be read"}},
		{"no pace towards the Ministry", map[string]string{"CZVM_CHECKS_PER_MINUTE": "0"}, []string{"CZVM_CHECKS_PER_MINUTE", "ipc.gov.cz"}},
		{"a rude pace towards the Ministry", map[string]string{"CZVM_CHECKS_PER_MINUTE": "6000"}, []string{"CZVM_CHECKS_PER_MINUTE"}},
		{"a rude interval towards the Ministry", map[string]string{"CZVM_MIN_INTERVAL": "1s"}, []string{"CZVM_MIN_INTERVAL"}},
		{"the Ministry in capitals, with a dot", map[string]string{"CZVM_CHECKS_PER_MINUTE": "0", "CZVM_PORTAL_URL": "https://IPC.GOV.CZ./x"}, []string{"CZVM_CHECKS_PER_MINUTE"}},
		{"figures for the whole network without a token", map[string]string{"CZVM_METRICS_LISTEN": ":9479"}, []string{"CZVM_METRICS_LISTEN", "CZVM_METRICS_TOKEN", "127.0.0.1"}},
		{"the same, by its address", map[string]string{"CZVM_METRICS_LISTEN": "192.168.1.5:9479"}, []string{"CZVM_METRICS_TOKEN"}},
		{"a short token", map[string]string{"CZVM_METRICS_LISTEN": ":9479", "CZVM_METRICS_TOKEN": "hunter2"}, []string{"CZVM_METRICS_TOKEN", "16 characters"}},
		{"a ping to no address", map[string]string{"CZVM_PING_URL": "hc-ping.com/hunter2"}, []string{"CZVM_PING_URL", "https://"}},
		{"a ping to a file", map[string]string{"CZVM_PING_URL": "file:///hunter2"}, []string{"CZVM_PING_URL", "https://"}},
		{"several at once", map[string]string{"CZVM_WORKERS": "x", "CZVM_INTERVAL": "x"}, []string{"CZVM_WORKERS", "CZVM_INTERVAL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := loadConfig(sources{env: tt.env})
			if err == nil {
				t.Fatal("was taken")
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v: does not say %q", err, s)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v: shows a secret", err)
			}
		})
	}
}

// defect D7: quotes were kept, and a value swallowed the rest of the file.
func TestParseDotenv(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       map[string]string
		wrong      string
	}{
		{"plain", "A=1\nB=two words\n", map[string]string{"A": "1", "B": "two words"}, ""},
		{"comments and blanks", "# note\n\nA=1 # one\n", map[string]string{"A": "1"}, ""},
		{"a # inside", "P=a#b\n", map[string]string{"P": "a#b"}, ""},
		{"only a comment", "P= # nothing yet\nQ=#s3cret\n", map[string]string{"P": "", "Q": "#s3cret"}, ""},
		{"characters of passwords", "P=p@ss:w/rd$HOME+%2F\\\n", map[string]string{"P": `p@ss:w/rd$HOME+%2F\`}, ""},
		{"single quotes", `P='a "b" # $c \n'` + "\n", map[string]string{"P": `a "b" # $c \n`}, ""},
		{"double quotes", `P="a\n\"b\" \\ # \x"  # note` + "\n", map[string]string{"P": "a\n\"b\" \\ # \\x"}, ""},
		{"export, spaces, CRLF, mark", "\ufeffexport A = 1\r\nB=2\r\n", map[string]string{"A": "1", "B": "2"}, ""},
		{"later wins", "A=1\nA=2", map[string]string{"A": "2"}, ""},
		{"no equals sign", "A=1\nhunter2\n", nil, "line 2"},
		{"a strange key", "A B=1\n", nil, "line 1"},
		{"open quote", "A='hunter2\n", nil, "not closed"},
		{"open double quote", `A="hunter2\"` + "\n", nil, "not closed"},
		{"text behind a quote", "A='x' hunter2\n", nil, "behind"},
		{"an endless line", "A=" + strings.Repeat("x", maxSecret), nil, "longer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDotenv(strings.NewReader(tt.text))
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("-want +got\n%s%v", diff, err)
			}
		})
	}
}

func FuzzParseDotenv(f *testing.F) {
	f.Add("A=1\nexport B='x' # y\nC=\"\\n\"")
	f.Add("\ufeff#\r\n=\nA='")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseDotenv(strings.NewReader(text))
		if err != nil && len(values) != 0 {
			t.Error("half a file was taken")
		}
		for k := range values {
			if !keyPattern.MatchString(k) {
				t.Errorf("key %q", k)
			}
		}
	})
}

// TestSettingsDocuments holds .env.example and the README to the table.
func TestSettingsDocuments(t *testing.T) {
	t.Parallel()
	section := regexp.MustCompile(`(?s)(<!-- settings -->\n).*?(<!-- /settings -->)`)
	docs := []struct {
		path string
		make func(old string) string
	}{
		{"../../.env.example", func(string) string { return settingsExample() }},
		{"../../README.md", func(old string) string {
			return section.ReplaceAllString(old, "${1}"+strings.ReplaceAll(settingsTable(), "$", "$$")+"${2}")
		}},
	}
	for _, doc := range docs {
		old, err := os.ReadFile(doc.path)
		if err != nil && !*update {
			t.Fatal(err)
		}
		want := doc.make(string(old))
		if *update {
			if err := os.WriteFile(doc.path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want, string(old)); diff != "" || !strings.Contains(want, "CZVM_DATA_DIR") {
			t.Errorf("%s is out of date; run 'make golden': -want +got\n%s", doc.path, diff)
		}
	}
}
