package broker

import (
	"math"
	"sync/atomic"
)

// cursor is one subscription's place in one topic. start and pos say what it was handed: all that was alive in
// [start, pos). They are written by the subscription while it shares topic.mu: who reads them and minds their being of one
// moment holds topic.mu alone.
type cursor struct {
	topic *topic
	sub   *Subscription
	named bool // the topic was named without wildcards
	slot  int  // where it stands in topic.cursors, if it does

	start  atomic.Uint64 // first sequence of the unbroken stretch that was handed out
	pos    atomic.Uint64 // next sequence to hand out
	since  uint64        // first sequence published after the subscription began: only from here on what passes is for it
	asked  uint64        // the same, but of the subscription that it resumes: what ended before, unread, is no gap
	fresh  bool          // nothing was handed out yet, and its start was not a sequence
	gap    Gap           // to be told with the next run
	ahead  ahead         // messages loaded for a cold run
	inside inside        // how far it came in a long run
	life   *lifeTally    // of what it was handed; nil: nothing yet

	key   uint64 // position of the commit with the next message, as far as known; order in the subscription's heap
	index uint32 // of that message within its commit
}

// place sets where a cursor begins.
func (c *cursor) place(sequence uint64) {
	c.start.Store(sequence)
	c.pos.Store(sequence)
}

// missedLocked counts what ended in [from, to) without being handed out.
func (t *topic) missedLocked(from, to uint64) Gap {
	if from >= to {
		return Gap{}
	}
	g := t.ends.gap(from, to-1)
	// What only passes has not ended yet, but for who comes late it is over.
	for p := t.runs.seek(from); ; p = t.runs.next(p) {
		r := t.runs.at(p)
		if r == nil || r.first >= to {
			return g
		}
		if r.passing {
			n := min(r.last(), to-1) - max(r.first, from) + 1
			g.Expired += n
			g.Forgotten -= n
		}
	}
}

// state tells why a cursor stopped reading.
type state int

const (
	atEnd   state = iota // everything was read; the cursor waits to be told of more
	atLimit              // the next message is behind where to stop, or there is no room for it; key says where it is
	atDead               // the next messages are dead and have to be ended first
	atCold               // the next messages have to be loaded first; ahead says which
	atSkip               // it missed something and asked to skip to the newest then
	tooSlow              // it missed something and asked to be disconnected then
)

// read hands out what c's topic has for it, nothing behind the position until.
func (c *cursor) read(rd *reading, until uint64) state {
	c.topic.mu.RLock()
	defer c.topic.mu.RUnlock()
	s := c.readLocked(rd, until)
	c.noteLocked(rd)
	return s
}

func (c *cursor) readLocked(rd *reading, until uint64) state {
	t := c.topic
	if t.deleted {
		c.dropAhead()
		return atEnd
	}
	for p := t.runs.seek(c.pos.Load()); ; p = t.runs.next(p) {
		r := t.runs.at(p)
		if r == nil {
			t.waitingMu.Lock()
			t.waiting = append(t.waiting, c)
			t.waitingMu.Unlock()
			return atEnd
		}
		from := max(c.pos.Load(), r.first)
		c.key, c.index = r.position, r.index+uint32(from-r.first)
		if r.position > until || rd.full() {
			return atLimit
		}
		switch {
		case r.passing && r.first < c.since:
			continue // not for those who came later; it will be in the gap
		case rd.now >= r.until():
			return atDead
		}
		gap := c.missedLocked(from)
		if gap.Total() > 0 {
			switch c.sub.slow {
			case SlowDisconnect:
				c.sub.missed = gap
				return tooSlow
			case SlowSkipToNewest:
				return atSkip
			}
		}
		body, last := c.bodyFrom(rd, p, from)
		if body == nil {
			return atCold
		}
		if gap.Total() > 0 {
			c.gap = gap
		}
		size := c.take(rd, r, from, last, body)
		if pos := c.pos.Load(); pos <= r.last() {
			c.index += uint32(pos - from)
			c.inside.note(r, pos, len(r.body)-len(body)+size)
			return atLimit
		}
	}
}

// missedLocked counts what ended before from, the next message, without being handed out.
func (c *cursor) missedLocked(from uint64) Gap {
	return c.topic.missedLocked(c.missedFrom(from), from)
}

