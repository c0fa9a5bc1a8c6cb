package broker

import (
	"slices"
	"time"
)

// Small messages that were published one by one would each be an object of its own, with an entry that points to it: that
// is nearly as much again as the message, and the garbage collector would have to look at each. So a chunk that is full of
// them is sealed: its entries are packed, and the messages copied to lie one behind the other, in two objects without
// pointers. Messages with like lifetimes are neighbours, and the chunk dies whole; otherwise, with the first one that ends
// before the others, these are given memory of their own again. Accounted they are as before.
//
// What the log can load again is not sealed: it goes cold instead, run by run. Nor is what ends too soon to be worth it.

// sealBytes is the most that a chunk's messages take if it is to be sealed. Of larger ones the entries are little.
const sealBytes = chunkRuns * 512

// sealTime is for how long nothing of a chunk may end if it is to be sealed.
const sealTime = time.Second

// seal seals a full chunk, if it is worth it.
func (l *runList) seal(c *chunk) {
	if c.packed == nil && len(c.runs) >= packRuns && c.due.Sub(c.last().published) >= sealTime {
		l.sealRuns(c)
	}
}

// sealRuns seals a chunk, however little it is worth, unless it must not be.
func (l *runList) sealRuns(c *chunk) {
	if c.packed != nil || l.b.coolable(l.topic) || l.b.replaying.Load() {
		return
	}
	size := 0
	for i := range c.runs {
		r := &c.runs[i]
		if size += int(r.size); r.passing || r.cold() || size > sealBytes {
			return
		}
	}
	bodies := make([]byte, 0, size)
	for i := range c.runs {
		r := &c.runs[i]
		bodies = append(bodies, r.body...)
		l.b.used.Add(int64(r.size) - int64(r.held))
		r.body, r.held = nil, r.size
	}
	c.packed = newPacked(c.runs)
	last := &c.packed.last
	c.packed.bodies, last.body = bodies, bodies[size-int(last.size):]
	c.runs, c.room = nil, 0
}

// unseal makes runs of a sealed chunk, to be changed. Those that end after an instant have their messages to themselves
// again; for the others that is not worth it.
func (l *runList) unseal(c *chunk, after Instant) {
	if c.packed == nil || c.packed.bodies == nil {
		return
	}
	c.runs = c.packed.unpack(nil)
	for i := range c.runs {
		if r := &c.runs[i]; r.until() > after {
			r.body = slices.Clone(r.body)
		}
	}
	c.packed = nil
	c.room = cap(c.runs)
}

// embody gives the unpacked runs of a sealed chunk their messages. Their capacity reaches to the end, so that who hands
// out one behind the other sees that they are neighbours.
func (p *packed) embody(runs []run) {
	if p.bodies == nil {
		return
	}
	rest := p.bodies
	for i := range runs {
		r := &runs[i]
		r.body, rest, r.held = rest[:r.size], rest[r.size:], r.size
	}
}
