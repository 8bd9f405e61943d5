package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
)

// Phase says how far a request of the page has come.
type Phase string

// The phases of a request. Every request ends as Finished or Failed.
const (
	Sent     Phase = "sent"
	Answered Phase = "answered" // status and headers are there, the body is not
	Finished Phase = "finished" // the body can be read with Page.Body
	Failed   Phase = "failed"
)

// Traffic is news about one request that the page itself made.
type Traffic struct {
	ID    string
	Phase Phase
	// Kind is the browser's word for what the request is for: Document, XHR,
	// Fetch, Script and so on. Known when Sent and Answered.
	Kind string
	// Method, URL and Body are known when Sent. They may hold personal data.
	Method, URL, Body string
	// Status and Header are known when Answered.
	Status int
	Header http.Header
	// Err is the browser's own name of the trouble when Failed.
	Err string
}

// trafficListener holds who listens to a page: set by callers, read by the
// connection's reader.
type trafficListener struct {
	fn atomic.Pointer[func(Traffic)]
}

// hearTraffic translates the network events of the page.
func (t *tab) hearTraffic(method string, params json.RawMessage) {
	fn := t.traffic.fn.Load()
	if fn == nil {
		return
	}
	var e networkEvent
	var phase Phase
	switch method {
	case "Network.requestWillBeSent":
		phase = Sent
	case "Network.responseReceived":
		phase = Answered
	case "Network.loadingFinished":
		phase = Finished
	case "Network.loadingFailed":
		phase = Failed
	default:
		return
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	// A redirected request is sent again under the same id.
	(*fn)(Traffic{
		ID: e.RequestID, Phase: phase, Kind: e.Type,
		Method: e.Request.Method, URL: e.Request.URL, Body: e.Request.PostData,
		Status: e.Response.Status, Header: e.Response.header(), Err: e.ErrorText,
	})
}

// networkEvent is what is needed of the four network events.
type networkEvent struct {
	RequestID string `json:"requestId"`
	Type      string `json:"type"`
	ErrorText string `json:"errorText"`
	Request   struct {
		Method   string `json:"method"`
		URL      string `json:"url"`
		PostData string `json:"postData"`
	} `json:"request"`
	Response networkResponse `json:"response"`
}

type networkResponse struct {
	Status  int            `json:"status"`
	Headers map[string]any `json:"headers"`
}

func (r networkResponse) header() http.Header {
	if r.Headers == nil {
		return nil
	}
	h := make(http.Header, len(r.Headers))
	for k, v := range r.Headers {
		h.Set(k, fmt.Sprint(v))
	}
	return h
}
