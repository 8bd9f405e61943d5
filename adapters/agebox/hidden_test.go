package agebox

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestNothingPrintsAKey prints everything that holds keys in every way there is,
// and looks for them in text, in hexadecimal and in decimal.
func TestNothingPrintsAKey(t *testing.T) {
	t.Parallel()
	id := parse(t, testKey)
	box, wrapped := newBox(t, id, parse(t, testRecovery))
	plain, err := decrypt(bytes.NewReader(wrapped), id.key())
	if err != nil {
		t.Fatal(err)
	}
	var p payload
	if err := json.NewDecoder(plain).Decode(&p); err != nil {
		t.Fatal(err)
	}
	var secrets []string
	for _, s := range []string{string(p.DataKey[:8]), string(box.keys().digest[:8]), testKey[16:], testRecovery[16:]} {
		decimal := strings.Trim(fmt.Sprint([]byte(s)), "[]")
		secrets = append(secrets, s, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))),
			decimal, strings.ReplaceAll(decimal, " ", ", "), fmt.Sprintf("%x", fmt.Sprintf("%x", s)))
	}
	type inside struct {
		Box      *Box
		ID       *Identity
		box      Box
		id       Identity
		pointers []*Box
	}
	values := map[string]any{
		"box": box, "box value": *box, "identity": id, "identity value": *id, "recovery": box.Recovery(),
		"inside": inside{box, id, *box, *id, []*Box{box}}, "pointer": &inside{box, id, *box, *id, []*Box{box}},
		"list": []any{box, *box, id, *id}, "map": map[string]any{"box": *box, "id": *id},
		"error": fmt.Errorf("open %v with %v", box, id),
	}
	for name, value := range values {
		var out strings.Builder
		for _, verb := range strings.Fields("%v %+v %#v %s %+s %q %x %X %#x %d %o %b %c %U %e %g %t %w") {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("started", slog.Any("value", value), slog.Group("group", slog.Any("value", value)))
		}
		text, err := json.Marshal(value)
		if err != nil && name != "error" {
			t.Errorf("%s: %v", name, err)
		}
		out.Write(text)
		for _, secret := range secrets {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s prints a key", name)
			}
		}
	}
	if got := fmt.Sprintf("%v %#v %d %s", box, *box, id, *id); got != "[keys] [keys] [keys] [keys]" {
		t.Errorf("got %q", got)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("started", "box", box, "id", *id)
	if !strings.Contains(log.String(), `box=[keys] id=[keys]`) {
		t.Errorf("got %q", log.String())
	}
}
