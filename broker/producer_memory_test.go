package broker_test

import (
	"testing"
	"time"

	"linger/broker"
)

// badBatches is a request of which nothing can be committed, with an answer that takes much.
func badBatches(producer byte, number uint64, n int) broker.PublishRequest {
	r := broker.PublishRequest{Producer: broker.ProducerID{producer}, Number: number}
	for range n {
		r.Batches = append(r.Batches, broker.Batch{Topic: "t", TTL: -time.Second, HasTTL: true, Count: 1, Body: frames("x")})
	}
	return r
}

func TestAnswersThatAreKeptAreBoundedAndAccounted(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "x")
		before := b.Stats().MemoryUsed
		for number := uint64(1); number <= 100; number++ {
			b.send(badBatches(1, number, 1000))
		}
		kept := b.Stats().MemoryUsed - before
		if kept < broker.AnswerBytesKept/2 || kept > broker.AnswerBytesKept+1<<20 {
			t.Errorf("%d bytes are accounted for answers", kept)
		}
		if a := b.send(badBatches(1, 100, 1000)); a.Forgotten || len(a.Results) != 1000 {
			t.Errorf("the newest answer: %d results, forgotten %v", len(a.Results), a.Forgotten)
		}
		if a := b.send(badBatches(1, 1, 1000)); !a.Forgotten {
			t.Error("the oldest answer is still there")
		}
		time.Sleep(broker.ProducerIdle + 2*time.Minute)
		if left := b.Stats().MemoryUsed - before; left != 0 {
			t.Errorf("%d bytes are left when the producer is forgotten", left)
		}
	})
}

func TestNoProducerIsMadeForARequestThatSkipsAhead(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		before := b.Stats().MemoryUsed
		for i := range 100 {
			if a := b.send(badBatches(byte(i+1), 7, 1)); a.Err == nil {
				t.Fatal("accepted")
			}
		}
		if used := b.Stats().MemoryUsed; used != before {
			t.Errorf("%d bytes", used-before)
		}
	})
}
