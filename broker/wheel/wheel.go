// Package wheel is a hierarchical timing wheel: it holds deadlines and gives them back when their time has come. It is pure
// data, with no clock, no goroutine and no lock, and never looks at what it holds.
//
// The time of the wheel and a deadline share some leading digits, in base 64. The digit in which they first differ decides
// where the deadline waits: its place is the level, its value the slot. As time comes to the beginning of a slot, the
// entries there are moved down, to where their next digit differs; on the lowest level a slot is one millisecond. So adding
// is a few instructions, an entry is moved at most once per level, and time passes over empty slots at no cost however far
// it jumps.
//
// Entries are kept in chunks of 3 KiB and contain no pointers, so that the garbage collector has one thing to look at for
// 127 entries. Slots in use hold at least one chunk: a wheel with few entries, each far from the others, costs up to 3 KiB
// for each; one with many costs 24 bytes for each.
package wheel

import (
	"math"
	"math/bits"
)

const (
	digit  = 6            // bits of a digit
	slots  = 1 << digit   // of a level
	levels = 64/digit + 1 // enough for every int64
)

// A Wheel holds entries until their deadline. Make one with [New].
type Wheel struct {
	at     uint64 // how far time has come, see order: entries before it have been given back, except late ones
	late   int64  // no entry that was added after its time has an earlier deadline
	moving int    // the level of the slot whose entries are being moved down, or 0
	count  int
	levels [levels]level
	free   freeList
}

type level struct {
	used  uint64 // bit i: slots[i] is not empty
	slots [slots]queue
}

// New makes an empty wheel whose time is now, in milliseconds.
func New(now int64) *Wheel { return &Wheel{at: order(now), late: math.MaxInt64} }

// order makes an unsigned number of a time, such that both compare alike.
func order(t int64) uint64 { return uint64(t) ^ 1<<63 }

func unorder(t uint64) int64 { return int64(t ^ 1<<63) }

// Len is how many entries there are.
func (w *Wheel) Len() int { return w.count }

// Add puts in an entry: a and b are the caller's, to know it by. A deadline that has passed comes due with the next
// [Wheel.Advance]. There is no way to take an entry out: the caller recognizes one that no longer matters when it comes due.
func (w *Wheel) Add(deadline int64, a, b uint64) {
	if order(deadline) < w.at {
		w.late = min(w.late, deadline)
	}
	w.count++
	w.put(entry{deadline, a, b})
}

func (w *Wheel) put(e entry) {
	t := max(order(e.deadline), w.at)
	i := (bits.Len64((t^w.at)|1) - 1) / digit
	slot := t >> (i * digit) % slots
	l := &w.levels[i]
	l.used |= 1 << slot
	l.slots[slot].push(e, &w.free)
}

// Advance lets time come to now, and calls due for the entries whose deadline is not after now, in order of deadlines; those
// that were added after their deadline come first. Entries with the same deadline come in the order in which they were
// added, unless they were added while more was true.
//
// It deals with at most limit entries, at least one, and says whether there is more to do before time has come to now: then
// call it again, when it suits. What it deals with may be entries that it only moves, so that there may be more although due
// was not called. due may add entries, but must not use the wheel otherwise. Time does not run backwards: an earlier now
// than the last does nothing.
func (w *Wheel) Advance(now int64, limit int, due func(deadline int64, a, b uint64)) (more bool) {
	to := order(now)
	if to < w.at {
		return false
	}
	for budget := max(limit, 1); ; {
		level, start, ok := w.first()
		if !ok || start > to {
			break
		}
		if budget == 0 {
			return true
		}
		w.at = start
		budget -= w.empty(level, budget, due)
	}
	w.at = to
	return false
}

// first finds the earliest slot: its level, and when it begins. The levels need not be compared: whatever is on a lower one
// shares more digits with the wheel's time, and is earlier. A slot that has been begun goes before all.
func (w *Wheel) first() (i int, start uint64, ok bool) {
	if w.moving > 0 {
		return w.moving, w.at, true
	}
	for i := range w.levels {
		if used := w.levels[i].used; used != 0 {
			slot := uint64(bits.TrailingZeros64(used)) // no slot is used before that of the wheel's time
			above := w.at >> ((i + 1) * digit) << ((i + 1) * digit)
			return i, above | slot<<(i*digit), true
		}
	}
	return 0, 0, false
}

// empty takes up to budget entries out of the level's first slot, which begins at the wheel's time: on the lowest level
// they are due, from any other they are moved down. It returns how many it took.
func (w *Wheel) empty(i, budget int, due func(deadline int64, a, b uint64)) (taken int) {
	l := &w.levels[i]
	slot := bits.TrailingZeros64(l.used)
	q := &l.slots[slot]
	for ; taken < budget && q.head != nil; taken++ {
		e := q.pop(&w.free)
		if i > 0 {
			w.put(e)
			continue
		}
		if q.head == nil { // before due is called, as it may add to this very slot
			l.used &^= 1 << slot
			w.late = math.MaxInt64
		}
		w.count--
		due(e.deadline, e.a, e.b)
	}
	if i > 0 {
		w.moving = i
		if q.head == nil {
			l.used &^= 1 << slot
			w.moving = 0
		}
	}
	return taken
}

// Next is the time at which to call [Wheel.Advance] next, false if there are no entries. It is the earliest deadline, or
// some time before it: when that comes, Advance brings Next closer, so that a deadline far away costs up to ten calls
// before it comes due. It is exact for deadlines in the next 64 ms that do not lie behind a multiple of 64 ms.
func (w *Wheel) Next() (deadline int64, ok bool) {
	_, start, ok := w.first()
	return min(unorder(start), w.late), ok
}
