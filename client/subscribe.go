package client

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	pb "linger/proto/linger/v1"
)

// defaultHeartbeat is assumed until the server's hello tells its own.
const defaultHeartbeat = 15 * time.Second

// SubscribeOptions are what a subscription can be told. The zero value starts at everything retained.
type SubscribeOptions struct {
	// Start is where to begin.
	Start Start
	// Slow is what happens when the subscription falls behind what is retained.
	Slow SlowPolicy
	// RetryFor is how long an outage may last before the subscription gives up. 0: for ever.
	RetryFor time.Duration
	// Name says who subscribes, to people who look at the topic's subscribers: at most 128 bytes. Empty: [Options.UserAgent].
	Name string
	// Borrow receives without making memory anew: a [Run] that is handed out, its messages and their data are valid only
	// until the next event (of [Subscription.Deliveries]: message) is asked for; what is to be kept longer has to be copied.
	// It is for those who read at hundreds of megabytes or millions of messages a second.
	Borrow bool
}

// Subscription hands out messages across lost connections. It may be used by one goroutine at a time.
type Subscription struct {
	client   *Client
	patterns []string
	opts     SubscribeOptions

	stream    grpc.ServerStreamingClient[pb.SubscribeResponse] // nil: not connected
	cancel    context.CancelCauseFunc                          // ends stream
	ctx       context.Context                                  // the stream's
	heartbeat time.Duration
	stalled   *time.Timer // ends stream, which has been silent for too long; runs while a response is awaited
	outage    outage
	wait      time.Duration // before the next attempt to connect

	response response // the last one
	events   []Event  // room for its events, used again
	queue    []Event  // those not handed out yet
	latest   []byte   // token of that response
	handled  []byte   // token of the last response that was handed out whole
	clock    serverClock
	expired  atomic.Uint64
}

// Subscribe makes a subscription to topics or patterns: `*` stands for one token, a final `>` for one or more. It connects
// when it is first read.
func (c *Client) Subscribe(patterns []string, opts SubscribeOptions) *Subscription {
	s := &Subscription{client: c, patterns: patterns, opts: opts, outage: outage{limit: opts.RetryFor}}
	s.response.scratch.again = opts.Borrow
	return s
}

// Token returns what [FromToken] takes to go on, in another process even, after everything handed out so far, give or
// take the messages of one response: it is exact whenever the last event was handed out and the next one asked for. Nil:
// nothing was received yet.
func (s *Subscription) Token() []byte { return s.handled }

// Expired returns how many messages reached their deadline on the way and were not handed out. May be called by any
// goroutine.
func (s *Subscription) Expired() uint64 { return s.expired.Load() }

// Events hands out everything that happens until ctx ends, the loop is left, or the server refuses the subscription,
// which is the error of the last pair. After leaving the loop, another call goes on where this one ended.
func (s *Subscription) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer s.disconnect(nil)
		for {
			for len(s.queue) > 0 {
				ev := s.take()
				if ev != nil && !yield(ev, nil) {
					return
				}
			}
			s.handled = s.latest
			if err := s.fill(ctx); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Deliveries is Events for those who want messages only, one at a time. Gaps, resets and lost connections go untold.
func (s *Subscription) Deliveries(ctx context.Context) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		for ev, err := range s.Events(ctx) {
			if err != nil {
				yield(Delivery{}, err)
				return
			}
			if run, ok := ev.(*Run); ok && !s.each(run, yield) {
				return
			}
		}
	}
}

// each hands out a run's messages, while they are alive; what is left when the loop ends is for the next one.
func (s *Subscription) each(run *Run, yield func(Delivery, error) bool) bool {
	for i := range run.Messages {
		left, alive := s.timeLeft(run)
		if !alive {
			s.dropped(run, i)
			return true
		}
		more := yield(Delivery{
			Message: run.Messages[i], Topic: run.Topic, Sequence: run.FirstSequence + uint64(i),
			PublishTime: run.PublishTime, ExpireTime: run.ExpireTime, TimeLeft: left, Incarnation: run.Incarnation,
		}, nil)
		if !more {
			s.putBack(run, i+1)
			return false
		}
	}
	return true
}

// putBack queues the run's messages from index i on again.
func (s *Subscription) putBack(run *Run, i int) {
	if i == len(run.Messages) {
		return
	}
	rest := *run
	rest.FirstSequence += uint64(i)
	rest.Messages = run.Messages[i:]
	s.queue = append([]Event{&rest}, s.queue...)
}

// take removes the next event from the queue. A run whose deadline has passed becomes an Expired.
func (s *Subscription) take() Event {
	ev := s.queue[0]
	s.queue[0], s.queue = nil, s.queue[1:]
	run, ok := ev.(*Run)
	if !ok {
		return ev
	}
	left, alive := s.timeLeft(run)
	if !alive {
		return s.dropped(run, 0)
	}
	run.TimeLeft = left
	return run
}

func (s *Subscription) timeLeft(run *Run) (left time.Duration, alive bool) {
	left = run.ExpireTime.Sub(s.clock.now())
	if run.nowOrNever() {
		return max(left, 0), true
	}
	return left, left > 0
}

// dropped counts the run's messages from index i on as dead on arrival.
func (s *Subscription) dropped(run *Run, i int) Event {
	s.expired.Add(uint64(len(run.Messages) - i))
	return Expired{Topic: run.Topic, FirstSequence: run.FirstSequence + uint64(i), LastSequence: run.LastSequence()}
}

// fill waits for the next response, connecting first when necessary, and queues its events. An error is final.
func (s *Subscription) fill(ctx context.Context) error {
	if err := s.sleep(ctx); err != nil {
		return err
	}
	resp, err := s.receive(ctx)
	if err == nil {
		s.outage.end()
		s.accept(resp)
		return nil
	}
	s.disconnect(err)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if permanent(err) {
		return s.client.rpcError(err)
	}
	return s.lost(s.client.rpcError(err))
}

// sleep waits out the pause that the last outage asked for.
func (s *Subscription) sleep(ctx context.Context) error {
	wait := s.wait
	s.wait = 0
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// lost queues what to tell about an outage and sets the pause before the next attempt.
func (s *Subscription) lost(err error) error {
	wait, ok := s.outage.next()
	if !ok {
		return fmt.Errorf("%w for %s: %w", ErrUnreachable, s.opts.RetryFor, err)
	}
	s.wait = wait
	s.queue = append(s.queue, Disconnected{Err: err, RetryIn: wait})
	return nil
}
