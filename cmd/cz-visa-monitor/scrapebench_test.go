package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// BenchmarkScrape measures scrapes over HTTP of an appliance at work with 10,000
// applications, 200 messages that wait, and 2,000 that were sent or given up. The
// floor is the same request where only Go and the process are to be told of.
func BenchmarkScrape(b *testing.B) {
	for b.Loop() {
		env := settingsFor(b, "http://127.0.0.1:9/", freeAddress(b))
		env["CZVM_METRICS_LISTEN"] = freeAddress(b)
		env["CZVM_INTERVAL"], env["CZVM_MIN_INTERVAL"] = "1h", "15m"
		succeed(b, env, "user", "add", "--role", "admin", "tester")
		fillStore(b, env["CZVM_DATA_DIR"], 10_000)
		c, err := loadConfig(sources{env: env})
		if err != nil {
			b.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		a, err := newAppliance(c, newKeyring(c, getenv(environ(env)), log), log, newLogLines())
		if err != nil {
			b.Fatal(err)
		}
		fillOutbox(b, a)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		ln, err := listen(ctx, c.listen, "CZVM_LISTEN")
		if err != nil {
			b.Fatal(err)
		}
		go func() { done <- a.run(ctx, ln) }()
		address := "http://" + c.metricsListen + "/metrics"
		eventually(b, "the schedule is loaded", func() error {
			_, _, err := scrape(ctx, c.metricsListen, "")
			if err == nil && a.engine.Status().Queued != 10_000 {
				err = http.ErrServerClosed
			}
			return err
		})
		b.ReportMetric(p95(b, address), "p95-ms/scrape")
		b.ReportMetric(p95(b, floor(b)), "p95-ms/floor")
		stop()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := a.close(); err != nil {
			b.Fatal(err)
		}
	}
}

// fillOutbox puts messages through a channel that is asleep.
func fillOutbox(b *testing.B, a *appliance) {
	b.Helper()
	ctx, now := context.Background(), time.Now()
	quiet := alert.Quiet{From: now.Add(-time.Hour).In(a.cfg.timezone).Format("15:04"), To: now.Add(2 * time.Hour).In(a.cfg.timezone).Format("15:04")}
	channel := alert.Channel{ID: "bench-phone", Name: "phone", Kind: "ntfy", Operator: true, Quiet: quiet, Fields: map[string]string{"server": "http://127.0.0.1:9", "topic": "x"}}
	user, _, err := a.store.FirstUser(ctx)
	if err != nil {
		b.Fatal(err)
	}
	channel.Owner = account.OfUser(user)
	if err := a.store.AddChannel(ctx, channel); err != nil {
		b.Fatal(err)
	}
	for i := range 2200 {
		n := alert.Notification{Kind: alert.NothingChecked, Subject: "cz", At: now}
		if _, err := a.store.Raise(ctx, strconv.Itoa(i), n, ""); err != nil {
			b.Fatal(err)
		}
	}
	due, err := a.store.DueDeliveries(ctx, time.Now(), 2000)
	if err != nil || len(due) != 2000 {
		b.Fatalf("%d due, %v", len(due), err)
	}
	for i := range due {
		due[i].State, due[i].SettledAt, due[i].NextAttemptAt = alert.Delivered, now, time.Time{}
		if i%10 == 0 {
			due[i].State = alert.DeadLetter
		}
	}
	if err := a.store.Settle(ctx, due...); err != nil {
		b.Fatal(err)
	}
}

// floor serves what every Go program can tell.
func floor(b *testing.B) string {
	b.Helper()
	registry := prom.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	srv := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}))
	b.Cleanup(srv.Close)
	return srv.URL
}

// p95 is below what 95 of 100 requests take, in milliseconds.
func p95(b *testing.B, address string) float64 {
	b.Helper()
	var took []float64
	for range 300 {
		began := time.Now()
		resp, err := http.Get(address)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, err)
		}
		resp.Body.Close()
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	slices.Sort(took)
	return took[len(took)*95/100]
}
