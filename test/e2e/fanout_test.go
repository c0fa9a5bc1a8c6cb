package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
)

// within bounds a part of a test.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// batches publishes the numbers from first to last to a topic, a hundred in a batch, without waiting for each answer.
func batches(ctx context.Context, c *client.Client, topic string, first, last int) error {
	p := c.NewPublisher(client.PublisherOptions{})
	for i := first; i <= last; i++ {
		if err := p.Publish(ctx, topic, 5*time.Minute, client.Message{Data: []byte(strconv.Itoa(i))}); err != nil {
			return errors.Join(err, p.Close(ctx))
		}
	}
	return p.Close(ctx)
}

// 200 subscribers on one topic get each of 10,000 messages, in order, once.
func TestManySubscribers(t *testing.T) {
	const subscribers, connections, messages = 200, 4, 10_000
	s := startFastServer(t)
	ctx := within(t, 2*time.Minute)
	var clients [connections]*client.Client
	for i := range clients {
		clients[i] = s.Dial()
	}
	var wg sync.WaitGroup
	var delivered atomic.Int64
	for i := range subscribers {
		wg.Go(func() {
			if err := readNumbers(ctx, clients[i%connections], messages, &delivered); err != nil {
				t.Errorf("subscriber %d: %v", i, err)
			}
		})
	}
	process.Eventually(t, 30*time.Second, func() error {
		return process.Expect("the number of subscriptions", s.metric("linger_subscriptions"), float64(subscribers))
	})
	start := time.Now()
	if err := batches(ctx, s.Dial(), "fan", 1, messages); err != nil {
		t.Fatal(err)
	}
	published := time.Since(start)
	wg.Wait()
	took := time.Since(start)
	t.Logf("%d messages published in %v, %d deliveries in %v: %.0f a second", messages, published.Round(time.Millisecond),
		delivered.Load(), took.Round(time.Millisecond), float64(delivered.Load())/took.Seconds())
}

// readNumbers reads the topic fan until n messages have come, which must be 1, 2, … n.
func readNumbers(ctx context.Context, c *client.Client, n int, delivered *atomic.Int64) error {
	next := uint64(1)
	for event, err := range c.Subscribe([]string{"fan"}, client.SubscribeOptions{}).Events(ctx) {
		if err != nil {
			return fmt.Errorf("before #%d: %w", next, err)
		}
		switch e := event.(type) {
		case *client.Run:
			if e.FirstSequence != next || string(e.Messages[0].Data) != strconv.FormatUint(next, 10) {
				return fmt.Errorf("#%d %q came, not #%d", e.FirstSequence, e.Messages[0].Data, next)
			}
			next += uint64(len(e.Messages))
			delivered.Add(int64(len(e.Messages)))
		case client.Gap, client.Expired, client.Reset, client.Disconnected:
			return fmt.Errorf("at #%d: %#v", next, e)
		}
		if next > uint64(n) {
			return nil
		}
	}
	return errors.New("ended")
}

// A subscriber of everything gets all of 1,000 topics, each in order and once, also when the server is started anew in
// between.
func TestEverythingOfManyTopics(t *testing.T) {
	topics, each := 1000, 100
	s := startFastServer(t)
	ctx := within(t, 2*time.Minute)
	c := s.Dial()

	next := map[string]uint64{}
	var got atomic.Int64
	done := make(chan error, 1)
	go func() { // ends with ctx, or when everything has come
		done <- func() error {
			for event, err := range c.Subscribe([]string{">"}, client.SubscribeOptions{}).Events(ctx) {
				if err != nil {
					return err
				}
				switch e := event.(type) {
				case *client.Run:
					if next[e.Topic]++; e.FirstSequence != next[e.Topic] {
						return fmt.Errorf("#%d of %s came, not #%d", e.FirstSequence, e.Topic, next[e.Topic])
					}
					next[e.Topic] += uint64(len(e.Messages)) - 1
					if got.Add(int64(len(e.Messages))) == 2*int64(topics)*int64(each) {
						return nil
					}
				case client.Gap, client.Expired, client.Reset:
					return fmt.Errorf("%#v", e)
				}
			}
			return errors.New("ended")
		}()
	}()
	publish := func() {
		t.Helper()
		p := s.Dial().NewPublisher(client.PublisherOptions{})
		const inARow = 10
		for range each / inARow {
			for topic := range topics {
				for i := range inARow {
					if err := p.Publish(ctx, fmt.Sprintf("many.t%d", topic), 5*time.Minute, client.Message{Data: []byte(strconv.Itoa(i))}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := p.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	received := func(n int64) {
		t.Helper()
		process.Eventually(t, time.Minute, func() error {
			select {
			case err := <-done:
				done <- err
				if err != nil {
					t.Fatal(err)
				}
			default:
			}
			return process.Expect("the number of messages received", got.Load(), n)
		})
	}
	start := time.Now()
	publish()
	received(int64(topics) * int64(each))
	t.Logf("%d messages to %d topics in %v", topics*each, topics, time.Since(start).Round(time.Millisecond))
	s.restart()
	publish()
	received(2 * int64(topics) * int64(each))
	if err := <-done; err != nil {
		t.Error(err)
	}
}
