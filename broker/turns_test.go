package broker_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
)

// crowd is many more readers than are woken at a time.
const crowd = 1000

// TestContract07_ReadersThatStallHoldUpNoOther has every second of many readers never come back for more.
func TestContract07_ReadersThatStallHoldUpNoOther(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		ctx, stop := context.WithCancel(context.Background())
		var all sync.WaitGroup
		var got atomic.Int64
		for i := range crowd {
			r := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
			defer r.Close()
			if i%2 == 0 {
				continue
			}
			all.Go(func() { count(ctx, r.Subscription, &got) })
		}
		for round := range 3 {
			b.publish("t", time.Minute, "a", "b")
			synctest.Wait()
			if n, want := got.Load(), int64(crowd/2*2*(round+1)); n != want {
				b.Fatalf("after publish %d the readers had %d messages, want %d", round+1, n, want)
			}
		}
		stop()
		all.Wait()
	})
}

// TestContract07_ReadersThatLeaveHoldUpNoOther has readers give up just as there is something for them, before one that
// does not.
func TestContract07_ReadersThatLeaveHoldUpNoOther(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		for round := range 10 {
			ctx, leave := context.WithCancel(context.Background())
			stays, stop := context.WithCancel(context.Background())
			var all sync.WaitGroup
			var left, stayed atomic.Int64
			for i := range crowd {
				r := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
				defer r.Close()
				if i < crowd-1 {
					all.Go(func() { count(ctx, r.Subscription, &left) })
				} else {
					all.Go(func() { count(stays, r.Subscription, &stayed) })
				}
			}
			synctest.Wait()
			all.Go(leave)
			b.publish("t", time.Minute, "a")
			synctest.Wait()
			if n := stayed.Load(); n != 1 {
				b.Fatalf("round %d: the reader that stayed had %d messages of 1, those that left %d", round, n, left.Load())
			}
			stop()
			all.Wait()
		}
	})
}

// count adds up the messages that a subscription is handed until ctx ends.
func count(ctx context.Context, s *broker.Subscription, n *atomic.Int64) {
	for {
		d, err := s.Next(ctx, broker.Budget{Bytes: 256 << 10})
		if err != nil {
			return
		}
		for i := range d.Runs {
			n.Add(int64(d.Runs[i].Count))
		}
	}
}
