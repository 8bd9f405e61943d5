package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// transport carries DevTools messages to one browser. Send and Read may be
// called at the same time; Close makes both fail.
type transport interface {
	cdp.WebSocketable
	Close() error
}

// maxMessage bounds one DevTools message, in bytes. The largest we ask for are
// screenshots and the HTML of a page.
const maxMessage = 64 << 20

// checkedTransport refuses what is not a DevTools message: the client library
// panics on it, and a remote endpoint may send anything.
type checkedTransport struct{ transport }

func (t checkedTransport) Read() ([]byte, error) {
	data, err := t.transport.Read()
	if err != nil {
		return nil, err
	}
	var message struct {
		ID        int             `json:"id"`
		SessionID string          `json:"sessionId"`
		Method    string          `json:"method"`
		Params    json.RawMessage `json:"params"`
		Result    json.RawMessage `json:"result"`
		Error     *cdp.Error      `json:"error"`
	}
	if err := json.Unmarshal(data, &message); err != nil {
		_ = t.Close()
		return nil, errors.New("the other side does not speak the DevTools protocol")
	}
	return data, nil
}

// listener receives the events of one session. It runs on the reading
// goroutine of the connection: it must not block and must not call the browser.
type listener func(method string, params json.RawMessage)

// conn is one DevTools connection, shared by all pages of a browser.
type conn struct {
	client    *cdp.Client
	transport transport
	// alive ends, with the reason as its cause, when the connection does.
	alive context.Context
	kill  context.CancelCauseFunc
	done  chan struct{}
	// jobs are what the reader has started and must not wait for itself.
	jobs sync.WaitGroup

	mu       sync.Mutex
	sessions map[proto.TargetSessionID]listener
}

func newConn(t transport) *conn {
	alive, kill := context.WithCancelCause(context.Background())
	c := &conn{
		transport: t,
		alive:     alive,
		kill:      kill,
		done:      make(chan struct{}),
		sessions:  map[proto.TargetSessionID]listener{},
	}
	c.client = cdp.New().Start(checkedTransport{t})
	go c.dispatch()
	return c
}

// dispatch hands events on until the connection ends.
func (c *conn) dispatch() {
	defer close(c.done)
	for e := range c.client.Event() {
		c.mu.Lock()
		l := c.sessions[proto.TargetSessionID(e.SessionID)]
		c.mu.Unlock()
		if l != nil {
			l(e.Method, e.Params)
		}
	}
	c.kill(&Error{Reason: "the browser ended or the connection to it broke"})
}

func (c *conn) listen(id proto.TargetSessionID, l listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l == nil {
		delete(c.sessions, id)
		return
	}
	c.sessions[id] = l
}

// close ends the connection and waits for the reader and what it started. A
// browser on a pipe ends with it.
func (c *conn) close() {
	_ = c.transport.Close()
	<-c.done
	c.jobs.Wait()
}

// in binds calls to a context and a session ("" is the browser itself), which
// is what the generated protocol package wants to be handed.
func (c *conn) in(ctx context.Context, session proto.TargetSessionID) caller {
	return caller{conn: c, ctx: ctx, session: session}
}

type caller struct {
	conn    *conn
	ctx     context.Context //nolint:containedctx // lives for one protocol call
	session proto.TargetSessionID
}

// Call sends one command and waits for its answer, for the end of ctx, or for
// the end of the connection.
func (c caller) Call(ctx context.Context, session, method string, params any) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.conn.alive, func() { cancel(context.Cause(c.conn.alive)) })()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	res, err := c.conn.client.Call(ctx, session, method, params)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	var refused *cdp.Error
	if err != nil && !errors.As(err, &refused) {
		// Not an answer: the transport failed, and the reader is about to notice.
		c.conn.kill(&Error{Reason: "the connection to the browser broke", Err: err})
		return nil, context.Cause(c.conn.alive)
	}
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	return res, nil
}

// GetContext makes caller usable with the protocol package.
func (c caller) GetContext() context.Context { return c.ctx }

// GetSessionID makes caller usable with the protocol package.
func (c caller) GetSessionID() proto.TargetSessionID { return c.session }
