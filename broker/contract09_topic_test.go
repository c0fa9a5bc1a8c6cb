package broker_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/memlog"
)

// sendTo publishes messages with a lifetime and gives whatever comes of it.
func (b *bench) sendTo(topic string, ttl time.Duration, messages ...string) broker.PublishResult {
	b.Helper()
	return b.send(broker.PublishRequest{Batches: []broker.Batch{
		{Topic: topic, TTL: ttl, HasTTL: true, Count: len(messages), Body: frames(messages...)},
	}}).Results[0]
}

// settled waits for what is on its way and gives the topic's counts.
func (b *bench) settled(topic string) broker.Counts {
	b.Helper()
	synctest.Wait()
	b.checkCounts()
	return b.info(topic).Counts
}

func TestContract09_FullTopicRejectsAndSaysWhenSpaceComesFree(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("few", broker.Policy{MaxMessages: 5})
		b.create("small", broker.Policy{MaxBytes: 50, AtLimit: broker.LimitReject})
		for topic, test := range map[string]struct {
			fits  int
			wants []string
		}{
			"few":   {5, []string{"few", "5 of 5 messages", "max_messages", "at_limit"}},
			"small": {50 / len(frames("0123456")), []string{"small", "45 of 50 bytes", "max_bytes", "9 more"}},
		} {
			b.publish(topic, time.Minute, "0123456")
			time.Sleep(time.Second)
			for range test.fits - 1 {
				b.publish(topic, time.Hour, "0123456")
			}
			time.Sleep(9 * time.Second)
			r := b.sendTo(topic, time.Hour, "0123456")
			e := b.fault(r.Err, broker.ErrFull)
			if e.RetryAfter != 50*time.Second || e.Field != "topic" {
				t.Errorf("%s: %+v", topic, e)
			}
			free := b.Now().Add(50 * time.Second).Time().Format("15:04:05.000Z07:00")
			for _, want := range append(test.wants, free) {
				if !strings.Contains(e.Detail, want) {
					t.Errorf("%s: %q is missing: %s", topic, want, e.Detail)
				}
			}
			if c := b.settled(topic); c.Retained != uint64(test.fits) || c.Ended.Total() != 0 {
				t.Errorf("%s: %+v", topic, c)
			}
			time.Sleep(e.RetryAfter)
			b.publish(topic, time.Hour, "0123456")
			b.fault(b.sendTo(topic, time.Hour, "0123456").Err, broker.ErrFull)
		}
	})
}

func TestContract09_BatchIsRejectedWhole(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{MaxMessages: 5})
		b.publish("t", time.Minute, "a", "b", "c")
		e := b.fault(b.sendTo("t", time.Minute, "d", "e", "f").Err, broker.ErrFull)
		if !strings.Contains(e.Detail, "3 of 5") || !strings.Contains(e.Detail, "3 more") {
			t.Error(e.Detail)
		}
		b.publish("t", time.Minute, "d", "e")
		same(t, "listed", b.list("t"), []string{"a", "b", "c", "d", "e"})
	})
}

func TestContract09_WhatCanNeverFitIsRefused(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("few", broker.Policy{MaxMessages: 3})
		b.create("small", broker.Policy{MaxBytes: 20})
		b.create("last", broker.Policy{MaxMessages: 3, MaxBytes: 30, AtLimit: broker.LimitEvictOldest})
		for topic, messages := range map[string][]string{
			"few": {"a", "b", "c", "d"}, "small": {"0123456789", "0123456789"}, "last": {"a", strings.Repeat("x", 40)},
		} {
			e := b.fault(b.sendTo(topic, time.Minute, messages...).Err, broker.ErrFull)
			if e.RetryAfter != 0 || !strings.Contains(e.Detail, "can never fit") || !strings.Contains(e.Detail, topic) {
				t.Errorf("%s: %+v", topic, e)
			}
			if c := b.settled(topic); c.Published != 0 {
				t.Errorf("%s: %+v", topic, c)
			}
		}
		// Of a larger batch a topic that evicts keeps the last, as if its messages had come one by one.
		b.publish("last", time.Minute, numbered(10)...)
		if c := b.settled("last"); c.Retained != 3 || c.Ended.Evicted != 7 {
			t.Errorf("%+v", c)
		}
		same(t, "listed", b.list("last"), []string{"8", "9", "10"})
		b.publish("last", time.Minute, "0123456789", "0123456789", "0123456789")
		b.settled("last")
		same(t, "listed", b.list("last"), []string{"0123456789", "0123456789"})
	})
}

