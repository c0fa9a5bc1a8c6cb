package broker

import (
	"math"
	"math/bits"
	"time"
	"unsafe"
)

// What ends when is kept in cells: how many messages, and bytes, have their deadline in a certain span of time. Those
// that end soon are counted in cells of 64 ms. The further away, the wider: a cell of level 1 is 512 ms wide and begins at
// least 48 times as far ahead, and so on. As time passes, what is in a wide cell has to be counted anew in narrower
// ones. A count cannot tell how, so the runs themselves are looked at, by the chunk, when the first of their cells has
// come too near: see review. A run is so counted anew at most once a level.
const (
	cellBits   = 6   // a cell of level 0 is 64 ms wide,
	growthBits = 3   // one of the next level eight times as much
	cellLevels = 6   // levels with cells; what lies beyond is one count
	cellAhead  = 48  // a cell of level 1 or above begins at least so many times its width ahead
	cellSlots  = 512 // of a level, enough for what lies before the next level's first: 8 × (48 + 1), and what is overdue
)

// cells counts what ends when. A slot is used again for another cell when the one before it is past.
type cells struct {
	levels [cellLevels]*[cellSlots]load
	far    load
}

// cellsBytes is the memory of all levels.
const cellsBytes = int64(cellLevels * cellSlots * unsafe.Sizeof(load{}))

func cellShift(level int) int { return cellBits + growthBits*level }

// cellStart is when the cell begins in which a deadline lies.
func cellStart(deadline Instant, level int) Instant {
	shift := cellShift(level)
	return deadline >> shift << shift
}

// reviewOf is the time from which on a deadline must not be counted in a level any more.
func reviewOf(deadline Instant, level int) Instant {
	if level == 0 {
		return math.MaxInt64
	}
	return cellStart(deadline, level) - cellAhead<<cellShift(level) + 1
}

// levelOf is the level in which a deadline is counted, as of now.
func levelOf(deadline, now Instant) int {
	level := 0
	for level < cellLevels && now < reviewOf(deadline, level+1) {
		level++
	}
	return level
}

// add counts messages with a deadline in a level.
func (c *cells) add(level int, deadline Instant, l load) {
	if level == cellLevels {
		c.far.add(l)
		return
	}
	slots := c.levels[level]
	if slots == nil { // mostly only those that common lifetimes come through are needed
		slots = new([cellSlots]load)
		c.levels[level] = slots
	}
	slots[deadline>>cellShift(level)%cellSlots].add(l)
}

// move counts messages in another level.
func (c *cells) move(from, to int, deadline Instant, l load) {
	c.add(to, deadline, l)
	c.add(from, deadline, load{-l.messages, -l.bytes})
}

// forecast adds what is counted to a sum.
func (c *cells) forecast(sum *endings) {
	for level, slots := range c.levels {
		if slots == nil {
			continue
		}
		shift := cellShift(level)
		first := sum.now >> shift
		for cell := first; cell < first+cellSlots; cell++ {
			l := slots[cell%cellSlots]
			if l.messages == 0 {
				continue
			}
			begins := max(cell<<shift, sum.now+1) // what ended earlier has been taken out
			ends := (cell+1)<<shift - 1
			sum.add(begins.Sub(sum.now), ends.Sub(sum.now), Ending{uint64(l.messages), uint64(l.bytes)})
		}
	}
	if c.far.messages > 0 {
		beyond := sum.stops[len(sum.stops)-1] + time.Millisecond
		sum.add(beyond, beyond, Ending{uint64(c.far.messages), uint64(c.far.bytes)})
	}
}

// mulDiv is n × part / whole, rounded, without overflow; part must not be above whole.
func mulDiv(n, part, whole uint64) uint64 {
	high, low := bits.Mul64(n, part)
	low, carry := bits.Add64(low, whole/2, 0)
	quotient, _ := bits.Div64(high+carry, low, whole)
	return quotient
}
