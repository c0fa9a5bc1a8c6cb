package broker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

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
