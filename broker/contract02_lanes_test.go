package broker_test

import (
	"context"
	"testing"
	"time"

	"linger/broker"
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
