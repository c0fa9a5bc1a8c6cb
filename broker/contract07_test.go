package broker_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"linger/broker"
)

func TestContract07_GapCountsAreExact(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Second, "expired", "expired")                    // 1, 2
		b.publish("t", time.Hour, "deleted", "a", "by request", "b")         // 3 to 6
		b.publish("t", 0, "passing")                                         // 7
		b.publish("t", time.Hour, "deleted", "c", "deleted", "shorter", "d") // 8 to 12
		b.remove("t", 3)
		b.extend("t", 5, b.Now())
		b.remove("t", 8)
		b.remove("t", 10)
		b.extend("t", 11, b.Now().Add(time.Second))
		time.Sleep(time.Second)
		r.expect("a", "b", "c", "d")
		same(t, "gaps", r.gaps, []broker.Gap{
			{First: 1, Last: 3, Expired: 2, Deleted: 1},
			{First: 5, Last: 5, Expired: 1},
			{First: 7, Last: 8, Expired: 1, Deleted: 1},
			{First: 10, Last: 11, Expired: 1, Deleted: 1},
		})
		r.gaps = nil
		b.publish("t", time.Second, "expired")
		time.Sleep(time.Second)
		r.expect() // told before the next message, not earlier
		b.publish("t", time.Second, "e")
		r.expect("e")
		r.expectGap(broker.Gap{First: 13, Last: 13, Expired: 1})
	})
}

func TestContract07_EvictedMessagesAreToldInTheGap(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inBubble(t, broker.Config{}, func(b *bench) {
			b.create("t", broker.Policy{MaxMessages: 4, AtLimit: rule})
			r, late := b.subscribe(broker.Start{}, "t"), b.subscribe(broker.Start{}, "t")
			late.budget.Messages = 3
			b.publish("t", time.Hour, "a", "b", "c", "d") // 1 to 4
			late.next()                                   // #4 is left of its run
			b.publish("t", 2*time.Hour, "e")              // 5
			b.publish("t", time.Second, "expires")        // 6
			b.remove("t", 3)
			time.Sleep(time.Second)
			b.publish("t", 2*time.Hour, "f", "g", "h") // 7 to 9
			r.expect("e", "f", "g", "h")
			same(t, "gaps", r.gaps, []broker.Gap{{First: 1, Last: 4, Evicted: 3, Deleted: 1}, {First: 6, Last: 6, Expired: 1}})
			late.budget.Messages = 0
			late.expect("e", "f", "g", "h")
			same(t, "gaps", late.gaps, []broker.Gap{{First: 4, Last: 4, Evicted: 1}, {First: 6, Last: 6, Expired: 1}})
			b.publish("t", 2*time.Hour, numbered(10)...) // more than there is room for
			r.expect("7", "8", "9", "10")
			same(t, "gaps", r.gaps[2:], []broker.Gap{{First: 10, Last: 15, Evicted: 6}})
			all := b.subscribe(broker.Start{}, "t")
			all.expect("7", "8", "9", "10")
			all.expectGap(broker.Gap{})
		})
	}
}

func TestContract07_WhatIsNoLongerRememberedIsCounted(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Hour, "a")
		r.expect("a")
		b.publish("t", time.Second, numbered(100)...)
		b.publish("t", 2*time.Hour, "deleted", "b")
		time.Sleep(2*time.Hour - 10*time.Second)
		b.remove("t", 102)
		r.expect("b")
		r.expectGap(broker.Gap{First: 2, Last: 102, Deleted: 1, Forgotten: 100})
		if _, ended, err := b.Get("t", 2); err != nil || ended == nil || ended.Reason != broker.NotEnded {
			t.Errorf("%+v, %v", ended, err)
		}
	})
}

