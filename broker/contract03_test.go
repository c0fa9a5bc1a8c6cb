package broker_test

import (
	"testing"
	"time"

	"linger/broker"
)

func TestContract03_LifetimeWithinThePolicy(t *testing.T) {
	clamp := broker.Policy{Min: time.Second, Default: time.Minute, Max: time.Hour}
	reject := clamp
	reject.Reject = true
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("clamp", clamp)
		b.create("reject", reject)
		for _, test := range []struct {
			asked    time.Duration
			granted  time.Duration
			why      broker.Adjustment
			rejected bool // by the policy that does not clamp
		}{
			{time.Second, time.Second, broker.AsAsked, false},
			{time.Hour, time.Hour, broker.AsAsked, false},
			{1500 * time.Millisecond, 1500 * time.Millisecond, broker.AsAsked, false},
			{time.Second - 1, time.Second, broker.RaisedToMinimum, true},
			{1, time.Second, broker.RaisedToMinimum, true},
			{time.Hour + 1, time.Hour, broker.LoweredToMaximum, true},
			{1<<63 - 1, time.Hour, broker.LoweredToMaximum, true},
			{time.Second + 1, time.Second + time.Millisecond, broker.RoundedUp, false},
			{time.Hour - 1, time.Hour, broker.RoundedUp, false},
			{0, 0, broker.AsAsked, false},
		} {
			for _, topic := range []string{"clamp", "reject"} {
				r := b.try(topic, test.asked)
				if topic == "reject" && test.rejected {
					if e := b.fault(r.Err, broker.ErrTTLRejected); e.Field != "ttl" || e.Detail == "" {
						t.Errorf("%v: %+v", test.asked, e)
					}
					continue
				}
				if r.Err != nil || r.Deadline.Sub(r.PublishTime) != test.granted || r.Adjustment != test.why {
					t.Errorf("%s, %v: %v for %v, %v", topic, test.asked, r.Deadline.Sub(r.PublishTime), r.Adjustment, r.Err)
				}
			}
		}
		for _, topic := range []string{"clamp", "reject"} {
			if r := b.try(topic); r.Deadline.Sub(r.PublishTime) != time.Minute || r.Adjustment != broker.Defaulted {
				t.Errorf("%s, unset: %+v", topic, r)
			}
			for _, negative := range []time.Duration{-1, -time.Hour, -1 << 63} {
				if e := b.fault(b.try(topic, negative).Err, broker.ErrTTLRejected); e.Field != "ttl" {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}

func TestContract03_DecidedValues(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for asked, granted := range map[time.Duration]time.Duration{
			1: time.Millisecond, time.Millisecond: time.Millisecond, time.Millisecond + 1: 2 * time.Millisecond,
			7 * 24 * time.Hour: 7 * 24 * time.Hour, 8 * 24 * time.Hour: 7 * 24 * time.Hour,
		} {
			if r := b.try("t", asked); r.Deadline.Sub(r.PublishTime) != granted {
				t.Errorf("%v: %+v", asked, r)
			}
		}
		if r := b.try("t"); r.Deadline.Sub(r.PublishTime) != 10*time.Minute {
			t.Errorf("unset: %+v", r)
		}
	})
}

func TestContract03_AnswerNamesEverything(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		time.Sleep(1234567 * time.Nanosecond)
		b.publish("t", time.Minute, "a", "b")
		now := broker.InstantOf(time.Now())
		a := b.send(broker.PublishRequest{Batches: []broker.Batch{{Topic: "t", Count: 2, Body: frames("c", "d")}}})
		same(t, "answer", a, broker.PublishAnswer{
			Now: now,
			Results: []broker.PublishResult{{
				First: 3, Count: 2, PublishTime: now, Deadline: now.Add(10 * time.Minute), Adjustment: broker.Defaulted,
				Durability: broker.DurabilityMemory, Incarnation: b.info("t").Incarnation, FailedMessage: -1,
			}},
		})
	})
}

func TestContract03_PolicyMustMakeSense(t *testing.T) {
	inBubble(t, broker.Config{MaxTTL: 30 * 24 * time.Hour}, func(b *bench) {
		for field, p := range map[string]broker.Policy{
			"policy.ttl_min":     {Min: 2 * time.Second, Max: time.Second},
			"policy.ttl_default": {Min: 2 * time.Second, Default: time.Second},
			"policy.ttl_max":     {Max: 31 * 24 * time.Hour},

			"policy.max_messages": {MaxMessages: -2},
			"policy.max_bytes":    {MaxBytes: -1 << 40},
			"policy.at_limit":     {AtLimit: broker.LimitEvictSoonest + 1},
		} {
			_, err := b.CreateTopic(t.Context(), "t", p, broker.DurabilityDefault)
			if e := b.fault(err, broker.ErrInvalid); e.Field != field {
				t.Errorf("%+v: %+v", p, e)
			}
		}
		for i, test := range []struct{ asked, want broker.Policy }{
			{broker.Policy{Max: time.Second}, broker.Policy{Min: time.Millisecond, Default: time.Second, Max: time.Second}},
			{broker.Policy{Min: time.Hour}, broker.Policy{Min: time.Hour, Default: time.Hour, Max: 7 * 24 * time.Hour}},
			{broker.Policy{Min: 20 * 24 * time.Hour}, broker.Policy{Min: 20 * 24 * time.Hour, Default: 20 * 24 * time.Hour, Max: 20 * 24 * time.Hour}},
			{broker.Policy{Max: 30 * 24 * time.Hour}, broker.Policy{Min: time.Millisecond, Default: 10 * time.Minute, Max: 30 * 24 * time.Hour}},
		} {
			test.want.MaxMessages, test.want.MaxBytes, test.want.AtLimit = broker.Unlimited, broker.Unlimited, broker.LimitReject
			same(t, "policy", b.create("t"+numbered(9)[i], test.asked).Policy, test.want)
		}
	})
	if _, err := broker.Open(t.Context(), broker.Config{MaxTTL: time.Hour}); err == nil {
		t.Error("a server's policy above its own maximum is accepted")
	}
}

