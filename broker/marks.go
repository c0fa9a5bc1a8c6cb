package broker

import "slices"

// mark tells which sequence a commit began with.
type mark struct{ position, first uint64 }

// marksKept is how many commits of messages that have ended a topic remembers.
const marksKept = 1024

// marks are the newest commits whose messages have ended, in order: with them a resume token's position still tells from
// which sequence on a reader missed messages.
type marks []mark

func (m *marks) add(position, first uint64) {
	if n := len(*m); n > 0 && n < marksKept && (*m)[n-1].first < first { // mostly, as what ends is mostly newer than what has
		*m = append(*m, mark{position, first})
		return
	}
	i, found := slices.BinarySearchFunc(*m, first, func(e mark, first uint64) int {
		switch {
		case e.first < first:
			return -1
		case e.first > first:
			return 1
		}
		return 0
	})
	if found || (i == 0 && len(*m) >= marksKept) {
		return
	}
	if len(*m) >= marksKept {
		*m = slices.Delete(*m, 0, marksKept/4)
		i = max(0, i-marksKept/4)
	}
	*m = slices.Insert(*m, i, mark{position, first})
}

// after is the first remembered sequence at or behind a spot.
func (m marks) after(at spot) (first uint64, ok bool) {
	for _, e := range m {
		switch {
		case e.position == at.position:
			return e.first + uint64(at.index), true
		case e.position > at.position:
			return e.first, true
		}
	}
	return 0, false
}
