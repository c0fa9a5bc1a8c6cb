package broker_test

import (
	"context"
	"testing"
	"time"

	"linger/broker"
)

// BenchmarkList reads all that is retained page by page, in each order, of few messages and of sixteen times as many, in
// turns, the few sixteen times. The ratio is the time of the many to that of the few: 1 where a message costs the same.
func BenchmarkList(b *testing.B) {
	const few, many = 12_500, 200_000
	brokers := map[int]*broker.Broker{}
	for _, n := range []int{few, many} {
		br := benchBroker(b)
		answered := make(chan error, 1)
		for i := range n {
			topic := []string{"a", "b"}[i%2]
			r := broker.PublishRequest{Batches: []broker.Batch{{Topic: topic, TTL: time.Hour, HasTTL: true, Count: 1, Body: benchBody(1)}}}
			br.Publish(context.Background(), r, func(a broker.PublishAnswer) { answered <- a.Results[0].Err })
			if err := <-answered; err != nil {
				b.Fatal(err)
			}
		}
		brokers[n] = br
	}
	for name, o := range map[string]broker.ListOptions{"by topic": {}, "by deadline": {ByDeadline: true}, "newest": {Newest: true}} {
		o.Pattern, o.Limit = ">", 500
		b.Run(name, func(b *testing.B) {
			whole := func(n int) time.Duration {
				began, o := time.Now(), o
				for found := 0; found < n; {
					page, err := brokers[n].List(o)
					if err != nil || len(page.Messages) == 0 {
						b.Fatal(found, err)
					}
					found += len(page.Messages)
					last := page.Messages[len(page.Messages)-1]
					o.After = &broker.ListPosition{Topic: last.Topic, Sequence: last.Sequence, Deadline: last.Deadline, Published: last.PublishTime}
				}
				return time.Since(began)
			}
			inTurns(b, many, func() (all time.Duration) {
				for range many / few {
					all += whole(few)
				}
				return all
			}, func() time.Duration { return whole(many) })
		})
	}
}
