package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
	"linger/internal/jsonline"
)

const importHelp = `linger import [FILE] [flags]

Publishes messages that linger export, or linger messages --json, wrote, from FILE or standard input. Deadlines are kept to the
millisecond; messages whose deadline has passed are left out and counted. Topics that do not exist are made, with their policy,
to stay or to go by themselves as where they came from; one that exists keeps its own, which may lower a deadline to its
maximum. Numbers are kept where a topic was never published to; in another the messages are published anew, behind what is
there, and it is told. The publish time is the import's.

  --keep-going    go on after a message that was refused, or a line that is none; otherwise reading stops there
  --after N       leave out the first N lines: goes on with an import that was interrupted, where that said it had come to
  --json          the summary as one object
  --retry D       give up on a lost server after this long; 0: never (default 30s)
  --server ADDR   the server (default localhost:50074)

Each message is published once, even when the connection is lost meanwhile. Exit status 1 if a message was refused, its outcome is
unknown, or the export was cut; expired ones are no failure.

  linger import retained.jsonl
  linger export --server old:50074 | linger import --server new:50074
`

// importLine is the longest line: data of 16 MiB, each byte of which JSON may write as six.
const importLine = 128 << 20

// importFlags are the flags of import.
type importFlags struct {
	keepGoing bool
	after     uint64
	json      bool
	retry     time.Duration
}

func newImport(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	f := importFlags{retry: 30 * time.Second}
	flags.BoolVar(&f.keepGoing, "keep-going", false, "")
	flags.Uint64Var(&f.after, "after", 0, "")
	flags.BoolVar(&f.json, "json", false, "")
	flags.Var(durationFlag{&f.retry}, "retry", "")
	return func(ctx context.Context, a *app, args []string) error {
		if len(args) > 1 {
			return usage("import takes at most one file; see linger import --help")
		}
		input := a.Stdin
		if len(args) == 1 && args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }() // it was only read
			input = file
		} else if isTerminal(a.Stdin) {
			return usage("import reads standard input, which is a terminal; name a file, or pipe an export into it")
		}
		return a.importFrom(ctx, f, &countingReader{r: input})
	}
}

// importing is one run of import: this goroutine reads and hands over, the publisher's own counts what became of it.
type importing struct {
	*app
	flags     importFlags
	client    *client.Client
	publisher *client.Publisher
	report    *importReport
	clock     time.Duration // what the server's clock is ahead of this machine's
	topics    map[string]*importTopic
	line      uint64
	begun     bool   // the first object of an export was read
	ended     bool   // the last one, too
	promised  uint64 // messages, says the last one
	found     uint64 // messages that were read
	weaker    bool   // it was told that the store offers less durability than topics had
}

