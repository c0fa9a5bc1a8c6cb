package broker_test

import (
	"fmt"
	"testing"
	"time"

	"linger/broker"
)

// whatIf asks for a lifetime.
func (b *bench) whatIf(topic string, ttl time.Duration) broker.WhatIf {
	b.Helper()
	w, err := b.WhatIf(topic, ttl)
	if err != nil {
		b.Fatal(err)
	}
	return w
}

func TestWhatIf(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		for range 30 { // two a second, read every ten seconds
			b.publish("t", time.Minute, "a", "b")
			time.Sleep(time.Second)
			if b.Now()%10_000 == 0 {
				r.drain()
			}
		}
		w := b.whatIf("t", 5*time.Second)
		if w.Published != 60 || w.Most != 10 || w.MostBytes != uint64(5*len(frames("a", "b"))) || w.Growing {
			t.Errorf("%+v", w)
		}
		// Those of the seconds 5 to 9 were less than five seconds old, exactly five are too many.
		if w.Judged != 40 || w.Delivered != 16 || w.AtLeast {
			t.Errorf("%+v", w)
		}
		if w = b.whatIf("t", time.Hour); !w.Growing || w.Most != 60 || w.Delivered != 60 || w.AtLeast {
			t.Errorf("%+v", w)
		}
		_, err := b.WhatIf("t", 0)
		b.fault(err, broker.ErrInvalid)
		_, err = b.WhatIf("none", time.Second)
		b.fault(err, broker.ErrTopicNotFound)
	})
}

// TestWhatIfAfterARestart knows nothing of what was published before.
func TestWhatIfAfterARestart(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "before")
		again := b.restart(broker.Config{}, 15*time.Second)
		opened := again.Now()
		time.Sleep(20 * time.Second)
		if w := again.whatIf("t", time.Second); w.Since != opened || w.Published != 0 {
			t.Errorf("%+v, opened at %d", w, opened)
		}
		again.subscribe(broker.Start{}, "t").expect("before")
		again.publish("t", time.Hour, "after")
		if w := again.whatIf("t", time.Second); w.Since != opened || w.Published != 1 || w.Judged != 1 || w.Delivered != 0 || !w.AtLeast {
			t.Errorf("%+v, opened at %d", w, opened)
		}
		again.Close()
	})
}

// TestHistoryIsForgotten takes what happened of late back when it is too long ago, and with its topic.
func TestHistoryIsForgotten(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, ">")
		for range 700 {
			b.publish("t", 500*time.Millisecond, "m")
			b.publish("u", 500*time.Millisecond, "m")
			r.drain()
			time.Sleep(time.Second)
		}
		full := b.Stats().MemoryHistory
		if full < 2*20_000 || full > 2*32_000 {
			t.Errorf("%d bytes for two topics that are never quiet", full)
		}
		b.drop("u")
		if left := b.Stats().MemoryHistory; left != full/2 {
			t.Errorf("%d bytes of %d after one of two topics is gone", left, full)
		}
		time.Sleep(12 * time.Minute)
		if left := b.Stats().MemoryHistory; left > full/10 {
			t.Errorf("%d bytes of %d after twelve quiet minutes", left, full)
		}
		if w := b.whatIf("t", time.Minute); w.Published != 0 || b.Now().Sub(w.Since) < 9*time.Minute {
			t.Errorf("%+v", w)
		}
		time.Sleep(time.Hour)
		if left := b.Stats().MemoryHistory; left != 0 {
			t.Errorf("%d bytes after a quiet hour", left)
		}
	})
}

// TestHistoryStaysWithinItsBound has more topics than there is memory for: the last ones know nothing, and say so.
func TestHistoryStaysWithinItsBound(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: 16 << 16}, func(b *bench) {
		const bound = 1 << 16
		for i := range 200 {
			for second := range 8 {
				b.publish(fmt.Sprintf("t%d", i%180), time.Second, "m")
				time.Sleep(time.Duration(1+second%2) * time.Second)
			}
			if used := b.Stats().MemoryHistory; used > bound {
				t.Fatalf("%d bytes, the bound is %d", used, bound)
			}
		}
		known := 0
		for i := range 180 {
			w := b.whatIf(fmt.Sprintf("t%d", i), time.Second)
			if w.Published > 0 {
				known++
			} else if last := b.info(fmt.Sprintf("t%d", i)).LastPublish; w.Since <= last && w.Now.Sub(last) < broker.WhatIfReach-2*time.Second {
				t.Errorf("t%d: %+v, but the last message was published at %d", i, w, last)
			}
		}
		if known == 0 {
			t.Error("no topic knows anything")
		}
	})
}

func TestLifeLeftOnArrival(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"t"}, Client: "billing", Peer: "10.0.0.7:1234"})
		b.publish("t", 10*time.Second, "at once", "at once")
		r.drain()
		b.publish("t", 10*time.Second, "late")
		time.Sleep(9500 * time.Millisecond)
		r.drain()
		b.publish("t", 0, "passes")
		b.publish("t", time.Minute, "not read")
		readers, total, err := b.TopicReaders("t", 10)
		if err != nil || total != 1 {
			t.Fatal(total, err)
		}
		same(t, "reader", readers[0], broker.TopicReader{
			Client: "billing", Peer: "10.0.0.7:1234", Patterns: []string{"t"}, Since: readers[0].Since, Position: 4, Lag: 2,
			LifeLeft: broker.LifeLeft{Messages: 3, Median: 990, Worst: 50, WorstLeft: 500 * time.Millisecond},
		})
		r.drain()
		time.Sleep(11 * time.Minute)
		readers, _, _ = b.TopicReaders("t", 0)
		same(t, "long after", readers[0].LifeLeft, broker.LifeLeft{})

		b.subscribe(broker.Start{Kind: broker.StartNew}, ">")
		b.publish("t", time.Minute, "m")
		readers, total, _ = b.TopicReaders("t", 1)
		if len(readers) != 1 || total != 2 {
			t.Errorf("%d of %d", len(readers), total)
		}
		_, _, err = b.TopicReaders("none", 0)
		b.fault(err, broker.ErrTopicNotFound)
	})
}
