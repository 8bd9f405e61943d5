package browser

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"sync"
	"time"
)

// sendTimeout bounds one write: a browser that reads nothing is as good as dead.
const sendTimeout = 10 * time.Second

// pipe speaks with a browser started with --remote-debugging-pipe: messages
// end in a NUL byte. Nobody else on the machine can join, and the browser ends
// by itself as soon as our side of the pipe is closed, whatever ended us.
type pipe struct {
	in  *os.File // we write, the browser reads it as its descriptor 3
	out *os.File // we read what the browser writes to its descriptor 4
	buf *bufio.Reader

	mu sync.Mutex // one writer at a time
}

func newPipe(in, out *os.File) *pipe {
	return &pipe{in: in, out: out, buf: bufio.NewReaderSize(out, 64<<10)}
}

// Send writes one message.
func (p *pipe) Send(data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.in.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if _, err := p.in.Write(append(data, 0)); err != nil {
		_ = p.Close()
		return err
	}
	return nil
}

// Read returns the next message.
func (p *pipe) Read() ([]byte, error) {
	var message []byte
	for {
		part, err := p.buf.ReadSlice(0)
		message = append(message, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(message, []byte{0}), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(message) > maxMessage:
			_ = p.Close()
			return nil, errors.New("the browser sent a message without end")
		}
	}
}

// Close closes both ends; it may be called more than once.
func (p *pipe) Close() error {
	return errors.Join(ignoreClosed(p.in.Close()), ignoreClosed(p.out.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
