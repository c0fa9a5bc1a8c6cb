package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
	"linger/internal/bench"
)

const benchHelp = `linger bench [publish|fanout|latency|replay|expiry] [flags]

Gives a running server work and measures it: rates, times, and whether every message came once, in order, as it was. Without a
workload: each of them for a few seconds. The topics are its own and are deleted in the end.

  publish  publishers only, until the acknowledgement
  fanout   publishers and subscribers, as fast as the slowest subscriber follows, or at a rate
  latency  publishers and subscribers at a rate: publish to acknowledgement, publish to delivery
  replay   publishes first; then subscribers come and read what is retained
  expiry   messages that die at one instant while others are published at a rate: what that does to publishing, and how soon the
           dead are gone from every count

  --messages N     end after N messages; 0: any number (default 1000000 with replay and expiry, else 20000000)
  --duration D     end after D; 0: no matter how long (default 5s; 1m with replay). With expiry: how long before they die. What is
                   first ends it; given one of the two alone, the other is none
  --size SIZE      each message's data, at least 28 bytes (default 128)
  --ttl D          how long the server keeps a message (default 5s; 5m with replay)
  --publishers N   each with its own connection (default 1)
  --subscribers N  each with its own connection (default 1; 10 with fanout)
  --topics N       shared evenly by both (default 1; 10 with expiry)
  --topic NAME     the topic, or what the names of several begin with; one that exists is used and left (default: bench and a
                   random number)
  --rate N         messages a second in all; 0: as fast as it goes (default 0; 1000 with latency, 2000 with expiry)
  --batch N        publish N messages at once and wait for the answer; 0: stream them (default 0). With expiry: at most N
                   messages of a topic together, so that 1 makes each die by itself; 0: as many as fit
  --window SIZE    what a publisher that streams may have unanswered (default 16MiB)
  --lag D          fanout without --rate: publishers wait while a subscriber is further behind (default 50ms)
  --durability D   memory or fsynced (default: the strongest that the store offers)
  --json           as one object
  --server ADDR    the server (default localhost:50074)

At a rate, times count from when a message was due, not from when it could be sent, so a server that stalls cannot hide it;
"due → sent" is how late this program was itself. Run it on another machine than the server's, or know that both share one.
Exit status 1 if a message was lost, doubled, out of order or changed, or refused. Ctrl-C ends it and shows what was measured.

  linger bench
  linger bench fanout --subscribers 100
  linger bench latency --rate 100000 --duration 30s --json
  linger bench expiry --messages 1000000 --durability memory
`

// benchFlags are the flags of bench.
type benchFlags struct {
	settings     bench.Settings // what was given
	size, window int64
	durability   string
	json         bool
	flags        *pflag.FlagSet
}

func newBench(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	f := &benchFlags{flags: flags}
	s := &f.settings
	flags.IntVar(&s.Messages, "messages", 0, "")
	flags.Var(durationFlag{&s.Duration}, "duration", "")
	flags.Var(sizeFlag{&f.size, 0, ""}, "size", "")
	flags.Var(durationFlag{&s.TTL}, "ttl", "")
	flags.IntVar(&s.Publishers, "publishers", 0, "")
	flags.IntVar(&s.Subscribers, "subscribers", 0, "")
	flags.IntVar(&s.Topics, "topics", 0, "")
	flags.StringVar(&s.Topic, "topic", "", "")
	flags.IntVar(&s.Rate, "rate", 0, "")
	flags.IntVar(&s.Batch, "batch", 0, "")
	flags.Var(sizeFlag{&f.window, 0, ""}, "window", "")
	flags.Var(durationFlag{&s.Lag}, "lag", "")
	flags.StringVar(&f.durability, "durability", "", "")
	flags.BoolVar(&f.json, "json", false, "")
	return func(ctx context.Context, a *app, args []string) error {
		workloads, err := f.workloads(args)
		if err != nil {
			return err
		}
		return a.bench(ctx, workloads, f.json)
	}
}

// workloads are what is to be done, one after the other.
func (f *benchFlags) workloads(args []string) ([]bench.Settings, error) {
	if len(args) > 1 {
		return nil, usage("bench takes at most one workload; see linger bench --help")
	}
	durability, ok := durabilities[f.durability]
	if !ok {
		return nil, usage("--durability: %q is neither memory nor fsynced", f.durability)
	}
	f.settings.Size, f.settings.Window, f.settings.Durability = int(f.size), int(f.window), durability
	if len(args) == 0 {
		return f.every()
	}
	w := bench.Workload(args[0])
	if !slices.Contains(bench.Workloads(), w) {
		return nil, usage("there is no workload %q; there are %s", args[0], joined(bench.Workloads()))
	}
	for _, name := range f.given() {
		if !w.Takes(name) && !f.fromVariable(name) {
			return nil, usage("--%s does not go with %s; see linger bench --help", name, w)
		}
	}
	s := bench.Defaults(w)
	f.apply(&s)
	if err := s.Validate(); err != nil {
		return nil, &usageError{err}
	}
	return []bench.Settings{s}, nil
}

