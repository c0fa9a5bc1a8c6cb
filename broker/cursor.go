package broker

import (
	"container/heap"
	"math"
)

// cursor is one subscription's place in one topic. start and pos say what it was handed: all that was alive in
// [start, pos). They are written by the subscription while it shares topic.mu, and read by who holds topic.mu alone.
type cursor struct {
	topic *topic
	sub   *Subscription
	named bool // the topic was named without wildcards

	start uint64 // first sequence of the unbroken stretch that was handed out
	pos   uint64 // next sequence to hand out
	since uint64 // first sequence published after the subscription began: only from here on what passes is for it
	spans []span // earlier stretches, where alive messages were skipped in between
	fresh bool   // nothing was handed out yet and its start was not a sequence: what ended before since is no gap

	key   uint64 // position of the commit with the next message, as far as known; order in the subscription's heap
	index uint32 // of that message within its commit
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

// reading is the state of one Next: what was collected, and what may be added.
type reading struct {
	now     Instant
	limit   uint64 // hand out nothing behind this position
	bytes   int    // what may still be added
	count   int    // messages that may still be added; 0: no bound
	bounded bool   // count is a bound
	runs    []Run
}

// full tells that nothing more may be added.
func (rd *reading) full() bool { return rd.bytes <= 0 || (rd.bounded && rd.count <= 0) }

// state tells why a cursor stopped reading.
type state int

const (
	atEnd   state = iota // everything was read; the cursor waits to be told of more
	atLimit              // the next message is behind the limit, or there is no room for it; key says where it is
	atDead               // the next messages are dead and have to be ended first
	tooSlow              // it missed something and asked to be disconnected then
)

// read hands out what c's topic has for it up to the limit.
func (c *cursor) read(rd *reading, until uint64) state {
	t := c.topic
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.deleted {
		return atEnd
	}
	for p := t.runs.seek(c.pos); ; p = t.runs.next(p) {
		r := t.runs.at(p)
		if r == nil {
			t.waitingMu.Lock()
			t.waiting = append(t.waiting, c)
			t.waitingMu.Unlock()
			return atEnd
		}
		from := max(c.pos, r.first)
		c.key, c.index = r.position, r.index+uint32(from-r.first)
		if r.position > rd.limit || r.position > until || rd.full() {
			return atLimit
		}
		switch {
		case r.passing && r.first < c.since:
			continue // not for those who came later; it will be in the gap
		case rd.now >= r.until():
			return atDead
		}
		if !c.take(rd, r, from) {
			return tooSlow
		}
		if c.pos <= r.last() {
			c.index += uint32(c.pos - from)
			return atLimit
		}
	}
}

// take hands out as much of r, from sequence from on, as there is room for. It reports false when that would leave a gap
// and the subscription asked to be disconnected then.
func (c *cursor) take(rd *reading, r *run, from uint64) bool {
	t := c.topic
	missedFrom := c.pos
	if c.fresh {
		missedFrom = max(missedFrom, min(from, c.since)) // never begin with a gap
	}
	gap := t.missedLocked(missedFrom, from)
	if gap.Total() > 0 {
		switch c.sub.slow {
		case SlowDisconnect:
			c.sub.missed = gap
			return false
		case SlowSkipToNewest:
			r, from, gap = c.newest(rd.now, r, from, missedFrom)
		}
	}
	c.moveTo(from, gap.Skipped > 0)
	body := r.body[skipFrames(r.body, int(from-r.first)):]
	left := int(r.last() - from + 1)
	count, offset := left, len(body)
	if len(body) > rd.bytes || (rd.bounded && left > rd.count) {
		count, offset = framesWithin(body, rd.bytes, rd.count)
	}
	rd.runs = append(rd.runs, Run{
		Topic: t.name, Incarnation: t.incarnation, First: from, Count: count,
		PublishTime: r.published, Deadline: r.deadline, Gap: gap, Body: body[:offset:offset],
	})
	rd.bytes -= offset
	if rd.bounded {
		rd.count -= count
	}
	c.pos = from + uint64(count)
	return true
}

// newest finds the newest message alive and counts what is skipped to get there.
func (c *cursor) newest(now Instant, r *run, from, missedFrom uint64) (*run, uint64, Gap) {
	last := r
	skipped := uint64(0)
	for p := c.topic.runs.next(c.topic.runs.seek(from)); ; p = c.topic.runs.next(p) {
		n := c.topic.runs.at(p)
		if n == nil {
			break
		}
		if n.alive(now) {
			skipped += last.last() - max(from, last.first) + 1
			last = n
		}
	}
	newest := last.last()
	skipped += newest - max(from, last.first)
	all := c.topic.missedLocked(missedFrom, newest)
	all.Skipped = skipped
	all.Forgotten -= min(all.Forgotten, skipped)
	return last, newest, all
}

// moveTo goes on at sequence. What lies between and has ended was recorded as not delivered here when it was taken out;
// what was skipped alive must not count later, so a new stretch begins.
func (c *cursor) moveTo(sequence uint64, skipped bool) {
	switch {
	case c.fresh:
		c.start = sequence
	case skipped:
		c.spans = append(c.spans, span{c.start, c.pos})
		c.start = sequence
	}
	c.pos, c.fresh = sequence, false
}

// covers counts whether the message was handed out, and tells up to which sequence that is the same.
func (c *cursor) covers(sequence uint64, passing bool) (covered bool, until uint64) {
	covered, until = span{c.start, c.pos}.covers(sequence)
	for _, s := range c.spans {
		in, end := s.covers(sequence)
		covered, until = covered || in, min(until, end)
	}
	return covered && (!passing || sequence >= c.since), until
}

// leave records what the cursor was handed, for when it is gone. The caller holds topic.mu.
func (c *cursor) leave() {
	t := c.topic
	spans := append(c.spans, span{c.start, c.pos})
	for _, s := range spans {
		from := s.from
		// What passed before the subscription began was not for it.
		for p := t.runs.seek(from); from < s.to; p = t.runs.next(p) {
			r := t.runs.at(p)
			if r == nil || r.first >= min(s.to, c.since) {
				break
			}
			if r.passing {
				t.addPast(from, r.first)
				from = r.last() + 1
			}
		}
		t.addPast(from, s.to)
	}
	delete(t.cursors, c)
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

// cursorHeap holds the cursors that have something to read, the one with the oldest commit first.
type cursorHeap []*cursor

func (h cursorHeap) Len() int { return len(h) }
func (h cursorHeap) Less(i, j int) bool {
	return h[i].key < h[j].key
}
func (h cursorHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *cursorHeap) Push(x any) { *h = append(*h, x.(*cursor)) }

// Pop is for container/heap.
func (h *cursorHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return c
}

func (h *cursorHeap) push(c *cursor) { heap.Push(h, c) }
func (h *cursorHeap) pop() *cursor   { return heap.Pop(h).(*cursor) }
