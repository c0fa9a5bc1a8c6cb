package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"linger/client"
)

// importReport counts and tells what became of the messages. The publisher calls batch and lost from one goroutine, the
// reader the others from another.
type importReport struct {
	*app
	flags importFlags
	stop  func() // ends the reading
	begin time.Time

	mu         sync.Mutex // guards everything below
	counts     jsonImport
	unanswered []handedOver // in order
	topics     map[string]*renumbered
	done       uint64 // line up to which all is settled
	stuck      uint64 // the first line that is not, and at which the import ends; 0: none
	complaints complaints
}

// handedOver is a message on its way.
type handedOver struct {
	line  uint64
	topic string
	anew  bool // without the number that it had
}

// renumbered is what was published anew in a topic.
type renumbered struct {
	messages, first, last uint64
}

// jsonImport is the summary as --json writes it. Counts are of messages, but for topics and lines.
type jsonImport struct {
	Imported     uint64 `json:"imported"`
	Renumbered   uint64 `json:"renumbered"` // of these, without the number that they had
	Lowered      uint64 `json:"lowered"`    // of these, with an earlier deadline, the topic's maximum
	Expired      uint64 `json:"expired"`
	Present      uint64 `json:"present"` // were there already: only with --after
	Refused      uint64 `json:"refused"` // lines that are no message included
	Unknown      uint64 `json:"unknown"`
	NotSent      uint64 `json:"not_sent"`
	TopicsMade   int    `json:"topics_made"`
	AfterLine    uint64 `json:"after_line"` // all up to this line is settled: what --after takes
	Whole        bool   `json:"whole"`      // the input was read to its end, and nothing failed
	DurationInMs int64  `json:"duration_ms"`
}

func newImportReport(a *app, f importFlags, stop func()) *importReport {
	return &importReport{
		app: a, flags: f, stop: stop, begin: time.Now(), topics: map[string]*renumbered{}, done: f.after,
		complaints: complaints{app: a, keepGoing: f.keepGoing},
	}
}

// handOver notes a message that is about to be handed to the publisher.
func (r *importReport) handOver(line uint64, topic string, anew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unanswered = append(r.unanswered, handedOver{line, topic, anew})
}

// takeBack forgets the last one, which the publisher did not take.
func (r *importReport) takeBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.unanswered); n > 0 {
		r.unanswered = r.unanswered[:n-1]
	}
}

// expired counts messages whose time was over.
func (r *importReport) expired(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Expired += n
}

// wasThere counts a message that an import which is gone on with had published already.
func (r *importReport) wasThere(line uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Present++
	if len(r.unanswered) == 0 {
		r.done = line
	}
}

// made counts a topic that was made.
func (r *importReport) made() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.TopicsMade++
}

// wrong tells a line that cannot be imported.
func (r *importReport) wrong(line uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Refused++
	r.complaints.add("line %d: %v", line, err)
	r.refusedLocked(line)
}

// refusedLocked ends the import at a line that was refused, unless it is to go on.
func (r *importReport) refusedLocked(line uint64) {
	if !r.flags.keepGoing {
		r.haltLocked(line)
	}
}

// haltLocked ends the import at a line.
func (r *importReport) haltLocked(line uint64) {
	if r.stuck == 0 || line < r.stuck {
		r.stuck = line
	}
	r.stop()
}

// stopped says whether the reading was ended by something wrong.
func (r *importReport) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stuck != 0
}

// answered is how many messages were imported so far.
func (r *importReport) answered() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts.Imported
}

// batch is told what became of a batch.
func (r *importReport) batch(o client.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints.outage = false
	messages := r.unanswered[:o.Count]
	r.unanswered = r.unanswered[o.Count:]
	n := uint64(o.Count)
	switch {
	case o.Err == nil, errors.Is(o.Err, client.ErrDetailsForgotten):
		r.publishedLocked(messages, o)
	case errors.Is(o.Err, client.ErrDeadlinePassed):
		r.counts.Expired += n
	case errors.Is(o.Err, client.ErrOutcomeUnknown):
		r.counts.Unknown += n
		r.haltLocked(messages[0].line)
	case errors.Is(o.Err, client.ErrNotSent):
		r.counts.NotSent += n
		r.haltLocked(messages[0].line)
	default:
		r.counts.Refused += n
		which := fmt.Sprintf("line %d was refused", messages[max(o.Failed, 0)].line)
		if n > 1 {
			which += fmt.Sprintf(" (with lines %d to %d, sent together)", messages[0].line, messages[n-1].line)
		}
		r.complaints.add("%s: %v", which, o.Err)
		r.refusedLocked(messages[0].line)
	}
	if last := messages[n-1].line; r.stuck == 0 || last < r.stuck {
		r.done = last
	}
}

func (r *importReport) publishedLocked(messages []handedOver, o client.Outcome) {
	n := uint64(len(messages))
	r.counts.Imported += n
	if o.Ack.Adjustment == client.LoweredToMaximum {
		r.counts.Lowered += n
	}
	if !messages[0].anew {
		return
	}
	r.counts.Renumbered += n
	t := r.topics[o.Topic]
	if t == nil {
		t = &renumbered{first: o.Ack.Sequence}
		r.topics[o.Topic] = t
	}
	t.messages += n
	t.last = o.Ack.Sequence + n - 1
}

// lost is told of a lost connection.
func (r *importReport) lost(err error, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints.lost(err)
}

// finish tells the summary and returns the command's error. readErr ended the reading, closeErr the publisher.
func (r *importReport) finish(readErr, closeErr error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.counts
	failed := c.Refused + c.Unknown + c.NotSent
	c.Whole = failed == 0 && readErr == nil && closeErr == nil
	c.AfterLine, c.DurationInMs = r.done, time.Since(r.begin).Milliseconds()
	if err := r.tellLocked(); err != nil {
		return err
	}
	if readErr != nil {
		r.complain(readErr)
	}
	if closeErr != nil && failed == 0 {
		r.complain(closeErr)
	}
	if failed > 0 {
		r.note("%s refused, %s of unknown outcome, %s not sent", grouped(c.Refused), grouped(c.Unknown), grouped(c.NotSent))
	}
	if c.Whole {
		return nil
	}
	if (r.stuck != 0 || readErr != nil) && r.done > 0 {
		r.note("all up to line %d is settled; --after %d goes on behind it", r.done, r.done)
	}
	return errReported
}

func (r *importReport) tellLocked() error {
	c := &r.counts
	if r.flags.json {
		return newJSON(r.Stdout, isTerminal(r.Stdout)).Encode(c)
	}
	for _, name := range sortedNames(r.topics) {
		t := r.topics[name]
		r.note("%s: %s numbered anew, %s: it was published to before, or their numbers were not in order", name, counted(t.messages, "message"), span(t.first, t.last))
	}
	parts := []string{counted(c.Imported, "message") + " imported"}
	if c.TopicsMade > 0 {
		parts = append(parts, counted(uint64(c.TopicsMade), "topic")+" made")
	}
	if c.Lowered > 0 {
		parts = append(parts, grouped(c.Lowered)+" lowered to their topic's maximum")
	}
	parts = append(parts, grouped(c.Expired)+" had expired")
	if c.Present > 0 {
		parts = append(parts, grouped(c.Present)+" were there already")
	}
	took := time.Since(r.begin)
	parts = append(parts, "in "+took.Round(time.Millisecond).String())
	line := strings.Join(parts, ", ")
	if c.Imported >= 1000 {
		line += fmt.Sprintf(" (%s a second)", grouped(rate(int(c.Imported), took)))
	}
	_, err := fmt.Fprintln(r.Stdout, line)
	return err
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