// every is a short run of each workload. Few flags mean the same to all of them.
func (f *benchFlags) every() ([]bench.Settings, error) {
	for _, name := range f.given() {
		if !slices.Contains([]string{"size", "durability", "json", "server"}, name) && !f.fromVariable(name) {
			return nil, usage("--%s goes with a workload: %s", name, joined(bench.Workloads()))
		}
	}
	all := bench.Quick()
	for i := range all {
		if f.flags.Changed("size") {
			all[i].Size = f.settings.Size
		}
		all[i].Durability = f.settings.Durability
		if err := all[i].Validate(); err != nil {
			return nil, &usageError{err}
		}
	}
	return all, nil
}

// given are the names of the flags that were.
func (f *benchFlags) given() (names []string) {
	f.flags.Visit(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// fromVariable says that nobody gave the flag for this workload.
func (f *benchFlags) fromVariable(name string) bool {
	value, ok := f.flags.Lookup(name).Value.(*collected)
	return ok && value.source != "--"+name
}

// apply replaces defaults with what was given.
func (f *benchFlags) apply(s *bench.Settings) {
	g, given := &f.settings, f.flags.Changed
	if given("messages") != given("duration") && s.Workload != bench.Replay && s.Workload != bench.Expiry {
		s.Messages, s.Duration = 0, 0 // the one that was given ends it
	}
	for name, set := range map[string]func(){
		"messages":    func() { s.Messages = g.Messages },
		"duration":    func() { s.Duration = g.Duration },
		"size":        func() { s.Size = g.Size },
		"ttl":         func() { s.TTL = g.TTL },
		"publishers":  func() { s.Publishers = g.Publishers },
		"subscribers": func() { s.Subscribers = g.Subscribers },
		"topics":      func() { s.Topics = g.Topics },
		"topic":       func() { s.Topic = g.Topic },
		"rate":        func() { s.Rate = g.Rate },
		"batch":       func() { s.Batch = g.Batch },
		"window":      func() { s.Window = g.Window },
		"lag":         func() { s.Lag = g.Lag },
		"durability":  func() { s.Durability = g.Durability },
	} {
		if given(name) && s.Workload.Takes(name) {
			set()
		}
	}
}

func joined(workloads []bench.Workload) string {
	names := make([]string, len(workloads))
	for i, w := range workloads {
		names[i] = string(w)
	}
	return strings.Join(names, ", ")
}

// bench runs workloads and tells what they found.
func (a *app) bench(ctx context.Context, workloads []bench.Settings, asJSON bool) error {
	if len(workloads) > 1 {
		a.note("%s, a few seconds each; linger bench WORKLOAD does one of them at length", joined(bench.Workloads()))
	}
	report := jsonBench{Server: a.server, Workloads: []jsonWorkload{}}
	failed := false
	for i, s := range workloads {
		if ctx.Err() != nil {
			break
		}
		r, err := a.benchOne(ctx, s)
		if r != nil {
			report.Workloads = append(report.Workloads, newJSONWorkload(r, err))
			if !asJSON && len(r.Rows) > 0 { // otherwise it was refused before anything was measured
				if err := writeBench(a.Stdout, r, i > 0); err != nil {
					return err
				}
			}
			for _, note := range r.Notes {
				a.note("%s", note)
			}
			failed = failed || r.Wrong() > 0
		}
		if err != nil {
			a.complain(fmt.Errorf("%s: %w", s.Workload, err))
			failed = true
			break
		}
	}
	if asJSON {
		if err := newJSON(a.Stdout, isTerminal(a.Stdout)).Encode(report); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// benchOne runs one workload, with a progress line on a terminal.
func (a *app) benchOne(ctx context.Context, s bench.Settings) (*bench.Result, error) {
	b := bench.New(s, func() (*client.Client, error) {
		c, err := client.Dial(a.server, client.Options{UserAgent: "linger/" + a.Version})
		if err != nil {
			return nil, &usageError{err}
		}
		return c, nil
	})
	bar := a.startProgress(func(width int) string { return benchProgress(width, s.Workload, b.Progress()) })
	r, err := b.Run(ctx)
	bar.stop()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil
	}
	return r, err
}

// benchProgress is a workload's line while it runs.
func benchProgress(width int, w bench.Workload, p bench.Progress) string {
	what := string(w) + ": " + p.Phase
	var more []string
	if p.Whole == 0 {
		more = append(more, what)
	}
	if p.Messages > 0 {
		more = append(more, grouped(p.Rate)+" a second", counted(p.Messages, "message"))
	}
	if p.P99 > 0 {
		more = append(more, "p99 "+formatTime(p.P99))
	}
	return barLine(width, p.Done, p.Whole, what, more...)
}

// formatTime writes how long something took, in three digits: 85 µs, 1.23 ms, 12.3 ms, 1.23 s.
func formatTime(d time.Duration) string {
	digits := func(v float64, unit string) string {
		switch {
		case v < 9.995:
			return fmt.Sprintf("%.2f %s", v, unit)
		case v < 99.95:
			return fmt.Sprintf("%.1f %s", v, unit)
		}
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	switch d = d.Round(time.Microsecond); {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second-500*time.Microsecond: // which would be 1000 ms
		return digits(float64(d)/float64(time.Millisecond), "ms")
	}
	return digits(d.Seconds(), "s")
}
