package boltstore

import (
	"io"
	"testing"

	"cz-visa-monitor/adapters/agebox"
)

// realKeys are the Keys of the appliance itself, for what is measured.
type realKeys struct{ id *agebox.Identity }

func newRealKeys(tb testing.TB) realKeys {
	tb.Helper()
	id, err := agebox.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return realKeys{id}
}

func (k realKeys) New() (Box, []byte, error)              { return k.id.NewBox(nil) }
func (k realKeys) Open(wrapped []byte) (Box, error)       { return k.id.OpenBox(wrapped) }
func (k realKeys) Decrypt(r io.Reader) (io.Reader, error) { return k.id.Decrypt(r) }
