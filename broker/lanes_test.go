package broker_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract02_MemoryTopicBesideDurableOnesBeginsAnew(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		made := b.createInMemory("m")
		b.publish("m", time.Hour, "a", "b")
		b.publish("f", time.Hour, "x", "y")
		if _, err := b.SetPolicy(context.Background(), "m", broker.Policy{Max: 2 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		seen := map[uint64]bool{made.Incarnation: true}
		durable := b.info("f").Incarnation
		for range 3 {
			b = b.restart(broker.Config{}, time.Second)
			defer b.Close()
			i := b.info("m")
			if i.Durability != broker.DurabilityMemory || i.Policy.Max != 2*time.Hour || i.Created != made.Created || i.NextSequence != 1 || i.Counts != (broker.Counts{}) {
				t.Errorf("%+v", i)
			}
			if seen[i.Incarnation] || i.Incarnation == 0 {
				t.Errorf("incarnation %d was there before", i.Incarnation)
			}
			seen[i.Incarnation] = true
			r := b.subscribe(broker.Start{}, "m", "f")
			same(t, "hello", r.Topics(), []broker.TopicIncarnation{{Topic: "f", Incarnation: durable, NextSequence: 3}, {Topic: "m", Incarnation: i.Incarnation, NextSequence: 1}})
			r.expect("x", "y")
			if p := b.publish("m", time.Hour, "c", "d"); p.First != 1 || p.Incarnation != i.Incarnation || p.Durability != broker.DurabilityMemory {
				t.Errorf("%+v", p)
			}
			r.expect("c", "d")
			if run := r.runs[len(r.runs)-1]; run.Incarnation != i.Incarnation || run.First != 1 {
				t.Errorf("%+v", run)
			}
		}
		b.checkCounts()
	})
}

func TestContract02_MemoryTopicMadeAgainOfAnyDurability(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		for i := range 6 {
			if i%2 == 0 {
				b.createInMemory("t")
			}
			want := []broker.Durability{broker.DurabilityMemory, broker.DurabilityFsynced}[i%2]
			if p := b.publish("t", time.Hour, "a", "b"); p.First != 1 || p.Durability != want {
				t.Errorf("%+v", p)
			}
			r.expect("a", "b")
			if n := b.drop("t"); n != 2 {
				t.Errorf("%d are deleted", n)
			}
			r.expect()
			same(t, "resets", r.resets, []broker.Reset{{Reason: broker.ResetTopicDeleted, Topic: "t"}})
			r.resets = nil
			if i == 2 {
				r.Close()
				b = b.restart(broker.Config{}, 0)
				defer b.Close()
				r = b.subscribe(broker.Start{}, "t")
			}
		}
	})
}

func TestContract05_TimeIsStoredWhileOnlyMemoryIsBusy(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		for range 100 {
			b.publish("m", time.Hour, "a")
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if behind := b.Now().Sub(b.log.Time()); behind > time.Second {
			t.Errorf("the time in the store is %v old", behind)
		}
	})
}

func TestContract06_TokenAtEveryDeliveryResumesExactlyInLanes(t *testing.T) {
	for _, topics := range []int{4, 50} { // with more than 32 the token does not know them
		inLanes(t, broker.Config{}, func(b *bench) {
			const all = 300
			perTopic := map[string]uint64{}
			publish := func(i int) {
				name := "t." + strconv.Itoa(i*7%topics)
				if _, there := perTopic[name]; !there && i*7%topics%2 == 0 {
					b.createInMemory(name)
				}
				b.publish(name, time.Hour, strconv.Itoa(i), strconv.Itoa(i))
				perTopic[name] += 2
			}
			got := map[string]uint64{}
			r := b.subscribe(broker.Start{}, "t.*")
			for i := range all {
				publish(i)
				r.budget.Messages = 1 + i%3
				r.next()
				r = r.resume("t.*")
				r.runs = nil
			}
			// From the beginning, one at a time.
			for r = b.subscribe(broker.Start{}, "t.*"); ; r = r.resume("t.*") {
				r.budget.Messages = 1
				r.next()
				if len(r.runs) == 0 {
					break
				}
				for _, run := range r.runs {
					if run.First != got[run.Topic]+1 || run.Gap.Total() > 0 {
						t.Fatalf("%d topics, %s: #%d, gap %+v after #%d", topics, run.Topic, run.First, run.Gap, got[run.Topic])
					}
					got[run.Topic] = run.First + uint64(run.Count) - 1
				}
			}
			same(t, "got", got, perTopic)
		})
	}
}

