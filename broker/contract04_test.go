package broker_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// inFrozenBubble runs f with a broker whose clock only goes when it is moved, so that no clean-up runs meanwhile.
func inFrozenBubble(t *testing.T, f func(b *bench, move func(time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Int64
		now.Store(time.Now().UnixNano())
		clock := broker.NewClock(func() time.Time { return time.Unix(0, now.Load()) })
		b := openOn(t, broker.Config{}, memlog.New(memlog.Options{Clock: clock}), clock)
		f(b, func(d time.Duration) { now.Add(int64(d)) })
		b.checkCounts()
		b.Close()
	})
}

func TestContract04_AliveToTheMillisecond(t *testing.T) {
	inFrozenBubble(t, func(b *bench, move func(time.Duration)) {
		b.publish("t", 50*time.Millisecond, "a", "b")
		early, late := b.subscribe(broker.Start{}, "t"), b.subscribe(broker.Start{}, "t")
		move(50*time.Millisecond - 1)
		early.expect("a", "b")
		same(t, "listed", b.list("t"), []string{"a", "b"})
		move(1)
		late.expect() // although nothing cleaned up
		b.subscribe(broker.Start{}, "t").expect()
		b.subscribe(broker.Start{Kind: broker.StartLast, N: 1}, ">").expect()
		if s := b.Stats(); s.Counts.Retained != 0 || s.Counts.RetainedBytes != 0 {
			t.Errorf("%+v", s)
		}
	})
	type look func(*bench) bool
	for name, alive := range map[string]look{ // each the first to look, before any clean-up
		"list":        func(b *bench) bool { return len(b.list("t")) > 0 },
		"by deadline": func(b *bench) bool { return len(b.soonest("t", 10)) > 0 },
		"count":       func(b *bench) bool { return b.info("t").Counts.Retained > 0 },
		"topics":      func(b *bench) bool { all, _, _ := b.Topics("", "", 0); return all[0].Counts.Retained > 0 },
		"stats":       func(b *bench) bool { return b.Stats().Counts.Retained > 0 },
		"get":         func(b *bench) bool { _, ended, err := b.Get("t", 1); return ended == nil && err == nil },
		"next":        func(b *bench) bool { return b.info("t").NextDeadline != 0 },
		"change":      func(b *bench) bool { _, err := b.SetDeadline(t.Context(), "t", 1, b.Now()+9, 0); return err == nil },
		"delete":      func(b *bench) bool { return b.DeleteMessage(t.Context(), "t", 1) == nil },
	} {
		inFrozenBubble(t, func(b *bench, move func(time.Duration)) {
			b.publish("t", time.Hour, "a")
			move(time.Hour - time.Millisecond)
			if name != "delete" && name != "change" && !alive(b) {
				t.Errorf("%s: dead a millisecond before its deadline", name)
			}
			move(time.Millisecond)
			if alive(b) {
				t.Errorf("%s: alive at its deadline", name)
			}
		})
	}
}

// soonest gives the texts of the messages that expire first.
func (b *bench) soonest(pattern string, limit int) []string {
	b.Helper()
	page, err := b.List(broker.ListOptions{Pattern: pattern, ByDeadline: true, Limit: limit})
	if err != nil {
		b.Fatal(err)
	}
	var all []string
	for _, m := range page.Messages {
		all = append(all, string(m.Message))
	}
	return all
}

func TestContract04_DeadAreSkippedByEveryReader(t *testing.T) {
	inFrozenBubble(t, func(b *bench, move func(time.Duration)) {
		for i, text := range numbered(10) {
			b.publish("t", time.Duration(1+i%2)*time.Minute, text)
		}
		waiting := b.subscribe(broker.Start{}, "t")
		begun := b.subscribe(broker.Start{}, "t")
		begun.budget.Messages = 1
		begun.next()
		move(time.Minute)
		begun.budget.Messages = 0
		begun.expect("2", "4", "6", "8", "10")
		waiting.expect("2", "4", "6", "8", "10")
		b.subscribe(broker.Start{Kind: broker.StartLast, N: 2}, "t").expect("8", "10")
	})
}

// spyLog tells when the broker is done with messages, without asking it.
type spyLog struct {
	broker.Log
	mu       sync.Mutex
	released []time.Time
}

func (l *spyLog) Release(refs ...broker.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range refs {
		l.released = append(l.released, time.Now())
	}
}

func (l *spyLog) times() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.released)
}

func TestContract04_GoneWithinASecondThoughNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := &spyLog{Log: memlog.New(memlog.Options{Clock: clock})}
		b := openOn(t, broker.Config{}, log, clock)
		defer b.Close()
		var deadlines []time.Time
		for _, ttl := range []time.Duration{
			26 * time.Hour, time.Millisecond, 7 * time.Millisecond, time.Second, 61 * time.Second, 4*time.Minute + 3*time.Millisecond, time.Hour,
		} {
			deadlines = append(deadlines, b.publish("t", ttl, "a").Deadline.Time())
		}
		slices.SortFunc(deadlines, time.Time.Compare)
		time.Sleep(27 * time.Hour)
		times := log.times()
		if len(times) != len(deadlines) {
			t.Fatalf("%d of %d are gone", len(times), len(deadlines))
		}
		for i, at := range times {
			if late := at.Sub(deadlines[i]); late < 0 || late > time.Second {
				t.Errorf("the one of %v is gone %v after its deadline", deadlines[i], late)
			}
		}
	})
}

func TestContract04_ShortLivesNeverWaitBehindLongOnes(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for range 300 {
			b.publish("t", time.Hour, "long")
			b.publish("t", time.Second, "short")
		}
		r := b.subscribe(broker.Start{}, "t")
		time.Sleep(time.Second)
		if c := b.info("t").Counts; c.Retained != 300 || c.Ended.ExpiredUndelivered != 300 {
			t.Errorf("%+v", c)
		}
		if got := r.drain(); len(got) != 300 || slices.Contains(got, "short") {
			t.Errorf("%d messages", len(got))
		}
		time.Sleep(time.Hour)
		if s := b.Stats(); s.Counts.Retained != 0 || s.MemoryUsed != broker.TopicOverhead+broker.ReaderOverhead {
			t.Errorf("%+v", s)
		}
	})
}

// TestContract04_ManyEndsAtOnceAreTakenInTurns: nobody asks for a count, and all are gone well within a second; but whoever
// takes them out lets others have the processor in between.
func TestContract04_ManyEndsAtOnceAreTakenInTurns(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const all = 12_000
		began := b.Now()
		for range all {
			b.publish("t", time.Minute, "x")
		}
		time.Sleep(time.Minute - b.Now().Sub(began) + time.Millisecond)
		if kept := b.Kept(); kept == 0 || kept == all {
			t.Errorf("%d of %d are kept at once", kept, all)
		}
		time.Sleep(time.Second)
		if kept := b.Kept(); kept != 0 {
			t.Errorf("%d are kept after a second", kept)
		}
		for range 2 * all { // of which the sweeper may take out some before it rests
			b.publish("t", time.Minute, "x")
		}
		time.Sleep(time.Minute)
		asked := b.clock.Now()
		if c := b.info("t").Counts; c.Retained != 0 || b.clock.Now() == asked {
			t.Errorf("%+v, %v after that was asked", c, b.clock.Now().Sub(asked))
		}
	})
}
