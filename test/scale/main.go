package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	only := flags.String("only", "", "measure the parts whose names match this `regexp`")
	list := flags.Bool("list", false, "list the parts, and end")
	profile := flags.String("profile", "", "write profiles of the servers to this `folder`: of their heap where a part is about memory, of CPU otherwise")
	trace := flags.String("trace", "", "write execution traces of the servers to this `folder`, where profiles would be of CPU")
	bare := flags.String("bare", "", "only be the floor of others: answer with what is recorded in this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q: there are only flags", flags.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *bare != "" {
		return serveBare(ctx, *bare)
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	h := &harness{ctx: ctx, self: self, linger: filepath.Join(filepath.Dir(self), "linger"), profile: *profile, trace: *trace}
	var failed error
	for _, p := range parts {
		if !wanted.MatchString(p.name) {
			continue
		}
		if *list {
			fmt.Printf("%-16s %s\n", p.name, p.title)
			continue
		}
		if err := h.measure(p); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.name, err)) // the others are worth measuring
		}
		if ctx.Err() != nil {
			break
		}
	}
	h.print(os.Stdout)
	return failed
}

// measure runs one part, and ends all that it started.
func (h *harness) measure(p part) (err error) {
	began := time.Now()
	h.part, h.shown = p.name, len(h.lines)
	defer func() {
		h.end()
		for _, l := range h.lines[h.shown:] {
			fmt.Fprintf(os.Stderr, "%s\n", l)
		}
		fmt.Fprintf(os.Stderr, "# %s: %s\n", p.name, time.Since(began).Round(100*time.Millisecond))
	}()
	return p.run(h)
}