func TestContract06_TokenAfterARestartInLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("m", time.Hour, "a", "b")
		b.publish("f", time.Hour, "x", "y")
		read, half, started := b.subscribe(broker.Start{}, ">"), b.subscribe(broker.Start{}, ">"), b.subscribe(broker.Start{Kind: broker.StartNew}, ">")
		f := b.subscribe(broker.Start{}, "f")
		read.drain()
		f.drain()
		half.budget.Messages = 1
		half.next()
		half.budget.Messages = 0
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		for _, r := range []*reader{read, half, started, f} {
			r.b = b
		}
		b.publish("m", time.Second, "gone")
		b.publish("m", time.Hour, "c")
		b.publish("f", time.Hour, "z")
		b.createInMemory("new")
		b.publish("new", time.Hour, "n")
		time.Sleep(time.Second)
		begun := []broker.Reset{{Reason: broker.ResetNewIncarnation, Topic: "m"}}
		check := func(r *reader, resets []broker.Reset, want map[string]int) {
			t.Helper()
			r.runs = nil
			got := map[string]int{}
			for _, text := range r.drain() {
				got[text]++
			}
			same(t, "got", got, want)
			same(t, "resets", r.resets, resets)
			for _, run := range r.runs {
				if run.Topic == "m" && (run.First != 2 || run.Gap.Expired != 1) {
					t.Errorf("%+v", run)
				}
				if run.Topic != "m" && run.Gap.Total() > 0 {
					t.Errorf("%+v", run)
				}
			}
		}
		check(read.resume(">"), begun, map[string]int{"c": 1, "z": 1, "n": 1})
		first := map[string]int{"c": 1, "z": 1, "n": 1, "x": 1, "y": 1}
		for _, run := range half.runs {
			for _, text := range texts(run.Body) {
				delete(first, text)
			}
		}
		check(half.resume(">"), begun, first)
		check(started.resume(">"), begun, map[string]int{"c": 1, "z": 1, "n": 1})
		check(f.resume("f"), nil, map[string]int{"z": 1})
	})
}

// A token between the resets and what follows them brings the resets again.
func TestContract06_ResetsOfARestartAreNotLost(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		names := []string{"m.1", "m.2", "m.3"}
		for _, name := range names {
			b.createInMemory(name)
			b.publish(name, time.Hour, "old")
		}
		r := b.subscribe(broker.Start{}, "m.*")
		r.drain()
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		r.b = b
		b.publish("m.2", time.Hour, "new")
		r = r.resume("m.*")
		r.next()
		r = r.resume("m.*") // one of three was told
		r.expect("new")
		if len(r.resets) != 3 {
			t.Errorf("%+v", r.resets)
		}
		r = r.resume("m.*")
		r.expect()
		if len(r.resets) != 0 {
			t.Errorf("again: %+v", r.resets)
		}
	})
}

func TestContract06_CaughtUpInBothLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("m", time.Hour, numbered(10)...)
		b.publish("f", time.Hour, numbered(10)...)
		r := b.subscribe(broker.Start{}, ">")
		r.budget.Messages = 4
		for read := 0; read < 20; {
			if r.caughtUp > 0 {
				t.Fatalf("caught up after %d", read)
			}
			got, _ := r.next()
			read += len(got)
		}
		r.drain()
		if r.caughtUp != 1 {
			t.Errorf("told %d times", r.caughtUp)
		}
	})
}

func TestContract07_LongWayInOneLaneDoesNotHideTheOther(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("f", time.Hour, numbered(1000)...)
		r := b.subscribe(broker.Start{}, ">")
		r.budget.Messages = 1
		b.publish("m", time.Hour, "now")
		for range 2 {
			r.next()
		}
		seen := false
		for _, run := range r.runs {
			seen = seen || run.Topic == "m"
		}
		if !seen {
			t.Error("a message in memory waits for all that is stored")
		}
	})
}

func TestContract08_LifetimesOfMemoryTopicsBesideDurableOnes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("m", time.Minute, "a", "b", "c")
		b.extend("m", 2, b.Now().Add(time.Hour))
		b.remove("m", 3)
		time.Sleep(time.Minute)
		same(t, "listed", b.list("m"), []string{"b"})
		info, err := b.SetPolicy(context.Background(), "m", broker.Policy{Max: time.Second})
		if err != nil || info.Policy.Max != time.Second {
			t.Fatalf("%+v, %v", info, err)
		}
		if r := b.publish("m", time.Minute, "d"); r.First != 4 || r.Deadline.Sub(r.PublishTime) != time.Second {
			t.Errorf("%+v", r)
		}
		b.extend("m", 2, b.Now().Add(2*time.Hour)) // by the policy it was published under
		if i := b.info("m"); i.Counts.Published != 4 || i.Counts.Ended.Deleted != 1 {
			t.Errorf("%+v", i.Counts)
		}
	})
}

// countingLog counts what is proposed to it.
type countingLog struct {
	broker.Log
	proposals atomic.Int64
}

