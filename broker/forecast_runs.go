package broker

import "math"

// How runs are counted for the forecasts. A run is counted in the level that its deadline had at chunk.leveled, so
// that nothing is kept for each run: who takes a run out, or gives it another deadline, knows where it was counted.

// cellsFrom is the number of runs from which on a topic has cells of its own; with fewer it is quick to ask the runs. It
// gives them back when it has a quarter.
const cellsFrom = 4096

// enter counts a run of a chunk.
func (l *runList) enter(c *chunk, r *run) {
	if r.passing {
		return
	}
	c.count(r)
	level := levelOf(r.deadline, c.leveled)
	l.count(level, r.deadline, load{int64(r.count), int64(r.size)})
	l.reviewBy(c, reviewOf(r.deadline, level))
}

// leave takes a run of a chunk out of what is counted.
func (l *runList) leave(c *chunk, r *run) {
	if r.passing {
		return
	}
	l.uncount(c, r.deadline, load{int64(r.count), int64(r.size)})
}

// uncount takes what has a deadline out of what is counted of a chunk.
func (l *runList) uncount(c *chunk, deadline Instant, amount load) {
	c.amount.sub(amount)
	l.count(levelOf(deadline, c.leveled), deadline, load{-amount.messages, -amount.bytes})
}

func (l *runList) count(level int, deadline Instant, amount load) {
	b := l.b
	b.cellsMu.Lock()
	b.cells.add(level, deadline, amount)
	b.cellsMu.Unlock()
	if l.cells != nil {
		l.cells.add(level, deadline, amount)
	}
}

// reviewBy has the wheel come to a chunk by a time from which on its runs must not be counted as they are.
func (l *runList) reviewBy(c *chunk, at Instant) {
	if at < c.review {
		c.review = at
		l.b.schedule(at, l.topic.id, c.first())
	}
}

// review counts a chunk anew if it is time.
func (l *runList) review(c *chunk, now Instant) {
	if c.review <= now {
		l.reviewBy(c, l.relevel(c, now))
	}
}

// relevel counts the runs of a chunk as is right now, and tells when that has to be done again. Its review is not set.
func (l *runList) relevel(c *chunk, now Instant) Instant {
	var unpacked []run
	runs := c.look(&unpacked)
	next := Instant(math.MaxInt64)
	b := l.b
	b.cellsMu.Lock()
	for i := range runs {
		r := &runs[i]
		if r.passing {
			continue
		}
		from, to := levelOf(r.deadline, c.leveled), levelOf(r.deadline, now)
		next = min(next, reviewOf(r.deadline, to))
		if from == to {
			continue
		}
		amount := load{int64(r.count), int64(r.size)}
		b.cells.move(from, to, r.deadline, amount)
		if l.cells != nil {
			l.cells.move(from, to, r.deadline, amount)
		}
	}
	b.cellsMu.Unlock()
	c.leveled, c.review = now, math.MaxInt64
	return next
}

// ownCells gives a topic of many runs cells of its own, if there is room for them; otherwise its runs are asked until there
// is. All levels are accounted at once, in use or not: one that is first used when time has passed finds the memory full.
func (l *runList) ownCells() {
	if !l.b.takeIfFree(cellsBytes) {
		return
	}
	l.cells = &cells{}
	var unpacked []run
	for _, c := range l.chunks {
		runs := c.look(&unpacked)
		for i := range runs {
			if r := &runs[i]; !r.passing {
				l.cells.add(levelOf(r.deadline, c.leveled), r.deadline, load{int64(r.count), int64(r.size)})
			}
		}
	}
}

// dropCells takes them from it again.
func (l *runList) dropCells() {
	if l.cells != nil {
		l.b.used.Add(-cellsBytes)
		l.cells = nil
	}
}
