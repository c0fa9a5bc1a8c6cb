package client

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "linger/proto/linger/v1"
)

// One connection of a Subscription: connecting, reading, noticing that it went silent.

// connect opens a stream, resuming after the last response received.
func (s *Subscription) connect(ctx context.Context) error {
	req := &pb.SubscribeRequest{Patterns: s.patterns, Slow: pb.SlowPolicy(s.opts.Slow), ClientName: s.opts.Name}
	if s.latest != nil {
		FromToken(s.latest).apply(req)
	} else {
		s.opts.Start.apply(req)
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.heartbeat = defaultHeartbeat
	s.clock = serverClock{}
	stream, err := s.client.sub.Subscribe(s.ctx, req, grpc.ForceCodecV2(newFrameCodec()))
	if err != nil {
		s.cancel(nil)
		return err
	}
	s.stream = stream
	cancel := s.cancel // of this stream, not of a later one
	s.stalled = time.AfterFunc(s.heartbeat*5/2, func() { cancel(errStalled) })
	return nil
}

func (s *Subscription) disconnect(cause error) {
	if s.stream != nil {
		s.cancel(cause)
		s.stream = nil
	}
}

// receive returns the next response, which is valid until the next call. Two and a half heartbeats without one are a lost connection: a network that
// swallows packets ends no stream by itself.
func (s *Subscription) receive(ctx context.Context) (*response, error) {
	if s.stream == nil {
		if err := s.connect(ctx); err != nil {
			return nil, err
		}
	}
	s.stalled.Reset(s.heartbeat * 5 / 2)
	defer s.stalled.Stop()
	s.response.reset()
	err := s.stream.RecvMsg(&s.response)
	switch {
	case err == nil:
		return &s.response, nil
	case errors.Is(context.Cause(s.ctx), errStalled):
		return nil, status.Error(codes.Unavailable, errStalled.Error())
	case errors.Is(err, io.EOF):
		return nil, status.Error(codes.Unavailable, "the server ended the stream")
	}
	return nil, err
}

// accept queues a response's events.
func (s *Subscription) accept(r *response) {
	s.queue = s.events[:0] // all that was queued before has been handed out
	if !r.serverTime.IsZero() {
		s.clock.observe(r.serverTime)
	}
	for _, run := range r.runs {
		if run.gap != nil {
			s.queue = append(s.queue, newGap(run.Topic, run.gap))
		}
		if len(run.Messages) > 0 {
			s.queue = append(s.queue, run)
		}
	}
	if ev := s.event(r); ev != nil {
		s.queue = append(s.queue, ev)
	}
	s.events = s.queue
	if !s.opts.Borrow {
		clear(r.runs) // which belong to those who are handed them
	}
	if len(r.token) > 0 {
		s.latest = r.token
	}
}

func (s *Subscription) event(r *response) Event {
	switch ev := r.rest.GetEvent().(type) {
	case *pb.SubscribeResponse_Hello:
		return s.hello(ev.Hello, r.serverTime)
	case *pb.SubscribeResponse_CaughtUp:
		return CaughtUp{}
	case *pb.SubscribeResponse_Reset_:
		return newReset(ev.Reset_)
	case *pb.SubscribeResponse_Heartbeat:
		return Heartbeat{ServerTime: r.serverTime}
	}
	return nil
}

func (s *Subscription) hello(h *pb.Hello, now time.Time) Hello {
	if ms := h.GetHeartbeatMs(); ms > 0 {
		s.heartbeat = time.Duration(ms) * time.Millisecond
	}
	hello := Hello{Store: h.GetStore(), Heartbeat: s.heartbeat, ServerTime: now, Resumed: s.latest != nil}
	for _, t := range h.GetTopics() {
		hello.Topics = append(hello.Topics, TopicIncarnation{
			Topic: t.GetTopic(), Incarnation: t.GetIncarnation(), NextSequence: t.GetNextSequence(),
		})
	}
	return hello
}

func newReset(r *pb.Reset) Reset {
	reset := Reset{Reason: ResetReason(r.GetReason()), Topic: r.GetTopic()}
	if r.GetGap() != nil {
		gap := newGap(r.GetTopic(), r.GetGap())
		reset.Gap = &gap
	}
	return reset
}

// serverClock estimates the server's clock from the times in its responses. A response was on its way for a while, so
// what they show is a lower bound, and the greatest of them the best: the estimate never runs ahead of the server.
type serverClock struct {
	known  bool
	origin time.Time     // local; a point that the estimate counts from, monotonic
	ahead  time.Duration // server's clock - local clock, at least
}

func (c *serverClock) observe(server time.Time) {
	if !c.known {
		c.known, c.origin = true, time.Now()
		c.ahead = server.Sub(c.local())
	}
	c.ahead = max(c.ahead, server.Sub(c.local()))
}

// now returns the estimate; the local clock's time before the first observation.
func (c *serverClock) now() time.Time {
	if !c.known {
		return time.Now()
	}
	return c.local().Add(c.ahead)
}

// local is the time of origin plus what passed since, which a step of the wall clock does not change.
func (c *serverClock) local() time.Time { return c.origin.Round(0).Add(time.Since(c.origin)) }
