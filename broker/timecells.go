package broker

import (
	"slices"
	"sort"
	"time"
	"unsafe"
)

// timeCells keeps something for each stretch of time, of one width, in which there was something to keep: a topic of which
// little happens takes little. Cells are in the order of time; those beyond the reach are used again. It has no lock.
type timeCells[T any] struct {
	cells []timeCell[T]
}

// timeCell is what is kept for one stretch.
type timeCell[T any] struct {
	slot  int64 // time divided by the width
	value T
}

// slotOf is the stretch of a width in which an instant lies.
func slotOf(at Instant, width time.Duration) int64 { return int64(at) / width.Milliseconds() }

// slotStart is when a stretch of a width begins.
func slotStart(slot int64, width time.Duration) Instant { return Instant(slot * width.Milliseconds()) }

// at gives the cell of a stretch, and makes it if need be. Where that takes more memory, room is asked for it; when there is
// none the oldest cell goes, and dropped is its stretch. What lies reach stretches before the newest, or further, is not
// kept: nil.
func (c *timeCells[T]) at(slot, reach int64, room func(bytes int64) bool) (value *T, dropped int64) {
	n := len(c.cells)
	switch {
	case n == 0 || c.cells[n-1].slot < slot:
	case c.cells[n-1].slot == slot:
		return &c.cells[n-1].value, 0
	case slot <= c.cells[n-1].slot-reach:
		return nil, 0
	default:
		if i := c.search(slot); c.cells[i].slot == slot {
			return &c.cells[i].value, 0
		}
	}
	if n == cap(c.cells) {
		c.drop(slot - reach)
	}
	if n = len(c.cells); n == cap(c.cells) && !c.grow(reach, room) {
		if n == 0 {
			return nil, slot
		}
		dropped = c.cells[0].slot
		c.drop(dropped)
		if slot < dropped {
			return nil, dropped
		}
	}
	i := c.search(slot)
	c.cells = slices.Insert(c.cells, i, timeCell[T]{slot: slot}) // there is room for it
	return &c.cells[i].value, dropped
}

// search finds the first cell at or behind a stretch.
func (c *timeCells[T]) search(slot int64) int {
	return sort.Search(len(c.cells), func(i int) bool { return c.cells[i].slot >= slot })
}

// find gives the cell of a stretch, nil if there is none.
func (c *timeCells[T]) find(slot int64) *T {
	if i := c.search(slot); i < len(c.cells) && c.cells[i].slot == slot {
		return &c.cells[i].value
	}
	return nil
}

// drop forgets the cells up to a stretch, which is included.
func (c *timeCells[T]) drop(upTo int64) {
	if n := c.search(upTo + 1); n > 0 {
		c.cells = slices.Delete(c.cells, 0, n)
	}
}

// grow makes room for more cells, but no more than there can be.
func (c *timeCells[T]) grow(reach int64, room func(bytes int64) bool) bool {
	more := min(max(1, len(c.cells)), int(reach)+1-len(c.cells))
	if !room(int64(more) * c.cellBytes()) {
		return false
	}
	cells := make([]timeCell[T], len(c.cells), len(c.cells)+more)
	copy(cells, c.cells)
	c.cells = cells
	return true
}

// shrink forgets the cells up to a stretch, and lets go of memory when most of it is not needed. It returns the bytes that
// it gave back.
func (c *timeCells[T]) shrink(upTo int64) int64 {
	c.drop(upTo)
	had := cap(c.cells)
	switch n := len(c.cells); {
	case n == 0:
		c.cells = nil
	case n <= had/4:
		cells := make([]timeCell[T], n)
		copy(cells, c.cells)
		c.cells = cells
	}
	return int64(had-cap(c.cells)) * c.cellBytes()
}

// from gives the cells from a stretch on.
func (c *timeCells[T]) from(slot int64) []timeCell[T] { return c.cells[c.search(slot):] }

func (c *timeCells[T]) cellBytes() int64 { return int64(unsafe.Sizeof(timeCell[T]{})) }

// bytes is the memory of all cells.
func (c *timeCells[T]) bytes() int64 { return int64(cap(c.cells)) * c.cellBytes() }
