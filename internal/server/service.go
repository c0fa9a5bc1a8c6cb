package server

import (
	"context"
	"errors"

	"linger/broker"
	"linger/internal/metrics"
	"linger/internal/server/wire"
)

// service is what all services share. Its errors are the broker's; an interceptor tells them to the client.
type service struct {
	config   Config
	broker   *broker.Broker
	problems problems
	stopping context.Context // done when the server begins to stop
	metrics  *metrics.Set
	inflight *budget // bytes of publish requests that are not answered yet
	limits   wire.Limits
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

// whyEnded is the error of a stream whose context ended: the stop, when that was it.
func whyEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errStopping) {
		return errStopping
	}
	return err
}
