package browser

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowBrowser is the other end of a DevTools connection: it agrees to
// everything at once, but takes its time to destroy a page.
type slowBrowser struct {
	discard time.Duration
	answers chan []byte
	closed  chan struct{}
	once    sync.Once
}

func (s *slowBrowser) Send(message []byte) error {
	var call struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
	}
	if err := json.Unmarshal(message, &call); err != nil {
		return err
	}
	answer, err := json.Marshal(map[string]any{"id": call.ID, "result": map[string]any{
		"browserContextId": "context", "targetId": "target", "sessionId": "session", "targetInfos": []any{},
	}})
	if err != nil {
		return err
	}
	reply := func() {
		select {
		case s.answers <- answer:
		case <-s.closed:
		}
	}
	if call.Method == "Target.disposeBrowserContext" {
		time.AfterFunc(s.discard, reply)
		return nil
	}
	reply()
	return nil
}

func (s *slowBrowser) Read() ([]byte, error) {
	select {
	case answer := <-s.answers:
		return answer, nil
	case <-s.closed:
		return nil, io.EOF
	}
}

func (s *slowBrowser) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// TestSlowDiscardCostsNoOtherPage finds that a page which is slow to go takes
// the checks of the other pages with it only when the browser must be hanging.
func TestSlowDiscardCostsNoOtherPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		discard time.Duration
		lost    bool
	}{
		{"slow", 10 * time.Second, false},
		{"hanging", time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				other := &slowBrowser{discard: tt.discard, answers: make(chan []byte, 10), closed: make(chan struct{})}
				b := newLender(Config{Logger: slog.New(slog.DiscardHandler)}.withDefaults())
				b.endpoints = []*endpoint{newEndpoint("slow", 2, func(context.Context) (*chrome, error) {
					return &chrome{conn: newConn(other), born: time.Now(), gone: make(chan struct{})}, nil
				})}
				beside := make(chan error, 1)
				ready := make(chan struct{})
				go func() {
					beside <- b.Do(t.Context(), func(ctx context.Context, _ *Page) error {
						close(ready)
						select {
						case <-time.After(time.Minute):
							return nil
						case <-ctx.Done():
							return context.Cause(ctx)
						}
					})
				}()
				<-ready
				failure := errors.New("the job failed")
				if err := b.Do(t.Context(), func(context.Context, *Page) error { return failure }); !errors.Is(err, failure) {
					t.Errorf("the job that fails: %v", err)
				}
				if err := <-beside; (err != nil) != tt.lost {
					t.Errorf("the job beside it: %v", err)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