func TestContract07_ManyEndsAreCountedExactly(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		const all = 15_000 // more than are remembered one by one
		for i := range all {
			b.publish("t", time.Second, "x")
			if i%3 == 0 {
				b.remove("t", uint64(i+1))
			}
		}
		time.Sleep(time.Second)
		b.publish("t", time.Second, "next")
		r.expect("next")
		if len(r.gaps) != 1 || r.gaps[0].Total() != all || r.gaps[0].Deleted > all/3 || r.gaps[0].Expired > all-all/3 || r.gaps[0].Forgotten == all {
			t.Errorf("%+v", r.gaps)
		}
	})
}

func TestContract07_SlowReaderMayBeDisconnected(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"t"}, Slow: broker.SlowDisconnect})
		b.publish("t", time.Minute, "a")
		r.expect("a")
		b.publish("t", time.Second, "b", "c")
		time.Sleep(time.Second)
		r.expect()
		if r.err != nil {
			t.Errorf("disconnected although nothing follows: %v", r.err)
		}
		b.publish("t", time.Minute, "d")
		r.expect()
		if e := b.fault(r.err, broker.ErrTooSlow); e.Detail == "" {
			t.Errorf("%+v", e)
		}
		r.Close()
		if n := b.info("t").Subscriptions; n != 0 {
			t.Errorf("%d subscriptions", n)
		}
	})
}

func TestContract07_SlowReaderMaySkipToTheNewest(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"t"}, Slow: broker.SlowSkipToNewest})
		b.publish("t", time.Minute, "a", "b") // 1, 2
		r.expect("a", "b")
		b.publish("t", time.Minute, "c") // 3
		r.expect("c")
		b.publish("t", time.Second, "x")                // 4
		b.publish("t", time.Minute, "d", "deleted")     // 5, 6
		b.publish("t", 0, "passing")                    // 7
		b.publish("t", time.Second, "x", "x")           // 8, 9
		b.publish("t", time.Minute, "e", "f", "newest") // 10 to 12
		b.remove("t", 6)
		time.Sleep(time.Second)
		token := bytes.Clone(r.token)
		r.expect("newest")
		r.expectGap(broker.Gap{First: 4, Last: 11, Expired: 4, Deleted: 1, Skipped: 3})
		b.publish("t", time.Minute, "live")
		r.expect("live")
		r.expectGap(broker.Gap{})
		again := b.subscribe(broker.Start{Kind: broker.StartToken, Token: token}, "t")
		again.expect("d", "e", "f", "newest", "live")
		r.Close()
		again.Close()
		time.Sleep(time.Minute)
		for sequence, deliveries := range map[uint64]uint32{1: 1, 3: 1, 5: 1, 10: 1, 11: 1, 12: 2, 13: 2} {
			if _, ended, err := b.Get("t", sequence); err != nil || ended == nil || ended.Deliveries != deliveries {
				t.Errorf("#%d: %+v, want %d deliveries", sequence, ended, deliveries)
			}
		}
	})
}

func TestContract07_SkippingWhenOnlyPassingIsLeft(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"t"}, Slow: broker.SlowSkipToNewest})
		b.publish("t", time.Millisecond, "x")
		time.Sleep(time.Millisecond)
		b.publish("t", 0, "passing", "newest")
		r.expect("newest")
		r.expectGap(broker.Gap{First: 1, Last: 2, Expired: 2})
		b.publish("t", time.Minute, "a")
		r.expect("a")
		r.expectGap(broker.Gap{})
	})
}

func TestContract07_ReadingAllNeverBeginsWithAGap(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Second, "dead", "dead")
		b.publish("t", time.Minute, "deleted", "a")
		b.remove("t", 3)
		time.Sleep(time.Second)
		r := b.subscribe(broker.Start{}, "t")
		dies := b.subscribe(broker.Start{}, "t")
		r.expect("a")
		r.expectGap(broker.Gap{})
		time.Sleep(time.Minute) // what it asked for dies before it reads
		b.publish("t", time.Minute, "b")
		dies.expect("b")
		dies.expectGap(broker.Gap{})
		slow := b.subscribeWith(broker.SubscribeOptions{Patterns: []string{"t"}, Slow: broker.SlowDisconnect})
		time.Sleep(time.Minute)
		b.publish("t", time.Minute, "c")
		slow.expect("c") // not too slow: it missed nothing that came after it
	})
}

