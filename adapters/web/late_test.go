package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// An answer that was overtaken by an event does not take the page back.
func TestPageKeepsTheNewest(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	added, release := make(chan struct{}), make(chan struct{})
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path == "/sign-in" {
			a.server.Handler().ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		a.server.Handler().ServeHTTP(rec, r)
		close(added)
		<-release
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		if _, err := w.Write(rec.Body.Bytes()); err != nil {
			t.Errorf("pass on the answer: %v", err)
		}
	})
	a.portal.answer(anna, func() (watch.Result, error) {
		select {
		case <-added:
		case <-t.Context().Done(): // The test has failed before.
		}
		return watch.Result{Status: visa.InProgress, Text: "Words", Language: "en"}, nil
	})
	a.run()
	p := newProxy(t, late)
	free := sync.OnceFunc(func() { close(release) })
	t.Cleanup(free) // Before the server waits for its requests.
	v := visit(t, newBrowser(t), p.URL+"/visa/")
	v.signIn("admin", password)
	v.shows("Live")
	v.fill("Number", anna)
	v.fill("Name (optional)", "Anna")
	v.click("button", "Watch")
	v.shows("In progress")
	free()
	v.shows("Anna is being watched.")
	if text := v.text(); !strings.Contains(text, "In progress") {
		t.Errorf("the page went back:\n%s", text)
	}
	v.quiet()
}