func (l *countingLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	l.proposals.Add(1)
	l.Log.Append(p, done)
}

func TestContract11_MemoryTopicsCostTheStoreNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		store := &countingLog{Log: memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
		b := openOn(t, broker.Config{MemoryLog: memlog.New(memlog.Options{Clock: clock, Adopt: true})}, store, clock)
		defer b.Close()
		for asked, want := range map[broker.Durability]broker.Durability{
			broker.DurabilityMemory: broker.DurabilityMemory, broker.DurabilityDefault: broker.DurabilityFsynced, broker.DurabilityFsynced: broker.DurabilityFsynced,
		} {
			if i, err := b.CreateTopic(context.Background(), "t"+asked.String(), broker.Policy{}, asked); err != nil || i.Durability != want {
				t.Errorf("%v: %+v, %v", asked, i, err)
			}
			if r := b.try("t" + asked.String()); r.Durability != want {
				t.Errorf("%v: %+v", asked, r)
			}
		}
		if r := b.try("made-by-a-publish"); r.Durability != broker.DurabilityFsynced || b.Durability() != broker.DurabilityFsynced {
			t.Errorf("%+v", r)
		}
		before := store.proposals.Load()
		for i := range uint64(100) {
			b.publish("tmemory", time.Hour, "a", "b")
			b.extend("tmemory", 2*i+2, b.Now().Add(2*time.Hour))
			b.remove("tmemory", 2*i+3)
		}
		if n := store.proposals.Load() - before; n > 0 {
			t.Errorf("%d proposals to the store", n)
		}
	})
}

func TestContract10_CountsOfManyLanesAddUp(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		w, err := b.Watch(broker.WatchOptions{Scopes: []string{">"}, Recent: 10})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for i := range 10 {
			b.publish([]string{"m", "f"}[i%2], time.Hour, strconv.Itoa(i))
			time.Sleep(time.Millisecond)
		}
		frame, err := w.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var previewed []string
		for _, p := range frame.Previews {
			previewed = append(previewed, string(p.Message.Message))
		}
		late, err := b.Watch(broker.WatchOptions{Recent: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer late.Close()
		frame, err = late.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var recent []string
		for _, p := range frame.Previews {
			recent = append(recent, string(p.Message.Message))
		}
		same(t, "the last four, of both lanes", recent, []string{"6", "7", "8", "9"})
		if len(previewed) != 10 {
			t.Errorf("previewed %q", previewed)
		}
		b.drop("m")
		s := b.Stats()
		if s.Counts.Published != 10 || s.Counts.Retained != 5 || s.Counts.Ended.Deleted != 5 {
			t.Errorf("%+v", s.Counts)
		}
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		if s := b.Stats(); s.Counts.Published != 5 || s.Counts.Retained != 5 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// gatedLog holds back what is proposed while its gate is shut.
type gatedLog struct {
	broker.Log
	mu   sync.Mutex
	shut bool
	held []func()
}

func (l *gatedLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		l.held = append(l.held, func() { l.Log.Append(p, done) })
		return
	}
	l.Log.Append(p, done)
}

func (l *gatedLog) set(shut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = shut
	for _, hold := range l.held {
		hold()
	}
	l.held = nil
}

func TestContract10_DeletedInOneLaneWhilePublishedInTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		gate := &gatedLog{Log: memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		b := openOn(t, broker.Config{MemoryLog: gate}, memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced}), clock)
		defer b.Close()
		b.createInMemory("t")
		before := b.publish("t", time.Hour, "a")
		r := b.subscribe(broker.Start{}, "t")
		r.expect("a")

		gate.set(true)
		p := b.producer(1)
		answers := make(chan broker.PublishAnswer, 1)
		b.Publish(context.Background(), p.request(1, "t", "f"), func(a broker.PublishAnswer) { answers <- a })
		if n := b.drop("t"); n != 1 {
			t.Errorf("%d deleted", n)
		}
		b.publish("t", time.Hour, "durable") // made again, in the store
		gate.set(false)
		a := <-answers
		b.fault(a.Results[0].Err, broker.ErrTopicNotFound)
		if a.Results[1].Err != nil {
			t.Errorf("%+v", a)
		}
		same(t, "again", b.send(p.request(1, "t", "f")).Results, a.Results)
		r.expect("durable")
		same(t, "resets", r.resets, []broker.Reset{{Reason: broker.ResetTopicDeleted, Topic: "t"}})
		b.checkCounts()
		if s := b.Stats(); s.Counts.Published != 3 || s.Counts.Retained != 2 || s.Pending != 0 {
			t.Errorf("%+v after %+v", s, before)
		}
		time.Sleep(time.Hour)
		if used := b.Stats().MemoryUsed; used > 2*broker.TopicOverhead+broker.ReaderOverhead+2048 {
			t.Errorf("%d bytes are used", used)
		}
	})
}

