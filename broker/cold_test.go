package broker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// coldLimit is less than a tenth of what the tests here publish.
const coldLimit = 256 << 10

// inColdBubble runs f with a broker that has published 100 batches of 10 messages of 4 KiB to each of two topics, on a
// log that can load them again.
func inColdBubble(t *testing.T, f func(b *bench, published []string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})
		b := openOn(t, broker.Config{MemoryLimit: coldLimit}, log, clock)
		var published []string
		for i := range 200 {
			batch := make([]string, 10)
			for j := range batch {
				batch[j] = fmt.Sprintf("%d.%d:%s", i, j, strings.Repeat("x", 4<<10))
			}
			published = append(published, batch...)
			b.publish([]string{"even", "odd"}[i%2], time.Hour, batch...)
			if used := b.Stats().MemoryUsed; used > coldLimit {
				t.Fatalf("%d bytes used after batch %d", used, i)
			}
		}
		f(b, published)
		b.checkCounts()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestColdMessagesAreReadInOrder(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		r := b.subscribe(broker.Start{}, ">")
		r.budget = broker.Budget{Bytes: 10_000}
		if got := r.drain(); !slices.Equal(got, published) {
			t.Errorf("%d messages in another order, or others, than the %d published", len(got), len(published))
		}
		r.expectGap(broker.Gap{})
		one := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 25}, "odd")
		one.budget = broker.Budget{Bytes: 1, Messages: 1}
		got, _ := one.next()
		for len(got) == 0 {
			got, _ = one.next()
		}
		if !strings.HasPrefix(got[0], "5.4:") {
			t.Errorf("#25 of odd is %.10q", got[0])
		}
	})
}

func TestColdMessagesAreListedAndShown(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		page, err := b.List(broker.ListOptions{Pattern: "even", Limit: 15, MinSequence: 3})
		if err != nil || len(page.Messages) != 15 || page.Messages[0].Sequence != 3 || string(page.Messages[0].Message) != published[2] {
			t.Errorf("%d messages, %v", len(page.Messages), err)
		}
		found, _, err := b.Get("odd", 12)
		if err != nil || string(found.Message) != published[31] {
			t.Errorf("%.10q, %v", found.Message, err)
		}
	})
}

// A page is full even when some of what belonged on it ends while it is loaded, and there are more pages behind it.
func TestListWhileColdMessagesExpire(t *testing.T) {
	for name, byDeadline := range map[string]bool{"by sequence": false, "by deadline": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := broker.NewClock(time.Now)
				log := slow{memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
				b := openOn(t, broker.Config{MemoryLimit: 16 << 10}, log, clock)
				for i := range 40 {
					ttl := time.Hour
					if i%4 != 3 {
						ttl = 1500 * time.Millisecond // over when two are loaded
					}
					b.publish("t", ttl, fmt.Sprint(i)+strings.Repeat("x", 5<<10))
				}
				alive := listAlive(t, b, broker.ListOptions{Pattern: "t", Limit: 4, ByDeadline: byDeadline})
				if want := []uint64{4, 8, 12, 16, 20, 24, 28, 32, 36, 40}; !slices.Equal(alive, want) {
					t.Errorf("%v are listed, not %v", alive, want)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// listAlive gives the sequences of all pages that are alive when their page has come.
func listAlive(t *testing.T, b *bench, o broker.ListOptions) (alive []uint64) {
	t.Helper()
	for {
		page, err := b.List(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Messages {
			if m := &page.Messages[i]; m.Deadline > b.Now() {
				alive = append(alive, m.Sequence)
			}
		}
		if !page.More {
			return alive
		}
		last := page.Messages[len(page.Messages)-1]
		o.After = &broker.ListPosition{Topic: last.Topic, Sequence: last.Sequence, Deadline: last.Deadline}
	}
}

// slow is a log that takes a second for each load.
type slow struct{ *memlog.Log }

func (s slow) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	time.Sleep(time.Second)
	return s.Log.Load(ctx, ref)
}

func TestColdMessagesChangeTheirLifetime(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		ctx := context.Background()
		if _, err := b.SetDeadline(ctx, "even", 5, b.Now().Add(2*time.Hour), 0); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteMessage(ctx, "even", 7); err != nil {
			t.Fatal(err)
		}
		r := b.subscribe(broker.Start{}, "even")
		if got := r.drain(); len(got) != 999 || got[5] != published[5] || got[6] != published[7] {
			t.Errorf("%d messages", len(got))
		}
		time.Sleep(time.Hour)
		b.subscribe(broker.Start{}, ">").expect(published[4])
		if c := b.Stats().Counts; c.Retained != 1 || c.RetainedBytes != uint64(len(frames(published[4]))) {
			t.Errorf("%+v", c)
		}
	})
}

func TestColdMessagesAreSkippedToTheNewest(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		r := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"odd"}, Slow: broker.SlowSkipToNewest})
		r.budget.Messages = 1
		r.next()
		if _, err := b.SetDeadline(context.Background(), "odd", 2, b.Now(), 0); err != nil {
			t.Fatal(err)
		}
		r.expect(published[1999])
		r.expectGap(broker.Gap{First: 2, Last: 999, Expired: 1, Skipped: 997})
	})
}

