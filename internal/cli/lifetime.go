package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
)

const extendHelp = `linger extend TOPIC SEQ... --ttl D [flags]

Makes messages live D from now: longer than they were to, or shorter. Nothing outlives its publish time and the longest
lifetime that the topic allowed then.

  --ttl D        how long from now: 30s, 1h30m, 7d
  --server ADDR  the server (default localhost:50074)

  linger extend orders 42 --ttl 1h
`

const expireHelp = `linger expire TOPIC SEQ... [flags]

Ends messages at once, as expired.

  --server ADDR  the server (default localhost:50074)

  linger expire orders 42 43
`

func newExtend(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	ttl := client.DefaultTTL
	flags.Var(durationFlag{&ttl}, "ttl", "")
	return func(ctx context.Context, a *app, args []string) error {
		switch ttl {
		case client.DefaultTTL:
			return usage("extend needs --ttl, how long the messages shall live from now; see linger extend --help")
		case 0:
			return usage("--ttl 0 would end the messages at once; linger expire does that")
		}
		return a.eachMessage(ctx, "extend", args, func(c *client.Client, topic string, seq uint64) (string, error) {
			return extend(ctx, c, topic, seq, ttl)
		})
	}
}

func extend(ctx context.Context, c *client.Client, topic string, seq uint64, ttl time.Duration) (string, error) {
	l, err := c.Extend(ctx, topic, seq, ttl)
	if err != nil {
		return "", err
	}
	what := fmt.Sprintf("kept %s more, until %s", formatLeft(l.TimeLeft.Round(time.Second)), clock(l.ExpireTime, l.ExpireTime.Add(-l.TimeLeft)))
	if l.LoweredToMaximum {
		what += " (lowered to the topic's maximum)"
	}
	return what, nil
}

func newExpire(*pflag.FlagSet) func(context.Context, *app, []string) error {
	return func(ctx context.Context, a *app, args []string) error {
		return a.eachMessage(ctx, "expire", args, func(c *client.Client, topic string, seq uint64) (string, error) {
			_, err := c.Expire(ctx, topic, seq)
			return "expired", err
		})
	}
}

// eachMessage does something to each message that args name and prints what. One that fails does not stop the others.
func (a *app) eachMessage(ctx context.Context, command string, args []string, do func(*client.Client, string, uint64) (string, error)) error {
	if len(args) < 2 {
		return usage("%s takes a topic and at least one sequence; see linger %s --help", command, command)
	}
	topic, seqs := args[0], make([]uint64, len(args)-1)
	for i, arg := range args[1:] {
		seq, err := strconv.ParseUint(strings.TrimPrefix(arg, "#"), 10, 64)
		if err != nil || seq == 0 {
			return usage("%q is not a sequence; they are whole numbers from 1", arg)
		}
		seqs[i] = seq
	}
	c, err := a.dial()
	if err != nil {
		return err
	}
	failed := false
	for _, seq := range seqs {
		what, err := do(c, topic, seq)
		if err != nil {
			failed = true
			a.note("%s #%d: %v", topic, seq, err)
			continue
		}
		if _, err := fmt.Fprintf(a.Stdout, "%s #%d %s\n", topic, seq, what); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}