func TestContract09_EvictOldestKeepsExactlyTheLast(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{MaxMessages: 10, AtLimit: broker.LimitEvictOldest})
		var all []string
		for i := range 60 {
			batch := make([]string, 1+i*7%10)
			for j := range batch {
				batch[j] = fmt.Sprint(len(all) + j)
			}
			all = append(all, batch...)
			b.publish("t", time.Duration(1+i%3)*time.Hour, batch...)
			want := all[max(0, len(all)-10):]
			if got := b.list("t"); !slices.Equal(got, want) { // at once: they go first, then the batch comes
				t.Fatalf("after %d messages %q are retained, want %q", len(all), got, want)
			}
			b.checkCounts()
		}
		if c := b.settled("t"); c.Ended.Evicted != uint64(len(all)-10) {
			t.Errorf("%+v", c)
		}
		_, ended, err := b.Get("t", 3)
		if err != nil || ended == nil || ended.Reason != broker.Evicted || !strings.HasPrefix(ended.String(), "evicted at ") {
			t.Errorf("%+v, %v", ended, err)
		}
	})
}

func TestContract09_EvictWithinABound(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inBubble(t, broker.Config{}, func(b *bench) {
			b.create("t", broker.Policy{MaxBytes: 100, AtLimit: rule})
			b.publish("t", time.Hour, "0123456", "0123456", "0123456") // 9 bytes each
			b.publish("t", time.Hour, strings.Repeat("x", 58))         // 60
			same(t, "evicted", b.settled("t").Ended.Evicted, uint64(0))
			b.publish("t", time.Hour, strings.Repeat("y", 14)) // 16: the first has to go, and that alone
			c := b.settled("t")
			if c.Ended.Evicted != 1 || c.RetainedBytes != 94 {
				t.Errorf("%v: %+v", rule, c)
			}
			b.publish("t", time.Hour, strings.Repeat("z", 23)) // 25: the second and the third
			c = b.settled("t")
			if c.Ended.Evicted != 4 || c.RetainedBytes != 41 { // 9 + 9 leave 1 too many: the long one has to go
				t.Errorf("%v: %+v", rule, c)
			}
		})
	}
}

func TestContract09_EvictSoonest(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{MaxMessages: 4, AtLimit: broker.LimitEvictSoonest})
		b.publish("t", 30*time.Minute, "30a", "30b") // 1, 2
		b.publish("t", 10*time.Minute, "10")         // 3
		b.publish("t", 20*time.Minute, "20")         // 4
		expect := func(want ...string) {
			t.Helper()
			b.settled("t")
			same(t, "listed", b.list("t"), want)
		}
		b.publish("t", time.Minute, "1") // 5: what comes is not what goes
		expect("30a", "30b", "20", "1")
		b.publish("t", 40*time.Minute, "40")
		expect("30a", "30b", "20", "40")
		b.extend("t", 4, b.Now().Add(50*time.Minute))
		b.publish("t", 60*time.Minute, "60")
		expect("30b", "20", "40", "60") // of those that expire together the oldest
		b.extend("t", 6, b.Now().Add(5*time.Minute))
		b.publish("t", 60*time.Minute, "60b", "60c")
		expect("20", "60", "60b", "60c")
		b.remove("t", 4)
		b.publish("t", time.Hour, "room")
		expect("60", "60b", "60c", "room")
		same(t, "counts", b.info("t").Counts.Ended, broker.Ends{Evicted: 5, Deleted: 1})
		time.Sleep(time.Hour)
		same(t, "counts", b.info("t").Counts.Ended, broker.Ends{Evicted: 5, Deleted: 1, ExpiredUndelivered: 4})
	})
}

func TestContract09_WhatIsDeadTakesNoRoom(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitReject, broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inFrozenBubble(t, func(b *bench, move func(time.Duration)) { // nothing cleans up meanwhile
			b.create("t", broker.Policy{MaxMessages: 3, AtLimit: rule})
			b.publish("t", time.Hour, "a")
			b.publish("t", time.Second, "dead", "dead")
			move(time.Second)
			b.publish("t", time.Hour, "b", "c")
			c := b.info("t").Counts
			if got := b.list("t"); !slices.Equal(got, []string{"a", "b", "c"}) || c.Ended != (broker.Ends{ExpiredUndelivered: 2}) {
				t.Errorf("%v: %q, %+v", rule, got, c)
			}
		})
	}
}

