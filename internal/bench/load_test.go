package bench

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/client"
)

// The first rate that is shown is of what was done since the phase began.
func TestProgressKnowsTheRateAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Bench
		done := uint64(500) // of an earlier phase
		b.phase.begin("publishing", func() uint64 { return done }, 0)
		time.Sleep(100 * time.Millisecond)
		done += 40
		if p := b.Progress(); p.Rate != 400 || p.Messages != 540 {
			t.Errorf("%+v", p)
		}
	})
}

func TestAtOnceEndsWithTheFirstError(t *testing.T) {
	var done atomic.Int64
	if err := atOnce(t.Context(), 1000, func(context.Context, int) error { done.Add(1); return nil }); err != nil || done.Load() != 1000 {
		t.Errorf("%d done, %v", done.Load(), err)
	}
	broken := errors.New("broken")
	err := atOnce(t.Context(), 1000, func(ctx context.Context, i int) error {
		if i == 5 {
			return broken
		}
		if i > 5 {
			<-ctx.Done()
		}
		return ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := atOnce(ended, 1, func(context.Context, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestARateThatWasNotKeptIsTold(t *testing.T) {
	const second = int64(time.Second)
	for what, test := range map[string]struct {
		lastSent, late int64
		want           string
	}{
		"kept":                     {11 * second, int64(time.Millisecond), ""},
		"late at the end, a while": {11 * second, int64(300 * time.Millisecond), ""},
		"not kept":                 {11 * second, 5 * second, "the rate was not kept: 500 messages a second of 1000, the last one 5s late"},
		"a short one":              {second + int64(50*time.Millisecond), int64(50 * time.Millisecond), ""},
	} {
		b := New(Defaults(Latency), nil)
		b.paceBegun, b.topics = second, []*topic{new(topic)}
		b.topics[0].handed.Store(5000)
		b.publishers = []*publisher{{bench: b}, {bench: b, lastSent: test.lastSent, late: test.late}}
		b.notePace()
		if got := strings.Join(b.notes, "\n"); (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// Who cannot keep the rate sends what is recorded later than it was due: what it reached is told, not how few there was time for.
func TestARateCountsFromTheFirstThatWasSent(t *testing.T) {
	b := New(Defaults(Latency), nil)
	late, later, none := &publisher{bench: b, pace: new(pace), sent: newTimes()}, &publisher{firstSent: 1 << 62}, &publisher{}
	b.publishers = []*publisher{none, later, late}
	late.from = int64(time.Millisecond)
	late.sending(0)
	if late.firstSent != 0 || late.lastSent == 0 || late.sent.sum().Count != 0 {
		t.Errorf("what is not recorded counts: %+v", late)
	}
	b.clock.begun = b.clock.begun.Add(-time.Hour)
	late.sending(late.from)
	if got := b.recordedSince(late.from); got < int64(time.Hour) || got != late.firstSent || late.sent.sum().Count != 1 {
		t.Errorf("since %s", time.Duration(got))
	}
	b.publishers = nil
	if got := b.recordedSince(7); got != 7 {
		t.Errorf("since %d where nothing was sent", got)
	}
}

func TestAnOutageCountsOnceHoweverOftenComingBackFails(t *testing.T) {
	b := New(Defaults(Fanout), nil)
	r := &reader{bench: b, began: make(chan struct{})}
	p := &publisher{bench: b}
	for range 2 { // outages
		r.event(client.Hello{})
		p.acked.Add(1)
		for range 3 { // attempts
			r.event(client.Disconnected{Err: client.ErrUnreachable})
			p.lost(client.ErrUnreachable, 0)
		}
	}
	if b.outages != 4 || len(b.notes) != 1 {
		t.Errorf("%d outages, %q", b.outages, b.notes)
	}
}
