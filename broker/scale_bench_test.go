package broker_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// What must not grow with what else there is: each benchmark measures the same work with little and with much of it, in
// turns, and reports the ratio.

// BenchmarkMassExpiry ends messages that were published one by one, all at one instant and one in each millisecond. An
// operation is a message of each; the ratio is what one of the first costs, without rests, to what one of the others does.
func BenchmarkMassExpiry(b *testing.B) {
	var now atomic.Int64 // ms
	now.Store(time.Now().UnixMilli())
	clock := broker.NewClock(func() time.Time { return time.UnixMilli(now.Load()) })
	br, err := broker.Open(context.Background(), broker.Config{Log: memlog.New(memlog.Options{Clock: clock}), Clock: clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { br.Close() })
	var together, alone time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= 100_000 {
		n := min(left, 100_000)
		publishEach(b, br, n, func(int) time.Duration { return time.Hour })
		now.Add(time.Hour.Milliseconds())
		began := time.Now()
		br.ReclaimAtOnce()
		gone(b, br)
		together += time.Since(began)

		publishEach(b, br, n, func(i int) time.Duration { return time.Hour + time.Duration(i)*time.Millisecond })
		now.Add(time.Hour.Milliseconds() - 1)
		began = time.Now()
		for range n {
			now.Add(1)
			br.Stats()
		}
		alone += time.Since(began)
		gone(b, br)
	}
	b.ReportMetric(float64(together.Nanoseconds())/float64(b.N), "ns/together")
	b.ReportMetric(float64(alone.Nanoseconds())/float64(b.N), "ns/alone")
	b.ReportMetric(together.Seconds()/alone.Seconds(), "ratio")
}

// publishEach publishes messages one by one.
func publishEach(b *testing.B, br *broker.Broker, n int, ttl func(i int) time.Duration) {
	body := benchBody(1)
	answers := make(chan error, n)
	for i := range n {
		r := broker.PublishRequest{Batches: []broker.Batch{{Topic: "t", TTL: ttl(i), HasTTL: true, Count: 1, Body: body}}}
		br.Publish(context.Background(), r, func(a broker.PublishAnswer) { answers <- a.Results[0].Err })
	}
	for range n {
		if err := <-answers; err != nil {
			b.Fatal(err)
		}
	}
}

func gone(b *testing.B, br *broker.Broker) {
	if left := br.Stats().Counts.Retained; left != 0 {
		b.Fatalf("%d are still there", left)
	}
}

// BenchmarkPublishBesidePatterns has 10,000 patterns that select none of 100,000 topics, and none. An operation is a
// message to each; the ratio is the time with the patterns to that without.
func BenchmarkPublishBesidePatterns(b *testing.B) {
	without, with := benchBroker(b), benchBroker(b)
	for _, br := range []*broker.Broker{without, with} {
		manyTopics(b, br, 99_000)
	}
	patternsOfOthers(b, with, 10_000)
	n := 0
	publish := func(br *broker.Broker) time.Duration {
		began := time.Now()
		body := benchBody(1)
		answers := make(chan error, 10_000)
		for i := range 10_000 {
			r := broker.PublishRequest{Batches: []broker.Batch{{Topic: topicName((n + i) % 99_000), Count: 1, Body: body}}}
			br.Publish(context.Background(), r, func(a broker.PublishAnswer) { answers <- a.Results[0].Err })
		}
		for range 10_000 {
			if err := <-answers; err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
	b.ResetTimer()
	inTurns(b, 10_000, func() time.Duration { return publish(without) }, func() time.Duration { n += 10_000; return publish(with) })
}

// BenchmarkTopicBesidePatterns makes a topic, and deletes it, with 10,000 patterns of others and with none.
func BenchmarkTopicBesidePatterns(b *testing.B) {
	without, with := benchBroker(b), benchBroker(b)
	patternsOfOthers(b, with, 10_000)
	create := func(br *broker.Broker) time.Duration {
		began := time.Now()
		for i := range 100 {
			if _, err := br.CreateTopic(context.Background(), topicName(i), broker.Policy{}, broker.DurabilityDefault); err != nil {
				b.Fatal(err)
			}
		}
		took := time.Since(began)
		for i := range 100 {
			if _, err := br.DeleteTopic(context.Background(), topicName(i)); err != nil {
				b.Fatal(err)
			}
		}
		return took
	}
	b.ResetTimer()
	inTurns(b, 100, func() time.Duration { return create(without) }, func() time.Duration { return create(with) })
}

// BenchmarkPatternBesideTopics begins a subscription to a pattern that selects ten topics, and ends it, with 100,000
// topics and with a hundred.
func BenchmarkPatternBesideTopics(b *testing.B) {
	few, many := benchBroker(b), benchBroker(b)
	manyTopics(b, few, 100)
	manyTopics(b, many, 99_000)
	subscribe := func(br *broker.Broker) time.Duration {
		began := time.Now()
		for range 100 {
			s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{"many.7.*"}})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
		return time.Since(began)
	}
	b.ResetTimer()
	inTurns(b, 100, func() time.Duration { return subscribe(few) }, func() time.Duration { return subscribe(many) })
}

// BenchmarkCatchUp begins a subscription to all of 99,000 topics with a message each, reads these, and ends it. An
// operation is a topic.
func BenchmarkCatchUp(b *testing.B) {
	const topics = 99_000
	br := benchBroker(b)
	answers := make(chan error, topics)
	for i := range topics {
		r := broker.PublishRequest{Batches: []broker.Batch{{Topic: topicName(i), TTL: time.Hour, HasTTL: true, Count: 1, Body: benchBody(1)}}}
		br.Publish(context.Background(), r, func(a broker.PublishAnswer) { answers <- a.Results[0].Err })
	}
	for range topics {
		if err := <-answers; err != nil {
			b.Fatal(err)
		}
	}
	var begin, whole time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= topics {
		began := time.Now()
		s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}})
		if err != nil {
			b.Fatal(err)
		}
		begin += time.Since(began)
		read(b, s, topics)
		whole += time.Since(began)
		s.Close()
	}
	rounds := float64((b.N + topics - 1) / topics)
	b.ReportMetric(begin.Seconds()*1e3/rounds, "ms/begun")
	b.ReportMetric(whole.Seconds()*1e3/rounds, "ms/read")
}

// inTurns does b.N operations of both kinds, so many at a time, and reports the ratio of the second to the first.
func inTurns(b *testing.B, each int, first, second func() time.Duration) {
	var a, z time.Duration
	for left := b.N; left > 0; left -= each {
		a += first()
		z += second()
	}
	b.ReportMetric(z.Seconds()/a.Seconds(), "ratio")
}

// topicName is for many topics, ten below each.
func topicName(i int) string { return "many." + strconv.Itoa(i/10) + "." + strconv.Itoa(i%10) }

func manyTopics(b *testing.B, br *broker.Broker, n int) {
	for i := range n {
		if _, err := br.CreateTopic(context.Background(), topicName(i), broker.Policy{}, broker.DurabilityDefault); err != nil {
			b.Fatal(err)
		}
	}
}

// patternsOfOthers begins subscriptions to patterns that look alike and select none of manyTopics.
func patternsOfOthers(b *testing.B, br *broker.Broker, n int) {
	for i := range n {
		s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{fmt.Sprintf("many.*.other%d.>", i)}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.Close)
	}
}
