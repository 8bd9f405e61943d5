package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestGroupCommands(t *testing.T) {
	t.Parallel()
	env := settingsFor(t, "http://127.0.0.1:9/", freeAddress(t))
	s := serve(t, env)
	var made struct {
		ID string `json:"id"`
	}
	s.must(s.call(http.MethodPost, "/api/v1/groups", map[string]any{"name": "Home", "kind": "family"}, &made))
	succeed(t, env, "user", "add", "alena")
	if out := succeed(t, env, "group", "list", "tester"); !strings.Contains(out, made.ID+"  Home  family  own    1") {
		t.Errorf("the groups are %s", out)
	}
	if code, _, errs := command(t, env, "group", "own", made.ID, "nobody"); code == exitOK || !strings.Contains(errs, "no such user") {
		t.Errorf("nobody owns it: %d %s", code, errs)
	}
	s.stop()
	succeed(t, env, "group", "own", made.ID, "alena")
	if out := succeed(t, env, "group", "list", "alena", "--json"); !strings.Contains(out, `"name":"Home","kind":"family","right":"own","members":2`) {
		t.Errorf("the groups are %s", out)
	}
}
