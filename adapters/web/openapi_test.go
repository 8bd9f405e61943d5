package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// document is openapi.yaml as the tests read it. OpenAPI 3.1 schemas are JSON
// Schema 2020-12, so that a validator of that is all it takes.
type document struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Responses map[string]response `json:"responses"`
	} `json:"components"`
	Tags []struct {
		Name string `json:"name"`
	} `json:"tags"`

	mu       sync.Mutex // guards compiler
	compiler *jsonschema.Compiler
}

type operation struct {
	OperationID string              `json:"operationId"`
	Summary     string              `json:"summary"`
	Tags        []string            `json:"tags"`
	Security    *[]any              `json:"security"`
	Responses   map[string]response `json:"responses"`
	RequestBody struct {
		Content map[string]any `json:"content"`
	} `json:"requestBody"`
}

type response struct {
	Ref     string         `json:"$ref"`
	Content map[string]any `json:"content"`
	Headers map[string]any `json:"headers"`
}

const docURL = "https://example.com/openapi.json"

// readDocument returns the document, which all tests share: to read it and to
// compile its schemas takes longer than most of them.
func readDocument(tb testing.TB) *document {
	tb.Helper()
	d, err := parsed()
	if err != nil {
		tb.Fatalf("read openapi.yaml: %v", err)
	}
	return d
}

var parsed = sync.OnceValues(func() (*document, error) {
	var tree any
	if err := yaml.Unmarshal(openAPI, &tree); err != nil {
		return nil, err
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	d := &document{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, err
	}
	if tree, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		return nil, err
	}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource(docURL, tree)
})

// operations yields every operation with its method and path.
func (d *document) operations(tb testing.TB, yield func(method, path string, op operation)) {
	tb.Helper()
	for path, item := range d.Paths {
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				tb.Fatalf("%s %s: %v", method, path, err)
			}
			yield(method, path, op)
		}
	}
}

// find returns the path of the document that a request's path means; of two,
// the one with fewer parameters.
func (d *document) find(path string) (string, bool) {
	words := strings.Split(path, "/")
	best, found := "", false
	for _, candidate := range slices.Sorted(maps.Keys(d.Paths)) {
		parts := strings.Split(candidate, "/")
		fits := len(parts) == len(words)
		for i := 0; fits && i < len(parts); i++ {
			fits = parts[i] == words[i] || strings.HasPrefix(parts[i], "{") && words[i] != ""
		}
		if fits && (!found || strings.Count(candidate, "{") < strings.Count(best, "{")) {
			best, found = candidate, true
		}
	}
	return best, found
}

// pointer joins words into a JSON pointer.
func pointer(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		w = strings.ReplaceAll(strings.ReplaceAll(w, "~", "~0"), "/", "~1")
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(w, "{", "%7B"), "}", "%7D"))
	}
	return b.String()
}

// schema returns the one at a pointer of the document.
func (d *document) schema(at string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(docURL + "#" + at)
}

// validate holds body against the schema at a pointer of the document.
func (d *document) validate(at string, body []byte) error {
	schema, err := d.schema(at)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// check holds a request and its answer against the document.
func (d *document) check(tb testing.TB, r *http.Request, body string, resp *http.Response) {
	tb.Helper()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	path, found := d.find(r.URL.Path)
	method := strings.ToLower(r.Method)
	raw := d.Paths[path][method]
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		return // A page for people.
	}
	if !found || raw == nil {
		if resp.StatusCode < 400 && r.Method != http.MethodHead && r.Method != http.MethodOptions {
			tb.Errorf("%s %s answers %d and is not in the document", r.Method, r.URL.Path, resp.StatusCode)
		}
		return
	}
	var op operation
	if err := json.Unmarshal(raw, &op); err != nil {
		tb.Fatal(err)
	}
	status := strconv.Itoa(resp.StatusCode)
	answer, ok := op.Responses[status]
	if !ok {
		answer, ok = op.Responses["default"]
		status = "default"
	}
	if !ok || status == "default" && resp.StatusCode < 400 {
		tb.Errorf("%s %s: the document has no answer %d", method, path, resp.StatusCode)
		return
	}
	at := pointer("paths", path, method, "responses", status)
	if name, ok := strings.CutPrefix(answer.Ref, "#/components/responses/"); ok {
		answer, at = d.Components.Responses[name], pointer("components", "responses", name)
	}
	for name := range answer.Headers {
		if resp.Header.Get(name) == "" && status != "default" {
			tb.Errorf("%s %s: %d without the header %s", method, path, resp.StatusCode, name)
		}
	}
	d.checkBody(tb, fmt.Sprintf("%s %s: %d", method, path, resp.StatusCode), at, answer, resp, got)
	if sent, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); resp.StatusCode < 300 && op.RequestBody.Content != nil && op.RequestBody.Content[sent] == nil {
		tb.Errorf("%s %s: accepted %q, which the document does not name", method, path, sent)
	} else if resp.StatusCode < 300 && sent == "application/json" && op.RequestBody.Content != nil {
		if err := d.validate(pointer("paths", path, method, "requestBody", "content", "application/json", "schema"), []byte(body)); err != nil {
			tb.Errorf("%s %s: accepted a body that the document does not allow: %v", method, path, err)
		}
	}
}

