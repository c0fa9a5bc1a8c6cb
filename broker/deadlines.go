package broker

import (
	"cmp"
	"container/heap"
	"math"
)

// deadlineHeap knows which of a topic's runs expires soonest, for a topic that evicts by that rule. It is made when that
// is asked, and kept up from then on. It holds chunks rather than runs, each by a time before which none of its runs
// expires: which run is the one is looked up when its chunk comes up. A nil heap is for topics that do not ask.
type deadlineHeap struct {
	entries deadlineEntries
	chunks  *[]*chunk // the topic's
}

// deadlineEntry is a chunk and its time. When that is no longer the chunk's own, the entry is left over.
type deadlineEntry struct {
	at    Instant
	first uint64 // a sequence of the chunk's, to tell which of two comes first
	chunk *chunk
}

type deadlineEntries []deadlineEntry

func (h deadlineEntries) Len() int { return len(h) }
func (h deadlineEntries) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].first, h[j].first)) < 0
}
func (h deadlineEntries) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *deadlineEntries) Push(x any) { *h = append(*h, x.(deadlineEntry)) }

// Pop is for container/heap.
func (h *deadlineEntries) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = deadlineEntry{}
	*h = old[:len(old)-1]
	return e
}

// newDeadlineHeap makes the heap of a topic's chunks.
func newDeadlineHeap(l *runList) *deadlineHeap {
	h := &deadlineHeap{chunks: &l.chunks}
	h.fill()
	return h
}

// fill begins anew with what there is.
func (h *deadlineHeap) fill() {
	h.entries = h.entries[:0]
	for _, c := range *h.chunks {
		c.soonest = c.due
		h.entries = append(h.entries, deadlineEntry{c.due, c.first(), c})
	}
	heap.Init(&h.entries)
}

// leftOver is how many entries may be left over, beyond as many as there are chunks.
const leftOver = 64

// note takes notice that a run in a chunk may expire at a time.
func (h *deadlineHeap) note(c *chunk, at Instant) {
	if h == nil || at >= c.soonest {
		return
	}
	c.soonest = at
	heap.Push(&h.entries, deadlineEntry{at, c.first(), c})
	if len(h.entries) > 2*len(*h.chunks)+leftOver {
		h.fill()
	}
}

// next finds the run that expires soonest of those that are wanted, the oldest of several; behind the last if there is
// none.
func (h *deadlineHeap) next(l *runList, wanted func(*run) bool) place {
	for len(h.entries) > 0 {
		e := h.entries[0]
		if e.chunk.gone || e.at != e.chunk.soonest {
			heap.Pop(&h.entries)
			continue
		}
		p := l.open(l.chunkOf(e.chunk.last().last()))
		at := Instant(math.MaxInt64)
		for i, q := 0, p; i < e.chunk.len(); i++ {
			q.index = i
			if r := l.at(q); r.deadline < at && wanted(r) {
				p.index, at = i, r.deadline
			}
		}
		switch e.chunk.soonest = at; at {
		case e.at:
			return p
		case math.MaxInt64:
			heap.Pop(&h.entries)
		default:
			h.entries[0].at = at
			heap.Fix(&h.entries, 0)
		}
	}
	return place{chunk: len(l.chunks)}
}
