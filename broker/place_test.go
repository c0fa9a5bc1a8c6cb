package broker_test

import (
	"fmt"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/logtest"
)

// place publishes one batch with whatever it asks for.
func (b *bench) place(batch broker.Batch, messages ...string) broker.PublishResult {
	b.Helper()
	batch.Count, batch.Body = len(messages), frames(messages...)
	a := b.send(broker.PublishRequest{Batches: []broker.Batch{batch}})
	if a.Err != nil || len(a.Results) != 1 {
		b.Fatalf("publish: %+v", a)
	}
	return a.Results[0]
}

func TestContract03_DeadlineAskedIsKeptToTheMillisecond(t *testing.T) {
	// However long the log takes to commit.
	inLateBubble(t, logtest.LateOptions{Delay: delay(70 * time.Millisecond)}, func(b *bench) {
		b.create("t", broker.Policy{Min: time.Second, Default: time.Minute, Max: time.Hour})
		for _, left := range []time.Duration{150 * time.Millisecond, time.Minute, time.Hour} {
			deadline := b.clock.Now().Add(left)
			r := b.place(broker.Batch{Topic: "t", Deadline: deadline}, "a", "b")
			if r.Err != nil || r.Deadline != deadline || r.Adjustment != broker.AsAsked || r.Deadline.Sub(r.PublishTime) >= left {
				t.Errorf("%v left: %+v, want until %d", left, r, deadline)
			}
		}
	})
}

func TestContract03_DeadlineAskedIsBoundedByTheMaximumAlone(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("clamps", broker.Policy{Min: time.Minute, Default: time.Minute, Max: time.Hour})
		b.create("rejects", broker.Policy{Min: time.Minute, Default: time.Minute, Max: time.Hour, Reject: true})
		now := b.clock.Now()
		for _, topic := range []string{"clamps", "rejects"} {
			if r := b.place(broker.Batch{Topic: topic, Deadline: now + 1}, "a"); r.Err != nil || r.Deadline != now+1 {
				t.Errorf("%s, below the minimum: %+v", topic, r)
			}
			if r := b.place(broker.Batch{Topic: topic, Deadline: now.Add(time.Hour)}, "a"); r.Err != nil || r.Adjustment != broker.AsAsked {
				t.Errorf("%s, at the maximum: %+v", topic, r)
			}
			for _, passed := range []broker.Instant{now, now - 1, 1} {
				b.fault(b.place(broker.Batch{Topic: topic, Deadline: passed}, "a").Err, broker.ErrDeadlinePassed)
			}
		}
		beyond := broker.Batch{Topic: "clamps", Deadline: now.Add(time.Hour) + 1}
		if r := b.place(beyond, "a"); r.Err != nil || r.Deadline != now.Add(time.Hour) || r.Adjustment != broker.LoweredToMaximum {
			t.Errorf("beyond the maximum: %+v", r)
		}
		beyond.Topic = "rejects"
		b.fault(b.place(beyond, "a").Err, broker.ErrTTLRejected)
		if i := b.info("rejects"); i.NextSequence != 3 {
			t.Errorf("what was refused took a number: %+v", i)
		}
	})
}

func TestContract03_DeadlineThatPassesOnTheWayIsRefused(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(50 * time.Millisecond)}, func(b *bench) {
		b.create("t", broker.Policy{})
		b.fault(b.place(broker.Batch{Topic: "t", Deadline: b.clock.Now().Add(20 * time.Millisecond)}, "a").Err, broker.ErrDeadlinePassed)
		if i := b.info("t"); i.Counts.Published != 0 || i.NextSequence != 1 {
			t.Errorf("%+v", i)
		}
	})
}

func TestContract02_NumbersAskedForAreKept(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		live := b.subscribe(broker.Start{}, "t")
		if r := b.place(broker.Batch{Topic: "t", First: 100}, "a", "b"); r.Err != nil || r.First != 100 {
			t.Errorf("%+v", r)
		}
		if r := b.place(broker.Batch{Topic: "t", First: 102}, "c"); r.Err != nil || r.First != 102 {
			t.Errorf("%+v", r)
		}
		b.fault(b.place(broker.Batch{Topic: "t", First: 102}, "d").Err, broker.ErrConflict)
		if r := b.place(broker.Batch{Topic: "t", First: 110}, "e"); r.Err != nil || r.First != 110 {
			t.Errorf("%+v", r)
		}
		if r := b.publish("t", time.Minute, "f"); r.First != 111 {
			t.Errorf("the next: %+v", r)
		}
		live.expect("a", "b", "c", "e", "f")
		if g := live.runs[0].Gap; g.Total() != 99 || g.Expired != 99 || g.First != 1 || g.Last != 99 {
			t.Errorf("a reader that was there is told %+v", g)
		}
		late := b.subscribe(broker.Start{}, "t")
		late.expect("a", "b", "c", "e", "f")
		if g := late.runs[0].Gap; g.Total() != 0 {
			t.Errorf("reading all begins with %+v", g)
		}
		for i := range 2 {
			info := b.info("t")
			want := broker.Counts{Published: 111, Retained: 5, RetainedBytes: info.Counts.RetainedBytes, Ended: broker.Ends{ExpiredUnknown: 106}}
			if info.Counts != want || info.NextSequence != 112 {
				t.Errorf("after %d restarts: %+v, want %+v", i, info, want)
			}
			if i == 0 {
				b = b.restart(broker.Config{}, time.Second)
			}
		}
		b.Close()
	})
}

func TestContract02_NumbersAskedForHaveAnEnd(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for _, first := range []uint64{broker.MaxSequence, 1 << 53, 1<<64 - 1} {
			b.fault(b.place(broker.Batch{Topic: "t", First: first}, "a", "b").Err, broker.ErrInvalid)
		}
		if r := b.place(broker.Batch{Topic: "t", First: broker.MaxSequence}, "a"); r.Err != nil {
			t.Errorf("%+v", r)
		}
	})
}

// A topic that was passed over again and again remembers no more ends than others.
func TestContract10_NumbersPassedOverAreRememberedWithinBounds(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const holes = 15_000
		for i := range uint64(holes) {
			if r := b.place(broker.Batch{Topic: "t", First: 2 * (i + 1)}, fmt.Sprint(i)); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		info := b.info("t")
		if info.Counts.Published != 2*holes || info.Counts.Ended.ExpiredUnknown != holes {
			t.Errorf("%+v", info)
		}
		if _, e, err := b.Get("t", 2*holes-1); err != nil || e == nil || e.Reason != broker.ExpiredUnknown {
			t.Errorf("the newest: %+v, %v", e, err)
		}
		if _, e, err := b.Get("t", 1); err != nil || e == nil || e.Reason != broker.NotEnded {
			t.Errorf("the oldest: %+v, %v", e, err)
		}
	})
}
