package broker

// cursorHeap holds the cursors that have something to read, the one with the oldest commit first. Their keys lie beside
// them: a subscription to everything has one for each topic, and to look each up would be most of the work.
type cursorHeap []readyCursor

type readyCursor struct {
	key    uint64 // of the cursor, which does not change while it is here
	cursor *cursor
}

// push adds a cursor. Where they come in order, as topics do that are visited from the oldest, nothing moves.
func (h *cursorHeap) push(c *cursor) {
	all := append(*h, readyCursor{})
	*h = all
	at := len(all) - 1
	for at > 0 {
		above := (at - 1) / 2
		if all[above].key <= c.key {
			break
		}
		all[at], at = all[above], above
	}
	all[at] = readyCursor{c.key, c}
}

// pop takes out the first. There must be one.
func (h *cursorHeap) pop() *cursor {
	all := *h
	first, n := all[0].cursor, len(all)-1
	last := all[n]
	all[n] = readyCursor{}
	*h = all[:n]
	if n > 0 {
		all[:n].sink(last)
	}
	return first
}

// sink puts an entry where the first was, or below.
func (h cursorHeap) sink(e readyCursor) {
	at := 0
	for {
		below := 2*at + 1
		if below >= len(h) {
			break
		}
		if other := below + 1; other < len(h) && h[other].key < h[below].key {
			below = other
		}
		if e.key <= h[below].key {
			break
		}
		h[at], at = h[below], below
	}
	h[at] = e
}
