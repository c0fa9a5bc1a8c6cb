package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// generate makes every committed generated file anew, with the tools that tools/go.mod and the npm lock file pin.
func generate(ctx context.Context, out io.Writer) error {
	steps := [][]string{
		{"bin/buf", "generate"},
		{"bin/buf", "generate", "--template", "buf.gen.ts.yaml"},
		{"bin/templ", "generate", "-path", "web", "-log-level", "warn"},
		{"go", "run", "./internal/assets"},
	}
	for _, step := range steps {
		if err := execute(ctx, out, step...); err != nil {
			return err
		}
	}
	return nil
}

// generated checks that generating changes nothing: what is committed comes from its sources, and from nothing else.
var generated = stage{"generated", func(ctx context.Context, out io.Writer) (tally, error) {
	before, err := generatedFiles()
	if err != nil {
		return tally{}, err
	}
	if err := generate(ctx, out); err != nil {
		return tally{}, err
	}
	after, err := generatedFiles()
	if err != nil {
		return tally{}, err
	}
	if changed := differences(before, after); len(changed) > 0 {
		return tally{}, fmt.Errorf("generated anew, commit them: %s", strings.Join(changed, " "))
	}
	return tally{}, nil
}}

// generatedFiles maps each generated file to the hash of its content.
func generatedFiles() (map[string][sha256.Size]byte, error) {
	found := make(map[string][sha256.Size]byte)
	for _, root := range []string{"proto", "web", "static/dist"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() || !isGenerated(path) {
				return err
			}
			content, err := os.ReadFile(path)
			found[path] = sha256.Sum256(content)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func isGenerated(path string) bool {
	return strings.HasSuffix(path, ".pb.go") || strings.HasSuffix(path, "_templ.go") ||
		strings.HasPrefix(path, "web/ts/gen/") || strings.HasPrefix(path, "static/dist/")
}

// differences lists what only one side has, or has otherwise.
func differences[V comparable](before, after map[string]V) []string {
	changed := make(map[string]bool)
	for path, hash := range before {
		if now, ok := after[path]; !ok || now != hash {
			changed[path] = true
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			changed[path] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
