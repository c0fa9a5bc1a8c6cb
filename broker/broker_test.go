package broker_test

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// bench is a broker on a memory log, in virtual time.
type bench struct {
	*testing.T
	*broker.Broker
	clock *broker.Clock
	log   *memlog.Log
}

// inBubble runs f with a broker in virtual time.
func inBubble(t *testing.T, c broker.Config, f func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, c, nil)
		defer func() {
			b.checkCounts()
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(b)
	})
}

// open starts a broker on what log holds, or on an empty one.
func open(t *testing.T, c broker.Config, log *memlog.Log) *bench {
	t.Helper()
	clock := broker.NewClock(time.Now)
	if log == nil {
		log = memlog.New(memlog.Options{Clock: clock, Keep: true})
	} else {
		log = log.Reopen(clock)
	}
	c.Log, c.Clock = log, clock
	b, err := broker.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, b, clock, log}
}

// restart closes the broker, lets the time pass, and opens another one on the same log.
func (b *bench) restart(c broker.Config, down time.Duration) *bench {
	b.Helper()
	if err := b.Close(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(down)
	return open(b.T, c, b.log)
}

// checkCounts checks the equation of contract 10 for every topic.
func (b *bench) checkCounts() {
	b.Helper()
	topics, _, err := b.Topics("", "", 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, i := range topics {
		c := i.Counts
		if c.Published != c.Retained+c.Passing+c.Ended.Total() {
			b.Errorf("%s: published %d is not retained %d + passing %d + ended %+v", i.Name, c.Published, c.Retained, c.Passing, c.Ended)
		}
	}
}

// frames makes a body.
func frames(messages ...string) []byte {
	var body []byte
	for _, m := range messages {
		body = append(body, 0x42)
		body = binary.AppendUvarint(body, uint64(len(m)))
		body = append(body, m...)
	}
	return body
}

// texts takes a body apart.
func texts(body []byte) []string {
	var all []string
	for len(body) > 0 {
		size, n := binary.Uvarint(body[1:])
		all = append(all, string(body[1+n:1+n+int(size)]))
		body = body[1+n+int(size):]
	}
	return all
}

// send publishes a request and waits for its answer.
func (b *bench) send(r broker.PublishRequest) broker.PublishAnswer {
	b.Helper()
	answers := make(chan broker.PublishAnswer, 1)
	b.Broker.Publish(context.Background(), r, func(a broker.PublishAnswer) { answers <- a })
	return <-answers
}

// publish publishes messages with a lifetime.
func (b *bench) publish(topic string, ttl time.Duration, messages ...string) broker.PublishResult {
	b.Helper()
	a := b.send(broker.PublishRequest{Batches: []broker.Batch{
		{Topic: topic, TTL: ttl, HasTTL: true, Count: len(messages), Body: frames(messages...)},
	}})
	if a.Err != nil || len(a.Results) != 1 || a.Results[0].Err != nil {
		b.Fatalf("publish: %+v", a)
	}
	return a.Results[0]
}

// reader is a subscription and what it was given.
type reader struct {
	b *bench
	*broker.Subscription
	gaps     []broker.Gap
	resets   []broker.Reset
	caughtUp bool
	token    []byte
	budget   broker.Budget
}

func (b *bench) subscribe(start broker.Start, patterns ...string) *reader {
	b.Helper()
	s, err := b.Broker.Subscribe(broker.SubscribeOptions{Patterns: patterns, Start: start})
	if err != nil {
		b.Fatal(err)
	}
	return &reader{b: b, Subscription: s, budget: broker.Budget{Bytes: 256 << 10}}
}

// drain reads all there is to read now and gives the messages' texts.
func (r *reader) drain() []string {
	r.b.Helper()
	var all []string
	for {
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
		d, err := r.Next(ctx, r.budget)
		cancel()
		if err != nil {
			return all
		}
		for _, run := range d.Runs {
			all = append(all, texts(run.Body)...)
			if run.Gap.Total() > 0 {
				r.gaps = append(r.gaps, run.Gap)
			}
		}
		if d.Reset != nil {
			r.resets = append(r.resets, *d.Reset)
		}
		r.caughtUp = r.caughtUp || d.CaughtUp
		r.token = append(r.token[:0], d.Token...)
	}
}

func (r *reader) expect(want ...string) {
	r.b.Helper()
	if got := r.drain(); strings.Join(got, " ") != strings.Join(want, " ") {
		r.b.Errorf("got %q, want %q", got, want)
	}
}

func TestPublishThenSubscribe(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("orders", time.Minute, "a", "b")
		r := b.subscribe(broker.Start{}, "orders")
		r.expect("a", "b")
		if !r.caughtUp {
			t.Error("not told that it has caught up")
		}
		b.publish("orders", time.Second, "c")
		r.expect("c")
		time.Sleep(time.Second)
		late := b.subscribe(broker.Start{}, "orders.>", "*")
		late.expect("a", "b")
		b.publish("orders.eu", time.Second, "d")
		late.expect("d")
		r.Close()
		late.Close()
		time.Sleep(time.Minute)
		if s := b.Stats(); s.Counts.Retained != 0 || s.Counts.Ended.ExpiredDelivered != 4 {
			t.Errorf("%+v", s)
		}
	})
}