func TestContract03_PassingIsOfferedToThoseThatExist(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Minute, "kept")
		early, wild, never := b.subscribe(broker.Start{}, "t"), b.subscribe(broker.Start{Kind: broker.StartNew}, ">"), b.subscribe(broker.Start{}, "t")
		r := b.publish("t", 0, "x", "y")
		if r.Deadline != r.PublishTime || r.Durability != broker.DurabilityMemory || r.Adjustment != broker.AsAsked {
			t.Errorf("%+v", r)
		}
		late := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 1}, "t")
		early.expect("kept", "x", "y")
		if run := early.runs[1]; run.Deadline != run.PublishTime {
			t.Errorf("%+v", run)
		}
		same(t, "listed", b.list("t"), []string{"kept"})
		if c := b.info("t").Counts; c.Retained != 1 || c.Passing != 2 || c.Published != 3 {
			t.Errorf("%+v", c)
		}
		time.Sleep(broker.PassingTime - time.Millisecond)
		wild.expect("x", "y")
		late.expect("kept")
		time.Sleep(time.Millisecond)
		never.expect("kept")
		b.publish("t", time.Minute, "next")
		for _, r := range []*reader{early, wild, late, never} {
			r.expect("next")
		}
		for _, r := range []*reader{early, wild} {
			r.expectGap(broker.Gap{})
		}
		for _, r := range []*reader{late, never} {
			r.expectGap(broker.Gap{First: 2, Last: 3, Expired: 2})
		}
		_, ended, err := b.Get("t", 2)
		if err != nil || ended == nil || ended.Reason != broker.ExpiredDelivered || ended.Deliveries != 2 {
			t.Errorf("%+v, %v", ended, err)
		}
	})
}

func TestContract03_PassingIsNeverGivenLater(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Minute, "a")
		b.subscribe(broker.Start{}, "t") // somebody, so that it stays for the passing time
		passing := b.publish("t", 0, "x")
		for _, start := range []broker.Start{
			{}, {Kind: broker.StartNew}, {Kind: broker.StartLast, N: 5}, {Kind: broker.StartSequence, N: 2}, {Kind: broker.StartTime, Time: passing.PublishTime},
		} {
			for _, got := range b.subscribe(start, "t").drain() {
				if got == "x" {
					t.Errorf("start %+v is given it", start)
				}
			}
		}
		if m, ended, err := b.Get("t", 2); err != nil || ended == nil {
			t.Errorf("shown: %+v, %v", m, err)
		}
		_, err := b.SetDeadline(t.Context(), "t", 2, b.Now().Add(time.Hour), 0)
		b.fault(err, broker.ErrEnded)
	})
}

func TestContract03_PassingWithoutSubscriptionEndsAtOnce(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.subscribe(broker.Start{}, "other")
		before := b.Stats().MemoryUsed
		b.publish("t", 0, "x", "y")
		same(t, "counts", b.info("t").Counts, broker.Counts{Published: 2, Ended: broker.Ends{ExpiredUndelivered: 2}})
		if used := b.Stats().MemoryUsed - before; used != broker.TopicOverhead {
			t.Errorf("%d bytes are still used", used)
		}
		r := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 1}, "t")
		b.publish("t", time.Minute, "a")
		r.expect("a")
		r.expectGap(broker.Gap{First: 1, Last: 2, Expired: 2})
	})
}

func TestContract03_PassingIsBoundedInBytes(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		b.publish("t", time.Minute, "kept")
		big := string(make([]byte, 1<<20))
		const sent = 20
		for range sent {
			b.publish("t", 0, big)
		}
		c := b.info("t").Counts
		if most := uint64(broker.PassingBytes >> 20); c.Passing > most || c.Passing < most-1 || c.Retained != 1 {
			t.Errorf("%+v", c)
		}
		if used := b.Stats().MemoryUsed; used > broker.PassingBytes+broker.TopicOverhead+broker.ReaderOverhead+4096 {
			t.Errorf("%d bytes are used", used)
		}
		if got := r.drain(); len(got) != 1+int(c.Passing) {
			t.Errorf("%d messages", len(got))
		}
		r.expectGap(broker.Gap{First: 2, Last: 1 + sent - c.Passing, Expired: sent - c.Passing})
	})
}

func TestContract03_PassingIsNeverStored(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.subscribe(broker.Start{}, "t")
		b.publish("t", 0, "x")
		b.publish("t", time.Minute, "kept")
		b = b.restart(broker.Config{}, 0)
		b.subscribe(broker.Start{}, "t").expect("kept")
		same(t, "counts", b.info("t").Counts, broker.Counts{
			Published: 2, Retained: 1, RetainedBytes: uint64(len(frames("kept"))), Ended: broker.Ends{ExpiredUnknown: 1},
		})
		b.Close()
	})
}

func TestContract03_PolicyMayRefusePassing(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{RefuseZero: true})
		if e := b.fault(b.try("t", 0).Err, broker.ErrTTLRejected); e.Field != "ttl" {
			t.Errorf("%+v", e)
		}
	})
}
