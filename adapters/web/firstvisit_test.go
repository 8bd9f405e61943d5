package web

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// What a first visit to the home page may bring, in bytes as they come over the
// line, and how much of it scripts.
const (
	mostOfVisit  = 100_000
	mostOfScript = 35_000
)

// The first visit to a home page that is full is light, on a phone's connection too.
func TestFirstVisitIsLight(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	now, statuses := time.Now(), visa.Statuses()
	for i := range homeLimit + 1 {
		app := a.watch(fmt.Sprintf("ZZZZ202501159%03d", i+1), fmt.Sprintf("Somebody with a longer name, number %d", i+1))
		status := statuses[i%len(statuses)]
		a.settle(app.ID, watch.State{
			Status: status, Valid: status, Since: now, ChangedAt: now, AnsweredAt: now,
			Trouble: &watch.Trouble{Code: watch.Timeout, Since: now, Count: 2}, Pending: &watch.Pending{Status: visa.Granted, SeenAt: now},
		}, nil)
	}
	srv := httptest.NewServer(a.server.Handler())
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections) // The stream of events is open.
	v := visit(t, newBrowser(t), "about:blank")
	for _, cookie := range a.signedIn("admin").cookies {
		_, err := proto.NetworkSetCookie{Name: cookie.Name, Value: cookie.Value, URL: srv.URL}.Call(v)
		v.must(err)
	}
	v.must(proto.NetworkEnable{}.Call(v))
	var mu sync.Mutex
	kinds, brought := map[proto.NetworkRequestID]proto.NetworkResourceType{}, map[proto.NetworkRequestID]float64{}
	go v.Context(t.Context()).EachEvent(
		func(e *proto.NetworkResponseReceived) {
			mu.Lock()
			defer mu.Unlock()
			kinds[e.RequestID], brought[e.RequestID] = e.Type, e.Response.EncodedDataLength
		},
		func(e *proto.NetworkLoadingFinished) {
			mu.Lock()
			defer mu.Unlock()
			brought[e.RequestID] = e.EncodedDataLength
		},
	)()
	v.must(v.Navigate(srv.URL + "/"))
	v.shows("Somebody with a longer name, number 51")
	v.shows("Live")
	v.must(v.WaitIdle(browserPatience))
	mu.Lock()
	defer mu.Unlock()
	all, scripts := 0.0, 0.0
	for id, n := range brought {
		all += n
		if kinds[id] == proto.NetworkResourceTypeScript {
			scripts += n
		}
	}
	t.Logf("%.0f bytes, of which scripts %.0f", all, scripts)
	if all > mostOfVisit || scripts > mostOfScript {
		t.Errorf("a first visit brings %.0f bytes, of which %.0f are scripts; at most %d and %d", all, scripts, mostOfVisit, mostOfScript)
	}
	if all < 5000 || scripts < 5000 {
		t.Errorf("%.0f and %.0f bytes were counted, which is not all", all, scripts)
	}
}
