package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"linger/client"
)

const messagesHelp = `linger messages TOPIC [flags]

Lists everything retained in a topic, or in the topics of a pattern, in sequence order, with the time left.

  --json         one object a line, as linger sub --json
  --limit N      at most N messages; 0: all (default 0)
  --server ADDR  the server (default localhost:50074)

  linger messages hello
  linger messages orders --json | jq .data
`

func newMessages(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	asJSON := flags.Bool("json", false, "")
	limit := flags.Int("limit", 0, "")
	return func(ctx context.Context, a *app, args []string) error {
		switch {
		case len(args) != 1:
			return usage("messages takes one topic or pattern; see linger messages --help")
		case *limit < 0:
			return usage("--limit: %d is negative; 0 is for all", *limit)
		}
		return a.listMessages(ctx, args[0], *limit, *asJSON)
	}
}

func (a *app) listMessages(ctx context.Context, pattern string, limit int, asJSON bool) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(a.Stdout, 64<<10)
	var encoder *json.Encoder
	if asJSON {
		encoder = newJSON(out, isTerminal(a.Stdout))
	}
	return errors.Join(writeMessages(ctx, c, out, encoder, pattern, limit), out.Flush())
}

// writeMessages writes them with encoder or, without one, for people.
func writeMessages(ctx context.Context, c *client.Client, out *bufio.Writer, encoder *json.Encoder, pattern string, limit int) error {
	for m, err := range c.ListMessages(ctx, pattern, client.ListOptions{Limit: limit}) {
		switch {
		case err != nil:
		case encoder != nil:
			err = encoder.Encode(newJSONMessage(m.Topic, m.Sequence, m.PublishTime, m.ExpireTime, m.TimeLeft, m.Message))
		default:
			_, err = fmt.Fprintf(out, "%s #%d %s  %s\n", m.Topic, m.Sequence, formatLeft(m.TimeLeft), readable(m.Data))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
