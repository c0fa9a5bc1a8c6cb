package broker

import (
	"slices"
	"sort"
)

// runList is a topic's runs in sequence order. They lie in chunks, so that taking one out moves few others, and so that
// little is needed for many: a chunk has one entry in the wheel, and its entries are packed when all of it is cold, or
// when it is full of small messages.
type runList struct {
	b      *Broker
	topic  *topic
	chunks []*chunk // none empty
	runs   int
	cells  *cells // nil while there are few
}

// push adds a run behind all others.
func (l *runList) push(r run) {
	l.runs++
	n := len(l.chunks)
	if n == 0 || len(l.chunks[n-1].runs) == chunkRuns || l.chunks[n-1].packed != nil {
		l.chunks = append(l.chunks, newChunk(l.topic, l.roomForMore(), r.published))
		n++
	}
	c := l.chunks[n-1]
	c.append(r)
	l.enter(c, &r)
	l.wake(c, r.until())
	if l.cells == nil && l.runs >= l.b.cellsFrom {
		l.ownCells()
	}
}

// roomForMore is for the runs of the next chunk. A list that has filled a chunk will fill another. Of one that was packed,
// as all of them are in a replay, or sealed, the next takes the room.
func (l *runList) roomForMore() []run {
	n := len(l.chunks)
	if n == 0 {
		return make([]run, 0, 1)
	}
	full := l.chunks[n-1]
	room := full.runs[:0]
	l.pack(full)
	l.seal(full)
	if full.packed != nil && cap(room) >= chunkRuns/2 {
		return room
	}
	return make([]run, 0, chunkRuns/2)
}

// wake has the wheel come to a chunk by a time at which one of its runs may have to be reclaimed.
func (l *runList) wake(c *chunk, at Instant) {
	l.topic.quota.soonest.note(c, at)
	if at < c.due {
		c.due = at
		l.b.schedule(at, l.topic.id, c.first())
	}
}

// place is where a run lies, or would lie.
type place struct {
	chunk, index int
	runs         []run // of a packed chunk, as they were unpacked
}

// chunkOf is where the chunk lies that holds the first run that ends at or behind sequence, len(l.chunks) if none does.
func (l *runList) chunkOf(sequence uint64) int {
	return sort.Search(len(l.chunks), func(i int) bool { return l.chunks[i].last().last() >= sequence })
}

// seek finds the first run that ends at or behind sequence.
func (l *runList) seek(sequence uint64) place {
	return l.search(func(r *run) bool { return r.last() >= sequence })
}

// search finds the first run for which ok holds; it must hold for all behind it too.
func (l *runList) search(ok func(*run) bool) place {
	p := l.open(sort.Search(len(l.chunks), func(i int) bool { return ok(l.chunks[i].last()) }))
	if p.chunk == len(l.chunks) {
		return p
	}
	runs := p.runs
	if runs == nil {
		runs = l.chunks[p.chunk].runs
	}
	p.index = sort.Search(len(runs), func(i int) bool { return ok(&runs[i]) })
	return p
}

// open is the place of a chunk's first run.
func (l *runList) open(chunk int) place {
	p := place{chunk: chunk}
	if chunk < len(l.chunks) && l.chunks[chunk].packed != nil {
		p.runs = l.chunks[chunk].packed.unpack(nil)
	}
	return p
}

// at gives the run at p, nil at the end. It is to be looked at only; see edit. The pointer holds until the list changes.
func (l *runList) at(p place) *run {
	if p.chunk >= len(l.chunks) {
		return nil
	}
	c := l.chunks[p.chunk]
	switch {
	case c.packed == nil:
		return &c.runs[p.index]
	case p.runs == nil:
		return &c.packed.unpack(nil)[p.index]
	}
	return &p.runs[p.index]
}

// next is the place behind p.
func (l *runList) next(p place) place {
	if p.index++; p.index >= l.chunks[p.chunk].len() {
		return l.open(p.chunk + 1)
	}
	return p
}

