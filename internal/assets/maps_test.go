package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

func TestMapsNameNoPlaceOnThisMachine(t *testing.T) {
	for content, ok := range map[string]bool{
		`{"sources":["../../web/ts/main.ts","../../node_modules/a/b.js"]}`: true,
		`{"sources":["/home/someone/linger/web/ts/main.ts"]}`:              false,
		`{"sources":["file:///home/someone/main.ts"]}`:                     false,
		`{"sourceRoot":"/home/someone","sources":["main.ts"]}`:             false,
		`{"sources":["../../../elsewhere/linger/web/ts/main.ts"]}`:         false,
		`{`: false,
	} {
		err := checkMaps([]api.OutputFile{{Path: "main.js.map", Contents: []byte(content)}})
		if (err == nil) != ok {
			t.Errorf("checkMaps(%s) = %v", content, err)
		}
	}
}

// A comment in generated code changes neither what is run nor where it is said to come from.
func TestCommentsInGeneratedCodeChangeNothing(t *testing.T) {
	bundle := func(comment string) (files []api.OutputFile) {
		dir := t.TempDir()
		for name, content := range map[string]string{
			"web/ts/main.ts":  "import { a } from \"./gen/a.js\";\nconsole.log(a);\n",
			"web/ts/gen/a.ts": comment + "export const a = Date.now();\n",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		options := common()
		options.AbsWorkingDir = dir
		options.EntryPoints = []string{"web/ts/main.ts"}
		options.Outdir = bundleDir
		options.Sourcemap = api.SourceMapLinked
		options.MinifyWhitespace = true
		options.Plugins = []api.Plugin{generated}
		files, err := build(options)
		if err != nil || len(files) != 2 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		if err := trimMaps(files); err != nil {
			t.Fatal(err)
		}
		return files
	}
	plain, commented := bundle(""), bundle("// What a is.\n// And more.\n")
	for i := range plain {
		if bytes.Contains(plain[i].Contents, []byte("export const")) {
			t.Errorf("%s has the text of generated code", plain[i].Path)
		}
		if !bytes.Equal(plain[i].Contents, commented[i].Contents) {
			t.Errorf("%s:\n%s\n%s", filepath.Base(plain[i].Path), plain[i].Contents, commented[i].Contents)
		}
	}
}