func (d *document) checkBody(tb testing.TB, what, at string, answer response, resp *http.Response, body []byte) {
	tb.Helper()
	if len(answer.Content) == 0 {
		if len(body) > 0 {
			tb.Errorf("%s has a body, and the document has none", what)
		}
		return
	}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if answer.Content[media] == nil {
		tb.Errorf("%s is %q, and the document has %v", what, media, slices.Sorted(maps.Keys(answer.Content)))
		return
	}
	if strings.HasSuffix(media, "json") {
		if err := d.validate(at+pointer("content", media, "schema"), body); err != nil {
			tb.Errorf("%s: %v\n%s", what, err, body)
		}
	}
}

func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, nil)
	served := map[string]bool{}
	for _, r := range a.server.echo.Routes() {
		if r.Method == http.MethodHead || r.Method == echo.RouteNotFound {
			continue // HEAD goes with GET; the other one is no route.
		}
		if !strings.HasPrefix(r.Path, apiPath) && r.Path != "/healthz" && r.Path != "/readyz" {
			continue // The pages are for people.
		}
		served[r.Method+" "+asDocument(r.Path)] = true
	}
	described := map[string]bool{}
	a.doc.operations(t, func(method, path string, _ operation) { described[strings.ToUpper(method)+" "+path] = true })
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("routes (-) and document (+) differ:\n%s", diff)
	}
}

// asDocument writes a route's pattern as the document does.
func asDocument(pattern string) string {
	words := strings.Split(pattern, "/")
	for i, w := range words {
		if name, ok := strings.CutPrefix(w, ":"); ok {
			words[i] = "{" + name + "}"
		}
	}
	return strings.Join(words, "/")
}

func TestDocumentIsWhole(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	tags := map[string]bool{}
	for _, tag := range d.Tags {
		tags[tag.Name] = true
	}
	ids := map[string]bool{}
	d.operations(t, func(method, path string, op operation) {
		what := method + " " + path
		if op.OperationID == "" || ids[op.OperationID] {
			t.Errorf("%s: the operationId %q is missing or taken", what, op.OperationID)
		}
		ids[op.OperationID] = true
		if op.Summary == "" || len(op.Tags) != 1 || !tags[op.Tags[0]] {
			t.Errorf("%s: the summary or the tag is missing", what)
		}
		open := op.Security != nil && len(*op.Security) == 0
		if public := isPublic(path); open != public {
			t.Errorf("%s: the document says it needs no token: %t; it is so: %t", what, open, public)
		}
		for status, answer := range op.Responses {
			at := pointer("paths", path, method, "responses", status)
			if name, ok := strings.CutPrefix(answer.Ref, "#/components/responses/"); ok {
				answer, at = d.Components.Responses[name], pointer("components", "responses", name)
			}
			for media := range answer.Content {
				if _, err := d.schema(at + pointer("content", media, "schema")); err != nil {
					t.Errorf("%s %s: %v", what, status, err)
				}
			}
		}
	})
}

// isPublic says which paths of the document need no token. Everything else
// must ask for one.
func isPublic(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/api/v1/openapi.yaml":
		return true
	}
	return false
}
