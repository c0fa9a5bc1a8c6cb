package broker

import (
	"container/heap"
	"slices"
)

// pageHeap keeps the first messages in an order, a page and one message more, of however many are added. The last of
// them is on top, to be pushed out by what comes before it.
type pageHeap struct {
	order    func(x, y slice) int
	limit    int // messages of a page
	messages int // in kept
	kept     []slice
}

// add takes a slice in. What then lies wholly behind the page and its one message more goes.
func (h *pageHeap) add(s slice) {
	heap.Push(h, s)
	h.messages += int(s.run.count)
	for h.messages-int(h.last().run.count) > h.limit {
		h.messages -= int(heap.Pop(h).(slice).run.count)
	}
}

// full tells whether a slice behind the last would not be kept.
func (h *pageHeap) full() bool { return h.messages > h.limit }

// last is what comes last of what is kept, which must not be empty.
func (h *pageHeap) last() slice { return h.kept[0] }

// sorted ends the collecting: what is kept, in order.
func (h *pageHeap) sorted() []slice {
	slices.SortFunc(h.kept, h.order)
	return h.kept
}

func (h *pageHeap) Len() int           { return len(h.kept) }
func (h *pageHeap) Less(i, j int) bool { return h.order(h.kept[i], h.kept[j]) > 0 }
func (h *pageHeap) Swap(i, j int)      { h.kept[i], h.kept[j] = h.kept[j], h.kept[i] }

// Push is for container/heap.
func (h *pageHeap) Push(x any) { h.kept = append(h.kept, x.(slice)) }

// Pop is for container/heap.
func (h *pageHeap) Pop() any {
	last := len(h.kept) - 1
	s := h.kept[last]
	h.kept = h.kept[:last]
	return s
}