// find gives the run that holds sequence and its place, nil if none does. As at.
func (l *runList) find(sequence uint64) (*run, place) {
	p := l.seek(sequence)
	if r := l.at(p); r != nil && r.first <= sequence {
		return r, p
	}
	return nil, p
}

// edit gives the run at p to be changed, all but its deadline; see redate. Where it was sealed the caller seals it again.
func (l *runList) edit(p place) (*run, *chunk) {
	c := l.chunks[p.chunk]
	l.thaw(c)
	return &c.runs[p.index], c
}

// redate gives the run at p another deadline.
func (l *runList) redate(p place, deadline Instant) {
	sealed := l.chunks[p.chunk].sealed()
	r, c := l.edit(p)
	l.leave(c, r)
	r.deadline = deadline
	l.enter(c, r)
	l.wake(c, deadline)
	if sealed {
		l.sealChecked(c)
	}
}

// oldest is the sequence that the first run begins with. There must be a run.
func (l *runList) oldest() uint64 {
	for _, c := range l.chunks {
		if c.len() > 0 { // while runs of it are reclaimed one may be empty
			return c.first()
		}
	}
	return 0
}

// remove takes the run at p out.
func (l *runList) remove(p place) {
	c := l.chunks[p.chunk]
	if c.sealed() && (p.chunk > 0 || p.index > 0) {
		runs := p.runs
		if runs == nil {
			runs = c.packed.unpack(nil)
		}
		l.leave(c, &runs[p.index])
		first := runs[p.index].first
		l.dropSealed(c, runs, func(r *run) bool { return r.first == first })
		l.tidy(p.chunk)
		return
	}
	// Only for a topic's very first run is a sealed chunk taken apart: eviction and deletion mostly go on from there, and to
	// mark each message would unpack the chunk each time.
	l.thaw(c)
	l.drop(c, p.index)
	l.tidy(p.chunk)
}

// drop takes a run out of an unpacked chunk, which may be empty then: tidy has to follow.
func (l *runList) drop(c *chunk, index int) {
	l.leave(c, &c.runs[index])
	l.fewer(1)
	if c.runs[index].passing {
		l.mayCool(c) // what is left of it may be packed now
	}
	if index == 0 { // what ends is mostly the oldest: taking that out moves nothing
		c.runs[0] = run{}
		c.runs = c.runs[1:]
		return
	}
	c.runs = slices.Delete(c.runs, index, index+1)
}

// dropDue takes out of an unpacked chunk what has to be reclaimed by now and is not counted for the forecasts any more. The
// chunk may be empty then: tidy has to follow.
func (l *runList) dropDue(c *chunk, now Instant) {
	due, oldest, passing := 0, 0, false // how many, how many of them before all others, and whether any passes
	for i := range c.runs {
		if r := &c.runs[i]; r.until() <= now {
			if due++; due == i+1 {
				oldest = due
			}
			passing = passing || r.passing
		}
	}
	l.fewer(due)
	if due == oldest { // mostly: that moves nothing
		clear(c.runs[:due])
		c.runs = c.runs[due:]
	} else {
		c.runs = slices.DeleteFunc(c.runs, func(r run) bool { return r.until() <= now })
	}
	if passing {
		l.mayCool(c) // what is left of it may be packed now
	}
}

// fewer notes that so many runs were taken out.
func (l *runList) fewer(n int) {
	l.runs -= n
	if l.runs < l.b.cellsFrom/4 {
		l.dropCells()
	}
}

// replace puts the parts, which may be none, in the place of the run at p.
func (l *runList) replace(p place, parts ...run) {
	c := l.chunks[p.chunk]
	sealed := c.sealed()
	l.thaw(c)
	room := cap(c.runs)
	if c.runs = slices.Replace(c.runs, p.index, p.index+1, parts...); cap(c.runs) != room {
		c.room = cap(c.runs)
	}
	l.runs += len(parts) - 1
	c.recount()
	if len(c.runs) > chunkRuns {
		half := len(c.runs) / 2
		behind := newChunk(l.topic, slices.Clone(c.runs[half:]), c.leveled)
		c.shrink(half)
		c.recount()
		behind.recount()
		l.chunks = slices.Insert(l.chunks, p.chunk+1, behind)
		l.wake(behind, c.due)
		l.reviewBy(behind, c.review)
		l.mayCool(behind)
		if sealed {
			l.sealChecked(behind)
			l.sealChecked(c)
		}
		return
	}
	if sealed && len(c.runs) > 0 {
		l.sealChecked(c)
	}
	l.tidy(p.chunk)
}

