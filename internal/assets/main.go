// Command assets bundles what the dashboard's pages run and are styled by.
//
//	go run ./internal/assets              web/ts, web/css → static/dist; web/texts → static/dist and web/ts/gen/texts.ts
//	go run ./internal/assets -tests DIR   web/ts/*.test.ts → DIR, for node --test
//
// It runs from the module's root. The bundle is committed, so only those who change web/ts or web/css need this command, and the
// npm packages that `make setup` fetches. The same sources give the same bytes on every machine.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"

	"linger/web/texts"
)

// entryPoints are the scripts that pages and workers load by name; everything else is bundled into them.
var entryPoints = []string{
	"web/ts/main.ts",          // every page
	"web/ts/worker.ts",        // one tab's stream, where shared workers are missing
	"web/ts/shared-worker.ts", // one stream for all tabs
}

// styleEntry is the style of every page: it names the others, so that a browser asks once.
const styleEntry = "web/css/app.css"

// The folders, from the module's root.
const (
	sourceDir = "web/ts"
	styleDir  = "web/css"
	bundleDir = "static/dist"
)

func main() {
	tests := flag.String("tests", "", "bundle the unit tests into `DIR` instead")
	flag.Parse()
	if err := run(*tests); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

func run(testDir string) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return errors.New("run this from the module's root")
	}
	if testDir != "" {
		return bundleTests(testDir)
	}
	return bundlePages()
}

// bundlePages rebuilds bundleDir, and removes from it what no entry point produces any more.
func bundlePages() error {
	said, err := bundleTexts()
	if err != nil {
		return err
	}
	entries, err := existing(entryPoints)
	if err != nil || len(entries) == 0 {
		return err
	}
	options := forBrowsers()
	options.EntryPoints = entries
	// What the page and its worker have in common, which is most, they load once.
	options.Splitting = true
	options.ChunkNames = "shared-[hash]"
	options.Plugins = []api.Plugin{generated}
	options.LegalComments = api.LegalCommentsEndOfFile // the licences of what is bundled go along with it
	files, err := build(options)
	if err != nil {
		return err
	}

	options = forBrowsers()
	options.EntryPoints = []string{styleEntry}
	options.Outbase = styleDir
	style, err := build(options)
	if err != nil {
		return err
	}
	files = append(files, style...)
	if err := errors.Join(checkMaps(files), trimMaps(files)); err != nil {
		return err
	}
	files = append(files, said...)
	if err := write(files); err != nil {
		return err
	}
	if len(entries) < len(entryPoints) {
		return nil // what is there may stand in for a script that is still to be written
	}
	return removeOthers(bundleDir, files)
}

// bundleTests leaves one .mjs file per test file: Node does not read TypeScript by itself.
func bundleTests(dir string) error {
	entries, err := filepath.Glob(sourceDir + "/*.test.ts")
	if err != nil || len(entries) == 0 {
		return err
	}
	options := common()
	options.EntryPoints = entries
	options.Outdir = dir
	options.OutExtension = map[string]string{".js": ".mjs"}
	options.Platform = api.PlatformNode
	options.Sourcemap = api.SourceMapInline // failures name the line of the .ts file
	english, err := loaded(texts.English, slices.Sorted(maps.Keys(texts.English.All())))
	if err != nil {
		return err
	}
	options.Banner = map[string]string{"js": string(english)} // as a page does, before the script

	files, err := build(options)
	if err != nil {
		return err
	}
	return write(files)
}

// forBrowsers are the options of what goes to bundleDir.
func forBrowsers() api.BuildOptions {
	options := common()
	options.Outdir = bundleDir
	options.Platform = api.PlatformBrowser
	options.MinifyWhitespace = true
	options.MinifyIdentifiers = true
	options.MinifySyntax = true
	options.Sourcemap = api.SourceMapLinked
	return options
}

func common() api.BuildOptions {
	return api.BuildOptions{
		Bundle:   true,
		Format:   api.FormatESModule,
		Target:   api.ES2022,
		Outbase:  sourceDir,
		Charset:  api.CharsetUTF8,
		LogLevel: api.LogLevelWarning,
		// A node_modules that links elsewhere must not leak where into the source maps.
		PreserveSymlinks: true,
	}
}

func build(options api.BuildOptions) ([]api.OutputFile, error) {
	result := api.Build(options)
	if len(result.Errors) > 0 {
		if _, err := os.Stat("node_modules"); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("cannot bundle: npm packages are missing, make setup fetches them")
		}
		return nil, fmt.Errorf("cannot bundle: %d errors", len(result.Errors))
	}
	return result.OutputFiles, nil
}

// write leaves files alone that already read as they should: builds that go on meanwhile never see half a file.
func write(files []api.OutputFile) error {
	for _, file := range files {
		if old, err := os.ReadFile(file.Path); err == nil && bytes.Equal(old, file.Contents) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file.Path, file.Contents, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func removeOthers(dir string, keep []api.OutputFile) error {
	wanted := make(map[string]bool, len(keep))
	for _, file := range keep {
		wanted[filepath.Base(file.Path)] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if wanted[entry.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// existing leaves out, with a word, the entry points that are not there.
func existing(paths []string) ([]string, error) {
	var found []string
	for _, path := range paths {
		_, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fmt.Fprintln(os.Stderr, "assets: no", path)
		case err != nil:
			return nil, err
		default:
			found = append(found, path)
		}
	}
	return found, nil
}
