package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
)

// taker is a hand-off that notes what it takes in the list where Next's reader notes it, without a lock: they may not run
// at one time.
type taker struct {
	unready atomic.Bool
	hold    chan struct{} // Take waits for it, if there is one
	err     error
	got     *[]string
	taken   int // of them, by Take
}

func (k *taker) Ready() bool { return !k.unready.Load() }

func (k *taker) Take(d broker.Delivery) error {
	if k.hold != nil {
		<-k.hold
	}
	for i := range d.Runs {
		here := texts(d.Runs[i].Body)
		*k.got, k.taken = append(*k.got, here...), k.taken+len(here)
	}
	return k.err
}

// readOn calls Next until it fails, and tells how many messages it gave.
func readOn(ctx context.Context, s *broker.Subscription, budget broker.Budget, got *[]string) (n int, err error) {
	for {
		d, err := s.Next(ctx, budget)
		if err != nil {
			return n, err
		}
		for i := range d.Runs {
			here := texts(d.Runs[i].Body)
			*got, n = append(*got, here...), n+len(here)
		}
	}
}

// beside has another reader wait for what comes to the topic: one alone is handed nothing. It reads until stop is called.
func beside(b *bench, topic string) (stop func()) {
	s := b.subscribe(broker.Start{Kind: broker.StartNew}, topic)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		_, _ = readOn(ctx, s.Subscription, broker.Budget{}, new([]string))
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
		s.Close()
	}
}

// TestContract06_HandedOverAndReadInOneOrder has readers that are sometimes ready to be handed what comes, and sometimes
// not, or have room for a part of it: each message comes once, in its place, by one way or the other.
func TestContract06_HandedOverAndReadInOneOrder(t *testing.T) {
	for _, readers := range []int{1, 2, 40} { // one alone is woken
		inBubble(t, broker.Config{}, func(b *bench) {
			b.create("t", broker.Policy{})
			ctx, stop := context.WithCancel(context.Background())
			budget := broker.Budget{Bytes: 30}
			takers, ended := make([]*taker, readers), make(chan int)
			for i := range takers {
				s := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
				defer s.Close()
				takers[i] = &taker{got: new([]string)}
				s.HandOff(takers[i], budget)
				go func() {
					n, _ := readOn(ctx, s.Subscription, budget, takers[i].got)
					ended <- n
				}()
			}
			var want []string
			for i := range 300 {
				for k, taker := range takers {
					taker.unready.Store((i+k)%7 == 0)
				}
				batch := []string{fmt.Sprint(i)}
				if i%5 == 0 { // more than is handed over at once
					batch = append(batch, strings.Repeat("x", 20), strings.Repeat("y", 20), "z")
				}
				b.publish("t", time.Minute, batch...)
				want = append(want, batch...)
				if i%3 == 0 {
					synctest.Wait()
				}
			}
			synctest.Wait()
			stop()
			read := 0
			for range takers {
				read += <-ended
			}
			taken := 0
			for i, taker := range takers {
				if taken += taker.taken; !slices.Equal(*taker.got, want) {
					b.Errorf("reader %d of %d had %d messages, in another order or others than the %d published", i, readers, len(*taker.got), len(want))
				}
			}
			if (taken > 0) != (readers > 1) || read == 0 {
				b.Errorf("%d readers: %d messages handed over, %d read", readers, taken, read)
			}
		})
	}
}

// TestContract07_UnreadyReadersHoldUpNoPublisher has a reader that is never ready: all of it waits for its Next.
func TestContract07_UnreadyReadersHoldUpNoPublisher(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		s := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
		defer s.Close()
		defer beside(b, "t")()
		k := &taker{got: new([]string), hold: make(chan struct{})}
		k.unready.Store(true)
		s.HandOff(k, broker.Budget{})
		ctx, stop := context.WithCancel(context.Background())
		read := make(chan int)
		go func() {
			n, _ := readOn(ctx, s.Subscription, broker.Budget{}, k.got)
			read <- n
		}()
		synctest.Wait()
		b.publish("t", time.Minute, "a", "b")
		synctest.Wait()
		stop()
		if n := <-read; n != 2 || k.taken != 0 {
			b.Errorf("%d read, %d handed over", n, k.taken)
		}
	})
}

// Next does not return while another goroutine reads in its place, whatever it is told meanwhile.
func TestNextWaitsForAHandOff(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		s := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
		defer s.Close()
		defer beside(b, "t")()
		k := &taker{got: new([]string), hold: make(chan struct{})}
		s.HandOff(k, broker.Budget{})
		ctx, stop := context.WithCancel(context.Background())
		var ended atomic.Bool
		go func() {
			_, _ = readOn(ctx, s.Subscription, broker.Budget{}, k.got)
			ended.Store(true)
		}()
		synctest.Wait()
		go b.publish("t", time.Minute, "a")
		synctest.Wait()
		stop()
		synctest.Wait()
		if ended.Load() {
			b.Error("Next returned during the hand-off")
		}
		close(k.hold)
		synctest.Wait()
		if !ended.Load() || !slices.Equal(*k.got, []string{"a"}) {
			b.Errorf("ended %v, with %q", ended.Load(), *k.got)
		}
	})
}

// What a hand-off fails with ends the subscription.
func TestNextTellsWhyAHandOffFailed(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("t", broker.Policy{})
		s := b.subscribe(broker.Start{Kind: broker.StartNew}, "t")
		defer s.Close()
		defer beside(b, "t")()
		k := &taker{got: new([]string), err: errors.New("gone")}
		s.HandOff(k, broker.Budget{})
		ended := make(chan error)
		go func() {
			_, err := readOn(context.Background(), s.Subscription, broker.Budget{}, k.got)
			ended <- err
		}()
		synctest.Wait()
		b.publish("t", time.Minute, "a")
		if err := <-ended; !errors.Is(err, k.err) {
			b.Errorf("ended with %v", err)
		}
	})
}

// What has to be loaded is left to the reader's own goroutine, which may wait for the disk: nobody else does.
func TestColdMessagesAreNotHandedOver(t *testing.T) {
	inColdBubble(t, func(b *bench, published []string) {
		budget := broker.Budget{Bytes: 10_000}
		s := b.subscribe(broker.Start{}, ">")
		defer s.Close()
		defer beside(b, ">")()
		k := &taker{got: new([]string)}
		s.HandOff(k, budget)
		ctx, stop := context.WithCancel(context.Background())
		read := make(chan int)
		go func() {
			n, _ := readOn(ctx, s.Subscription, budget, k.got)
			read <- n
		}()
		synctest.Wait() // everything retained was read
		b.publish("even", time.Hour, "last")
		synctest.Wait()
		stop()
		if n := <-read; n < len(published) || !slices.Equal(*k.got, append(published, "last")) {
			b.Errorf("%d read, %d in all, of %d", n, len(*k.got), len(published)+1)
		}
	})
}
