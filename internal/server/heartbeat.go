package server

import (
	"context"
	"time"
)

// heartbeat is a context that ends when a stream may have been silent for long. Making one for each response would cost
// a busy stream a timer a message, so a response only notes its time, and the context that ends too early is replaced.
//
// The beats of all streams fall together, on the multiples of a fraction of the time between two: that wakes an idle
// process once for hundreds of streams, and those of one connection go out in one write.
type heartbeat struct {
	parent context.Context
	every  time.Duration // at most, between two
	last   time.Time     // when something was sent last
	ctx    context.Context
	stop   context.CancelFunc
}

// beatParts is into how many parts the time between two beats is divided.
const beatParts = 15

// beatsFrom is what the beats are counted from.
var beatsFrom = time.Now()

func newHeartbeat(parent context.Context, every time.Duration) *heartbeat {
	h := &heartbeat{parent: parent, every: every, last: time.Now()}
	h.after(every)
	return h
}

// after sets the context's end: not later than after so long.
func (h *heartbeat) after(most time.Duration) {
	now := time.Since(beatsFrom)
	h.ctx, h.stop = context.WithTimeout(h.parent, (now+most).Truncate(h.part())-now)
}

func (h *heartbeat) part() time.Duration { return max(h.every/beatParts, 1) }

// due says, after ctx ended, whether it is time, and sets the next time.
func (h *heartbeat) due() bool {
	left := h.every - time.Since(h.last)
	due := left < h.part() // the next beat would be too late
	if due {
		left = h.every
	}
	h.stop()
	h.after(left)
	return due
}
