package broker_test

import (
	"fmt"
	"testing"
	"time"

	"linger/broker"
)

func TestContract10_EachMessageEndsForOneReason(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		early := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Second, "expires", "expires")               // 1, 2: delivered
		b.publish("t", time.Minute, "by request", "deleted", "deleted") // 3 to 5
		early.expect("expires", "expires", "by request", "deleted", "deleted")
		b.publish("t", time.Second, "undelivered") // 6
		b.publish("t", time.Minute, "by request")  // 7: undelivered
		b.extend("t", 3, b.Now())
		b.remove("t", 4)
		b.remove("t", 5)
		b.extend("t", 7, b.Now())
		time.Sleep(time.Second)
		for sequence, want := range map[uint64]broker.EndReason{
			1: broker.ExpiredDelivered, 3: broker.ExpiredDelivered, 4: broker.Deleted, 6: broker.ExpiredUndelivered, 7: broker.ExpiredUndelivered,
		} {
			if _, ended, err := b.Get("t", sequence); err != nil || ended == nil || ended.Reason != want {
				t.Errorf("#%d: %+v, %v, want %v", sequence, ended, err, want)
			}
		}
		same(t, "counts", b.info("t").Counts, broker.Counts{
			Published: 7, Ended: broker.Ends{ExpiredDelivered: 3, ExpiredUndelivered: 2, Deleted: 2},
		})
		b.publish("t", time.Minute, "with the topic", "too")
		if n := b.drop("t"); n != 2 {
			t.Errorf("%d deleted with the topic", n)
		}
		same(t, "counts of all that there was", b.Stats().Counts, broker.Counts{
			Published: 9, Ended: broker.Ends{ExpiredDelivered: 3, ExpiredUndelivered: 2, Deleted: 4},
		})
	})
}

func TestContract10_WatchingAndListingAreNoDelivery(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{Recent: 10})
		b.publish("t", time.Second, "a")
		b.subscribe(broker.Start{}, "t") // which never reads
		b.list("t")
		b.Get("t", 1)
		w.until(5 * time.Second)
		if len(w.previews) != 1 || len(w.ended) != 1 || w.ended[0].Reason != broker.ExpiredUndelivered || w.ended[0].Deliveries != 0 {
			t.Errorf("%+v, %+v", w.previews, w.ended)
		}
	})
}

func TestContract10_WhatPassesIsCountedFromWhenASubscriptionBegan(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Minute, "a")
		b.subscribe(broker.Start{}, "t") // somebody, so that it stays for the passing time
		b.publish("t", 0, "before")
		r := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 2}, "t")
		b.publish("t", 0, "after") // at the same moment, so that both end as one
		r.expect("after")
		time.Sleep(broker.PassingTime)
		for sequence, want := range map[uint64]broker.Ended{
			2: {Reason: broker.ExpiredUndelivered}, 3: {Reason: broker.ExpiredDelivered, Deliveries: 1},
		} {
			if _, ended, err := b.Get("t", sequence); err != nil || ended == nil || ended.Reason != want.Reason || ended.Deliveries != want.Deliveries {
				t.Errorf("#%d: %+v, %v, want %v and %d deliveries", sequence, ended, err, want.Reason, want.Deliveries)
			}
		}
	})
}