// TestColdNeighboursLeaveTogether reads messages that were published one by one.
func TestColdNeighboursLeaveTogether(t *testing.T) {
	inColdBubble(t, func(b *bench, _ []string) {
		const all = 4000
		var want []string
		for i := range all {
			want = append(want, fmt.Sprint(i, strings.Repeat("x", 100)))
			b.publish("single", time.Duration(1+i/(all/2))*time.Hour, want[i])
		}
		b.publish("odd", time.Hour, strings.Repeat("x", coldLimit*7/8)) // what came before goes cold
		b.remove("single", 3000)
		r := b.subscribe(broker.Start{}, "single")
		r.budget = broker.Budget{Bytes: 20_000}
		if got := r.drain(); !slices.Equal(got, slices.Delete(want, 2999, 3000)) {
			t.Errorf("%d messages in another order, or others, than the %d published", len(got), all)
		}
		if n := len(r.runs); n > all/50 {
			t.Errorf("%d runs for %d messages", n, all)
		}
		for _, run := range r.runs {
			ttl, last := time.Hour, run.First+uint64(run.Count)-1
			if run.First > all/2 {
				ttl = 2 * time.Hour
			}
			if run.Deadline != run.PublishTime.Add(ttl) || (run.First <= all/2) != (last <= all/2) || (run.First < 3000) != (last < 3000) {
				t.Errorf("#%d to #%d with one deadline, %v", run.First, last, run.Deadline.Sub(run.PublishTime))
			}
		}
	})
}

// TestColdReadersHaveBoundedMemory has many readers stop in the middle.
func TestColdReadersHaveBoundedMemory(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		places := b.Stats().MemoryReaders
		const all, scarce = 60, 16 << 10
		var readers []*reader
		for range all {
			r := b.subscribe(broker.Start{}, "even")
			r.budget = broker.Budget{Bytes: 5 << 10}
			r.next()
			readers = append(readers, r)
			places += broker.ReaderOverhead
			if loaded := b.Stats().MemoryReaders - places; loaded > coldLimit/4+broker.AheadBytes+int64(len(readers))*(scarce+5<<10) {
				t.Fatalf("%d bytes are loaded for %d readers", loaded, len(readers))
			}
		}
		var even []string
		for i := 0; i < len(published); i += 20 {
			even = append(even, published[i:i+10]...)
		}
		for i, r := range readers {
			if i%10 == 0 && !slices.Equal(r.drain(), even[2:]) {
				t.Errorf("reader %d does not go on where it was", i)
			}
			r.Close()
		}
		if left := b.Stats().MemoryReaders; left != 0 {
			t.Errorf("%d bytes are accounted without readers", left)
		}
	})
}

