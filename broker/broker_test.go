package broker_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/memlog"
)

// bench is a broker on a memory log, in virtual time.
type bench struct {
	rapid.TB
	*broker.Broker
	clock *broker.Clock
	log   *memlog.Log // nil on another log
	lanes bool        // memory topics have a log of their own
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

// checkInBubbles has rapid try a property, each time in virtual time of its own. Failing by the bench fails the property.
func checkInBubbles(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		var failure any
		synctest.Test(t, func(*testing.T) {
			defer func() { failure = recover() }()
			property(rt)
		})
		// Rapid tells failures apart by their line: what it could not draw must not look like one.
		if fmt.Sprintf("%T", failure) == "rapid.invalidData" {
			panic(failure)
		}
		if failure != nil {
			panic(failure)
		}
	})
}

// open starts a broker on what log holds, or on an empty one.
func open(t rapid.TB, c broker.Config, log *memlog.Log) *bench {
	t.Helper()
	clock := broker.NewClock(time.Now)
	if log == nil {
		log = memlog.New(memlog.Options{Clock: clock, Keep: true})
	} else {
		log = log.Reopen(clock)
	}
	b := openOn(t, c, log, clock)
	b.log = log
	return b
}

// openLanes starts a broker with a store that claims to be durable, on what log holds or on an empty one, and a log for
// memory topics.
func openLanes(t rapid.TB, c broker.Config, log *memlog.Log) *bench {
	t.Helper()
	clock := broker.NewClock(time.Now)
	if log == nil {
		log = memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})
	} else {
		log = log.Reopen(clock)
	}
	c.MemoryLog = memlog.New(memlog.Options{Clock: clock, Adopt: true})
	b := openOn(t, c, log, clock)
	b.log, b.lanes = log, true
	return b
}

// inLanes runs f with a broker of two lanes, in virtual time.
func inLanes(t *testing.T, c broker.Config, f func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := openLanes(t, c, nil)
		defer func() { b.Close() }()
		f(b)
		b.checkCounts()
	})
}

// openOn starts a broker on any log.
func openOn(t rapid.TB, c broker.Config, log broker.Log, clock *broker.Clock) *bench {
	t.Helper()
	c.Log, c.Clock = log, clock
	if c.Stops == nil {
		c.Stops = testStops
	}
	b, err := broker.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{TB: t, Broker: b, clock: clock}
}

// inLateBubble runs f with a broker whose log commits late, in virtual time.
func inLateBubble(t *testing.T, o logtest.LateOptions, f func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Clock = broker.NewClock(time.Now)
		late := logtest.NewLate(o)
		b := openOn(t, broker.Config{}, late.Node(), broker.NewClock(time.Now))
		defer func() {
			b.checkCounts()
			if err := errors.Join(b.Close(), late.Close()); err != nil {
				t.Error(err)
			}
		}()
		f(b)
	})
}

// delay is one that never varies.
func delay(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// restart closes the broker, lets the time pass, and opens another one on the same log.
func (b *bench) restart(c broker.Config, down time.Duration) *bench {
	b.Helper()
	if err := b.Close(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(down)
	if b.lanes {
		return openLanes(b.TB, c, b.log)
	}
	return open(b.TB, c, b.log)
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

// try publishes a message, with the lifetime asked or, if that is not given, none, and gives whatever comes of it.
func (b *bench) try(topic string, ttl ...time.Duration) broker.PublishResult {
	b.Helper()
	batch := broker.Batch{Topic: topic, Count: 1, Body: frames("m")}
	if len(ttl) > 0 {
		batch.TTL, batch.HasTTL = ttl[0], true
	}
	a := b.send(broker.PublishRequest{Batches: []broker.Batch{batch}})
	if a.Err != nil || len(a.Results) != 1 {
		b.Fatalf("publish: %+v", a)
	}
	return a.Results[0]
}

func (b *bench) create(topic string, p broker.Policy) broker.TopicInfo {
	b.Helper()
	info, err := b.CreateTopic(context.Background(), topic, p, broker.DurabilityDefault)
	if err != nil {
		b.Fatal(err)
	}
	return info
}

// createInMemory makes a memory topic, whatever the store offers.
func (b *bench) createInMemory(topic string) broker.TopicInfo {
	b.Helper()
	info, err := b.CreateTopic(context.Background(), topic, broker.Policy{}, broker.DurabilityMemory)
	if err != nil {
		b.Fatal(err)
	}
	return info
}

// info is a topic as it stands.
func (b *bench) info(topic string) broker.TopicInfo {
	b.Helper()
	info, err := b.Topic(topic)
	if err != nil {
		b.Fatal(err)
	}
	return info
}

// list gives the texts of all messages alive.
func (b *bench) list(pattern string) []string {
	b.Helper()
	page, err := b.List(broker.ListOptions{Pattern: pattern, Limit: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	var all []string
	for _, m := range page.Messages {
		all = append(all, string(m.Message))
	}
	return all
}

// extend gives a message another deadline.
func (b *bench) extend(topic string, sequence uint64, deadline broker.Instant) broker.SetDeadlineResult {
	b.Helper()
	r, err := b.SetDeadline(context.Background(), topic, sequence, deadline, 0)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// remove deletes a message.
func (b *bench) remove(topic string, sequence uint64) {
	b.Helper()
	if err := b.DeleteMessage(context.Background(), topic, sequence); err != nil {
		b.Fatal(err)
	}
}

// drop deletes a topic.
func (b *bench) drop(topic string) uint64 {
	b.Helper()
	n, err := b.DeleteTopic(context.Background(), topic)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// fault is the error's details; the error must be the one wanted.
func (b *bench) fault(err, want error) *broker.Error {
	b.Helper()
	var e *broker.Error
	if !errors.Is(err, want) || !errors.As(err, &e) {
		b.Fatalf("got %v, want: %v", err, want)
	}
	return e
}

// same compares what was got with what is wanted.
func same(t rapid.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// numbered gives n different texts.
func numbered(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}

func TestPublishThenSubscribe(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("orders", time.Minute, "a", "b")
		r := b.subscribe(broker.Start{}, "orders")
		r.expect("a", "b")
		if r.caughtUp != 1 {
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
