// Command peers measures Linger beside its peers: the same work, on this machine, in one run. `make peers` builds and
// installs what it needs and runs it; docs/performance.md tells what it found.
//
// Each measurement has processes of its own: the server, one that publishes, one that reads. All of them are new each
// time, speak over loopback, and end with the measurement. Rounds are interleaved: in each, every system of a workload
// is measured once, so that what else the machine does meets all alike, and what is compared is the ratio of two
// measurements of the same round. Linux only.
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
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "worker":
		return runWorker(args[1], os.Stdin, os.Stdout)
	case len(args) == 3 && args[0] == "floor":
		return runFloor(args[1], args[2])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.show != "" {
		return show(os.Stdout, o.show)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return o.compare(ctx, os.Stdout, os.Stderr)
}

// options are what the command line says.
type options struct {
	rounds   int
	only     *regexp.Regexp
	systems  *regexp.Regexp
	json     string
	dir      string
	profile  string
	trace    string
	list     bool
	show     string
	binaries string
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	only := flags.String("only", "", "measure workloads whose names match this `regexp`, such as ^durable")
	which := flags.String("systems", "", "measure systems whose names match this `regexp`")
	flags.IntVar(&o.rounds, "rounds", 7, "rounds of each workload")
	flags.StringVar(&o.json, "json", "", "write every measurement to this `file`, too")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "folder below which servers store; its file system is measured")
	flags.StringVar(&o.profile, "profile", "", "write CPU profiles of Linger's server and of the load to this `folder`")
	flags.StringVar(&o.trace, "trace", "", "write execution traces of Linger's server and of the load, of a second each, to this `folder`")
	flags.BoolVar(&o.list, "list", false, "list workloads, systems and their settings, and end")
	flags.StringVar(&o.show, "show", "", "print what -json wrote to this `file` as Markdown, and end")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q: there are only flags", flags.Arg(0))
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds %d: at least 1", o.rounds)
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	if o.systems, err = regexp.Compile(*which); err != nil {
		return o, fmt.Errorf("-systems: %w", err)
	}
	self, err := os.Executable()
	o.binaries = filepath.Dir(self)
	return o, err
}
