package client

import "time"

// The other half of pubQueue: what answers and lost connections do to it.

// close refuses further messages.
func (q *pubQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.wakeAddersLocked()
	q.mu.Unlock()
	q.wakeSender()
}

// gaveUp returns why the publisher gave up; nil: it did not.
func (q *pubQueue) gaveUp() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// lastAnswered returns the number of the last request answered.
func (q *pubQueue) lastAnswered() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.answered
}

// head returns the oldest request not answered; nil: none.
func (q *pubQueue) head() *pubRequest {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.requests) == 0 {
		return nil
	}
	return q.requests[0]
}

// drop removes the oldest request, which was answered, and sends what waited for that.
func (q *pubQueue) drop() {
	q.mu.Lock()
	r := q.requests[0]
	q.answered = r.number
	q.removeLocked(1)
	q.reuseLocked(r)
	if len(q.requests) == 0 {
		q.quiet = time.Now()
	}
	if q.closed {
		q.wakeSender() // it may be the last
	}
	q.sendLocked()
	q.mu.Unlock()
	r.answered()
}

func (q *pubQueue) removeLocked(n int) {
	for i := range q.requests[:n] {
		q.bytes -= q.requests[i].bytes
		q.requests[i] = nil // let go of its bytes
	}
	q.requests = q.requests[n:]
	q.sent = max(q.sent-n, 0)
	q.wakeAddersLocked()
}

// rewind notes that the stream is gone: everything unanswered is to be sent again.
func (q *pubQueue) rewind() {
	q.mu.Lock()
	q.sent = 0
	q.mu.Unlock()
}

// renumber makes base the last number that the server has of this producer; the requests that wait follow it.
func (q *pubQueue) renumber(base uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.answered = base
	q.last = base
	for _, r := range q.requests {
		q.last++
		r.number = q.last
	}
}

// takeSent removes and returns the requests that were handed to a stream at least once.
func (q *pubQueue) takeSent() []*pubRequest {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.requests) && q.requests[n].sends > 0 {
		n++
	}
	taken := append([]*pubRequest(nil), q.requests[:n]...)
	q.removeLocked(n)
	return taken
}

// fail ends the queue with err and returns everything in it, in order.
func (q *pubQueue) fail(err error) []*pubRequest {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.messages > 0 {
		q.sealLocked()
	}
	all := append([]*pubRequest(nil), q.requests...)
	q.removeLocked(len(q.requests))
	q.err = err
	q.wakeAddersLocked()
	return all
}
