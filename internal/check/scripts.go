package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// scripts runs the unit tests of the dashboard's script in Node.
var scripts = stage{"script tests", func(ctx context.Context, out io.Writer) (tally, error) {
	dir, err := os.MkdirTemp("", "linger-script-tests-")
	if err != nil {
		return tally{}, err
	}
	defer os.RemoveAll(dir)
	if err := execute(ctx, out, "go", "run", "./internal/assets", "-tests", dir); err != nil {
		return tally{}, err
	}
	files, err := filepath.Glob(dir + "/*.mjs")
	if err != nil || len(files) == 0 {
		return tally{}, err
	}
	var tap bytes.Buffer
	args := append([]string{"node", "--enable-source-maps", "--test", "--test-reporter=tap"}, files...)
	runErr := execute(ctx, &tap, args...)
	counts, err := readTAP(tap.String())
	if runErr != nil || err != nil {
		_, _ = tap.WriteTo(out)
	}
	if runErr != nil {
		return counts, runErr
	}
	return counts, err
}}

// readTAP reads the totals that node writes at the end, as in "# pass 23".
func readTAP(tap string) (tally, error) {
	totals := make(map[string]int)
	for line := range strings.Lines(tap) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != "#" {
			continue
		}
		if n, err := strconv.Atoi(fields[2]); err == nil {
			totals[fields[1]] = n
		}
	}
	counts := tally{
		passed:  totals["pass"],
		failed:  totals["fail"] + totals["cancelled"],
		skipped: totals["skipped"] + totals["todo"],
	}
	if _, ok := totals["pass"]; !ok {
		return counts, fmt.Errorf("node told no totals")
	}
	return counts, nil
}
