package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
)

const pubHelp = `linger pub TOPIC [MESSAGE] [flags]

Publishes MESSAGE or, without it, each line of standard input as a message of its own. Lines may hold any bytes.

  --ttl D            how long the server keeps it: 250ms, 30s, 1h30m, 7d; 0 is now or never (default: the topic's)
  --attr NAME=VALUE  an attribute; may be repeated
  --key KEY          the ordering key
  --json             print each acknowledgement as it arrives, one object a line
  --keep-going       go on after a refused message; otherwise reading stops there
  --retry D          give up on a lost server after this long; 0: never (default 30s)
  --max-message SIZE the longest line to read, as the server's --max-message (default 1MiB)
  --server ADDR      the server (default localhost:50074)

A message is published once, even when the connection is lost meanwhile; where that can no longer be known, its outcome is
reported as unknown. Exit status 1 if any message failed or its outcome is unknown.

  linger pub hello "Hello, Linger" --ttl 30s
  tail -f app.log | linger pub logs.app --ttl 1h
  seq 1 1000000 | linger pub numbers --ttl 5m
`

// stopWithin is how long an interrupted pub waits for what is under way.
const stopWithin = 1500 * time.Millisecond

// pubFlags are the flags of pub.
type pubFlags struct {
	ttl        time.Duration
	attributes []string
	key        string
	json       bool
	keepGoing  bool
	retry      time.Duration
	maxMessage int64
}

func newPub(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	f := pubFlags{ttl: client.DefaultTTL, retry: 30 * time.Second, maxMessage: 1 << 20}
	flags.Var(durationFlag{&f.ttl}, "ttl", "")
	flags.StringArrayVar(&f.attributes, "attr", nil, "")
	flags.StringVar(&f.key, "key", "", "")
	flags.BoolVar(&f.json, "json", false, "")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "")
	flags.Var(durationFlag{&f.retry}, "retry", "")
	flags.Var(sizeFlag{&f.maxMessage, 1, ""}, "max-message", "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) < 1 || len(args) > 2 {
			return usage("pub takes a topic and at most one message, in quotes if it has spaces; see linger pub --help")
		}
		p, err := newPublishing(a, f, args[0])
		if err != nil {
			return err
		}
		if len(args) == 2 {
			return p.run(ctx, oneMessage(args[1]), nil)
		}
		input := &countingReader{r: a.Stdin}
		return p.run(ctx, newLineReader(input, int(f.maxMessage)), input)
	}
}

// source hands out messages' data until io.EOF.
type source interface {
	next() ([]byte, error)
}

// oneMessage is a source of one.
func oneMessage(s string) source {
	return &single{data: []byte(s)}
}

type single struct {
	data []byte
	done bool
}

func (s *single) next() ([]byte, error) {
	if s.done {
		return nil, io.EOF
	}
	s.done = true
	return s.data, nil
}

// attributesOf reads NAME=VALUE pairs.
func attributesOf(pairs []string) (map[string]string, error) {
	attributes := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usage("--attr %q is not NAME=VALUE", pair)
		}
		attributes[name] = value
	}
	return attributes, nil
}

// publishing is one run of pub: a goroutine reads and hands over, the publisher's own reports, this one waits.
type publishing struct {
	*app
	flags   pubFlags
	topic   string
	message client.Message // all but the data
	report  *pubReport
}

func newPublishing(a *app, f pubFlags, topic string) (*publishing, error) {
	attributes, err := attributesOf(f.attributes)
	if err != nil {
		return nil, err
	}
	return &publishing{
		app: a, flags: f, topic: topic, message: client.Message{Key: f.key, Attributes: attributes},
		report: newPubReport(a, f, topic),
	}, nil
}

// run publishes what src has. input is where lines come from, for the progress bar; nil: a single message.
func (p *publishing) run(ctx context.Context, src source, input *countingReader) error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	p.report.lines = input != nil
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	p.report.refused = stopReading
	publisher := c.NewPublisher(client.PublisherOptions{
		OnBatch: p.report.batch, OnLost: p.report.lost, RetryFor: p.flags.retry,
	})
	bar := p.watch(input)

	// The goroutine may stay in a Read that nothing ends, a terminal's for one; it ends with the process then.
	read := make(chan error, 1)
	go func() { read <- p.read(reading, src, publisher) }()
	select {
	case err = <-read:
	case <-reading.Done():
	}
	closeErr := closePublisher(ctx, publisher)
	bar.stop()
	return p.report.finish(err, closeErr)
}

// closePublisher waits for what is under way; not for long once ctx, the command's, has ended.
func closePublisher(ctx context.Context, publisher *client.Publisher) error {
	closing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, cancel) })
	defer stop()
	return publisher.Close(closing)
}

// read hands everything over until the source ends, ctx does, or something is refused before it was sent.
func (p *publishing) read(ctx context.Context, src source, publisher *client.Publisher) error {
	handedOver := 0
	for n := 1; ; n++ {
		data, err := src.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLineTooLong):
			err = fmt.Errorf("line %d is longer than the limit of %d bytes; where the server takes more, say so with --max-message", n, p.flags.maxMessage)
			if !p.flags.keepGoing {
				return err
			}
			p.report.skip(handedOver, err)
			continue
		case err != nil:
			return fmt.Errorf("reading line %d: %w", n, err)
		}
		p.message.Data = data
		if err := publisher.Publish(ctx, p.topic, p.flags.ttl, p.message); err != nil {
			if ctx.Err() != nil {
				return nil // asked to stop, by a signal or a refusal that was reported
			}
			return err
		}
		handedOver++
	}
}

// watch shows a bar when a person watches and waits: errors go to a terminal, lines come from elsewhere.
func (p *publishing) watch(input *countingReader) *progress {
	if input == nil || isTerminal(input.r) || (p.flags.json && isTerminal(p.Stdout)) {
		return nil
	}
	size := input.size()
	return p.startProgress(func(width int) string {
		n := p.report.answered()
		return barLine(width, input.n.Load(), size, "read", grouped(uint64(n))+" acknowledged", grouped(rate(n, time.Since(p.report.begin)))+" a second")
	})
}
