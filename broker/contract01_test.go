package broker_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/logtest"
)

func TestContract01_TopicExistsFromItsFirstPublish(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		_, err := b.Topic("orders")
		if e := b.fault(err, broker.ErrTopicNotFound); e.Field != "topic" {
			t.Errorf("field %q", e.Field)
		}
		b.subscribe(broker.Start{}, "orders") // does not make it
		b.fault(b.try("orders", -1).Err, broker.ErrTTLRejected)
		b.publish("orders", time.Minute, "a")
		if i := b.info("orders"); i.NextSequence != 2 || i.Policy != b.DefaultPolicy() {
			t.Errorf("%+v", i)
		}
		b.fault(b.try("a b").Err, broker.ErrInvalid)
		b.fault(b.try("_internal").Err, broker.ErrInvalid)
		if topics, total, err := b.Topics("", "", 0); err != nil || total != 1 || len(topics) != 1 {
			t.Errorf("%+v, %d, %v", topics, total, err)
		}
	})
}

func TestContract01_TopicExistsFromItsCreation(t *testing.T) {
	inBubble(t, broker.Config{NoAutoCreate: true}, func(b *bench) {
		b.fault(b.try("orders").Err, broker.ErrTopicNotFound)
		b.create("orders", broker.Policy{})
		if r := b.try("orders"); r.Err != nil || r.First != 1 {
			t.Errorf("%+v", r)
		}
		_, err := b.CreateTopic(context.Background(), "orders", broker.Policy{}, broker.DurabilityDefault)
		b.fault(err, broker.ErrTopicExists)
	})
}

func TestContract01_TopicMadeByManyAtOnceIsOne(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const publishers = 20
		results := make(chan broker.PublishResult, publishers)
		for range publishers {
			go func() { results <- b.try("orders", time.Minute) }()
		}
		seen := map[uint64]bool{}
		for range publishers {
			r := <-results
			if r.Err != nil || seen[r.First] {
				t.Errorf("%+v", r)
			}
			seen[r.First] = true
		}
		if i := b.info("orders"); i.Counts.Published != publishers {
			t.Errorf("%+v", i)
		}
	})
}

func TestContract01_SubscribingWaitsForTheTopic(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for _, start := range []broker.Start{
			{}, {Kind: broker.StartNew}, {Kind: broker.StartLast, N: 1}, {Kind: broker.StartSequence, N: 1}, {Kind: broker.StartTime, Time: 1},
		} {
			r := b.subscribe(start, "orders")
			r.expect()
			if r.caughtUp != 1 {
				t.Errorf("start %v: caught up %d times", start, r.caughtUp)
			}
			b.publish("orders", time.Minute, "a", "b")
			r.expect("a", "b")
			r.expectGap(broker.Gap{})
			r.Close()
			b.drop("orders")
		}
	})
}

func TestContract01_TopicsAreLimited(t *testing.T) {
	inBubble(t, broker.Config{MaxTopics: 2}, func(b *bench) {
		b.try("a")
		b.create("b", broker.Policy{})
		b.fault(b.try("c").Err, broker.ErrTooManyTopics)
		_, err := b.CreateTopic(context.Background(), "c", broker.Policy{}, broker.DurabilityDefault)
		b.fault(err, broker.ErrTooManyTopics)
		b.drop("a")
		if r := b.try("c"); r.Err != nil {
			t.Error(r.Err)
		}
	})
}

func TestContract01_IdleTopicMadeByAPublishGoesAfterADay(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("made", broker.Policy{})
		asIf, err := b.CreateAutoTopic(context.Background(), "as-if", broker.Policy{Default: time.Minute}, broker.DurabilityDefault)
		if err != nil || !asIf.Auto || asIf.Policy.Default != time.Minute || b.info("made").Auto {
			t.Errorf("%+v, %v", asIf, err)
		}
		_, err = b.CreateAutoTopic(context.Background(), "made", broker.Policy{}, broker.DurabilityDefault)
		b.fault(err, broker.ErrTopicExists)
		b.publish("as-if", time.Hour, "a")
		b.publish("idle", time.Hour, "a")
		b.publish("read", time.Hour, "a")
		b.publish("alive", 48*time.Hour, "a")
		r := b.subscribe(broker.Start{}, "read")
		b.subscribe(broker.Start{}, ">")
		exists := func(want ...string) {
			t.Helper()
			var got []string
			topics, _, err := b.Topics("", "", 0)
			for _, i := range topics {
				got = append(got, i.Name)
			}
			same(t, "topics", got, want)
			if err != nil {
				t.Error(err)
			}
		}
		time.Sleep(25*time.Hour - time.Minute) // an hour of life and almost a day
		exists("alive", "as-if", "idle", "made", "read")
		time.Sleep(3 * time.Minute)
		exists("alive", "made", "read")
		r.Close()
		time.Sleep(2 * time.Minute)
		exists("alive", "made")
	})
}

func TestContract01_IdleTopicStaysIfSomethingIsOnItsWay(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(20 * time.Second)}, func(b *bench) {
		const topics = 6
		answers := make(chan broker.PublishAnswer, topics)
		var all sync.WaitGroup
		for i := range topics { // idle since different seconds of a minute, as they are looked for once a minute
			topic := "t" + numbered(topics)[i]
			b.publish(topic, time.Second, "a")
			all.Go(func() {
				time.Sleep(b.info(topic).LastEnd.Add(24*time.Hour - 5*time.Second).Sub(b.Now()))
				b.Publish(context.Background(), broker.PublishRequest{Batches: []broker.Batch{
					{Topic: topic, TTL: time.Hour, HasTTL: true, Count: 1, Body: frames("x")},
				}}, func(a broker.PublishAnswer) { answers <- a })
			})
			time.Sleep(10 * time.Second)
		}
		all.Wait()
		accepted := 0
		for range topics {
			if a := <-answers; a.Results[0].Err == nil {
				accepted++
			}
		}
		time.Sleep(5 * time.Minute)
		if got := b.list(">"); len(got) != accepted {
			t.Errorf("%d of %d accepted messages are there", len(got), accepted)
		}
	})
}
