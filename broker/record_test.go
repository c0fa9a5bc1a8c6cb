package broker_test

import (
	"testing"
	"time"

	"linger/broker"
)

func TestContract10_TheRecordAddsUp(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{MaxMessages: 3, AtLimit: broker.LimitEvictOldest})
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Second, "1", "2")
		r.drain()
		time.Sleep(time.Second) // 1, 2: delivered
		b.publish("t", time.Second, "3")
		time.Sleep(2 * time.Minute) // 3: undelivered
		b.publish("t", time.Hour, "4", "5", "6")
		b.publish("t", time.Hour, "7") // 4: evicted
		b.remove("t", 6)
		b.publish("t", 0, "8")
		rec, err := b.Record("t")
		if err != nil {
			t.Fatal(err)
		}
		c := rec.Topic.Counts
		same(t, "counts", c, broker.Counts{
			Published: 8, Retained: 2, RetainedBytes: uint64(len(frames("5", "7"))), Passing: 1,
			Ended: broker.Ends{ExpiredDelivered: 2, ExpiredUndelivered: 1, Evicted: 1, Deleted: 1},
		})
		if c.Published != c.Retained+c.Passing+c.Ended.Total() {
			t.Error("the record does not add up")
		}
		var charted broker.Ends
		for i, m := range rec.Minutes {
			charted.ExpiredDelivered += m.Ended.ExpiredDelivered
			charted.ExpiredUndelivered += m.Ended.ExpiredUndelivered
			charted.Evicted += m.Ended.Evicted
			charted.Deleted += m.Ended.Deleted
			if m.Start%60_000 != 0 || i > 0 && m.Start <= rec.Minutes[i-1].Start {
				t.Errorf("%+v", rec.Minutes)
			}
		}
		same(t, "chart", charted, c.Ended)
		if len(rec.Minutes) != 2 || rec.Remembered != 4 {
			t.Errorf("%+v", rec)
		}
		_, err = b.Record("none")
		b.fault(err, broker.ErrTopicNotFound)
	})
}

func TestLedger(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for range 5 {
			b.publish("t", time.Second, "a", "b", "c")
			b.publish("t", time.Hour, "d")
			time.Sleep(2 * time.Second)
		}
		for sequence := uint64(4); sequence <= 20; sequence += 4 {
			b.remove("t", sequence)
		}
		ledger := func(o broker.LedgerOptions) (spans [][2]uint64, more bool) {
			t.Helper()
			page, more, err := b.Ledger("t", o)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				spans = append(spans, [2]uint64{e.First, e.Last})
			}
			return spans, more
		}
		page, more := ledger(broker.LedgerOptions{Limit: 3})
		same(t, "first page", page, [][2]uint64{{20, 20}, {17, 19}, {16, 16}})
		if !more {
			t.Error("there is more")
		}
		page, more = ledger(broker.LedgerOptions{Limit: 100, Before: 7})
		same(t, "below 7", page, [][2]uint64{{5, 6}, {4, 4}, {1, 3}})
		if more {
			t.Error("there is no more")
		}
		page, more = ledger(broker.LedgerOptions{Limit: 2, Before: 16, Reasons: []broker.EndReason{broker.Deleted, broker.Evicted}})
		same(t, "deleted", page, [][2]uint64{{12, 12}, {8, 8}})
		if !more {
			t.Error("there is more")
		}
		_, _, err := b.Ledger("none", broker.LedgerOptions{Limit: 1})
		b.fault(err, broker.ErrTopicNotFound)
	})
}