func TestContract09_NowOrNeverCountsAgainstNoLimitOfItsTopic(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitReject, broker.LimitEvictOldest} {
		inBubble(t, broker.Config{}, func(b *bench) {
			b.create("t", broker.Policy{MaxMessages: 2, MaxBytes: 100, AtLimit: rule})
			r := b.subscribe(broker.Start{}, "t")
			b.publish("t", 0, "passes")
			b.publish("t", time.Hour, "a", "b")
			b.publish("t", 0, "passes", "passes", strings.Repeat("x", 200))
			if c := b.settled("t"); c.Retained != 2 || c.Passing != 4 || c.Ended.Total() != 0 {
				t.Errorf("%v: %+v", rule, c)
			}
			if got := r.drain(); len(got) != 6 {
				t.Errorf("%v: %q", rule, got)
			}
		})
	}
}

func TestContract09_LowerLimitRulesWhatComesLater(t *testing.T) {
	for rule, want := range map[broker.LimitRule][]string{
		broker.LimitEvictOldest: {"8", "9", "10", "new"}, broker.LimitEvictSoonest: {"1", "2", "3", "new"},
	} {
		inBubble(t, broker.Config{}, func(b *bench) {
			for i, text := range numbered(10) {
				b.publish("t", time.Hour-time.Duration(i)*time.Minute, text)
			}
			set := func(p broker.Policy) {
				t.Helper()
				if _, err := b.SetPolicy(context.Background(), "t", p); err != nil {
					t.Fatal(err)
				}
			}
			set(broker.Policy{MaxMessages: 4})
			b.fault(b.try("t").Err, broker.ErrFull)
			set(broker.Policy{MaxMessages: 4, AtLimit: rule})
			if c := b.settled("t"); c.Retained != 10 {
				t.Errorf("%v: the policy itself ended messages: %+v", rule, c)
			}
			b.publish("t", 2*time.Hour, "new")
			b.settled("t")
			same(t, rule.String(), b.list("t"), want)
			set(broker.Policy{}) // as it was: the fields name no limit
			b.publish("t", time.Hour, numbered(10)...)
			same(t, "retained", b.settled("t").Retained, uint64(14))
		})
	}
}

func TestContract09_DefaultsOfTheServer(t *testing.T) {
	inBubble(t, broker.Config{Policy: broker.Policy{MaxMessages: 3, AtLimit: broker.LimitEvictOldest}}, func(b *bench) {
		b.publish("made", time.Hour, "a", "b", "c", "d")
		same(t, "retained", b.settled("made").Retained, uint64(3))
		p := b.create("own", broker.Policy{MaxMessages: broker.Unlimited, MaxBytes: 5, AtLimit: broker.LimitReject}).Policy
		if p.MaxMessages != broker.Unlimited || p.MaxBytes != 5 || p.AtLimit != broker.LimitReject {
			t.Errorf("%+v", p)
		}
	})
}

// pipeline publishes n messages of the topic without waiting for answers, and gives how many were accepted in the end.
func (b *bench) pipeline(topic string, n int) (accepted int) {
	b.Helper()
	answers := make(chan broker.PublishResult, n)
	for i := range n {
		b.Broker.Publish(context.Background(), broker.PublishRequest{Batches: []broker.Batch{
			{Topic: topic, TTL: time.Hour, HasTTL: true, Count: 1, Body: frames(fmt.Sprint(i))},
		}}, func(a broker.PublishAnswer) { answers <- a.Results[0] })
	}
	for range n {
		if r := <-answers; r.Err == nil {
			accepted++
		} else {
			b.fault(r.Err, broker.ErrFull)
		}
	}
	return accepted
}

func TestContract09_PublishesOnTheirWayShareTheRoom(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(50 * time.Millisecond)}, func(b *bench) {
		b.create("reject", broker.Policy{MaxMessages: 10})
		same(t, "accepted", b.pipeline("reject", 100), 10)
		same(t, "retained", b.settled("reject").Retained, uint64(10))

		b.create("evict", broker.Policy{MaxMessages: 100, AtLimit: broker.LimitEvictOldest})
		same(t, "accepted", b.pipeline("evict", 90), 90)
		ctx, stop := context.WithCancel(context.Background())
		var looking sync.WaitGroup
		looking.Go(func() {
			for ctx.Err() == nil {
				if c := b.info("evict").Counts; c.Retained > 100 {
					t.Errorf("%d are retained", c.Retained)
				}
				time.Sleep(time.Millisecond)
			}
		})
		for range 20 {
			same(t, "accepted", b.pipeline("evict", 90), 90)
		}
		stop()
		looking.Wait()
		c := b.settled("evict")
		if c.Retained != 100 || c.Ended.Evicted != 21*90-100 {
			t.Errorf("%+v", c)
		}
	})
}

