package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
)

const consoleHelp = `linger console [TOPIC] [flags]

The operator's prompt: each line goes to every subscriber and is echoed as kept until when, received by how many. The
topic is "console", which is what clients of the exercise's service read.

  --ttl D        how long the lines are kept (default: the topic's)
  --server ADDR  the server (default localhost:50074)

At the prompt, /ttl 10s changes the lifetime of what follows, and /ttl alone goes back to the topic's. A line that begins
with two slashes is sent with one.

  linger console
  echo "closing in ten minutes" | linger console --ttl 10m
`

// consoleTopic is what the exercise's service hands out.
const consoleTopic = "console"

const (
	// How long the echo waits for the line to reach the subscriptions there are, and how often it looks.
	receiveWithin = 250 * time.Millisecond
	receivePoll   = 10 * time.Millisecond
)

func newConsole(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	ttl := client.DefaultTTL
	flags.Var(durationFlag{&ttl}, "ttl", "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) > 1 {
			return usage("console takes at most one topic; see linger console --help")
		}
		topic := consoleTopic
		if len(args) == 1 {
			topic = args[0]
		}
		c, err := a.dial()
		if err != nil {
			return err
		}
		return (&prompt{app: a, client: c, topic: topic, ttl: ttl}).run(ctx)
	}
}

// prompt reads lines and publishes each.
type prompt struct {
	*app
	client *client.Client
	topic  string
	ttl    time.Duration
	failed bool
}

// run ends with the input or with ctx. A line that could not be published does not end it, but fails the command.
func (p *prompt) run(ctx context.Context) error {
	lines, readErr := make(chan []byte), make(chan error, 1)
	go func() { // may stay in a Read that nothing ends; it ends with the process then
		defer close(lines)
		readErr <- p.read(ctx, lines)
	}()
	for {
		if isTerminal(p.Stdin) {
			fmt.Fprint(p.Stdout, "mes:")
		}
		select {
		case line, ok := <-lines:
			if !ok {
				return errors.Join(<-readErr, p.result())
			}
			if err := p.line(ctx, line); err != nil {
				return err
			}
		case <-ctx.Done():
			if isTerminal(p.Stdin) {
				fmt.Fprintln(p.Stdout)
			}
			return p.result()
		}
	}
}

func (p *prompt) result() error {
	if p.failed {
		return errReported
	}
	return nil
}

// read sends copies of the input's lines until it ends.
func (p *prompt) read(ctx context.Context, lines chan<- []byte) error {
	in := bufio.NewReader(p.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && len(line) == 0 {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		select {
		case lines <- []byte(strings.TrimRight(string(line), "\r\n")):
		case <-ctx.Done():
			return nil
		}
	}
}

// line does what one line asks. An error is that of standard output.
func (p *prompt) line(ctx context.Context, line []byte) error {
	text := string(line)
	switch {
	case text == "":
		return nil
	case strings.HasPrefix(text, "//"):
		line = line[1:]
	case strings.HasPrefix(text, "/"):
		return p.command(strings.Fields(text))
	}
	ack, err := p.client.Publish(ctx, p.topic, p.ttl, client.Message{Data: line})
	if err != nil {
		p.complain(err)
		p.failed = true
		return nil
	}
	_, err = fmt.Fprintf(p.Stdout, "#%d %s, received by %d\n", ack.Sequence, p.kept(ack), p.receivedBy(ctx, ack))
	return err
}

func (p *prompt) kept(a client.Ack) string {
	if a.TTL == 0 {
		return "now or never"
	}
	return fmt.Sprintf("kept until %s (%s)", clock(a.ExpireTime, a.PublishTime), formatDuration(a.TTL))
}

// command does what a line that begins with a slash asks.
func (p *prompt) command(words []string) error {
	if words[0] != "/ttl" || len(words) > 2 {
		p.note("there is no %s; /ttl 10s changes the lifetime, // sends a line that begins with a slash", words[0])
		return nil
	}
	if len(words) == 1 {
		p.ttl = client.DefaultTTL
		_, err := fmt.Fprintln(p.Stdout, "what follows is kept for the topic's default")
		return err
	}
	ttl, err := parseDuration(words[1])
	if err != nil {
		p.note("/ttl: %v", err)
		return nil
	}
	p.ttl = ttl
	_, err = fmt.Fprintf(p.Stdout, "what follows is kept %s\n", formatDuration(ttl))
	return err
}

// receivedBy waits a moment for the line to reach the subscriptions there are, and returns how many it reached.
func (p *prompt) receivedBy(ctx context.Context, ack client.Ack) uint32 {
	ctx, cancel := context.WithTimeout(ctx, receiveWithin)
	defer cancel()
	topic, err := p.client.GetTopic(ctx, p.topic)
	if err != nil {
		return 0
	}
	var reached uint32
	for {
		state, err := p.client.GetMessage(ctx, p.topic, ack.Sequence)
		switch {
		case err != nil:
			return reached
		case state.Ended != nil:
			return state.Ended.Deliveries
		}
		if reached = state.Retained.Deliveries; reached >= topic.Stats.Subscriptions {
			return reached
		}
		select {
		case <-ctx.Done():
			return reached
		case <-time.After(receivePoll):
		}
	}
}