func TestContract10_DeliveriesCountSubscriptions(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		deliveries := func(want ...uint32) {
			t.Helper()
			page, err := b.List(broker.ListOptions{Pattern: "t", Limit: 100})
			var got []uint32
			for _, m := range page.Messages {
				got = append(got, m.Deliveries)
			}
			same(t, "deliveries", got, want)
			if m, _, _ := b.Get("t", 2); m.Deliveries != want[1] || err != nil {
				t.Errorf("#2: %d deliveries, %v", m.Deliveries, err)
			}
		}
		b.publish("t", time.Minute, "a", "b", "c", "d")
		deliveries(0, 0, 0, 0)
		stays, leaves := b.subscribe(broker.Start{}, "t"), b.subscribe(broker.Start{}, ">")
		wild := b.subscribe(broker.Start{}, "t", "*") // twice, but one subscription
		stays.budget.Messages, leaves.budget.Messages = 2, 3
		stays.next()
		leaves.next()
		deliveries(2, 2, 1, 0)
		wild.drain()
		leaves.Close()
		deliveries(3, 3, 2, 1) // who left is still counted
		b.subscribe(broker.Start{Kind: broker.StartLast, N: 2}, "t").drain()
		b.subscribe(broker.Start{Kind: broker.StartSequence, N: 4}, "t").drain()
		deliveries(3, 3, 3, 3)
		wild = wild.resume("t", "*")
		wild.expect()
		deliveries(3, 3, 3, 3)
		stays.budget.Messages = 0
		stays.drain()
		deliveries(3, 3, 4, 4)
		time.Sleep(time.Minute)
		for sequence, want := range map[uint64]uint32{1: 3, 2: 3, 3: 4, 4: 4} {
			if _, ended, _ := b.Get("t", sequence); ended == nil || ended.Deliveries != want || ended.Reason != broker.ExpiredDelivered {
				t.Errorf("#%d: %+v, want %d deliveries", sequence, ended, want)
			}
		}
	})
}

func TestContract10_WhatIsBehindAReaderIsNotDeliveredToIt(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Second, "missed")
		b.publish("t", time.Minute, "a")
		time.Sleep(time.Second)
		r.expect("a") // passes over the first
		b.publish("t", time.Minute, "b")
		same(t, "counts", b.info("t").Counts.Ended, broker.Ends{ExpiredUndelivered: 1})
	})
	inFrozenBubble(t, func(b *bench, move func(time.Duration)) { // and so when nothing cleaned up before
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Second, "missed", "missed")
		b.publish("t", time.Minute, "a")
		move(time.Second)
		r.expect("a")
		same(t, "counts", b.info("t").Counts.Ended, broker.Ends{ExpiredUndelivered: 2})
	})
}

func TestContract10_WatchersSeeEndsInBulk(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{})
		r := b.subscribe(broker.Start{}, "t")
		sent := b.publish("t", time.Second, "delivered", "delivered")
		r.drain()
		for range 1000 {
			b.publish("t", time.Second, "x")
		}
		b.publish("t", time.Minute, "deleted", "kept")
		b.remove("t", 1003)
		w.until(3 * time.Second)
		end := func(first, last uint64, reason broker.EndReason, at broker.Instant, deliveries uint32) broker.Ended {
			return broker.Ended{
				Topic: "t", Incarnation: sent.Incarnation, First: first, Last: last, Reason: reason,
				PublishTime: sent.PublishTime, EndTime: at, Deliveries: deliveries,
			}
		}
		same(t, "ended", w.ended, []broker.Ended{
			end(1003, 1003, broker.Deleted, sent.PublishTime, 0),
			end(1, 2, broker.ExpiredDelivered, sent.Deadline, 1),
			end(3, 1002, broker.ExpiredUndelivered, sent.Deadline, 0),
		})
		w.ended = nil
		b.publish("t", time.Hour, "x")
		b.drop("t")
		w.until(time.Second)
		if n := len(w.ended); n != 1 || w.ended[0].First != 1004 || w.ended[0].Last != 1005 || w.ended[0].Reason != broker.Deleted {
			t.Errorf("%+v", w.ended)
		}
		c := w.stats[0].Counts
		if c.Published != 1005 || c.Published != c.Retained+c.Passing+c.Ended.Total() {
			t.Errorf("the numbers of a topic that is gone: %+v", c)
		}
	})
}

