package broker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"linger/broker"
)

const memoryLimit = 1 << 20

// fill publishes until the server is full and gives the refusal.
func (b *bench) fill(topic string, ttl time.Duration, size int) (accepted int, refusal *broker.Error) {
	b.Helper()
	body := frames(strings.Repeat("x", size))
	for {
		a := b.send(broker.PublishRequest{Batches: []broker.Batch{{Topic: topic, TTL: ttl, HasTTL: true, Count: 1, Body: body}}})
		if err := a.Results[0].Err; err != nil {
			return accepted, b.fault(err, broker.ErrFull)
		}
		if used := b.Stats().MemoryUsed - b.Stats().MemoryReaders; used > memoryLimit {
			b.Fatalf("%d bytes are used", used)
		}
		accepted++
	}
}

func TestContract09_FullMemoryRefusesAndSaysWhenSpaceComesFree(t *testing.T) {
	for _, ttl := range []time.Duration{50 * time.Millisecond, time.Second, 10 * time.Minute, 26*time.Hour + 7*time.Millisecond} {
		inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
			before := b.Now()
			accepted, e := b.fill("t", ttl, 1000)
			if accepted < memoryLimit*9/10/(1000+broker.RunOverhead) {
				t.Errorf("%d accepted", accepted)
			}
			if !strings.Contains(e.Detail, "1048576") || !strings.Contains(e.Detail, "--memory") {
				t.Errorf("the limit is not named: %s", e.Detail)
			}
			free := before.Add(ttl)
			if wait := free.Sub(b.Now()); e.RetryAfter != wait {
				t.Errorf("%v: retry after %v, want %v", ttl, e.RetryAfter, wait)
			}
			if at := free.Time().Format("15:04:05.000"); !strings.Contains(e.Detail, at) {
				t.Errorf("%v: not when space comes free, %s: %s", ttl, at, e.Detail)
			}
			time.Sleep(e.RetryAfter)
			if r := b.try("t", time.Hour); r.Err != nil {
				t.Errorf("%v: after the wait: %v", ttl, r.Err)
			}
		})
	}
}

func TestContract09_WhenSpaceComesFreeFollowsWhatIsAlive(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		first := b.publish("short", time.Minute, "a")
		b.extend("short", 1, first.PublishTime.Add(20*time.Minute))
		gone := b.publish("deleted", 2*time.Minute, "b")
		b.remove("deleted", gone.First)
		_, e := b.fill("t", 30*time.Minute, 1000)
		if e.RetryAfter != 20*time.Minute {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		b.remove("short", 1)
		time.Sleep(time.Second) // it is looked up no more often
		_, e = b.fill("t", 30*time.Minute, 1000)
		if e.RetryAfter != 30*time.Minute-time.Second {
			t.Errorf("retry after %v", e.RetryAfter)
		}
	})
}

func TestContract09_NothingAcceptedIsGivenUp(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		r := b.subscribe(broker.Start{}, ">")
		accepted, _ := b.fill("t", time.Minute, 1000)
		b.fill("u", time.Minute, 0)
		if c := b.info("t").Counts; c.Retained != uint64(accepted) || c.Ended.Total() != 0 {
			t.Errorf("%+v", c)
		}
		if got := r.drain(); len(got) < accepted { // readers go on
			t.Errorf("%d of %d were read", len(got), accepted)
		}
		if r := b.try("t", 0); r.Err == nil {
			t.Error("now or never is accepted beyond the limit")
		}
		if got := b.extend("t", 1, b.Now().Add(2*time.Minute)); got.LoweredToMaximum {
			t.Errorf("%+v", got)
		}
		b.remove("t", 2)
		b.fill("t", time.Minute, 900) // there is room for another one
		time.Sleep(time.Minute)
		same(t, "listed", len(b.list("t")), 1)
		again, _ := b.fill("t", time.Minute, 1000)
		if again < accepted-5 {
			t.Errorf("%d fit again, %d before", again, accepted)
		}
	})
}

func TestContract09_BatchThatCanNeverFit(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		a := b.send(broker.PublishRequest{Batches: []broker.Batch{
			{Topic: "t", Count: 1, Body: frames(strings.Repeat("x", memoryLimit))},
			{Topic: "t", Count: 1, Body: frames("small")},
		}})
		if e := b.fault(a.Results[0].Err, broker.ErrFull); e.RetryAfter != 0 {
			t.Errorf("%+v", e)
		}
		if r := a.Results[1]; r.Err != nil || r.First != 1 {
			t.Errorf("%+v", r)
		}
	})
}

func TestContract09_ReadersHaveMemoryOfTheirOwn(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: memoryLimit}, func(b *bench) {
		b.publish("t", time.Minute, "a")
		var readers []*reader
		var refused *broker.Error
		for refused == nil {
			s, err := b.Broker.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}})
			if err == nil {
				readers = append(readers, &reader{b: b, Subscription: s})
			} else if !errors.As(err, &refused) {
				t.Fatal(err)
			}
		}
		if n := memoryLimit / 4 / broker.ReaderOverhead; len(readers) != n || !errors.Is(refused, broker.ErrFull) {
			t.Errorf("%d subscriptions, want %d: %v", len(readers), n, refused)
		}
		accepted, _ := b.fill("t", time.Minute, 1000)
		if want := memoryLimit / 2 / (1000 + broker.RunOverhead); accepted < want {
			t.Errorf("only %d messages fit beside the readers", accepted)
		}
		readers[0].Close()
		b.subscribe(broker.Start{}, ">")
	})
}