func TestContract09_MoreOnItsWayThanTheTopicMayHold(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		for _, d := range []time.Duration{0, 50 * time.Millisecond} {
			inLateBubble(t, logtest.LateOptions{Delay: delay(d)}, func(b *bench) {
				b.create("t", broker.Policy{MaxMessages: 1, AtLimit: rule})
				for range 5 {
					same(t, "accepted", b.pipeline("t", 200), 200)
				}
				time.Sleep(time.Second)
				if c := b.settled("t"); c.Retained != 1 || c.Ended.Evicted != 999 {
					t.Errorf("%v: %+v", rule, c)
				}
				same(t, "listed", b.list("t"), []string{"199"})
			})
		}
	}
}

func TestContract09_RestartBringsNothingEvictedBack(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inBubble(t, broker.Config{}, func(b *bench) {
			b.create("t", broker.Policy{MaxMessages: 7, AtLimit: rule})
			for i := range 20 {
				b.publish("t", time.Duration(1+i*7%10)*time.Hour, fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c"))
			}
			b.settled("t")
			want := b.list("t")
			for range 2 {
				b = b.restart(broker.Config{}, 0)
				same(t, rule.String(), b.list("t"), want)
				if c := b.settled("t"); c.Published != 60 || c.Retained != 7 {
					t.Errorf("%v: %+v", rule, c)
				}
			}
			b.publish("t", 20*time.Hour, "new")
			if c := b.settled("t"); c.Retained != 7 || c.Published != 61 {
				t.Errorf("%v: %+v", rule, c)
			}
			b.Close()
		})
	}
}

func TestContract09_WhatIsRefusedHasEvictedNothing(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		b.create("t", broker.Policy{MaxMessages: 3, AtLimit: broker.LimitEvictOldest})
		b.publish("t", time.Hour, "a", "b", "c")
		for _, batch := range []broker.Batch{
			{First: 2},
			{Deadline: b.Now()},
			{TTL: -1, HasTTL: true},
			{TTL: time.Hour, HasTTL: true, Body: frames(strings.Repeat("x", memoryLimit))},
		} {
			batch.Topic, batch.Count = "t", 1
			if batch.Body == nil {
				batch.Body = frames("m")
			}
			if r := b.send(broker.PublishRequest{Batches: []broker.Batch{batch}}).Results[0]; r.Err == nil {
				t.Errorf("%+v is accepted", batch)
			}
			same(t, "listed", b.list("t"), []string{"a", "b", "c"})
		}
	})
}

func TestContract09_EvictingPartsOfColdBatches(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		inColdBubble(t, func(b *bench, published []string) {
			for topic, p := range map[string]broker.Policy{
				"even": {MaxMessages: 995, AtLimit: rule}, "odd": {MaxBytes: int64(b.info("odd").Counts.RetainedBytes), AtLimit: rule},
			} {
				if _, err := b.SetPolicy(context.Background(), topic, p); err != nil {
					t.Fatal(err)
				}
			}
			b.publish("even", 2*time.Hour, "a")
			if c := b.settled("even"); c.Retained != 995 || c.Ended.Evicted != 6 {
				t.Errorf("%+v", c)
			}
			same(t, "listed", b.list("even")[:2], []string{published[6], published[7]})
			for range 15 {
				b.publish("odd", 2*time.Hour, published[10])
			}
			if c := b.settled("odd"); c.Retained != 1000 || c.Ended.Evicted != 15 {
				t.Errorf("%+v", c)
			}
			same(t, "listed", b.list("odd")[:1], []string{published[35]})
		})
	}
}

func TestContract09_EvictingLeavesNoMemoryBehind(t *testing.T) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		synctest.Test(t, func(t *testing.T) {
			clock := broker.NewClock(time.Now)
			b := openOn(t, broker.Config{}, memlog.New(memlog.Options{Clock: clock}), clock)
			defer b.Close()
			b.create("t", broker.Policy{MaxMessages: 100, AtLimit: rule})
			body := frames("x")
			heap := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			for i := range 60 {
				r := broker.PublishRequest{Batches: make([]broker.Batch, 1000)}
				for j := range r.Batches {
					ttl := time.Hour + time.Duration((i+j)*7919%1000)*time.Second
					r.Batches[j] = broker.Batch{Topic: "t", TTL: ttl, HasTTL: true, Count: 1, Body: body}
				}
				b.send(r)
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(time.Second)
			if c := b.settled("t"); c.Retained != 100 || c.Ended.Evicted != 59_900 {
				t.Errorf("%+v", c)
			}
			if after := heap(); after > before+3<<19 { // the ends that are remembered take half of it
				t.Errorf("%v: %d bytes before, %d after", rule, before, after)
			}
		})
	}
}
