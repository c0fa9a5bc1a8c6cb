package memlog

import (
	"sync"

	"linger/broker"
)

// proposed is a proposal that waits for its commit.
type proposed struct {
	broker.Proposal
	done func(broker.Commit, error)
}

// queue holds proposals, in their order, and the turn to commit them: one goroutine has it at a time, the log's own or that
// of whoever proposes. Safe for concurrent use.
type queue struct {
	mu      sync.Mutex // guards everything below
	more    sync.Cond  // for the log's goroutine: there may be something for it
	waiting []proposed
	spare   []proposed // to be waiting next, so that the two are used in turn
	turn    bool       // somebody commits
	closed  bool
}

// add puts a proposal behind all others, for whoever takes the turn next. It reports false when the queue is closed.
func (q *queue) add(p broker.Proposal, done func(broker.Commit, error)) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.waiting = append(q.waiting, proposed{p, done})
	}
	return !q.closed
}

// wake has the log's goroutine come for what waits, unless somebody has the turn, who looks again.
func (q *queue) wake() {
	q.mu.Lock()
	idle := !q.turn
	q.mu.Unlock()
	if idle {
		q.more.Signal()
	}
}

// take waits for proposals and the turn: none once the queue is closed and empty.
func (q *queue) take() []proposed {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.turn || (len(q.waiting) == 0 && !q.closed) {
		q.more.Wait()
	}
	return q.takeLocked()
}

// tryTake takes the turn, and what waits, if nobody has it and something does; else it gives nil.
func (q *queue) tryTake() []proposed {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.turn || len(q.waiting) == 0 {
		return nil
	}
	return q.takeLocked()
}

func (q *queue) takeLocked() []proposed {
	batch := q.waiting
	q.waiting, q.spare = q.spare, nil
	q.turn = true
	return batch
}

// leave gives the turn back, when a batch is answered. What came meanwhile is the log's goroutine's: whoever lends its own
// has others to serve, too.
func (q *queue) leave(batch []proposed) {
	clear(batch) // let go of the bodies
	q.mu.Lock()
	q.spare, q.turn = batch[:0], false
	wake := len(q.waiting) > 0 || q.closed
	q.mu.Unlock()
	if wake {
		q.more.Signal()
	}
}

// close has the queue take no more. It reports false when it had been closed.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.closed
	q.closed = true
	q.more.Signal()
	return !was
}

// pending is how many proposals wait.
func (q *queue) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
