package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
)

const subHelp = `linger sub PATTERN... [flags]

Prints messages as they come: first what is retained, then what is published. In a pattern, * stands for one part of a
topic's name and a final > for the rest; quote it. A topic that does not exist yet is waited for.

  --from all|new|last:N|SEQ|TIME|-5m  where to begin (default all)
  --slow told|disconnect|newest       when messages ended before they came: say how many and go on (default told), fail, or
                 say how many and go on with the newest
  --count N      end after N messages; 0: never (default 0)
  --json         one object a line: topic, sequence, publish_time, expire_time, ttl_ms_left, key, attributes, and data
                 (text) or data_base64
  --retry D      give up when the server stays unreachable this long; 0: never (default: 30s until the first connection,
                 then never)
  --server ADDR  the server (default localhost:50074)

Into a pipe or file goes the data alone, as it is, a newline after each message; data that holds newlines is better told
apart with --json. On a terminal, topic, sequence and time left come first, and control characters show as symbols. After
a lost connection it goes on where it was. Gaps and resets are told on standard error.

  linger sub hello
  linger sub 'logs.>' --from -5m --json
  linger sub numbers --count 1000 > numbers.txt
`

// firstConnection is how long sub tries to reach a server that it never reached yet.
const firstConnection = 30 * time.Second

// subFlags are the flags of sub.
type subFlags struct {
	from  fromFlag
	slow  slowFlag
	count uint64
	json  bool
	retry time.Duration
}

// slowFlag is what happens when sub falls behind what is retained.
type slowFlag struct{ policy client.SlowPolicy }

var slowPolicies = map[string]client.SlowPolicy{
	"told": client.SlowTold, "disconnect": client.SlowDisconnect, "newest": client.SlowSkipToNewest,
}

func (f *slowFlag) Set(s string) error {
	policy, ok := slowPolicies[s]
	if !ok {
		return wrongValue("%q is none of told, disconnect and newest", s)
	}
	f.policy = policy
	return nil
}

func (f *slowFlag) String() string {
	for name, policy := range slowPolicies {
		if policy == f.policy {
			return name
		}
	}
	return ""
}

func (*slowFlag) Type() string { return "policy" }

func newSub(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	f := subFlags{retry: -1}
	flags.Var(&f.from, "from", "")
	flags.Var(&f.slow, "slow", "")
	flags.Uint64Var(&f.count, "count", 0, "")
	flags.BoolVar(&f.json, "json", false, "")
	flags.Var(durationFlag{&f.retry}, "retry", "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) == 0 {
			return usage("sub takes at least one topic or pattern, such as '>' for everything; see linger sub --help")
		}
		return a.subscribe(ctx, f, args)
	}
}

// subscribe prints until ctx ends, count is reached, or the reader of standard output is gone.
func (a *app) subscribe(ctx context.Context, f subFlags, patterns []string) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if file, ok := a.Stdout.(*os.File); ok {
		whenHungUp(file, cancel)
	}
	start, err := f.from.resolve(ctx, c)
	if err != nil {
		return err
	}
	out := newOutput(a.Stdout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, out.abandon) })
	defer stop()
	terminal := isTerminal(a.Stdout)
	s := &subscriber{app: a, flags: f, out: out, encoder: newJSON(out, terminal), terminal: terminal}
	err = s.read(ctx, c.Subscribe(patterns, client.SubscribeOptions{
		Start: start, Slow: f.slow.policy, RetryFor: max(f.retry, 0), Name: "linger sub",
	}))
	if closeErr := out.close(); closeErr != nil {
		return closeErr // reading ended for the same reason, if for any
	}
	return err
}

// subscriber prints the events of one subscription.
type subscriber struct {
	*app
	flags    subFlags
	terminal bool
	out      *output
	encoder  *json.Encoder
	line     []byte
	printed  uint64
	outage   bool // told, and not over
}

func (s *subscriber) read(ctx context.Context, sub *client.Subscription) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Until it has been reached once, an address that is wrong should not be waited for for ever.
	first := time.AfterFunc(firstConnection, func() { cancel(errNoServer) })
	defer first.Stop()
	if s.flags.retry >= 0 {
		first.Stop()
	}
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			return s.ended(ctx, err)
		}
		if _, ok := ev.(client.Hello); ok {
			first.Stop()
		}
		if err := s.event(ev); err != nil {
			return err
		}
		if s.flags.count > 0 && s.printed == s.flags.count {
			return nil
		}
	}
	return nil
}

var errNoServer = fmt.Errorf("%w for %s", client.ErrUnreachable, formatDuration(firstConnection))

// ended turns being asked to stop into success.
func (s *subscriber) ended(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errNoServer) {
		return errNoServer
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *subscriber) event(ev client.Event) error {
	switch ev := ev.(type) {
	case *client.Run:
		return s.run(ev)
	case client.Gap:
		s.note("%s: %s, %s", ev.Topic, ev, span(ev.FirstSequence, ev.LastSequence))
	case client.Reset:
		s.reset(ev)
	case client.Expired:
		s.note("%s: %s ended on the way, at the deadline", ev.Topic, span(ev.FirstSequence, ev.LastSequence))
	case client.Disconnected:
		if !s.outage {
			s.note("%v; trying again", ev.Err)
		}
		s.outage = true
	case client.Hello:
		if s.outage {
			s.note("connected")
		}
		s.outage = false
	}
	return nil
}

// span names consecutive messages.
func span(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("#%d", first)
	}
	return fmt.Sprintf("#%d to #%d", first, last)
}

func (s *subscriber) reset(r client.Reset) {
	what := "everything"
	if r.Topic != "" {
		what = r.Topic
	}
	if r.Gap != nil {
		s.note("reset: %s begins anew: %s; %s", what, r.Reason, r.Gap)
		return
	}
	s.note("reset: %s begins anew: %s", what, r.Reason)
}

func (s *subscriber) run(r *client.Run) error {
	for i := range r.Messages {
		if s.flags.count > 0 && s.printed == s.flags.count {
			return nil
		}
		if err := s.print(r, r.FirstSequence+uint64(i), r.Messages[i]); err != nil {
			return err
		}
		s.printed++
	}
	return nil
}

func (s *subscriber) print(r *client.Run, seq uint64, m client.Message) error {
	if s.flags.json {
		return s.encoder.Encode(newJSONMessage(r.Topic, seq, r.PublishTime, r.ExpireTime, r.TimeLeft, m))
	}
	if s.terminal {
		s.line = fmt.Appendf(s.line[:0], "%s #%d %s  %s", r.Topic, seq, formatLeft(r.TimeLeft), readable(m.Data))
	} else {
		s.line = append(s.line[:0], m.Data...)
	}
	s.line = append(s.line, '\n')
	_, err := s.out.Write(s.line)
	return err
}
