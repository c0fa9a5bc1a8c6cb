package server

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	"linger/broker"
	"linger/internal/metrics"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

// responseBudget is at most 256 KiB of messages and one message. There are few enough of them that their runs' headers, which
// the broker does not count (up to 1.6 MiB, when each message is a run of its own in a topic with a long name), leave a
// response below the 4 MiB that stock clients accept.
var responseBudget = broker.Budget{Bytes: 256 << 10, Messages: 4096}

type subscribeService struct {
	*service
	lingerv1.UnimplementedSubscribeServiceServer
}

func (s *subscribeService) Subscribe(in *lingerv1.SubscribeRequest, stream grpc.ServerStreamingServer[lingerv1.SubscribeResponse]) error {
	defer metrics.Open(&s.metrics.Streams.Subscribe)()
	options, err := subscribeOptions(in)
	if err != nil {
		return err
	}
	if options.Client, options.Peer, err = caller(stream.Context(), in.GetClientName()); err != nil {
		return err
	}
	sub, err := s.broker.Subscribe(options)
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := stream.Send(s.hello(sub)); err != nil {
		return err
	}
	return s.deliver(stream.Context(), sub, stream)
}

func (s *subscribeService) hello(sub *broker.Subscription) *lingerv1.SubscribeResponse {
	return &lingerv1.SubscribeResponse{
		ServerTime:  timestamp(s.broker.Now()),
		ResumeToken: sub.Token(),
		Event: &lingerv1.SubscribeResponse_Hello{Hello: &lingerv1.Hello{
			Store:       s.broker.StoreID(),
			Topics:      topicIncarnations(sub.Topics()),
			HeartbeatMs: uint32(s.config.Heartbeat.Milliseconds()),
		}},
	}
}

// deliver sends what the subscription has, and a heartbeat when it has had nothing for a while.
func (s *subscribeService) deliver(ctx context.Context, sub *broker.Subscription, stream grpc.ServerStream) error {
	beat := newHeartbeat(ctx, s.config.Heartbeat)
	defer func() { beat.stop() }()
	out := &outlet{service: s.service, stream: stream, beat: beat}
	if native(ctx) { // a browser's call is written to by who sends
		sub.HandOff(out, responseBudget)
	}
	for {
		delivery, err := sub.Next(beat.ctx, responseBudget)
		response := wire.Response{Delivery: delivery}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		case !beat.due():
			continue
		default:
			response.Heartbeat = true
			response.Now, response.Token = s.broker.Now(), sub.Token()
		}
		if err := out.send(response); err != nil {
			return err
		}
	}
}

func subscribeOptions(in *lingerv1.SubscribeRequest) (broker.SubscribeOptions, error) {
	o := broker.SubscribeOptions{Patterns: in.GetPatterns()}
	if n := len(o.Patterns); n > 1 && n <= broker.MaxPatterns { // which of several the broker cannot name
		for i, pattern := range o.Patterns {
			if err := selected(fmt.Sprintf("patterns[%d]", i), pattern); err != nil {
				return o, err
			}
		}
	}
	switch start := in.GetStart().(type) {
	case nil, *lingerv1.SubscribeRequest_All:
		o.Start.Kind = broker.StartAll
	case *lingerv1.SubscribeRequest_New:
		o.Start.Kind = broker.StartNew
	case *lingerv1.SubscribeRequest_Last:
		if start.Last == 0 {
			return o, invalid("start.last", "0; it is 1 or more (for none, start with new)")
		}
		o.Start.Kind, o.Start.N = broker.StartLast, start.Last
	case *lingerv1.SubscribeRequest_Sequence:
		o.Start.Kind, o.Start.N = broker.StartSequence, start.Sequence
	case *lingerv1.SubscribeRequest_Time:
		at, err := instant("start.time", start.Time)
		if err != nil {
			return o, err
		}
		o.Start.Kind, o.Start.Time = broker.StartTime, at
	case *lingerv1.SubscribeRequest_ResumeToken:
		o.Start.Kind, o.Start.Token = broker.StartToken, start.ResumeToken
	}
	switch in.GetSlow() {
	case lingerv1.SlowPolicy_SLOW_POLICY_UNSPECIFIED:
		o.Slow = broker.SlowTold
	case lingerv1.SlowPolicy_SLOW_POLICY_DISCONNECT:
		o.Slow = broker.SlowDisconnect
	case lingerv1.SlowPolicy_SLOW_POLICY_SKIP_TO_NEWEST:
		o.Slow = broker.SlowSkipToNewest
	default:
		return o, invalid("slow", "%d is not a value this server knows", in.GetSlow())
	}
	return o, nil
}
