package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A rule says what a package may not reach, through whatever it imports; the linter's depguard sees direct imports only.
type rule struct {
	pkg     string
	may     []string // with may, everything else outside the standard library is forbidden
	mustNot []string
}

var rules = []rule{
	{pkg: "broker", may: []string{"linger/broker", "linger/broker/wheel", "golang.org/x/text/unicode/norm", "golang.org/x/text/transform"}},
	{pkg: "web", mustNot: []string{"linger/broker", "linger/proto", "linger/internal"}},
	{pkg: "client", mustNot: []string{"linger/broker", "linger/internal"}},
	{pkg: ".", mustNot: []string{"linger/broker/logtest", "linger/test", "linger/web/gallery", "pgregory.net/rapid", "github.com/chromedp", "github.com/rogpeppe/go-internal/testscript"}},
}

func imports(ctx context.Context, out io.Writer) (tally, error) {
	var broken bool
	for _, r := range rules {
		if _, err := os.Stat(r.pkg); err != nil {
			return tally{}, err
		}
		list := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+r.pkg)
		list.Stderr = out
		reached, err := list.Output()
		if err != nil {
			return tally{}, err
		}
		for path := range strings.FieldsSeq(string(reached)) {
			if !r.allows(path) {
				fmt.Fprintf(out, "%s reaches %s\n", r.pkg, path)
				broken = true
			}
		}
	}
	if broken {
		return tally{}, errors.New("imports that docs/architecture.md rules out; go mod why tells the way")
	}
	return tally{}, nil
}

func (r rule) allows(path string) bool {
	if r.may != nil {
		return slices.Contains(r.may, path)
	}
	return !slices.ContainsFunc(r.mustNot, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}

// versions checks that generators are of the version of the library that their output is compiled against.
func versions(ctx context.Context, out io.Writer) (tally, error) {
	for _, module := range []string{"github.com/a-h/templ", "google.golang.org/protobuf"} {
		ours, err := moduleVersion(ctx, out, ".", module)
		if err != nil {
			return tally{}, err
		}
		tools, err := moduleVersion(ctx, out, "tools", module)
		if err != nil {
			return tally{}, err
		}
		if ours != tools {
			return tally{}, fmt.Errorf("%s is %s in go.mod and %s in tools/go.mod", module, ours, tools)
		}
	}
	return tally{}, nil
}

func moduleVersion(ctx context.Context, out io.Writer, dir, module string) (string, error) {
	list := exec.CommandContext(ctx, "go", "-C", dir, "list", "-m", "-f", "{{.Version}}", module)
	list.Stderr = out
	version, err := list.Output()
	return strings.TrimSpace(string(version)), err
}
