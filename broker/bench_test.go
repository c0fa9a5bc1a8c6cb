package broker_test

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// benchBroker is a broker as `memory:` makes it, in real time.
func benchBroker(b *testing.B) *broker.Broker { return benchBrokerBy(b, broker.NewClock(time.Now)) }

func benchBrokerBy(b *testing.B, clock *broker.Clock) *broker.Broker {
	br, err := broker.Open(context.Background(), broker.Config{Log: memlog.New(memlog.Options{Clock: clock}), Clock: clock, Stops: testStops})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { br.Close() })
	return br
}

// benchBody is a batch's body: messages of 128 bytes.
func benchBody(messages int) []byte {
	all := make([]string, messages)
	for i := range all {
		all[i] = string(bytes.Repeat([]byte("x"), 128))
	}
	return bytes.Clone(frames(all...))
}

// flow publishes n messages in batches with a window of requests under way, and waits for all answers.
func flow(b *testing.B, br *broker.Broker, topic string, ttl time.Duration, n, batch int) {
	body := benchBody(batch)
	window := make(chan struct{}, 64)
	var failed error
	var all sync.WaitGroup
	for sent := 0; sent < n; sent += batch {
		window <- struct{}{}
		all.Add(1)
		r := broker.PublishRequest{Batches: []broker.Batch{{Topic: topic, TTL: ttl, HasTTL: true, Count: batch, Body: body}}}
		br.Publish(context.Background(), r, func(a broker.PublishAnswer) {
			if a.Results[0].Err != nil {
				failed = a.Results[0].Err
			}
			<-window
			all.Done()
		})
	}
	all.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
}

// BenchmarkPublish has nobody read. An operation is a message.
func BenchmarkPublish(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run("batch="+strconv.Itoa(batch), func(b *testing.B) {
			br := benchBroker(b)
			b.ReportAllocs()
			b.ResetTimer()
			flow(b, br, "t", 5*time.Second, b.N, batch)
		})
	}
}

// BenchmarkPublishAtLimit has a topic that retains 10,000 messages, and is full, publish at the side of one without a limit,
// in turns. An operation is a message of each; the ratio is the throughput at the limit to that without.
func BenchmarkPublishAtLimit(b *testing.B) {
	for _, rule := range []broker.LimitRule{broker.LimitEvictOldest, broker.LimitEvictSoonest} {
		for _, batch := range []int{1, 100} {
			b.Run(rule.String()+"/batch="+strconv.Itoa(batch), func(b *testing.B) {
				free, full := benchBroker(b), benchBroker(b)
				_, err := full.CreateTopic(context.Background(), "t", broker.Policy{MaxMessages: 10_000, AtLimit: rule}, broker.DurabilityDefault)
				if err != nil {
					b.Fatal(err)
				}
				flow(b, full, "t", 5*time.Second, 10_000, batch)
				var without, at time.Duration
				b.ResetTimer()
				for left := b.N; left > 0; left -= 20_000 {
					n, began := min(left, 20_000), time.Now()
					flow(b, free, "t", 5*time.Second, n, batch)
					between := time.Now()
					flow(b, full, "t", 5*time.Second, n, batch)
					without += between.Sub(began)
					at += time.Since(between)
				}
				b.ReportMetric(without.Seconds()/at.Seconds(), "ratio")
			})
		}
	}
}

// BenchmarkFanOut has readers at the head. An operation is a message published and delivered to each.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{1, 200} {
		for _, batch := range []int{1, 100} {
			b.Run("readers="+strconv.Itoa(readers)+"/batch="+strconv.Itoa(batch), func(b *testing.B) {
				br := benchBroker(b)
				n := (b.N + batch - 1) / batch * batch
				var all sync.WaitGroup
				for range readers {
					s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{"t"}})
					if err != nil {
						b.Fatal(err)
					}
					all.Go(func() { read(b, s, n) })
				}
				b.ReportAllocs()
				b.ResetTimer()
				flow(b, br, "t", 10*time.Minute, n, batch)
				all.Wait()
			})
		}
	}
}

// BenchmarkReplay reads a million retained messages again and again. An operation is a message.
func BenchmarkReplay(b *testing.B) {
	const retained = 1_000_000
	for _, batch := range []int{1, 100, 4000, 10_000} {
		b.Run("batch="+strconv.Itoa(batch), func(b *testing.B) {
			br := benchBroker(b)
			flow(b, br, "t", 10*time.Minute, retained, batch)
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= retained {
				s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{"t"}})
				if err != nil {
					b.Fatal(err)
				}
				read(b, s, min(left, retained))
			}
		})
	}
}

// BenchmarkExpiry ends messages of which readers have read some. An operation is a message.
func BenchmarkExpiry(b *testing.B) {
	for _, readers := range []int{0, 200} {
		b.Run("readers="+strconv.Itoa(readers), func(b *testing.B) {
			clock := broker.NewClock(time.Now)
			br := benchBrokerBy(b, clock)
			for range readers {
				s, err := br.Subscribe(broker.SubscribeOptions{Patterns: []string{"t"}})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
			}
			b.ResetTimer()
			flow(b, br, "t", time.Millisecond, b.N, 1)
			clock.NotBefore(clock.Now().Add(time.Second)) // when the last have died, too
			if n := br.Stats().Counts.Retained; n > 0 {
				b.Errorf("%d are left", n)
			}
		})
	}
}

// read takes n messages.
func read(b *testing.B, s *broker.Subscription, n int) {
	defer s.Close()
	for n > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		d, err := s.Next(ctx, broker.Budget{Bytes: 256 << 10})
		cancel()
		if err != nil {
			b.Error(err)
			return
		}
		for _, run := range d.Runs {
			n -= run.Count + int(run.Gap.Total())
		}
	}
}

// BenchmarkForecast asks what ends when of 99,000 topics with a message each, of a tenth of them, of one topic with a
// million, and of 250 with 4,000 each, which is as many as topics have that keep no sums.
func BenchmarkForecast(b *testing.B) {
	br := benchBroker(b)
	flow(b, br, "many", 10*time.Minute, 1_000_000, 1)
	for i := range 99_000 {
		flow(b, br, "t"+strconv.Itoa(i%10)+".x"+strconv.Itoa(i), time.Duration(1+i%600)*time.Second+10*time.Minute, 1, 1)
	}
	for i := range 250 {
		flow(b, br, "some.x"+strconv.Itoa(i), 10*time.Minute, 4000, 1)
	}
	for _, scope := range []string{">", "t1.*", "many", "t1.x1", "some.*"} {
		b.Run("scope="+scope, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := br.Forecast(scope)
				if err != nil || f.Total().Messages == 0 {
					b.Fatal(f, err)
				}
			}
		})
	}
}