// missedFrom is where a gap before from would begin: reading all never begins with one.
func (c *cursor) missedFrom(from uint64) uint64 {
	if c.fresh {
		return max(c.pos.Load(), min(from, c.asked))
	}
	return c.pos.Load()
}

// take hands out as much of r from sequence from to last as there is room for, and tells how many bytes; body is its frames
// there.
func (c *cursor) take(rd *reading, r *run, from, last uint64, body []byte) (size int) {
	left := int(last - from + 1)
	count, size := left, len(body)
	if len(body) > rd.bytes || (rd.bounded && left > rd.count) {
		count, size = framesWithin(body, rd.bytes, rd.count)
	}
	c.hand(rd, r, from, count, body[:size])
	c.tally(rd, r, from, uint32(count))
	rd.bytes -= size
	if rd.bounded {
		rd.count -= count
	}
	if c.fresh {
		c.start.Store(from)
	}
	// What lies between and has ended was recorded as not delivered here when it was taken out.
	c.pos.Store(from + uint64(count))
	c.fresh, c.gap = false, Gap{}
	if r.cold() {
		c.ahead.taken(count, size)
		if c.ahead.empty() {
			c.dropAhead()
		}
	}
	return size
}

// skipLocked goes on with the newest message up to limit, and notes what that leaves out. The caller holds topic.mu alone:
// what was handed out before is counted as if by a reader that left, since what is skipped must not be.
func (c *cursor) skipLocked(now Instant, limit uint64) {
	t, b := c.topic, c.sub.broker
	from := c.pos.Load()
	var newest, skipped uint64
	for p := t.runs.seek(from); ; {
		r := t.runs.at(p)
		if r == nil || r.position > limit {
			break
		}
		if now >= r.until() {
			first := r.first
			b.expireLocked(t, p, now)
			p = t.runs.seek(first)
			continue
		}
		p = t.runs.next(p)
		if r.passing && r.first < c.since {
			continue
		}
		newest = r.last()
		if !r.passing { // what only passes is missed as expired
			skipped += newest - max(from, r.first) + 1
		}
	}
	if newest == 0 {
		return // the one that was there ended meanwhile
	}
	if r, _ := t.runs.find(newest); !r.passing {
		skipped--
	}
	gap := t.missedLocked(c.missedFrom(newest), newest)
	gap.Skipped, gap.Forgotten = skipped, gap.Forgotten-skipped
	c.handedLocked()
	c.place(newest)
	c.fresh, c.gap = false, c.gap.join(gap)
}

// covers counts whether the message was handed out, and tells up to which sequence that is the same.
func (c *cursor) covers(sequence uint64, passing bool) (covered bool, until uint64) {
	covered, until = span{c.start.Load(), c.pos.Load()}.covers(sequence)
	if covered && passing && sequence < c.since {
		return false, min(until, c.since-1) // what passed before the subscription began was not for it
	}
	return covered, until
}

// leave records what the cursor was handed, for when it is gone. The caller holds topic.mu.
func (c *cursor) leave() {
	c.handedLocked()
	c.topic.cursors.remove(c)
}

// handedLocked records what the cursor was handed up to now. The caller holds topic.mu alone.
func (c *cursor) handedLocked() {
	t := c.topic
	from, to := c.start.Load(), c.pos.Load()
	if t.counts.Passing == 0 || from == to { // mostly, and then no run need be looked at
		t.addPast(from, to)
		return
	}
	// What passed before the subscription began was not for it.
	for p := t.runs.seek(from); from < to; p = t.runs.next(p) {
		r := t.runs.at(p)
		if r == nil || r.first >= min(to, c.since) {
			break
		}
		if r.passing {
			t.addPast(from, r.first)
			from = r.last() + 1
		}
	}
	t.addPast(from, to)
}

// addPast counts one reader more for [from, to).
func (t *topic) addPast(from, to uint64) {
	if from < to {
		t.past.add(from, to-1)
	}
}

// span is the sequences in [from, to).
type span struct{ from, to uint64 }

func (s span) covers(sequence uint64) (covered bool, until uint64) {
	switch {
	case sequence < s.from:
		return false, s.from - 1
	case sequence < s.to:
		return true, s.to - 1
	}
	return false, math.MaxUint64
}
