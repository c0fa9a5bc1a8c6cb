package broker_test

import (
	"testing"
	"time"

	"linger/broker"
)

func TestContract02_NumbersIncreaseFromOne(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		if r := b.publish("t", time.Minute, "a", "b", "c"); r.First != 1 || r.Count != 3 {
			t.Errorf("%+v", r)
		}
		if r := b.publish("t", 0, "d"); r.First != 4 {
			t.Errorf("%+v", r)
		}
		b.fault(b.try("t", -1).Err, broker.ErrTTLRejected) // takes no number
		if r := b.publish("t", time.Second, "e", "f"); r.First != 5 || r.Count != 2 {
			t.Errorf("%+v", r)
		}
		if r := b.publish("u", time.Second, "a"); r.First != 1 {
			t.Errorf("another topic: %+v", r)
		}
	})
}

func TestContract02_NumberIsNeverUsedTwice(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		incarnation := b.publish("t", time.Second, "a", "b").Incarnation
		time.Sleep(time.Minute) // everything has expired
		if r := b.publish("t", time.Second, "c"); r.First != 3 {
			t.Errorf("after expiry: %+v", r)
		}
		b.remove("t", 3)
		b.publish("t", 0, "d")
		for range 2 {
			b = b.restart(broker.Config{}, time.Hour)
		}
		if i := b.info("t"); i.NextSequence != 5 || i.Incarnation != incarnation || i.Counts.Published != 4 {
			t.Errorf("after restarts: %+v", i)
		}
		if r := b.publish("t", time.Second, "e"); r.First != 5 || r.Incarnation != incarnation {
			t.Errorf("after restarts: %+v", r)
		}
		b.Close()
	})
}

func TestContract02_TopicMadeAgainIsAnotherIncarnation(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		seen := map[uint64]bool{}
		for range 3 {
			p := b.publish("t", time.Minute, "a")
			r.expect("a")
			run := r.runs[len(r.runs)-1]
			named := r.Topics()
			info := b.info("t")
			if p.First != 1 || run.First != 1 || p.Incarnation != run.Incarnation || p.Incarnation != info.Incarnation {
				t.Errorf("%+v, %+v, %+v", p, run, info)
			}
			same(t, "for the hello", named, []broker.TopicIncarnation{{Topic: "t", Incarnation: p.Incarnation, NextSequence: 2}})
			if seen[p.Incarnation] {
				t.Errorf("incarnation %d was there before", p.Incarnation)
			}
			seen[p.Incarnation] = true
			b.drop("t")
		}
	})
}

func TestContract02_MemoryTopicAfterARestartIsAnotherIncarnation(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		before := b.publish("t", time.Minute, "a")
		store := b.StoreID()
		b.Close()
		b = open(t, broker.Config{}, nil)
		defer b.Close()
		after := b.publish("t", time.Minute, "a")
		if after.First != 1 || after.Incarnation == before.Incarnation || b.StoreID() == store {
			t.Errorf("%+v after %+v, store %s after %s", after, before, b.StoreID(), store)
		}
	})
}