// TestWaitingForTheDiskHoldsNobodyElseUp has a log that does not answer whoever loads.
func TestWaitingForTheDiskHoldsNobodyElseUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := &stuck{memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced}), make(chan struct{})}
		b := openOn(t, broker.Config{MemoryLimit: coldLimit}, log, clock)
		defer b.Close()
		b.publish("cold", time.Hour, "extended", "deleted", "read")
		for range 30 {
			b.publish("cold", time.Hour, strings.Repeat("x", 20<<10))
		}
		ctx := t.Context()
		var waiting sync.WaitGroup
		for range 20 { // more than load at a time
			waiting.Go(func() {
				r := b.subscribe(broker.Start{}, "cold")
				if d, err := r.Next(ctx, broker.Budget{Bytes: 100}); err != nil || len(d.Runs) == 0 {
					t.Errorf("%d runs, %v", len(d.Runs), err)
				}
				r.Close()
			})
		}
		waiting.Go(func() {
			if _, err := b.SetDeadline(ctx, "cold", 1, b.Now().Add(2*time.Hour), 0); err != nil {
				t.Error(err)
			}
		})
		waiting.Go(func() {
			if err := b.DeleteMessage(ctx, "cold", 2); err != nil {
				t.Error(err)
			}
		})
		waiting.Go(func() {
			if page, err := b.List(broker.ListOptions{Pattern: ">", Limit: 10}); err != nil || len(page.Messages) == 0 {
				t.Errorf("%d messages listed, %v", len(page.Messages), err)
			}
		})
		synctest.Wait() // all of them wait for the disk

		began := time.Now()
		hot := b.subscribe(broker.Start{Kind: broker.StartNew}, ">")
		b.publish("cold", time.Hour, "new")
		b.publish("another", time.Second, "first")
		hot.expect("new", "first")
		last := b.subscribe(broker.Start{Kind: broker.StartLast, N: 1}, "cold")
		last.expect("new")
		if found, _, err := b.Get("another", 1); err != nil || string(found.Message) != "first" {
			t.Errorf("%q, %v", found.Message, err)
		}
		if took := time.Since(began); took > time.Millisecond { // what looks for nothing more waits a nanosecond
			t.Errorf("it took %v", took)
		}
		close(log.goOn)
		waiting.Wait()
		if got := b.info("cold").Counts; got.Retained != 33 {
			t.Errorf("%+v", got)
		}
	})
}

// TestReadingThatFailedGoesOnWhereItWas has loading fail again and again, as it does when a reader's patience ends while
// the disk is slow.
func TestReadingThatFailedGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := &failing{Log: memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
		b := openOn(t, broker.Config{MemoryLimit: coldLimit}, log, clock)
		defer b.Close()
		var want []string
		for i := range 2000 {
			want = append(want, fmt.Sprint(i, strings.Repeat("x", i%37*40)))
			b.publish([]string{"even", "odd"}[i%2], time.Hour, want[i])
		}
		s, err := b.Broker.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var got []string
		failed := 0
		for len(got) < len(want) && failed < 2000 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			d, err := s.Next(ctx, broker.Budget{Bytes: 20_000})
			cancel()
			if err != nil {
				failed++
				continue
			}
			for _, r := range d.Runs {
				got = append(got, texts(r.Body)...)
				if r.Gap.Total() > 0 {
					t.Errorf("%+v", r.Gap)
				}
			}
		}
		if !slices.Equal(got, want) || failed < 10 {
			t.Errorf("%d messages of %d, in another order or with others, and %d failures", len(got), len(want), failed)
		}
	})
}

// TestWhatIsOnItsWayToTheDiskFillsMemoryForAMoment refuses with a wait that is worth waiting, not until a deadline.
func TestWhatIsOnItsWayToTheDiskFillsMemoryForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := &waiting{Log: memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
		b := openOn(t, broker.Config{MemoryLimit: coldLimit}, log, clock)
		defer b.Close()
		b.publish("t", time.Hour, "made before")
		log.hold.Store(true)
		var batches []broker.Batch
		for range 10 {
			batches = append(batches, broker.Batch{Topic: "t", TTL: time.Hour, HasTTL: true, Count: 1, Body: frames(strings.Repeat("x", coldLimit/8))})
		}
		answers := make(chan broker.PublishAnswer, 1)
		b.Broker.Publish(t.Context(), broker.PublishRequest{Batches: batches}, func(a broker.PublishAnswer) { answers <- a })
		log.release()
		refused := 0
		for _, r := range (<-answers).Results {
			if r.Err == nil {
				continue
			}
			refused++
			if e := b.fault(r.Err, broker.ErrFull); e.RetryAfter > time.Second || !strings.Contains(e.Detail, "on their way") {
				t.Errorf("%+v", e)
			}
		}
		if refused != 3 {
			t.Errorf("%d of 10 are refused, of which 7 fit at a time", refused)
		}
		for range 10 {
			b.publish("t", time.Hour, strings.Repeat("x", coldLimit/8)) // one at a time there is room
		}
	})
}

