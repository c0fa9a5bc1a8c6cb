package texts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"linger/web/texts"
)

// writers are the functions that take a key and its values.
var writers = []string{"t", "rich", "title", "Say", "Text", "Pieces", "List"}

// Whatever Go asks the catalogue for is there, with the values that its text has places for.
func TestGoAsksForWhatIsThere(t *testing.T) {
	calls := 0
	for _, path := range sources(t, "../*.go", "../../internal/server/*.go") {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(writers, name.Sel.Name) {
				return true
			}
			key, ok := literal(call.Args[0])
			if !ok {
				return true // handed through by t and rich themselves
			}
			calls++
			at := set.Position(call.Pos())
			text, ok := texts.English.All()[key]
			if !ok {
				t.Errorf("%s: %q is not in the catalogue", at, key)
				return true
			}
			if call.Ellipsis.IsValid() {
				return true
			}
			var given []string
			for _, arg := range call.Args[1:] {
				if name, ok := literal(arg); ok && len(given) < len(call.Args)/2 {
					given = append(given, name)
				}
			}
			want := text.Placeholders()
			for i := 1; i < len(call.Args); i += 2 {
				if name, ok := literal(call.Args[i]); !ok || !slices.Contains(want, name) {
					t.Errorf("%s: %q has no place for value %d of the call; it has %q", at, key, i/2+1, want)
				}
			}
			for _, name := range want {
				if !slices.Contains(given, name) {
					t.Errorf("%s: %q is not given {%s}", at, key, name)
				}
			}
			return true
		})
	}
	if calls == 0 {
		t.Error("no call was found")
	}
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// A text that nobody shows is a leftover. Keys are written out where they are used, in Go and in the script.
func TestEveryTextIsUsed(t *testing.T) {
	quoted := regexp.MustCompile(`"([A-Za-z]+(?:\.[A-Za-z]+)+)"`)
	used := map[string]bool{}
	for _, path := range sources(t, "../*.go", "../../internal/server/*.go", "../ts/*.ts") {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllSubmatch(source, -1) {
			used[string(m[1])] = true
		}
	}
	for key := range texts.English.All() {
		if !quoted.MatchString(strconv.Quote(key)) {
			t.Errorf("%q: keys are parts of letters, joined by dots", key)
		}
		if !used[key] {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

// sources are the files that fit, without tests.
func sources(t *testing.T, patterns ...string) (paths []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, path := range found {
			if !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".test.ts") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}