func TestContract07_PublishersNeverWaitForReaders(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for range 20 {
			b.subscribe(broker.Start{}, ">") // none of them ever reads
		}
		before := time.Now()
		for range 2000 {
			b.publish("t", time.Minute, "x")
		}
		if waited := time.Since(before); waited != 0 {
			t.Errorf("publishing took %v", waited)
		}
		if lag := b.info("t").WorstLag; lag != 2000 {
			t.Errorf("a lag of %d", lag)
		}
		b.subscribe(broker.Start{Kind: broker.StartNew}, "t").expect()
	})
}

func TestContract07_SlowReaderCostsNoOtherReader(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		slow, fast := b.subscribe(broker.Start{}, "t"), b.subscribe(broker.Start{}, "t")
		for _, text := range numbered(100) {
			b.publish("t", time.Second, text)
			fast.expect(text)
			time.Sleep(100 * time.Millisecond)
		}
		fast.expectGap(broker.Gap{})
		slow.expect(numbered(100)[91:]...)
		slow.expectGap(broker.Gap{First: 1, Last: 91, Expired: 91})
	})
}

// TestContract07_AHundredStalledReaders stop at different messages, and are each told of the rest to the last one; what
// the server holds does not grow meanwhile.
func TestContract07_AHundredStalledReaders(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Second, numbered(100)...)
		var stalled []*reader
		for i := range 100 {
			r := b.subscribe(broker.Start{}, "t")
			r.budget.Messages = i + 1
			if got, ok := r.next(); !ok || len(got) != i+1 {
				t.Fatalf("read %d of %d", len(got), i+1)
			}
			stalled = append(stalled, r)
		}
		published := uint64(100)
		var used int64
		for round := range 20 {
			const each = 256 // whole chunks: less is accounted for messages of which one is full
			for range each {
				b.publish("t", time.Second, "x")
			}
			published += each
			time.Sleep(500 * time.Millisecond)
			if now := b.Stats().MemoryUsed; round < 3 {
				used = now
			} else if now != used {
				t.Fatalf("%d bytes are used, %d were before", now, used)
			}
		}
		time.Sleep(time.Second)
		b.publish("t", time.Second, "last")
		for i, r := range stalled {
			r.budget.Messages = 0
			r.expect("last")
			r.expectGap(broker.Gap{First: uint64(i + 2), Last: published, Expired: published - uint64(i+1)})
		}
	})
}

// TestContract07_ReadersListersAndPublishersAtOnce is for the race detector.
func TestContract07_ReadersListersAndPublishersAtOnce(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		ctx, stop := context.WithCancel(context.Background())
		var all sync.WaitGroup
		for i := range 6 {
			s, err := b.Broker.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}, Slow: []broker.SlowPolicy{broker.SlowTold, broker.SlowSkipToNewest}[i%2]})
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				for n := 0; ; n++ {
					if _, err := s.Next(ctx, broker.Budget{Bytes: 50}); err != nil {
						return
					}
					if n%10 == 0 && i > 2 {
						time.Sleep(5 * time.Millisecond)
					}
				}
			})
			defer s.Close()
		}
		all.Go(func() {
			for ctx.Err() == nil {
				b.info("t")
				b.Stats()
				b.list(">")
				b.soonest("t", 3)
				b.Get("t", 5)
				time.Sleep(time.Millisecond)
			}
		})
		for i := range 500 {
			b.publish("t", time.Duration(i%7)*time.Millisecond, numbered(1+i%3)...)
			time.Sleep(time.Millisecond)
		}
		stop()
		all.Wait()
	})
}