func TestContract10_EvictionIsTold(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inBubble(t, broker.Config{}, func(b *bench) {
			info := b.create("t", broker.Policy{MaxMessages: 5, AtLimit: rule})
			w := b.watch(broker.WatchOptions{})
			w.until(time.Second)
			r := b.subscribe(broker.Start{}, "t")
			sent := b.publish("t", time.Hour, "a", "b", "c", "d", "e")
			r.budget.Messages = 2
			r.next()
			b.publish("t", time.Hour, "f", "g", "h")
			w.until(time.Second)
			end := func(first, last uint64, deliveries uint32) broker.Ended {
				return broker.Ended{
					Topic: "t", Incarnation: info.Incarnation, First: first, Last: last, Reason: broker.Evicted,
					PublishTime: sent.PublishTime, EndTime: sent.PublishTime, Deliveries: deliveries,
				}
			}
			same(t, "ended", w.ended, []broker.Ended{end(1, 2, 1), end(3, 3, 0)})
			c := broker.Counts{Published: 8, Retained: 5, RetainedBytes: 15, Ended: broker.Ends{Evicted: 3}}
			same(t, "counts", b.info("t").Counts, c)
			same(t, "counts of the watch", w.stats[0].Counts, c)
			_, ended, err := b.Get("t", 2)
			if err != nil || ended.Reason != broker.Evicted || ended.Deliveries != 1 {
				t.Errorf("%+v, %v", ended, err)
			}
			if _, err := b.SetDeadline(t.Context(), "t", 2, b.Now().Add(time.Hour), 0); b.fault(err, broker.ErrEnded).Ended.Reason != broker.Evicted {
				t.Error(err)
			}
			same(t, "retained", b.drop("t"), uint64(5))
			same(t, "counts of all that there was", b.Stats().Counts.Ended, broker.Ends{Evicted: 3, Deleted: 5})
		})
	}
}

func TestContract10_CountersAddUpAtAllTimes(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		b.subscribe(broker.Start{}, "t") // never reads
		published := uint64(0)
		for i := range 300 {
			n := 1 + i%4
			first := b.publish("t", time.Duration(i%5)*70*time.Millisecond, numbered(n)...).First
			published += uint64(n)
			switch i % 7 {
			case 1:
				r.next()
			case 2:
				if i%5 > 1 {
					b.remove("t", first)
				}
			case 3:
				if i%5 > 1 {
					b.extend("t", first, b.Now().Add(time.Second))
				}
			case 4:
				time.Sleep(31 * time.Millisecond)
			}
			b.checkCounts()
			if c := b.info("t").Counts; c.Published != published {
				t.Fatalf("%d published, %+v", published, c)
			}
		}
		time.Sleep(10 * time.Second)
		if c := b.info("t").Counts; c.Ended.Total() != published || c.Retained != 0 || c.RetainedBytes != 0 || c.Passing != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestContract10_RestartMakesDeliveryUnknown(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Second, "a", "b")            // ends before
		b.publish("t", time.Minute, "c", "d", "deleted") // ends while down
		b.publish("t", time.Hour, "e", "f")              // ends after
		b.subscribe(broker.Start{}, "t").drain()
		time.Sleep(time.Second)
		b.remove("t", 5)
		b = b.restart(broker.Config{}, time.Hour-2*time.Second)
		b.checkCounts()
		same(t, "counts", b.info("t").Counts, broker.Counts{
			Published: 7, Retained: 2, RetainedBytes: uint64(len(frames("e", "f"))), Ended: broker.Ends{ExpiredUnknown: 4, Deleted: 1},
		})
		b.subscribe(broker.Start{}, "t").expect("e", "f")
		time.Sleep(time.Second)
		same(t, "counts", b.info("t").Counts, broker.Counts{Published: 7, Ended: broker.Ends{ExpiredUnknown: 4, Deleted: 1, ExpiredDelivered: 2}})
		b = b.restart(broker.Config{}, 0)
		if c := b.info("t").Counts; c.Published != 7 || c.Ended.Total() != 7 {
			t.Errorf("%+v", c)
		}
		b.Close()
	})
}

func TestContract10_MassExpiryWithManyReaders(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const all, readers = 5000, 100
		for i := range readers {
			r := b.subscribe(broker.Start{}, "t")
			r.budget.Messages = 1 + i*all/readers
			defer r.next()
		}
		for range all {
			b.publish("t", time.Second, "x")
		}
		time.Sleep(time.Second)
		if c := b.info("t").Counts; c.Ended.ExpiredUndelivered != all {
			t.Errorf("%+v", c)
		}
	})
}

func ExampleEnded_String() {
	e := broker.Ended{Reason: broker.ExpiredDelivered, EndTime: 1_000, Deliveries: 3}
	fmt.Println(&e)
	// Output: expired at 1970-01-01 00:00:01.000Z, delivered to 3
}
