package server

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/broker"
	"linger/internal/metrics"
	"linger/internal/server/wire"
)

// service is what all services share. Its errors are the broker's; an interceptor tells them to the client.
type service struct {
	config   Config
	recovery *recovery
	problems problems
	stopping context.Context // done when the server begins to stop
	metrics  *metrics.Set
	inflight *budget // bytes of publish requests that are not answered yet
	limits   wire.Limits
	run      string // identifies this run of the server to watchers

	delivered minute // of metrics.Delivered

	// What there is once the recovery is over, and does not change from then on.
	broker  *broker.Broker
	drift   drift
	started broker.Instant
}

// admit refuses calls of a method until the broker is open, except of the services that gRPC itself defines: health and
// reflection need none.
func (s *service) admit(method string) error {
	if strings.HasPrefix(method, "/grpc.") {
		return nil
	}
	return s.problems.grpc(s.recovery.err())
}

// untilStop is ctx, ended also when the server begins to stop. cancel must be called.
func (s *service) untilStop(ctx context.Context) (_ context.Context, cancel func()) {
	ctx, end := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(s.stopping, func() { end(errStopping) })
	return ctx, func() {
		unhook()
		end(nil)
	}
}

// whyEnded is the cause behind an error that only says that ctx ended.
func whyEnded(ctx context.Context, err error) error {
	if ctx.Err() == nil || err == nil {
		return err
	}
	if errors.Is(err, ctx.Err()) || status.Code(err) == codes.Canceled {
		return context.Cause(ctx)
	}
	return err
}

// stream lets every stream end when the server begins to stop, and tells the client why it ended.
func (s *service) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, call grpc.StreamHandler) error {
	if err := s.admit(info.FullMethod); err != nil {
		return err
	}
	if info.IsClientStream { // which may be silent for as long as it likes
		requestArrived(stream.Context())
	} else {
		stream = awaited{stream}
	}
	ctx, cancel := s.untilStop(stream.Context())
	defer cancel()
	return s.problems.grpc(whyEnded(ctx, call(srv, boundStream{stream, ctx})))
}

// boundStream is a stream whose context also ends when the server begins to stop.
type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (b boundStream) Context() context.Context { return b.ctx }

// unary tells the client what is wrong.
func (s *service) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, call grpc.UnaryHandler) (any, error) {
	requestArrived(ctx)
	if err := s.admit(info.FullMethod); err != nil {
		return nil, err
	}
	out, err := call(ctx, in)
	return out, s.problems.grpc(err)
}