// waiting is a log that holds back what is proposed until it is released. The sweeper's time goes through.
type waiting struct {
	broker.Log
	hold atomic.Bool
	held []func() // of the test's goroutine
}

func (l *waiting) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindPublished && l.hold.Load() {
		l.held = append(l.held, func() { l.Log.Append(p, done) })
		return
	}
	l.Log.Append(p, done)
}

func (l *waiting) release() {
	l.hold.Store(false)
	for _, f := range l.held {
		f()
	}
}

// failing is a log of which ten loads in twenty fail, one behind the other.
type failing struct {
	*memlog.Log
	loads atomic.Int64
}

func (l *failing) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	if l.loads.Add(1)%20 >= 10 {
		return nil, context.DeadlineExceeded
	}
	return l.Log.Load(ctx, ref)
}

// stuck is a log that lets whoever loads wait.
type stuck struct {
	*memlog.Log
	goOn chan struct{}
}

func (l *stuck) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	select {
	case <-l.goOn:
		return l.Log.Load(ctx, ref)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestDamagedMessagesAreLostAndNeverServed meets the damage by reading, by listing and by asking for one message.
func TestDamagedMessagesAreLostAndNeverServed(t *testing.T) {
	meet := map[string]func(*bench) []string{
		"reading":    func(b *bench) []string { return b.subscribe(broker.Start{}, "t").drain() },
		"listing":    func(b *bench) []string { return b.list("t") },
		"by pattern": func(b *bench) []string { return b.list(">") },
		"one by one": func(b *bench) (got []string) {
			for sequence := uint64(1); sequence <= 40; sequence++ {
				found, ended, err := b.Get("t", sequence)
				if err != nil || (ended != nil) == (found.Message != nil) || (ended != nil && ended.Reason != broker.Lost) {
					b.Errorf("#%d: %.9q, %+v, %v", sequence, found.Message, ended, err)
				}
				if ended == nil {
					got = append(got, string(found.Message))
				}
			}
			return got
		},
	}
	for how, f := range meet {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := broker.NewClock(time.Now)
				log := damaging{memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
				b := openOn(t, broker.Config{MemoryLimit: 64 << 10}, log, clock)
				var published []string
				for i := range 40 {
					published = append(published, fmt.Sprint(i, strings.Repeat("x", 5<<10)))
					b.publish("t", time.Minute, published[i])
				}
				got := f(b)
				lost := 40 - len(got)
				// What lies at every third position is damaged, of what is not in memory.
				if lost < 8 || lost > 14 || !slices.Equal(got, slices.DeleteFunc(published, func(m string) bool { return !slices.Contains(got, m) })) {
					t.Errorf("%d of 40 lost", lost)
				}
				if c := b.Stats().Counts; c.Ended.Lost != uint64(lost) || c.Retained != uint64(len(got)) {
					t.Errorf("%d lost: %+v", lost, c)
				}
				r := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 1}, "t")
				if again := r.drain(); !slices.Equal(again, got) {
					t.Errorf("%d messages are left", len(again))
				}
				told := uint64(0)
				for _, g := range r.gaps {
					told += g.Lost
				}
				if told != uint64(lost) {
					t.Errorf("%d told as lost, of %d", told, lost)
				}
				b.checkCounts()
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// damaging is a log that finds every third run that it loads damaged.
type damaging struct{ *memlog.Log }

func (l damaging) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	if ref.Position%3 == 0 {
		return nil, broker.ErrDamaged
	}
	return l.Log.Load(ctx, ref)
}
