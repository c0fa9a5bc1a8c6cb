package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// generated takes the comments out of generated code before it is bundled: a changed comment in a .proto file would
// otherwise move the lines that every map names.
var generated = api.Plugin{Name: "generated", Setup: func(build api.PluginBuild) {
	build.OnLoad(api.OnLoadOptions{Filter: `/web/ts/gen/.*\.ts$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		source, err := os.ReadFile(args.Path)
		plain := api.Transform(string(source), api.TransformOptions{Loader: api.LoaderTS, Target: api.ES2022, Charset: api.CharsetUTF8})
		contents := string(plain.Code)
		return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS, Errors: plain.Errors}, err
	})
}}

// sourceMap has the fields in the order in which the bundler writes them.
type sourceMap struct {
	Version        int       `json:"version"`
	SourceRoot     string    `json:"sourceRoot,omitempty"`
	Sources        []string  `json:"sources"`
	SourcesContent []*string `json:"sourcesContent"`
	Mappings       string    `json:"mappings"`
	Names          []string  `json:"names"`
}

// trimMaps leaves out of the maps the text that nobody here wrote: generated code and npm packages.
func trimMaps(files []api.OutputFile) error {
	for i, file := range files {
		if !strings.HasSuffix(file.Path, ".map") {
			continue
		}
		var m sourceMap
		if err := json.Unmarshal(file.Contents, &m); err != nil {
			return fmt.Errorf("%s: %w", path.Base(file.Path), err)
		}
		for k, source := range m.Sources {
			if strings.Contains(source, "/node_modules/") || strings.Contains(source, "/web/ts/gen/") {
				m.SourcesContent[k] = nil
			}
		}
		text, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		files[i].Contents = append(text, '\n')
	}
	return nil
}

// checkMaps refuses source maps that name a place on this machine: they would differ from one checkout to the next, and
// tell strangers where the builder keeps things.
func checkMaps(files []api.OutputFile) error {
	for _, file := range files {
		if !strings.HasSuffix(file.Path, ".map") {
			continue
		}
		var sourceMap struct {
			SourceRoot string   `json:"sourceRoot"`
			Sources    []string `json:"sources"`
		}
		if err := json.Unmarshal(file.Contents, &sourceMap); err != nil {
			return fmt.Errorf("%s: %w", path.Base(file.Path), err)
		}
		for _, source := range append(sourceMap.Sources, sourceMap.SourceRoot) {
			inside := path.Join(bundleDir, source)
			if path.IsAbs(source) || strings.Contains(source, ":") || strings.HasPrefix(inside, "..") {
				return fmt.Errorf("%s names %q, which is not a path inside the module", path.Base(file.Path), source)
			}
		}
	}
	return nil
}
