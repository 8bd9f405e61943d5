package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cz-visa-monitor/adapters/shout/shouttest"
)

const (
	metricsToken = "a-token-for-prometheus-0001"
	pingSecret   = "f2c1a3e0-ping-secret"
)

// TestMonitoring runs an appliance, has a real Prometheus scrape it with the
// configuration, the alerts and the dashboard of deployment/, and listens to its
// pings. Nothing of anybody is in the figures, and no secret in the log.
func TestMonitoring(t *testing.T) {
	t.Parallel()
	pings, ping := startPings(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(metricsToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := settingsFor(t, startReplica(t, quick()).PageURL("en"), freeAddress(t))
	env["CZVM_METRICS_LISTEN"], env["CZVM_METRICS_TOKEN_FILE"] = freeAddress(t), token
	env["CZVM_PING_URL"] = ping + "/" + pingSecret
	s := serve(t, env)
	phone := httptest.NewServer(shouttest.NewNtfy(shouttest.NtfyConfig{Token: ntfyToken}))
	t.Cleanup(phone.Close)
	channel := s.addChannel("ntfy", "full", true, map[string]string{"server": phone.URL, "topic": "visa", "token": ntfyToken})
	app := s.addApplication("ZZZZ202601059001", storyLabel, channel)
	s.becomes(app.ID, "an answer", func(a application) bool { return a.Status != "" })
	eventually(t, "the message is delivered", s.outboxEmpty)
	eventually(t, "a ping arrives", func() error {
		if pings.Load() == 0 {
			return fmt.Errorf("none")
		}
		return nil
	})

	figures := figuresOf(t, env["CZVM_METRICS_LISTEN"], metricsToken)
	if out, err := withInput(t, figures, "promtool", "check", "metrics"); err != nil {
		t.Errorf("promtool does not like the figures: %v\n%s", err, out)
	}
	secrets := []string{storyLabel, "ZZZZ", "9001", app.ID, s.token, metricsToken, ntfyToken, pingSecret, phone.URL, "tester", "visa\"", env["CZVM_DATA_DIR"]}
	for _, secret := range secrets {
		if strings.Contains(figures, secret) {
			t.Errorf("the figures show %q", secret)
		}
	}
	for _, line := range []string{`czvm_checks_total{failure="",result="`, `czvm_deliveries_total{channel="ntfy",outcome="delivered"} 1`} {
		if !strings.Contains(figures, line) {
			t.Errorf("the figures do not show %s", line)
		}
	}
	queryEverything(t, startPrometheus(t, env["CZVM_METRICS_LISTEN"], token), env["CZVM_METRICS_LISTEN"])

	scrapeWhile(t, env["CZVM_METRICS_LISTEN"], s.stop)
	for _, secret := range []string{metricsToken, pingSecret, ping} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if n := pings.Load(); n > 2 {
		t.Errorf("%d pings in less than a minute or so", n)
	}
}

// startPings starts what a dead man's switch is asked at, and counts what comes.
func startPings(t *testing.T) (count *atomic.Int64, address string) {
	t.Helper()
	count = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/"+pingSecret {
			t.Errorf("the ping was %s %s", r.Method, r.URL)
		}
		count.Add(1)
	}))
	t.Cleanup(srv.Close)
	return count, srv.URL
}

// scrape asks for the figures once.
func scrape(ctx context.Context, address, token string) (text string, code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return "", 0, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), resp.StatusCode, err
}

// figuresOf returns the figures, for which the token is needed.
func figuresOf(t *testing.T, address, token string) string {
	t.Helper()
	for _, wrong := range []string{"", token + "x", token[1:]} {
		if text, code, err := scrape(t.Context(), address, wrong); code != http.StatusUnauthorized || strings.Contains(text, "czvm_") {
			t.Errorf("with the token %q the answer is %d, %v: %s", wrong, code, err, text)
		}
	}
	text, code, err := scrape(t.Context(), address, token)
	if err != nil || code != http.StatusOK {
		t.Fatalf("the scrape was answered %d, %v: %s", code, err, text)
	}
	return text
}

// scrapeWhile scrapes without a pause, stops the appliance meanwhile, and goes on
// until it is gone. Each scrape is answered whole, or not at all.
func scrapeWhile(t *testing.T, address string, stop func()) {
	t.Helper()
	answered := 0
	gone := make(chan struct{})
	for {
		text, code, err := scrape(context.Background(), address, metricsToken)
		if err == nil {
			if code != http.StatusOK || !strings.Contains(text, "czvm_build_info") || !strings.Contains(text, "process_start_time_seconds") {
				t.Errorf("a scrape while it stops was answered %d: %s", code, text)
			}
			if answered++; answered == 3 {
				go func() { stop(); close(gone) }()
			}
		} else if answered < 3 {
			t.Fatalf("a scrape was not answered, though nothing stops: %v", err)
		}
		select {
		case <-gone:
			return
		default:
		}
	}
}

