package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// A command that ends the server, as the one that unlocks it does, or that the stop
// of the server cuts short, is answered all the same.
func TestCommandIsAnsweredWhileTheServerStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ln, err := listenControl(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- serveControl(ctx, ln, func(ctx context.Context, name string, _ json.RawMessage, out io.Writer) error {
			stop()
			<-ctx.Done()
			_, err := fmt.Fprintf(out, "did %s", name)
			return err
		})
	}()
	var out bytes.Buffer
	if err := askServer(t.Context(), dir, "it", json.RawMessage("{}"), &out); err != nil {
		t.Errorf("the command was not answered: %v", err)
	}
	if out.String() != "did it" {
		t.Errorf("it printed %q", out.String())
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
