package broker

import (
	"math"
	"slices"
)

// chunkRuns is how many runs a chunk holds at most.
const chunkRuns = 128

// chunk is neighbouring runs of a topic. topic.mu guards it.
type chunk struct {
	topic  *topic
	runs   []run
	packed *packed // instead of runs, when all of them are cold, or it is sealed
	due    Instant // no run in it ends before, and the wheel has an entry for it then
	gone   bool    // it is no longer in the list

	// Belong to the forecasts: how its runs are counted, and when they have to be counted anew; the wheel has an entry for
	// it then.
	leveled, review Instant
	amount          load    // of all its runs that do not pass
	latest          Instant // none of these ends later
	room            int     // runs that fit into the array behind runs, which may begin before it

	// soonest belongs to [deadlineHeap]: no run in it expires before, and the heap has an entry for it then.
	soonest Instant

	// Belong to hotChunks.
	heap int    // place in the heap, from 1; 0: not there
	from uint64 // no run of it that may go cold has a lower position
}

func newChunk(t *topic, runs []run, leveled Instant) *chunk {
	return &chunk{topic: t, runs: runs, due: math.MaxInt64, soonest: math.MaxInt64, leveled: leveled, review: math.MaxInt64, room: cap(runs)}
}

// append adds runs to one that is not packed.
func (c *chunk) append(runs ...run) {
	grows := len(c.runs)+len(runs) > cap(c.runs)
	c.runs = append(c.runs, runs...)
	if grows {
		c.room = cap(c.runs)
	}
}

// count notes that a run is in it, which does not pass.
func (c *chunk) count(r *run) {
	c.amount.add(load{int64(r.count), int64(r.size)})
	c.latest = max(c.latest, r.deadline)
}

// recount finds out anew what its runs are. It must not be packed.
func (c *chunk) recount() {
	c.amount, c.latest = load{}, 0
	for i := range c.runs {
		if r := &c.runs[i]; !r.passing {
			c.count(r)
		}
	}
}

// shrink keeps the first n runs in memory of their size, so that messages that were sealed do not keep those of others that
// are gone.
func (c *chunk) shrink(n int) {
	c.runs = slices.Clone(c.runs[:n])
	c.room = cap(c.runs)
	for i := range c.runs {
		if r := &c.runs[i]; r.sealed {
			r.body = slices.Clone(r.body)
		}
	}
}

// sealed tells that its messages lie one behind the other.
func (c *chunk) sealed() bool { return c.packed != nil && c.packed.size > 0 }

func (c *chunk) len() int {
	if c.packed != nil {
		return int(c.packed.count)
	}
	return len(c.runs)
}

// look gives its runs, to be looked at only. Those of one that is packed are unpacked into scratch, which grows if need be.
func (c *chunk) look(scratch *[]run) []run {
	if c.packed == nil {
		return c.runs
	}
	*scratch = c.packed.unpack(*scratch)
	return *scratch
}

// first is the sequence that its first run begins with.
func (c *chunk) first() uint64 {
	if c.packed != nil {
		return c.packed.first
	}
	return c.runs[0].first
}

// last is its last run, to be looked at only.
func (c *chunk) last() *run {
	if c.packed != nil {
		return &c.packed.last
	}
	return &c.runs[len(c.runs)-1]
}
