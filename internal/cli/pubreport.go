package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"linger/client"
)

// pubReport counts and tells what became of the messages. The publisher calls it from one goroutine; skip and answered
// come from others.
type pubReport struct {
	*app
	topic   string
	flags   pubFlags
	lines   bool   // messages are lines of standard input
	refused func() // called at the first refusal, unless to keep going
	begin   time.Time
	out     *bufio.Writer // acknowledgements
	encoder *json.Encoder

	mu         sync.Mutex // guards everything below
	published  int
	first      client.Ack
	last       client.Ack
	mixed      bool  // lifetimes or incarnations differ
	skipped    []int // messages handed over before each line that was not
	failed     int   // refused, by the server or before sending
	unknown    int
	notSent    int
	complaints complaints
	writeErr   error
}

func newPubReport(a *app, f pubFlags, topic string) *pubReport {
	out := bufio.NewWriterSize(a.Stdout, 64<<10)
	return &pubReport{
		app: a, topic: topic, flags: f, begin: time.Now(), out: out, encoder: newJSON(out, isTerminal(a.Stdout)),
		complaints: complaints{app: a, keepGoing: f.keepGoing},
	}
}

// answered returns how many messages have an outcome.
func (r *pubReport) answered() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.published + r.failed + r.unknown + r.notSent
}

// batch is told what became of a batch.
func (r *pubReport) batch(o client.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints.outage = false
	if o.Err == nil {
		r.publishedLocked(o.Ack)
		return
	}
	var refusal *client.Error
	switch {
	case errors.Is(o.Err, client.ErrDetailsForgotten):
		r.published += o.Count
	case errors.Is(o.Err, client.ErrOutcomeUnknown):
		r.unknown += o.Count
	case errors.Is(o.Err, client.ErrNotSent):
		r.notSent += o.Count
	case errors.As(o.Err, &refusal):
		r.failed += o.Count
		r.complaints.add("%s: %v", r.whichLocked(o), o.Err)
	default:
		r.failed += o.Count
		r.complaints.add("%v", o.Err)
	}
	if !r.flags.keepGoing && r.refused != nil {
		r.refused()
	}
}

func (r *pubReport) publishedLocked(a client.Ack) {
	if r.published == 0 {
		r.first = a
	}
	r.mixed = r.mixed || a.TTL != r.first.TTL
	r.published += a.Count
	r.last = a
	if !r.flags.json || r.writeErr != nil {
		return
	}
	r.writeErr = writeAcks(r.encoder, a)
	if r.writeErr == nil {
		r.writeErr = r.out.Flush()
	}
	if r.writeErr != nil && r.refused != nil {
		r.refused() // nobody reads the acknowledgements
	}
}

// whichLocked names the messages of a refused batch: by line, where they are lines.
func (r *pubReport) whichLocked(o client.Outcome) string {
	if !r.lines {
		return "refused"
	}
	first, last := r.lineLocked(o.First), r.lineLocked(o.First+o.Count-1)
	switch {
	case o.Count == 1:
		return fmt.Sprintf("line %d was refused", first)
	case o.Failed >= 0:
		return fmt.Sprintf("line %d was refused (and with it lines %d to %d, sent together)", r.lineLocked(o.First+o.Failed), first, last)
	}
	return fmt.Sprintf("lines %d to %d were refused", first, last)
}

// lineLocked is the line of the i-th message handed over.
func (r *pubReport) lineLocked(i int) int {
	n, _ := slices.BinarySearch(r.skipped, i+1) // lines left out before it
	return i + 1 + n
}

// skip notes a line that was left out after so many were handed over, and why.
func (r *pubReport) skip(handedOver int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped = append(r.skipped, handedOver)
	r.failed++
	r.complaints.add("%v", err)
}

// lost is told of a lost connection.
func (r *pubReport) lost(err error, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints.lost(err)
}

// finish tells the summary and returns the command's error. readErr ended reading, closeErr the publisher.
func (r *pubReport) finish(readErr, closeErr error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writeErr != nil {
		return r.writeErr
	}
	if !r.flags.json {
		if _, err := fmt.Fprintln(r.Stdout, r.summaryLocked()); err != nil {
			return err
		}
	}
	if closeErr != nil && !errors.Is(closeErr, context.Canceled) {
		readErr = closeErr // why it gave up; Publish returned the same, if anything
	}
	if readErr != nil {
		r.complain(readErr)
	}
	if r.failed+r.unknown+r.notSent > 0 {
		r.note("%d published, %d refused, %d of unknown outcome, %d not sent", r.published, r.failed, r.unknown, r.notSent)
		return errReported
	}
	if readErr != nil {
		return errReported
	}
	return nil
}

func (r *pubReport) summaryLocked() string {
	if r.published == 0 {
		return "0 published to " + readable([]byte(r.topic))
	}
	a := r.last
	kept := "kept " + formatDuration(a.TTL)
	if a.TTL == 0 {
		kept = "now or never"
	} else if r.mixed {
		kept = "kept for differing times, the last " + formatDuration(a.TTL)
	}
	if a.TTL > 0 && r.published == 1 {
		kept += ", until " + clock(a.ExpireTime, a.PublishTime)
	}
	if why := a.Adjustment.String(); why != "" {
		kept += " (" + why + ")"
	}
	if r.published == 1 {
		return fmt.Sprintf("%s #%d %s, %s", a.Topic, a.Sequence, kept, a.Durability)
	}
	took := time.Since(r.begin)
	summary := fmt.Sprintf("%s: %s, %s%s, %s, in %s", a.Topic, counted(uint64(r.published), "message"), r.spanLocked(),
		kept, a.Durability, took.Round(time.Millisecond))
	if r.published >= 1000 {
		summary += fmt.Sprintf(" (%s a second)", grouped(rate(r.published, took)))
	}
	return summary
}

// spanLocked names the messages by sequence, unless other publishers' are among them or the topic began anew.
func (r *pubReport) spanLocked() string {
	first, last := r.first.Sequence, r.last.Sequence+uint64(r.last.Count)-1
	if r.first.Incarnation != r.last.Incarnation || last-first+1 != uint64(r.published) {
		return ""
	}
	return span(first, last) + ", "
}

func rate(n int, took time.Duration) uint64 { return uint64(float64(n) / max(took.Seconds(), 1e-3)) }