func TestContract06_CloseWakesWhoWaits(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		r.drain()
		ended := make(chan error, 1)
		go func() {
			_, err := r.Next(context.Background(), broker.Budget{})
			ended <- err
		}()
		synctest.Wait()
		r.Close()
		if err := <-ended; !errors.Is(err, broker.ErrClosed) {
			t.Errorf("%v", err)
		}
		if _, err := r.Next(context.Background(), broker.Budget{}); !errors.Is(err, broker.ErrClosed) {
			t.Errorf("after it: %v", err)
		}
	})
}

// TestLanesAtOnce has everybody do everything at the same time: for the race detector, and for what must hold after all.
func TestLanesAtOnce(t *testing.T) {
	inLanes(t, broker.Config{NoAutoCreate: true}, func(b *bench) {
		const rounds = 60
		names := []string{"f.1", "f.2", "m.1", "m.2"}
		b.create("f.1", broker.Policy{})
		b.create("f.2", broker.Policy{})
		b.createInMemory("m.1")
		b.createInMemory("m.2")
		ctx, cancel := context.WithCancel(context.Background())
		var readers, writers sync.WaitGroup
		for i := range 4 {
			s, err := b.Subscribe(broker.SubscribeOptions{Patterns: []string{[]string{">", "m.*"}[i%2]}})
			if err != nil {
				t.Fatal(err)
			}
			readers.Go(func() {
				defer s.Close()
				next := map[uint64]uint64{}
				for {
					d, err := s.Next(ctx, broker.Budget{Bytes: 100, Messages: 7})
					if err != nil {
						return
					}
					for _, run := range d.Runs {
						if want := next[run.Incarnation]; run.First != max(want, 1)+run.Gap.Total() {
							t.Errorf("%s: #%d with %+v, want #%d", run.Topic, run.First, run.Gap, want)
						}
						next[run.Incarnation] = run.First + uint64(run.Count)
					}
				}
			})
		}
		for i := range 4 {
			p := b.producer(byte(i + 1))
			writers.Go(func() {
				for n := range uint64(rounds) {
					r := p.request(n+1, append(names, "m.3", "m.4")...) // some of which come and go
					for _, result := range b.send(r).Results {
						if result.Err != nil && !errors.Is(result.Err, broker.ErrTopicNotFound) {
							t.Error(result.Err)
						}
					}
				}
			})
		}
		writers.Go(func() {
			for n := range uint64(rounds) {
				name := fmt.Sprintf("m.%d", 3+n%2)
				b.CreateTopic(ctx, name, broker.Policy{}, broker.DurabilityMemory)
				b.publish("f.1", time.Millisecond, "short")
				b.try(name, time.Hour)
				b.SetDeadline(ctx, "m.1", n+1, b.Now().Add(2*time.Hour), 0)
				b.DeleteMessage(ctx, "m.2", n+1)
				b.SetPolicy(ctx, "m.1", broker.Policy{Max: time.Hour + time.Duration(n)*time.Second})
				if n%3 == 0 {
					b.DeleteTopic(ctx, name)
				}
			}
		})
		writers.Wait()
		synctest.Wait()
		cancel()
		readers.Wait()
		b.checkCounts()
		for _, name := range names {
			if i := b.info(name); i.Counts.Published < 4*rounds {
				t.Errorf("%+v", i)
			}
		}
		time.Sleep(3 * time.Hour)
		s := b.Stats()
		if c := s.Counts; c.Retained+c.Passing != 0 || c.Published != c.Ended.Total() || s.MemoryUsed != int64(s.Topics)*broker.TopicOverhead {
			t.Errorf("when all is over: %+v", s)
		}
	})
}

// promptLog has applied that a topic is made before it returns to who proposed that.
type promptLog struct{ *memlog.Log }

func (l promptLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindTopicPut {
		l.Combine(p, done)
		return
	}
	l.Log.Append(p, done)
}

// Who was away when a memory topic was made is told of all that ended in it, also of what the topic has forgotten, however
// soon the topic's log had it.
func TestContract07_GapInAMemoryTopicMadeMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		memory := promptLog{memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		b := openOn(t, broker.Config{MemoryLog: memory}, memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced}), clock)
		defer b.Close()
		r := b.subscribe(broker.Start{}, "t.*")
		r.expect()
		r.Close()
		b.createInMemory("t.m")
		const ended = 3000
		for range ended {
			b.publish("t.m", time.Second, "a")
		}
		time.Sleep(2 * time.Second)
		r = r.resume("t.*")
		b.publish("t.m", time.Hour, "b")
		r.expect("b")
		r.expectGap(broker.Gap{First: 1, Last: ended, Expired: ended})
	})
}
