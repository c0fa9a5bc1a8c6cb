package pebblelog

import (
	"sync"

	"linger/broker"
)

const (
	// A group ends behind so many bytes of messages or so many proposals.
	groupBytes     = 4 << 20
	groupProposals = 16 << 10
	// Proposals wait in chunks, of at most so many and about so many bytes. A group takes whole ones.
	chunkItems = 512
	chunkBytes = groupBytes / 8
	// Chunks that are kept to be used again.
	spareChunks = groupProposals / chunkItems
)

// item is a proposal, and then its commit.
type item struct {
	broker.Commit
	done func(broker.Commit, error)
	err  error
}

// chunk is proposals in their order.
type chunk struct {
	items []item
	bytes int // of messages
}

// queue holds proposals until a group takes them, and the turn to form one: one goroutine has it at a time. Make one with
// newQueue. Safe for concurrent use.
type queue struct {
	mu     sync.Mutex
	more   sync.Cond
	chunks []*chunk
	spare  []*chunk
	length int
	turn   bool // somebody forms a group
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.more.L = &q.mu
	return q
}

// add puts a proposal behind all others. It reports false when the queue is closed.
func (q *queue) add(p *broker.Proposal, done func(broker.Commit, error)) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	n := len(q.chunks)
	if n == 0 || len(q.chunks[n-1].items) == chunkItems || q.chunks[n-1].bytes >= chunkBytes {
		q.chunks = append(q.chunks, q.newChunkLocked())
		n = len(q.chunks)
	}
	c := q.chunks[n-1]
	c.bytes += len(p.Body)
	c.items = append(c.items, item{})
	it := &c.items[len(c.items)-1]
	it.Proposal, it.done = *p, done
	q.length++
	wake := !q.turn // who has it looks again
	q.mu.Unlock()
	if wake {
		q.more.Signal()
	}
	return true
}

func (q *queue) newChunkLocked() *chunk {
	if n := len(q.spare); n > 0 {
		c := q.spare[n-1]
		q.spare = q.spare[:n-1]
		return c
	}
	return &chunk{}
}

// take waits for proposals and the turn, and gives what fits into a group: none, and no turn, once the queue is closed and
// empty, or there is a failure; then what waits is left to drain.
func (q *queue) take(failed func() error) []*chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	for failed() == nil && (q.turn || len(q.chunks) == 0) {
		if q.closed && len(q.chunks) == 0 {
			return nil
		}
		q.more.Wait()
	}
	if failed() != nil {
		return nil
	}
	q.turn = true
	n, bytes, items := 0, 0, 0
	for n < len(q.chunks) && bytes < groupBytes && items < groupProposals {
		bytes += q.chunks[n].bytes
		items += len(q.chunks[n].items)
		n++
	}
	return q.takeLocked(n, items)
}

// leave gives the turn back.
func (q *queue) leave() {
	q.mu.Lock()
	q.turn = false
	more, closed := len(q.chunks) > 0, q.closed
	q.mu.Unlock()
	switch {
	case closed: // all are to see it
		q.more.Broadcast()
	case more:
		q.more.Signal()
	}
}

func (q *queue) takeLocked(n, items int) []*chunk {
	taken := append([]*chunk(nil), q.chunks[:n]...)
	rest := copy(q.chunks, q.chunks[n:])
	clear(q.chunks[rest:])
	q.chunks = q.chunks[:rest]
	q.length -= items
	return taken
}

// whileOpen calls f, which happens before a close then. It reports false, without calling, when the queue is closed.
func (q *queue) whileOpen(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		f()
	}
	return !q.closed
}

// close has the queue take no more. It reports false when it had been closed.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.closed
	q.closed = true
	q.more.Broadcast()
	return !was
}

// drain closes the queue and gives all that is in it.
func (q *queue) drain() []*chunk {
	q.close()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.takeLocked(len(q.chunks), q.length)
}

// giveBack takes chunks whose proposals have been answered, to use them again.
func (q *queue) giveBack(all []*chunk) {
	for _, c := range all {
		clear(c.items)
		c.items, c.bytes = c.items[:0], 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = append(q.spare, all[:min(len(all), spareChunks-len(q.spare))]...)
}

// ended tells whether the queue is closed.
func (q *queue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// pending is how many proposals wait.
func (q *queue) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.length
}
