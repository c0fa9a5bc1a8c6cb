package server

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/tap"
)

// arrival is the context of a call whose request has to have come whole within a while. gRPC has no such deadline: a
// request that begins and never ends would hold its memory as long as its connection.
type arrival struct {
	context.Context
	timer  *time.Timer
	unhook func() bool // nothing is to be done any more when the call ends
}

type arrivalKey struct{}

// awaitRequest begins the wait, when a call's headers have come. (gRPC-Web does not pass here.)
func awaitRequest(within time.Duration) tap.ServerInHandle {
	return func(ctx context.Context, _ *tap.Info) (context.Context, error) {
		ctx, cancel := context.WithCancelCause(ctx)
		a := &arrival{Context: ctx}
		a.timer = time.AfterFunc(within, func() { cancel(context.DeadlineExceeded) })
		a.unhook = context.AfterFunc(ctx, func() { a.timer.Stop() }) // of a call that ended without a handler
		return a, nil
	}
}

// Err says of a request that came too late that its time was up, not that the caller gave up.
func (a *arrival) Err() error {
	err := a.Context.Err()
	if err != nil && errors.Is(context.Cause(a.Context), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}

// Value lets what was derived from a find it.
func (a *arrival) Value(key any) any {
	if key == (arrivalKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// requestArrived ends the wait.
func requestArrived(ctx context.Context) {
	if a, ok := ctx.Value(arrivalKey{}).(*arrival); ok {
		a.timer.Stop()
		a.unhook() // else each call would end with a goroutine
	}
}

// awaited is a stream of answers to one request, with which the wait ends.
type awaited struct{ grpc.ServerStream }

// RecvMsg reads the request.
func (s awaited) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	requestArrived(s.Context())
	return err
}

// native tells that a call came over gRPC's own transport.
func native(ctx context.Context) bool {
	_, ok := ctx.Value(arrivalKey{}).(*arrival)
	return ok
}
