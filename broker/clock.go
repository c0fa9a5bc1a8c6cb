package broker

import (
	"sync/atomic"
	"time"
)

// Instant is server time in whole milliseconds since the Unix epoch. Zero means none.
type Instant int64

// InstantOf cuts t to a whole millisecond.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Time is the instant as a time in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add is the instant d later; a fraction of a millisecond is cut off.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub is the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Millisecond }

// Clock is the server's time (contract 5): the broker and its log share one. It never runs backwards.
// Safe for concurrent use.
type Clock struct {
	source func() time.Time
	offset atomic.Int64 // added to the source, in ms
	last   atomic.Int64 // the latest instant told
}

// NewClock makes a clock that follows source, which should advance steadily, sleep included, and start at the wall clock.
func NewClock(source func() time.Time) *Clock { return &Clock{source: source} }

// Now is the server's time.
func (c *Clock) Now() Instant {
	for {
		now := c.source().UnixMilli() + c.offset.Load()
		last := c.last.Load()
		if now <= last {
			return Instant(last)
		}
		if c.last.CompareAndSwap(last, now) {
			return Instant(now)
		}
	}
}

// NotBefore moves the clock forward to t if it is behind: after a restart, to the latest stored time. It goes on from
// there at the source's pace, so that a wall clock that was set back revives nothing.
func (c *Clock) NotBefore(t Instant) {
	for {
		offset := c.offset.Load()
		behind := int64(t) - (c.source().UnixMilli() + offset)
		if behind <= 0 || c.offset.CompareAndSwap(offset, offset+behind) {
			return
		}
	}
}
