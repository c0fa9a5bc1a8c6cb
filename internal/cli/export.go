package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"linger/client"
	"linger/internal/jsonline"
)

const exportHelp = `linger export [TOPIC|PATTERN...] [flags]

Writes what a server retains as JSON, one object a line: the messages of linger messages --json, before each topic's the topic with
its policy, and at the end how many there were. Without a topic or pattern: everything. What is retained when it begins is
written; what is published meanwhile is not. linger import reads it.

  -o, --output FILE  write to a file, which has its name once all of it is there (default: standard output)
  --server ADDR      the server (default localhost:50074)

  linger export > retained.jsonl
  linger export 'orders.>' console -o orders.jsonl
  linger export | linger import --server elsewhere:50074
`

func newExport(flags *pflag.FlagSet) func(context.Context, *app, []string) error {
	output := flags.StringP("output", "o", "", "")
	return func(ctx context.Context, a *app, args []string) error {
		if *output == "" {
			e := &exporting{app: a, patterns: args}
			return e.explain(ctx, e.run(ctx, a.Stdout, isTerminal(a.Stdout)))
		}
		return a.exportFile(ctx, args, *output)
	}
}

// exportFile writes to a file that replaces another of the name only when all of it is there.
func (a *app) exportFile(ctx context.Context, patterns []string, name string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			err = errors.New("interrupted; nothing is left of the export")
		}
		err = errors.Join(err, os.Remove(f.Name()))
	}()
	if err = (&exporting{app: a, patterns: patterns}).run(ctx, f, false); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// What an export begins with, and ends with.
const (
	exportType   = "export"
	topicType    = "topic"
	messageType  = "message"
	endType      = "end"
	exportFormat = 1
)

// jsonExport is the first object.
type jsonExport struct {
	Type       string `json:"type"`
	Format     int    `json:"format"`
	ServerTime string `json:"server_time"` // by the clock that the deadlines are of
	Topics     int    `json:"topics"`
	Messages   uint64 `json:"messages"` // retained at that time; fewer follow when some expire meanwhile
}

// jsonExportTopic comes before a topic's messages.
type jsonExportTopic struct {
	Type string `json:"type"`
	jsonTopic
}

// jsonExportEnd is the last object: without it the export was cut.
type jsonExportEnd struct {
	Type     string `json:"type"`
	Topics   int    `json:"topics"`
	Messages uint64 `json:"messages"`
}

// exporting is one run of export.
type exporting struct {
	*app
	patterns []string
	client   *client.Client
	encoder  *json.Encoder
	topics   []client.Topic
	whole    uint64        // messages retained when it began
	begun    bool          // what follows is known
	written  atomic.Uint64 // messages
}

// run writes the export; terminal says whether to a terminal.
func (e *exporting) run(ctx context.Context, to io.Writer, terminal bool) (err error) {
	if e.client, err = e.dial(); err != nil {
		return err
	}
	out := bufio.NewWriterSize(to, 256<<10)
	e.encoder = newJSON(out, terminal)
	start := time.Now()
	if err := e.begin(ctx); err != nil {
		return err
	}
	e.begun = true
	var bar *progress
	if !terminal {
		bar = e.startProgress(func(width int) string {
			n := e.written.Load()
			return barLine(width, int64(n), int64(e.whole), "written", counted(n, "message"), grouped(rate(int(n), time.Since(start)))+" a second")
		})
	}
	err = e.all(ctx)
	bar.stop()
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	e.note("%s in %s exported, in %s", counted(e.written.Load(), "message"), counted(uint64(len(e.topics)), "topic"), time.Since(start).Round(time.Millisecond))
	return nil
}

// explain adds to why an export ended early what there is of it.
func (e *exporting) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if !e.begun {
		return err
	}
	return fmt.Errorf("%w; the export is incomplete: %s of %s written, and no last line", err, grouped(e.written.Load()), counted(e.whole, "message"))
}

// begin looks which topics there are and how far each has come, and writes the first object.
func (e *exporting) begin(ctx context.Context) error {
	patterns := e.patterns
	if len(patterns) == 0 {
		patterns = []string{">"}
	}
	named := map[string]bool{}
	var now time.Time
	for _, pattern := range patterns {
		found := false
		for t, err := range e.client.ListTopics(ctx, pattern) {
			if err != nil {
				return err
			}
			found = true
			if named[t.Name] {
				continue
			}
			named[t.Name] = true
			if now.IsZero() {
				now = t.ServerTime
			}
			e.topics = append(e.topics, t)
			e.whole += t.Stats.Retained
		}
		if !found && !strings.ContainsAny(pattern, "*>") {
			return fmt.Errorf("%s does not exist; linger topics lists what there is", pattern)
		}
	}
	if now.IsZero() { // there is no topic
		var err error
		if now, err = e.client.ServerTime(ctx); err != nil {
			return err
		}
	}
	slices.SortFunc(e.topics, func(x, y client.Topic) int { return strings.Compare(x.Name, y.Name) })
	return e.encoder.Encode(jsonExport{exportType, exportFormat, jsonline.Time(now), len(e.topics), e.whole})
}

// all writes the topics, each with its messages, and the last object.
func (e *exporting) all(ctx context.Context) error {
	for _, t := range e.topics {
		if err := e.encoder.Encode(jsonExportTopic{topicType, newJSONTopic(t)}); err != nil {
			return err
		}
		if err := e.messages(ctx, t); err != nil {
			return err
		}
	}
	return e.encoder.Encode(jsonExportEnd{endType, len(e.topics), e.written.Load()})
}

// messages writes what a topic had when the export began and is still alive.
func (e *exporting) messages(ctx context.Context, t client.Topic) error {
	if t.Stats.Retained == 0 {
		return nil
	}
	list := e.client.ListMessages(ctx, t.Name, client.ListOptions{MaxSequence: t.Stats.NextSequence - 1})
	for m, err := range ahead(list) {
		switch {
		case errors.Is(err, client.ErrNotFound):
			e.note("%s was deleted meanwhile", t.Name)
			return nil
		case err != nil:
			return err
		case m.Incarnation != t.Incarnation:
			e.note("%s was deleted and made again meanwhile; what it holds now is not exported", t.Name)
			return nil
		}
		if err := e.encoder.Encode(newJSONMessage(m.Topic, m.Sequence, m.PublishTime, m.ExpireTime, m.TimeLeft, m.Message)); err != nil {
			return err
		}
		e.written.Add(1)
	}
	return nil
}

// aheadBy is how many messages are fetched and decoded at a time while those before are written.
const aheadBy = 500

// ahead iterates in a goroutine of its own, a little ahead of who takes.
func ahead[V any](of iter.Seq2[V, error]) iter.Seq2[V, error] {
	type one struct {
		v   V
		err error
	}
	return func(yield func(V, error) bool) {
		pieces, left := make(chan []one, 2), make(chan struct{})
		defer func() {
			close(left)
			for range pieces { // until the goroutine has ended
			}
		}()
		go func() {
			defer close(pieces)
			piece := make([]one, 0, aheadBy)
			send := func() bool {
				select {
				case pieces <- piece:
					piece = make([]one, 0, aheadBy)
					return true
				case <-left:
					return false
				}
			}
			for v, err := range of {
				piece = append(piece, one{v, err})
				if len(piece) == aheadBy && !send() {
					return
				}
			}
			send()
		}()
		for piece := range pieces {
			for _, o := range piece {
				if !yield(o.v, o.err) {
					return
				}
			}
		}
	}
}
