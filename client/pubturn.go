package client

import "time"

// How requests get from the queue to the present stream: one at a time, by whoever has the turn. Mostly that is the
// sender's goroutine. When nothing is on its way, it is whoever handed a message over, or read the answer that was missing:
// they need not wait for the sender to wake. They do not wait for the stream either: it takes a request at once when all
// those before have been answered, as then its buffer is empty.

// attach has requests handed to a new stream.
func (q *pubQueue) attach(transmit func(*pubRequest) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.transmit, q.quiet = transmit, time.Now()
}

// detach has nothing handed to the stream any more; it has to have ended, so that nobody waits for it.
func (q *pubQueue) detach() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.transmit = nil
	for q.sending {
		q.handed.Wait()
	}
}

// sendLocked has sent what is ready: here, if nothing else is on its way, otherwise by the sender. It unlocks meanwhile.
func (q *pubQueue) sendLocked() {
	switch {
	case !q.readyLocked():
	case q.transmit == nil || q.sending || len(q.requests) > 0:
		q.wakeSender()
	default:
		r, transmit := q.takeLocked(), q.transmit
		q.mu.Unlock()
		_ = transmit(r) // the receiver is told why the stream has ended
		q.mu.Lock()
		q.passLocked()
	}
}

// pass gives the turn back.
func (q *pubQueue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.passLocked()
}

func (q *pubQueue) passLocked() {
	q.sending = false
	q.handed.Broadcast()
	if q.closed || q.readyLocked() {
		q.wakeSender()
	}
}

// overLocked tells whether the stream is to be ended, and then has nothing handed to it any more.
func (q *pubQueue) overLocked() bool {
	if q.sending || len(q.requests) > 0 || q.messages > 0 || (!q.closed && time.Since(q.quiet) < idleAfter) {
		return false
	}
	q.transmit = nil
	return true
}

// idleIn is when the stream will have been idle for long enough, at the earliest.
func (q *pubQueue) idleIn() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.requests) > 0 || q.messages > 0 {
		return idleAfter
	}
	return max(idleAfter-time.Since(q.quiet), 0)
}