// tidy removes a chunk that is empty, and joins one that has become small with a neighbour, if both fit into one with room
// to spare. It lets go of memory that a chunk no longer needs.
func (l *runList) tidy(chunk int) {
	c := l.chunks[chunk]
	n := c.len()
	switch small := n < chunkRuns/4; {
	case n == 0:
		l.discard(chunk)
	case small && chunk > 0 && l.mayJoin(chunk-1):
		l.join(chunk - 1)
	case small && chunk+1 < len(l.chunks) && l.mayJoin(chunk):
		l.join(chunk)
	case c.packed == nil && 2*n <= c.room:
		c.shrink(n)
	}
}

// mayJoin tells whether the runs of a chunk and of the one behind it may lie in one: they must fit with room to spare, and
// what is sealed has to stay so.
func (l *runList) mayJoin(chunk int) bool {
	c, behind := l.chunks[chunk], l.chunks[chunk+1]
	if c.len()+behind.len() > chunkRuns/2 || c.sealed() != behind.sealed() {
		return false
	}
	return !c.sealed() || c.amount.bytes+behind.amount.bytes <= sealBytes
}

// join puts the runs of the chunk behind a chunk into it.
func (l *runList) join(chunk int) {
	c, behind := l.chunks[chunk], l.chunks[chunk+1]
	sealed := c.sealed()
	l.thaw(c)
	l.thaw(behind)
	counted := max(c.leveled, behind.leveled)
	review := min(l.relevel(c, counted), l.relevel(behind, counted))
	c.append(behind.runs...)
	c.recount()
	l.wake(c, behind.due)
	l.reviewBy(c, review)
	l.mayCool(c)
	l.discard(chunk + 1)
	if sealed {
		l.sealChecked(c)
	}
}

// discard takes a chunk out whose runs are gone, or elsewhere.
func (l *runList) discard(chunk int) {
	c := l.chunks[chunk]
	c.gone, c.runs = true, nil
	l.b.hot.remove(c)
	if chunk == 0 {
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
		return
	}
	l.chunks = slices.Delete(l.chunks, chunk, chunk+1)
}

// all calls f for each run in order until it returns false. The run is to be looked at only, until f returns.
func (l *runList) all(f func(*run) bool) {
	l.allOf(func(*chunk) bool { return true }, f)
}

// allOf is all, without the chunks that are not wanted.
func (l *runList) allOf(wanted func(*chunk) bool, f func(*run) bool) {
	var unpacked []run
	for _, c := range l.chunks {
		if !wanted(c) {
			continue
		}
		runs := c.look(&unpacked)
		for i := range runs {
			if !f(&runs[i]) {
				return
			}
		}
	}
}

// backward is all in the opposite order.
func (l *runList) backward(f func(*run) bool) {
	l.backwardFrom(func(*run) bool { return false }, f)
}

// backwardFrom is backward without chunks at the end of which no run is wanted. For unwanted must hold what holds for ok in
// search.
func (l *runList) backwardFrom(unwanted func(*run) bool, f func(*run) bool) {
	end := sort.Search(len(l.chunks), func(i int) bool { return unwanted(l.chunks[i].last()) })
	end = min(end+1, len(l.chunks)) // the chunk's first runs may be wanted
	var unpacked []run
	for _, c := range slices.Backward(l.chunks[:end]) {
		runs := c.look(&unpacked)
		for i := range slices.Backward(runs) {
			if !f(&runs[i]) {
				return
			}
		}
	}
}