func (a *app) importFrom(ctx context.Context, f importFlags, input *countingReader) error {
	c, err := a.dial()
	if err != nil {
		return err
	}
	now, err := c.ServerTime(ctx)
	if err != nil {
		return err
	}
	clock := time.Until(now) // a little behind, so that the server has the last word on what has expired
	reading, stop := context.WithCancel(ctx)
	defer stop()
	m := &importing{
		app: a, flags: f, client: c, clock: clock, topics: map[string]*importTopic{},
		report: newImportReport(a, f, stop),
	}
	m.publisher = c.NewPublisher(client.PublisherOptions{OnBatch: m.report.batch, OnLost: m.report.lost, RetryFor: f.retry})
	bar := m.watch(input)
	read := make(chan error, 1)
	go func() { read <- m.read(reading, newLineReader(input, importLine)) }()
	// The goroutine may stay in a Read that nothing ends; it ends with the process then.
	select {
	case err = <-read:
	case <-reading.Done():
		select {
		case err = <-read: // it has seen why
		case <-time.After(stopWithin / 3):
		}
	}
	closeErr := closePublisher(ctx, m.publisher)
	bar.stop()
	if err == nil && ctx.Err() == nil && m.begun && !m.ended && !m.report.stopped() {
		err = errors.New("the export was cut: its last line is missing; what it has was imported")
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	return m.report.finish(err, closeErr)
}

// watch shows a bar.
func (m *importing) watch(input *countingReader) *progress {
	size := input.size()
	return m.startProgress(func(width int) string {
		n := m.report.answered()
		return barLine(width, input.n.Load(), size, "read", grouped(n)+" imported", grouped(rate(int(n), time.Since(m.report.begin)))+" a second")
	})
}

// read takes every line until the input ends, ctx does, or a line is wrong.
func (m *importing) read(ctx context.Context, lines *lineReader) error {
	for ctx.Err() == nil {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		m.line++
		if err != nil && !errors.Is(err, errLineTooLong) {
			return fmt.Errorf("reading line %d: %w", m.line, err)
		}
		if err == nil {
			err = m.take(ctx, line)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil // asked to stop, by a signal or a refusal that was reported
		case errors.Is(err, client.ErrClosed), errors.Is(err, client.ErrUnreachable):
			return err
		default:
			m.report.wrong(m.line, err)
			if !m.flags.keepGoing {
				return nil
			}
		}
	}
	return nil
}

// importedLine is any line: a message as linger export and linger messages --json write it, or one of the other objects of
// an export, by its type.
type importedLine struct {
	Type string `json:"type"`
	jsonline.Message
	ExpireTime time.Time `json:"expire_time"`
	Messages   uint64    `json:"messages"`
	Format     int       `json:"format"`
}

// take imports one line.
func (m *importing) take(ctx context.Context, line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var l importedLine
	if err := json.Unmarshal(line, &l); err != nil {
		return fmt.Errorf("it is no JSON object as linger export writes them: %w", err)
	}
	switch l.Type {
	case "", messageType:
		if m.found++; m.line <= m.flags.after {
			return nil
		}
		return m.message(ctx, &l)
	case topicType:
		return m.makeTopic(ctx, line)
	case exportType:
		if l.Format > exportFormat {
			return fmt.Errorf("the export is in format %d; this Linger knows up to %d: use a newer one", l.Format, exportFormat)
		}
		m.begun, m.ended = true, false
		return nil
	case endType:
		m.ended = true
		if m.promised += l.Messages; m.promised != m.found {
			return fmt.Errorf("the export says that it has %d messages; %d were read", m.promised, m.found)
		}
		return nil
	}
	return fmt.Errorf("an object of type %q is none that linger export writes", l.Type)
}

// message publishes one message.
func (m *importing) message(ctx context.Context, l *importedLine) error {
	switch {
	case l.Topic == "":
		return errors.New("the message has no topic")
	case l.ExpireTime.IsZero():
		return errors.New("the message has no expire_time")
	case l.Data != nil && l.DataBase64 != nil:
		return errors.New("the message has both data and data_base64")
	case !l.ExpireTime.After(time.Now().Add(m.clock)):
		m.report.expired(1)
		return nil
	}
	t, err := m.topic(ctx, l.Topic)
	if err != nil {
		return err
	}
	message := client.Message{Key: l.Key, Attributes: l.Attributes, Data: l.DataBase64}
	if l.Data != nil {
		message.Data = []byte(*l.Data)
	}
	if t.keeps && l.Sequence < t.had {
		there, err := m.isThere(ctx, l, message)
		if err != nil {
			return err
		}
		if there {
			m.report.wasThere(m.line)
			return nil
		}
		t.keeps = false
	}
	restored := client.Restored{ExpireTime: l.ExpireTime}
	if t.keeps && l.Sequence >= t.next {
		restored.Sequence = l.Sequence
		t.next = l.Sequence + 1
	}
	m.report.handOver(m.line, l.Topic, restored.Sequence == 0)
	if err := m.publisher.Restore(ctx, l.Topic, restored, message); err != nil {
		m.report.takeBack()
		return err
	}
	return nil
}

// isThere says whether an import that is gone on with has published a message already, with the number that it had.
func (m *importing) isThere(ctx context.Context, l *importedLine, message client.Message) (bool, error) {
	state, err := m.client.GetMessage(ctx, l.Topic, l.Sequence)
	if err != nil || state.Retained == nil {
		return false, err
	}
	r := state.Retained
	return r.ExpireTime.Equal(l.ExpireTime) && r.Key == message.Key && maps.Equal(r.Attributes, message.Attributes) && bytes.Equal(r.Data, message.Data), nil
}
