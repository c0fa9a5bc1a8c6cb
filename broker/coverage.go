package broker

import (
	"math"
	"slices"
	"sort"
)

// coverageSteps is how often a coverage may change its value: 64 KiB.
const coverageSteps = 4096

// A coverage counts, for each message of a topic, to how many readers that are gone it had been handed. Readers read
// ranges, so that it is a step function over sequences and needs nothing per message. The zero value counts none.
// It has no lock.
//
// Beyond coverageSteps steps the oldest lose their difference: counts there become "at least". Whether a message was
// handed out at all stays known as long as that can be.
type coverage struct {
	below uint64         // everything below is forgotten
	steps []coverageStep // by sequence; neighbours differ, and the first, before which the count is 0, is not 0
}

// A coverageStep is the count from a sequence up to the next step.
type coverageStep struct {
	from  uint64
	count uint32
}

// add counts one more reader for first to last.
func (c *coverage) add(first, last uint64) {
	first = max(first, c.below)
	if first > last {
		return
	}
	begin, end := c.split(first), len(c.steps)
	if last < math.MaxUint64 {
		end = c.split(last + 1)
	}
	for i := begin; i < end; i++ {
		c.steps[i].count++
	}
	c.tidy()
	for len(c.steps) > coverageSteps {
		c.blur()
	}
}

// split makes a step begin at the sequence, which changes no count, and returns its place.
func (c *coverage) split(sequence uint64) int {
	i := c.search(sequence)
	if i < len(c.steps) && c.steps[i].from == sequence {
		return i
	}
	step := coverageStep{from: sequence}
	if i > 0 {
		step.count = c.steps[i-1].count
	}
	c.steps = slices.Insert(c.steps, i, step)
	return i
}

// search finds the first step that begins at or behind the sequence.
func (c *coverage) search(sequence uint64) int {
	return sort.Search(len(c.steps), func(i int) bool { return c.steps[i].from >= sequence })
}

// tidy removes steps that change nothing.
func (c *coverage) tidy() {
	c.steps = slices.CompactFunc(c.steps, func(a, b coverageStep) bool { return a.count == b.count })
	if len(c.steps) > 0 && c.steps[0].count == 0 {
		c.steps = slices.Delete(c.steps, 0, 1)
	}
}

// blur makes one of the oldest two neighbours that both count somebody; if there are none such, it forgets the oldest.
func (c *coverage) blur() {
	at := 0
	for i := range len(c.steps) - 1 {
		if c.steps[i].count > 0 && c.steps[i+1].count > 0 {
			at = i
			break
		}
	}
	c.steps[at].count = min(c.steps[at].count, c.steps[at+1].count)
	c.steps = slices.Delete(c.steps, at+1, at+2)
	c.tidy()
}

// at is the count at a sequence, and the last sequence up to which it is the same: [math.MaxUint64] if for ever.
func (c *coverage) at(sequence uint64) (count uint32, until uint64) {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].from > sequence })
	if i > 0 {
		count = c.steps[i-1].count
	}
	if i == len(c.steps) {
		return count, math.MaxUint64
	}
	return count, c.steps[i].from - 1
}

// trim forgets everything below a sequence: what is asked or added there later counts as 0.
func (c *coverage) trim(below uint64) {
	if below <= c.below {
		return
	}
	c.below = below
	if len(c.steps) == 0 || c.steps[0].from >= below {
		return
	}
	i := c.split(below)
	c.steps = slices.Delete(c.steps, 0, i)
	c.tidy()
	switch {
	case len(c.steps) == 0:
		c.steps = nil
	case len(c.steps) < cap(c.steps)/4:
		c.steps = slices.Clone(c.steps)
	}
}
