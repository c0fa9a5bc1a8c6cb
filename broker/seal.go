package broker

import "time"

// Small messages that were published one by one would each be an object of its own, with an entry that points to it: that
// is nearly as much again as the message, and the garbage collector would have to look at each. So a chunk that is full of
// them is sealed: its entries are packed, and the messages copied to lie one behind the other before them, in one object
// without pointers. Messages with like lifetimes are neighbours, and the chunk dies whole; otherwise those that are gone are
// only marked, until less than half is left, which is then copied to a place of its own. So what was sealed stays sealed, and
// is accounted as that takes: what is accounted for a message never grows again, which the limits rest on.
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

// SealedOverhead is what a run that is sealed is accounted beyond its messages, in bytes: its share of its chunk, of the
// chunk's deadline in the wheel and of the packed entries, and what the allocator rounds up. Messages of 128 bytes that were
// published one by one take 12.8.
const SealedOverhead = 32

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
	l.sealChecked(c)
}

// sealChecked seals an unpacked chunk that is known to fit: its runs were sealed before, or sealRuns has checked them. c.amount
// must be right.
func (l *runList) sealChecked(c *chunk) {
	saved := int64(0)
	for i := range c.runs {
		r := &c.runs[i]
		saved += r.cost()
		r.held, r.sealed = r.size, true
		saved -= r.cost()
	}
	l.b.used.Add(-saved)
	c.packed = newPacked(c.runs, c.amount.bytes)
	clear(c.runs) // the room may be the next chunk's
	c.runs, c.room = nil, 0
}

// dropSealed takes the runs for which drop holds out of a sealed chunk. The forecasts no longer count them; runs are all that
// the chunk still has, unpacked. It may be empty then: tidy has to follow.
func (l *runList) dropSealed(c *chunk, runs []run, drop func(*run) bool) {
	p := c.packed
	column, left, size := -1, 0, 0
	for i := range runs {
		for column++; p.isGone(column); column++ {
		}
		r := &runs[i]
		if drop(r) {
			p.gone[column/64] |= 1 << (column % 64)
			continue
		}
		if left == 0 {
			p.first = r.first
		}
		p.last = *r
		p.last.body = nil
		left++
		size += int(r.size)
	}
	p.count = uint32(left)
	l.fewer(len(runs) - left)
	if left > 0 && 2*size < int(p.size) {
		l.thaw(c)
		l.sealChecked(c)
	}
}

func (p *packed) isGone(column int) bool { return p.gone[column/64]&(1<<(column%64)) != 0 }

// embody gives the unpacked runs of a sealed chunk their messages, and leaves out those that are gone. Their capacity
// reaches to the end, so that who hands out one behind the other sees that they are neighbours.
func (p *packed) embody(runs []run) []run {
	if p.size == 0 {
		return runs
	}
	rest, left := p.data[:p.size:p.size], runs[:0]
	for i := range runs {
		r := runs[i]
		r.body, rest, r.held, r.sealed = rest[:r.size], rest[r.size:], r.size, true
		if !p.isGone(i) {
			left = append(left, r)
		}
	}
	return left
}
