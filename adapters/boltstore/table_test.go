package boltstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// TestEveryBucketIsDescribed reads the source: a bucket that has a name but no
// row in the table would be lost by the first rewrite.
func TestEveryBucketIsDescribed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "bucket") {
				return true
			}
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				name, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				named = append(named, name)
			}
			return true
		})
	}
	described := buckets()
	slices.Sort(named)
	slices.Sort(described)
	if len(named) == 0 || !slices.Equal(named, described) {
		t.Errorf("buckets that have a name:\n%q\nbuckets in the table:\n%q", named, described)
	}
}

// TestStoreHasTheBucketsOfTheTable, and no other.
func TestStoreHasTheBucketsOfTheTable(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	var have []string
	if err := s.view(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
			have = append(have, string(name))
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	want := buckets()
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("got %q, want %q", have, want)
	}
}

// dump returns everything in a store, opened: "bucket/key" → value. Where keys
// are digests, the value stands for the key; what differs with the key of the
// store is left out.
func dump(t testing.TB, s *Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := s.view(func(tx *bbolt.Tx) error {
		for _, b := range table() {
			from := tx.Bucket([]byte(b.name))
			all[b.name] = strconv.FormatUint(from.Sequence(), 10)
			if err := from.ForEach(func(k, v []byte) error {
				key := string(k)
				if b.name == bucketMeta && (key == keyKey || key == keySchema || key == keyCompact || key == keyBackup) {
					return nil
				}
				plain, err := b.open(s.sealer.boxOf(tx), key, v)
				if err != nil {
					t.Errorf("%s: %v", b.name, err)
				}
				if b.rekey != nil || b.seal == aged { // Bound to no key.
					key = string(plain)
				}
				all[b.name+"/"+key] = string(plain)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return all
}

// TestValuesAreSealedAsTheTableSays rekeys one value of each kind.
func TestValuesAreSealedAsTheTableSays(t *testing.T) {
	t.Parallel()
	keys := newKeys("owner")
	from, _, err := keys.New()
	to, _, err2 := keys.New()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	const plain = `{"name":"Quetzalcoatl"}`
	for _, b := range []bucket{{name: "times"}, {name: "channels", seal: boxed}, {name: "people", seal: aged}} {
		value, err := b.close(from, "one", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		r := rewriting{reader: reader{box: from}, to: to, log: discard()}
		anew, err := r.value(b, "one", "two", value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(anew), "Quetz") != (b.seal == unsealed) || (string(anew) == string(value)) != (b.seal == unsealed) {
			t.Errorf("%s: %q became %q", b.name, value, anew)
		}
		if got, err := b.open(to, "two", anew); err != nil || string(got) != plain {
			t.Errorf("%s: %q, %v", b.name, got, err)
		}
		if _, err := b.open(from, "two", anew); err == nil && b.seal == boxed {
			t.Errorf("%s: the old key opens it", b.name)
		}
	}
}
