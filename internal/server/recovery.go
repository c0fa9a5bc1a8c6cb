package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"linger/broker"
)

// Opener opens a broker, which may take as long as its store has much to read. It tells progress, from one goroutine at a
// time, how far it is: done of total, in no unit of its own. It gives up when ctx ends.
type Opener func(ctx context.Context, progress func(done, total int64)) (*broker.Broker, error)

// errRecovering answers every call until the broker is open.
var errRecovering = errors.New("the server is recovering")

// Bounds of when to come again during a recovery.
const (
	recoveryRetryLeast = time.Second
	recoveryRetryMost  = 30 * time.Second
)

// recovery is the time from the start until the broker is open. Safe for concurrent use.
type recovery struct {
	began       time.Time
	done, total atomic.Int64
	over        chan struct{} // closed at its end, after which everything may use the broker
}

func newRecovery() *recovery { return &recovery{began: time.Now(), over: make(chan struct{})} }

// report notes how far it is.
func (r *recovery) report(done, total int64) {
	r.done.Store(done)
	r.total.Store(total)
}

// isOver tells whether the broker is open.
func (r *recovery) isOver() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// percent is how much of the store has been read; false: that is not known yet.
func (r *recovery) percent() (int, bool) {
	total := r.total.Load()
	if total <= 0 {
		return 0, false
	}
	return int(100 * min(r.done.Load(), total) / total), true
}

// text says how far it is: "34 % of the store has been read, in 12 s".
func (r *recovery) text() string {
	took := time.Since(r.began).Truncate(time.Second)
	if percent, ok := r.percent(); ok {
		return fmt.Sprintf("%d %% of the store has been read, in %v", percent, took)
	}
	return fmt.Sprintf("the store is being opened, since %v", took)
}

// retryAfter is when it should be over, as it goes.
func (r *recovery) retryAfter() time.Duration {
	done, total := r.done.Load(), r.total.Load()
	if done <= 0 || total <= done {
		return recoveryRetryLeast
	}
	left := time.Duration(float64(time.Since(r.began)) * float64(total-done) / float64(done))
	return min(max(left.Round(time.Second), recoveryRetryLeast), recoveryRetryMost)
}

// err is what calls are answered; nil once it is over.
func (r *recovery) err() error {
	if r.isOver() {
		return nil
	}
	e := &broker.Error{
		Err: errRecovering, Detail: "the server is recovering: " + r.text() + "; it answers when all of it is there",
		RetryAfter: r.retryAfter(), Values: map[string]string{},
	}
	if percent, ok := r.percent(); ok {
		e.Values["percent"] = strconv.Itoa(percent)
	}
	return e
}
