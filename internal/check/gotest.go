package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// testRun says which Go tests to run.
type testRun struct {
	name     string
	dir      string   // of their module
	packages []string // in the order in which they begin
	flags    []string
	told     []string // lines that have one of these are shown, from there on, also of tests that pass
}

// goTests runs Go tests with the race detector; corpora of fuzz targets run as ordinary tests.
func goTests(t testRun) stage {
	return stage{t.name, func(ctx context.Context, out io.Writer) (tally, error) {
		args := append([]string{"test", "-json", "-race"}, t.flags...)
		if os.Getenv("CI") != "" {
			args = append(args, "-count=1") // a result of another day proves nothing about this machine
		}
		cmd := exec.CommandContext(ctx, "go", append(args, t.packages...)...)
		cmd.Dir = t.dir
		cmd.Stderr = out
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		events, err := cmd.StdoutPipe()
		if err != nil {
			return tally{}, err
		}
		if err := cmd.Start(); err != nil {
			return tally{}, err
		}
		counts, readErr := readEvents(events, out, t.told)
		return counts, errors.Join(readErr, cmd.Wait())
	}}
}

// event is a line of go test -json.
type event struct {
	Action     string
	Package    string
	ImportPath string // instead of Package while building
	Test       string
	Elapsed    float64
	Output     string
}

// report turns events into a line per package, the output of what failed, and a tally.
type report struct {
	out    io.Writer
	told   []string
	counts tally
	output map[string]*strings.Builder // by package and test; forgotten once it passed
	parent map[string]bool             // tests that have subtests: only leaves are counted
	failed map[string]bool             // packages and tests below which a failure was counted
}

func readEvents(in io.Reader, out io.Writer, told []string) (tally, error) {
	r := &report{
		out:    out,
		told:   told,
		output: make(map[string]*strings.Builder),
		parent: make(map[string]bool),
		failed: make(map[string]bool),
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				r.handle(e)
			} else {
				fmt.Fprintf(out, "%s", line) // go itself, not a test
			}
		}
		if errors.Is(err, io.EOF) {
			return r.counts, nil
		}
		if err != nil {
			return r.counts, err
		}
	}
}

func (r *report) handle(e event) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "run":
		if i := strings.LastIndexByte(id, '/'); e.Test != "" && i > len(e.Package) {
			r.parent[id[:i]] = true
		}
	case "output":
		if r.output[id] == nil {
			r.output[id] = new(strings.Builder)
		}
		r.output[id].WriteString(e.Output)
		r.tell(e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageEnded(e)
		} else {
			r.testEnded(e, id)
		}
		delete(r.output, id)
	}
}

// tell shows a line that is to be shown in any case.
func (r *report) tell(e event) {
	for _, word := range r.told {
		if i := strings.Index(e.Output, word); i >= 0 {
			fmt.Fprintf(r.out, "      %s: %s", e.Test, e.Output[i:])
			return
		}
	}
}

func (r *report) testEnded(e event, id string) {
	switch {
	case e.Action == "fail":
		if !r.failed[id] {
			r.counts.failed++
		}
		// Whoever contains it has failed with it, and is no failure of its own.
		for above := id; ; {
			i := strings.LastIndexByte(above, '/')
			if i <= len(e.Package) {
				break
			}
			above = above[:i]
			r.failed[above] = true
		}
		r.failed[e.Package] = true
		r.show("FAIL", e, id)
	case e.Action == "skip":
		r.counts.skipped++
		r.show("skip", e, id)
	case !r.parent[id]:
		r.counts.passed++
	}
}

func (r *report) packageEnded(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "      %s %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		if !r.failed[e.Package] { // it did not build, or died outside any test
			r.counts.failed++
			r.show("FAIL", e, e.Package+" ")
			return
		}
		fmt.Fprintf(r.out, "FAIL  %s %.1fs\n", e.Package, e.Elapsed)
	}
}

// show prints what a test wrote, without the lines that the testing package frames it with.
func (r *report) show(word string, e event, id string) {
	fmt.Fprintf(r.out, "%s  %s %s\n", word, e.Package, e.Test)
	if r.output[id] == nil {
		return
	}
	for line := range strings.Lines(r.output[id].String()) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "=== ") || strings.HasPrefix(trimmed, "--- ") {
			continue
		}
		fmt.Fprintf(r.out, "      %s", line)
	}
}
