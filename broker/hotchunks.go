package broker

import (
	"container/heap"
	"sync"
)

// hotChunks are the chunks of which something may go cold or be packed, the oldest first. Its lock is taken inside
// topic.mu.
type hotChunks struct {
	mu   sync.Mutex
	heap hotHeap
}

// add notes that runs of a chunk may go cold, from a position on.
func (h *hotChunks) add(c *chunk, from uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case c.heap == 0:
		c.from = from
		heap.Push(&h.heap, c)
	case from < c.from:
		c.from = from
		heap.Fix(&h.heap, c.heap-1)
	}
}

// remove forgets a chunk.
func (h *hotChunks) remove(c *chunk) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.heap > 0 {
		heap.Remove(&h.heap, c.heap-1)
	}
}

// pop takes the oldest out, and tells from which position on the next one's runs are; ok is false when there is none.
func (h *hotChunks) pop() (oldest *chunk, next uint64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heap) == 0 {
		return nil, 0, false
	}
	oldest = heap.Pop(&h.heap).(*chunk)
	next = ^uint64(0)
	if len(h.heap) > 0 {
		next = h.heap[0].from
	}
	return oldest, next, true
}

// hotHeap has the chunk with the oldest run on top.
type hotHeap []*chunk

func (h hotHeap) Len() int           { return len(h) }
func (h hotHeap) Less(i, j int) bool { return h[i].from < h[j].from }
func (h hotHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heap, h[j].heap = i+1, j+1
}

// Push is for container/heap.
func (h *hotHeap) Push(x any) {
	c := x.(*chunk)
	*h = append(*h, c)
	c.heap = len(*h)
}

// Pop is for container/heap.
func (h *hotHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	c.heap = 0
	return c
}
