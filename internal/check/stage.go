package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// A stage is one thing to be checked. It writes what a person needs to see when it fails.
type stage struct {
	name string
	run  func(context.Context, io.Writer) (tally, error)
}

// tally counts tests; stages that run none leave it zero.
type tally struct{ passed, failed, skipped int }

// peers is the folder of the module that measures rivals.
const peers = "test/peers"

// lint has vet behind golangci-lint, which has compiled by then what both read: beside one another both compile it. What vet
// finds, go test need not look for. The others need no particular order.
var lint = []stage{
	command("golangci-lint", "bin/golangci-lint", "run", "./..."),
	command("vet", "go", "vet", "./..."), // of generated code too
	{"lint peers", func(ctx context.Context, out io.Writer) (tally, error) { // a module of its own: no part of ./...
		return tally{}, executeIn(ctx, out, peers, "../../bin/golangci-lint", "run", "--config", "../../.golangci.yml", "./...")
	}},
	command("buf lint", "bin/buf", "lint"),
	command("buf breaking", "scripts/breaking.sh"),
	command("types", "node_modules/.bin/tsc"),
	{"imports", imports},
	{"versions", versions},
}

// command is a stage that passes when its program exits with 0.
func command(name string, args ...string) stage {
	return stage{name, func(ctx context.Context, out io.Writer) (tally, error) {
		return tally{}, execute(ctx, out, args...)
	}}
}

func execute(ctx context.Context, out io.Writer, args ...string) error {
	return executeIn(ctx, out, ".", args...)
}

// executeIn has what is compiled be as in a release, without C: the tests build that too, and find it done.
func executeIn(ctx context.Context, out io.Writer, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// mostLines is how many lines of a failed stage are shown: enough to begin with.
const mostLines = 100

// runner runs stages and remembers how they ended.
type runner struct {
	out io.Writer

	mu     sync.Mutex // guards out and what follows
	total  tally
	broken []string
}

// inTurn runs stages one after the other, and shows the output of those that fail.
func (r *runner) inTurn(ctx context.Context, stages []stage) {
	for _, s := range stages {
		var output bytes.Buffer
		start := time.Now()
		counts, err := s.run(ctx, &output)
		r.ended(s, counts, err, time.Since(start), output.Bytes())
	}
}

// live runs one stage and shows what it writes at once. Others run beside it, in turn.
func (r *runner) live(ctx context.Context, s stage, beside ...stage) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { r.inTurn(ctx, beside) })
	start := time.Now()
	counts, err := s.run(ctx, r)
	r.ended(s, counts, err, time.Since(start), nil)
}

// Write writes between what other stages write.
func (r *runner) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(b)
}

func (r *runner) ended(s stage, counts tally, err error, took time.Duration, output []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		counts.failed = max(counts.failed, 1)
		r.broken = append(r.broken, s.name)
	}
	r.total.passed += counts.passed
	r.total.failed += counts.failed
	r.total.skipped += counts.skipped

	if err == nil {
		fmt.Fprintf(r.out, "ok    %-14s %5.1fs%s\n", s.name, took.Seconds(), onlyLine(output))
		return
	}
	fmt.Fprintf(r.out, "FAIL  %-14s %5.1fs\n", s.name, took.Seconds())
	lines := slices.Collect(strings.Lines(string(output)))
	for _, line := range lines[:min(len(lines), mostLines)] {
		fmt.Fprintf(r.out, "      %s", line)
	}
	if more := len(lines) - mostLines; more > 0 {
		fmt.Fprintf(r.out, "      … %d more lines\n", more)
	}
	fmt.Fprintf(r.out, "      %v\n", err)
}

// onlyLine is what a stage that passed has to tell, if that is no more than a line.
func onlyLine(output []byte) string {
	line := bytes.TrimSpace(output)
	if len(line) == 0 || bytes.ContainsRune(line, '\n') {
		return ""
	}
	return "  " + string(line)
}

// summary ends the output; its last line has the form that people and machines look for.
func (r *runner) summary() bool {
	if len(r.broken) > 0 {
		fmt.Fprintln(r.out, "failed:", strings.Join(r.broken, ", "))
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.total.passed, r.total.failed, r.total.skipped)
	return len(r.broken) == 0
}
