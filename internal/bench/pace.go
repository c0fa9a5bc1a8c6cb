package bench

import (
	"context"
	"time"
)

// A pace says when messages are due: evenly, and whatever became of those before.
type pace struct {
	clock stopwatch
	begun int64   // when the first is due
	every float64 // nanoseconds from one to the next, of this publisher
}

// newPace is the pace of one of so many publishers, who together make rate messages a second, count at a time.
func newPace(clock stopwatch, begun int64, rate, count, index, of int) *pace {
	every := float64(count) * 1e9 / float64(rate)
	return &pace{clock: clock, begun: begun + int64(every*float64(index)), every: every * float64(of)}
}

// finely is what timers may be off by; closer than this to its end a wait is the kernel's own sleep.
const finely = 2 * time.Millisecond

// wait waits until the n-th is due and returns when that was. false: ctx ended first.
func (p *pace) wait(ctx context.Context, n int) (due int64, ok bool) {
	due = p.begun + int64(p.every*float64(n))
	if left := time.Duration(due - p.clock.now()); left > finely {
		timer := time.NewTimer(left - finely)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return 0, false
		}
	}
	for ctx.Err() == nil {
		left := due - p.clock.now()
		if left <= 0 {
			return due, true
		}
		sleep(time.Duration(left))
	}
	return 0, false
}
