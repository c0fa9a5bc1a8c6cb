package broker_test

import (
	"context"
	"errors"
	"strings"
	"testing/synctest"
	"time"

	"linger/broker"
)

// reader is a subscription and what it was given.
type reader struct {
	b *bench
	*broker.Subscription
	runs     []broker.Run
	gaps     []broker.Gap
	resets   []broker.Reset
	caughtUp int // how often it was told
	token    []byte
	budget   broker.Budget
	err      error // why it ended
}

func (b *bench) subscribe(start broker.Start, patterns ...string) *reader {
	b.Helper()
	return b.subscribeWith(broker.SubscribeOptions{Patterns: patterns, Start: start})
}

func (b *bench) subscribeWith(o broker.SubscribeOptions) *reader {
	b.Helper()
	s, err := b.Broker.Subscribe(o)
	if err != nil {
		b.Fatal(err)
	}
	return &reader{b: b, Subscription: s, budget: broker.Budget{Bytes: 256 << 10}, token: append([]byte(nil), s.Token()...)}
}

// resume closes a subscription and begins another one behind what it was handed.
func (r *reader) resume(patterns ...string) *reader {
	r.b.Helper()
	r.Close()
	return r.b.subscribe(broker.Start{Kind: broker.StartToken, Token: r.token}, patterns...)
}

// next reads once and gives the messages' texts; ok is false when there was nothing to read.
func (r *reader) next() (got []string, ok bool) {
	r.b.Helper()
	synctest.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	d, err := r.Next(ctx, r.budget)
	if err != nil {
		if !errors.Is(err, context.DeadlineExceeded) {
			r.err = err
		}
		return nil, false
	}
	for _, run := range d.Runs {
		if inside := texts(run.Body); len(inside) == run.Count {
			got = append(got, inside...)
		} else {
			r.b.Errorf("%d messages in a run of %d", len(inside), run.Count)
		}
		if run.Deadline <= d.Now && run.Deadline != run.PublishTime {
			r.b.Errorf("#%d of %s was handed out at %d, dead since %d", run.First, run.Topic, d.Now, run.Deadline)
		}
		r.runs = append(r.runs, run)
		if run.Gap.Total() > 0 {
			r.gaps = append(r.gaps, run.Gap)
		}
	}
	if d.Reset != nil {
		r.resets = append(r.resets, *d.Reset)
	}
	if d.CaughtUp {
		r.caughtUp++
	}
	r.token = append(r.token[:0], d.Token...)
	return got, true
}

// drain reads all there is to read now and gives the messages' texts.
func (r *reader) drain() (all []string) {
	r.b.Helper()
	for {
		got, ok := r.next()
		if !ok {
			return all
		}
		all = append(all, got...)
	}
}

func (r *reader) expect(want ...string) {
	r.b.Helper()
	if got := r.drain(); strings.Join(got, " ") != strings.Join(want, " ") {
		r.b.Errorf("got %q, want %q", got, want)
	}
}

// expectGap checks the only gap told since the last time, none when want is empty.
func (r *reader) expectGap(want broker.Gap) {
	r.b.Helper()
	got := r.gaps
	r.gaps = nil
	switch {
	case want.Total() == 0 && len(got) == 0:
	case len(got) != 1 || got[0] != want:
		r.b.Errorf("gaps %+v, want %+v", got, want)
	}
}
