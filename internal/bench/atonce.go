package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// mostAtOnce is how many requests to manage the run, or connections for it, are made at a time.
const mostAtOnce = 32

// atOnce calls do for 0 to n-1, many at a time. The first error, or the end of ctx, ends it; do's context ends with it.
func atOnce(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(n, mostAtOnce) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// outlasting returns a context that ends so long after ctx: what was asked of the server is waited for, a while, when the
// run is interrupted. release ends it.
func outlasting(ctx context.Context, by time.Duration) (longer context.Context, release func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}
