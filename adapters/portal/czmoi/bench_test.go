package czmoi

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cz-visa-monitor/adapters/portal/portaltest"
	"cz-visa-monitor/adapters/portal/portaltest/sourcetest"
	"cz-visa-monitor/app/visa"
)

// benchAnswer is how long the portal takes in all benchmarks.
const benchAnswer = 50 * time.Millisecond

func benchReplica(b *testing.B) *portaltest.Server {
	b.Helper()
	return sourcetest.NewReplica(b, portaltest.Config{Latency: benchAnswer, Default: portaltest.Answer{Outcome: portaltest.InProgress}})
}

// benchReference returns one of many references: a check never asks for what
// the page still shows, and every field changes from one OAM number to the next.
func benchReference(b *testing.B, kind visa.Kind, i int) visa.Reference {
	b.Helper()
	number := fmt.Sprintf("ZZZZ20250814%d", 9001+i%900)
	if kind == visa.OAM {
		number = fmt.Sprintf("OAM-%d/%s-%d", 90001+i%900, portaltest.Categories()[i%11], 2023+i%4)
	}
	ref, err := visa.Parse(number)
	if err != nil {
		b.Fatal(err)
	}
	return ref
}

// BenchmarkCheck measures one check after another on a warm page, and in the
// same run the floor: the same question posted directly.
func BenchmarkCheck(b *testing.B) {
	for _, kind := range []visa.Kind{visa.ZOV, visa.OAM} {
		b.Run(string(kind), func(b *testing.B) {
			srv := benchReplica(b)
			br := newBrowser(b, 1)
			src := newSource(b, br, srv.PageURL("en"), nil)
			client := &http.Client{Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			check := func(i int) {
				if res, err := src.Check(b.Context(), benchReference(b, kind, i)); err != nil || res.Status != visa.InProgress {
					b.Fatalf("check: %v %v", res.Status, err)
				}
			}
			check(899)
			var checks, floor []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				check(i)
				checks = append(checks, time.Since(start))
				start = time.Now()
				if _, err := portaltest.Direct(b.Context(), client, srv.URL, benchReference(b, kind, i).Query()); err != nil {
					b.Fatal(err)
				}
				floor = append(floor, time.Since(start))
			}
			b.ReportMetric(0, "ns/op") // check and floor together say nothing
			b.ReportMetric(ms(median(checks)), "check-p50-ms")
			b.ReportMetric(ms(median(floor)), "floor-p50-ms")
			b.ReportMetric(ms(median(checks)-median(floor)), "above-ms")
			b.ReportMetric(float64(br.Stats().Memory)/(1<<20), "browser-MB")
		})
	}
}

// BenchmarkThroughput measures checks a second with two pages.
func BenchmarkThroughput(b *testing.B) {
	for _, kind := range []visa.Kind{visa.ZOV, visa.OAM} {
		b.Run(string(kind), func(b *testing.B) {
			srv := benchReplica(b)
			br := newBrowser(b, 2)
			src := newSource(b, br, srv.PageURL("en"), nil)
			var next atomic.Int64
			b.SetParallelism(1) // GOMAXPROCS goroutines; two pages let two of them work
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if res, err := src.Check(b.Context(), benchReference(b, kind, int(next.Add(1)))); err != nil || res.Status != visa.InProgress {
						b.Errorf("check: %v %v", res.Status, err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
			b.ReportMetric(float64(br.Stats().Memory)/(1<<20), "browser-MB")
		})
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
