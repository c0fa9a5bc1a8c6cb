package broker

import (
	"math"
	"slices"
)

// readPlaces is where the readers of a topic stood at one moment, sorted, so that how many were handed a message is found
// without asking each: many messages die at once, and many may have read them.
type readPlaces struct {
	starts []uint64 // first sequence that each was handed
	ends   []uint64 // behind the last one
}

// fewReaders are asked one by one.
const fewReaders = 8

// freezeLocked indexes the readers' places. They do not move while topic.mu is held alone; whoever froze them thaws them
// before letting go of it.
func (t *topic) freezeLocked() {
	if len(t.cursors) < fewReaders {
		return
	}
	f := &t.frozen
	f.starts, f.ends = f.starts[:0], f.ends[:0]
	for _, c := range t.cursors {
		f.starts = append(f.starts, c.start.Load())
		f.ends = append(f.ends, c.pos.Load())
	}
	slices.Sort(f.starts)
	slices.Sort(f.ends)
	t.isFrozen = true
}

// covering counts the readers that were handed the message, and tells up to which sequence that is the same. Those that
// began at or before it, less those that ended there too: nobody ends before beginning.
func (f *readPlaces) covering(sequence uint64) (count uint32, until uint64) {
	begun := upTo(f.starts, sequence)
	ended := upTo(f.ends, sequence)
	until = math.MaxUint64
	if begun < len(f.starts) {
		until = f.starts[begun] - 1
	}
	if ended < len(f.ends) {
		until = min(until, f.ends[ended]-1)
	}
	return uint32(begun - ended), until
}

// upTo counts the numbers in sorted that are not above n.
func upTo(sorted []uint64, n uint64) int {
	i, _ := slices.BinarySearchFunc(sorted, n, func(e, n uint64) int {
		if e <= n {
			return -1
		}
		return 1
	})
	return i
}