// withInput runs a program and returns what it printed.
func withInput(t testing.TB, input, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestAlertsAreChecked: promtool takes the alerts and the configuration, each
// alert is raised in its trouble and in no other, and none while all is well.
func TestAlertsAreChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "rules", "../../deployment/alerts.yml"},
		{"check", "config", "--syntax-only", "../../deployment/prometheus.yml"},
		{"test", "rules", "testdata/alerts-test.yml"},
	} {
		if out, err := withInput(t, "", "promtool", args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	alerts, err := os.ReadFile("../../deployment/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	tried, err := os.ReadFile("testdata/alerts-test.yml")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`- alert: (\w+)`).FindAllSubmatch(alerts, -1)
	for _, alert := range all {
		if !bytes.Contains(tried, []byte("- name: "+string(alert[1])+"\n")) {
			t.Errorf("no test raises the alert %s", alert[1])
		}
	}
	if len(all) < 10 {
		t.Errorf("%d alerts", len(all))
	}
}

// prometheus is a real one.
type prometheus struct {
	t    *testing.T
	base string
}

// startPrometheus runs one that scrapes address, with the files of deployment/.
func startPrometheus(t *testing.T, address, token string) prometheus {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../deployment/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := filepath.Abs("../../deployment/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for _, change := range [][2]string{
		{"scrape_interval: 30s", "scrape_interval: 300ms"},
		{"evaluation_interval: 1m", "evaluation_interval: 500ms"},
		{"- alerts.yml", "- " + alerts},
		{"credentials_file: /etc/prometheus/czvm-token", "credentials_file: " + token},
		{`["127.0.0.1:9479"]`, `["` + address + `"]`},
	} {
		if !strings.Contains(config, change[0]) {
			t.Fatalf("deployment/prometheus.yml has no %s", change[0])
		}
		config = strings.Replace(config, change[0], change[1], 1)
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	listen := freeAddress(t)
	cmd := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen)
	log := &output{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Prometheus says:\n%s", log)
		}
	})
	p := prometheus{t: t, base: "http://" + listen}
	eventually(t, "Prometheus has scraped twice", func() error {
		return p.some(`count_over_time(czvm_build_info[1m]) > 2 and on() up{job="cz-visa-monitor"} == 1`)
	})
	return p
}

// get reads an answer of its API.
func (p prometheus) get(path string, query url.Values, into any) error {
	resp, err := http.Get(p.base + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// some returns nil if a query finds something.
func (p prometheus) some(query string) error {
	var found struct{ Result []json.RawMessage }
	if err := p.get("/api/v1/query", url.Values{"query": {query}}, &found); err != nil {
		return err
	}
	if len(found.Result) == 0 {
		return fmt.Errorf("nothing is found")
	}
	return nil
}

// queryEverything runs what the dashboard and the alerts ask. The dashboard's
// queries find something; so does each series that an alert is about; and none of
// the alerts is raised.
func queryEverything(t *testing.T, p prometheus, instance string) {
	t.Helper()
	dashboard := readDashboard(t)
	for _, query := range dashboard.queries() {
		query = strings.NewReplacer("$instance", instance, "$__rate_interval", "1m").Replace(query)
		eventually(t, query, func() error { return p.some(query) })
	}
	alerts, err := os.ReadFile("../../deployment/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range regexp.MustCompile(`\b(czvm|process)_\w+(\{[^}]*\})?`).FindAllString(string(alerts), -1) {
		if err := p.some(series); err != nil {
			t.Errorf("an alert is about %s: %v", series, err)
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, State string }
		}
	}
	eventually(t, "the alerts are evaluated", func() error {
		if err := p.get("/api/v1/rules", nil, &rules); err != nil || len(rules.Groups) != 1 {
			return fmt.Errorf("%d groups of rules, %w", len(rules.Groups), err)
		}
		for _, r := range rules.Groups[0].Rules {
			if r.Health != "ok" {
				return fmt.Errorf("%s is %s", r.Name, r.Health)
			}
		}
		return nil
	})
	for _, r := range rules.Groups[0].Rules {
		if r.State != "inactive" {
			t.Errorf("the alert %s is %s", r.Name, r.State)
		}
	}
}

// TestMetricsPortIsTaken: the appliance says which setting to change.
func TestMetricsPortIsTaken(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	env["CZVM_METRICS_LISTEN"] = srv.Listener.Addr().String()
	code, _, errs := command(t, env, "serve")
	if code != exitError || !strings.Contains(errs, "choose another port with CZVM_METRICS_LISTEN") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
