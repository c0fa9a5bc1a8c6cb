package server

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"linger/broker"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

// publishService takes messages. Its requests arrive as wire.Request; that is why it is registered by hand.
type publishService struct {
	*service
	producers producerStreams
	readers   sync.WaitGroup // one for each open stream
}

// publishDesc is the generated description with handlers that read requests raw. Reflection uses the generated one.
func publishDesc() *grpc.ServiceDesc {
	desc := lingerv1.PublishService_ServiceDesc
	desc.HandlerType = (*any)(nil) // the generated interface has the generated types
	desc.Methods = []grpc.MethodDesc{{MethodName: "Publish", Handler: handlePublish}}
	desc.Streams = []grpc.StreamDesc{{
		StreamName: "PublishStream", Handler: handlePublishStream, ServerStreams: true, ClientStreams: true,
	}}
	return &desc
}

func handlePublish(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	s := srv.(*publishService)
	in := &wire.Request{Limits: s.limits}
	if err := decode(in); err != nil {
		return nil, err
	}
	call := func(ctx context.Context, in any) (any, error) { return s.publish(ctx, in.(*wire.Request)) }
	if intercept == nil {
		return call(ctx, in)
	}
	return intercept(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: lingerv1.PublishService_Publish_FullMethodName}, call)
}

func handlePublishStream(srv any, stream grpc.ServerStream) error {
	return srv.(*publishService).publishStream(stream)
}

// publish answers one request.
func (s *publishService) publish(ctx context.Context, in *wire.Request) (*lingerv1.PublishResponse, error) {
	if in.Err != nil {
		return nil, in.Err
	}
	if (in.Number == 0) != (in.Producer == broker.ProducerID{}) {
		return nil, invalid("request", "producer_id and request go together: give both, or neither")
	}
	if len(in.Batches) == 0 {
		return nil, invalid("batches", "none; a request has at least one")
	}
	answer, err := s.commit(ctx, in)
	if err != nil {
		return nil, err
	}
	if results := answer.Results; len(in.Batches) == 1 && len(results) == 1 && results[0].Err != nil {
		return nil, atBatch(0, results[0].Err)
	}
	return s.response(answer), nil
}

// commit waits for the answer. A call that is given up still commits, or not; only its caller cannot know.
func (s *publishService) commit(ctx context.Context, in *wire.Request) (broker.PublishAnswer, error) {
	ctx, cancel := s.untilStop(ctx)
	defer cancel()
	answered := make(chan broker.PublishAnswer, 1)
	hand := func(publish func()) error { publish(); return nil }
	err := s.start(ctx, in.Producer, in, hand, func(a broker.PublishAnswer) { answered <- a })
	var answer broker.PublishAnswer
	if err == nil {
		answer, _, err = receive(ctx, answered)
	}
	if err != nil {
		return broker.PublishAnswer{}, whyEnded(ctx, err)
	}
	readersFirst(little(in))
	return answer, answer.Err
}

// littleBytes is the size of a request, in bytes, from which on its publisher is taken to have gathered messages.
const littleBytes = 4 << 10

func little(in *wire.Request) bool { return in.Size < littleBytes }

// readersFirst lets those whom a commit has woken run before it is answered, where little goes on. A delivery would otherwise
// be written behind the answer, and its reader wait until the publisher, woken first, is done with that. Where much goes on
// it is better not to: readers that run after each commit are handed one message each, where a moment later they would take
// many at once.
func readersFirst(quiet bool) {
	if quiet {
		runtime.Gosched()
	}
}

// start gives a request to the broker, through hand, as soon as there is room for it. done is called once if it returns nil,
// by then or later, and must not block.
func (s *publishService) start(ctx context.Context, id broker.ProducerID, in *wire.Request, hand func(publish func()) error, done func(broker.PublishAnswer)) error {
	if err := s.inflight.acquire(ctx, in.Size); err != nil {
		return err
	}
	size, began := in.Size, time.Now()
	err := hand(func() {
		s.broker.Publish(ctx, broker.PublishRequest{Producer: id, Number: in.Number, Batches: in.Batches}, func(a broker.PublishAnswer) {
			s.inflight.release(size)
			s.metrics.Committed(time.Since(began))
			done(a)
		})
	})
	if err != nil {
		s.inflight.release(size)
	}
	return err
}

// receive prefers what is there to noticing that ctx ended.
func receive[T any](ctx context.Context, c <-chan T) (v T, ok bool, err error) {
	select {
	case v, ok = <-c:
		return v, ok, nil
	default:
	}
	select {
	case v, ok = <-c:
		return v, ok, nil
	case <-ctx.Done():
		return v, false, ctx.Err()
	}
}

func (s *publishService) response(a broker.PublishAnswer) *lingerv1.PublishResponse {
	m := &lingerv1.PublishResponse{
		Request:    a.Number,
		ServerTime: timestamp(a.Now),
		Forgotten:  a.Forgotten,
		Results:    make([]*lingerv1.BatchResult, len(a.Results)),
	}
	for i, r := range a.Results {
		m.Results[i] = s.result(i, r)
	}
	return m
}

func (s *publishService) result(index int, r broker.PublishResult) *lingerv1.BatchResult {
	if r.Err != nil {
		m := &lingerv1.BatchResult{Error: s.problems.proto(atBatch(index, r.Err))}
		if r.FailedMessage >= 0 {
			failed := uint32(r.FailedMessage)
			m.FailedMessage = &failed
		}
		return m
	}
	return &lingerv1.BatchResult{
		FirstSequence: r.First,
		Count:         uint32(r.Count),
		PublishTime:   timestamp(r.PublishTime),
		ExpireTime:    timestamp(r.Deadline),
		Ttl:           durationpb.New(r.Deadline.Sub(r.PublishTime)),
		Adjustment:    adjustments[r.Adjustment],
		Durability:    durability(r.Durability),
		Incarnation:   r.Incarnation,
	}
}

// atBatch puts the batch before a field that the broker named without knowing where the batch stood.
func atBatch(index int, err error) error {
	var e *broker.Error
	if !errors.As(err, &e) || e.Field == "" || strings.HasPrefix(e.Field, "batches[") {
		return err
	}
	at := *e
	at.Field = fmt.Sprintf("batches[%d].%s", index, e.Field)
	return &at
}
