package wheel

type entry struct {
	deadline int64
	a, b     uint64
}

// perChunk fills the allocator's size class of 3 KiB.
const perChunk = 127

// A chunk holds the entries [first, end).
type chunk struct {
	next       *chunk
	first, end int32
	entries    [perChunk]entry
}

// A queue is what waits in a slot, first in, first out. Empty, it holds no chunk.
type queue struct {
	head, tail *chunk
}

func (q *queue) push(e entry, free *freeList) {
	c := q.tail
	if c == nil || c.end == perChunk {
		c = free.get()
		if q.tail == nil {
			q.head = c
		} else {
			q.tail.next = c
		}
		q.tail = c
	}
	c.entries[c.end] = e
	c.end++
}

// pop expects that there is an entry.
func (q *queue) pop(free *freeList) entry {
	c := q.head
	e := c.entries[c.first]
	c.first++
	if c.first == c.end {
		q.head = c.next
		if q.head == nil {
			q.tail = nil
		}
		free.put(c)
	}
	return e
}

// maxFree chunks, 192 KiB, are kept for reuse, so that a steady flow allocates nothing. The others are the garbage
// collector's: what a burst took does not stay.
const maxFree = 64

type freeList struct {
	head  *chunk
	count int
}

func (f *freeList) get() *chunk {
	c := f.head
	if c == nil {
		return new(chunk)
	}
	f.head = c.next
	f.count--
	c.next, c.first, c.end = nil, 0, 0
	return c
}

func (f *freeList) put(c *chunk) {
	if f.count == maxFree {
		return
	}
	c.next = f.head
	f.head = c
	f.count++
}
