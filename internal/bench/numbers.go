package bench

import "slices"

// numbers are those of a stream's messages that a reader has had, from 0 on.
type numbers struct {
	next  uint64
	holes []hole // what was passed over, ascending
}

// hole is numbers from first to last that did not come.
type hole struct{ first, last uint64 }

// place is how a message's number stands to those before it.
type place int

const (
	inOrder place = iota
	outOfOrder
	doubled
)

// take notes a number.
func (n *numbers) take(number uint64) place {
	if number >= n.next {
		if number > n.next {
			n.holes = append(n.holes, hole{n.next, number - 1})
		}
		n.next = number + 1
		return inOrder
	}
	i, found := slices.BinarySearchFunc(n.holes, number, func(h hole, number uint64) int {
		switch {
		case h.last < number:
			return -1
		case h.first > number:
			return 1
		}
		return 0
	})
	if !found {
		return doubled
	}
	switch h := n.holes[i]; {
	case h.first == h.last:
		n.holes = slices.Delete(n.holes, i, i+1)
	case number == h.first:
		n.holes[i].first++
	case number == h.last:
		n.holes[i].last--
	default:
		n.holes[i].last = number - 1
		n.holes = slices.Insert(n.holes, i+1, hole{number + 1, h.last})
	}
	return outOfOrder
}
