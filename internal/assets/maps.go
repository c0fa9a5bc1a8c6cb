package main

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

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
