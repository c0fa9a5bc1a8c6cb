package client

import (
	"context"
	"sync"
	"time"
)

const (
	// A request is full at any of these. The server takes 10,000 messages, 4 MiB and 1,000 batches; beyond these sizes
	// larger requests are no faster.
	fullMessages = 8192
	fullBytes    = 512 << 10
	fullBatches  = 1000
	// A message this large travels in a batch of its own: should the server's limit refuse it, it takes no other along.
	// (Everything else that can be wrong with one message is checked before.)
	aloneBytes = 64 << 10
	// What a batch takes of the window besides its messages: topics, marks, headers.
	batchOverhead = 128
	// The server forgets a producer ten minutes after its last use; a little less, for clocks that differ.
	forgetAfter = 9 * time.Minute
	// With nothing unanswered for this long the stream is ended, well before the server forgets the producer.
	idleAfter = 5 * time.Minute
)

// pubBatch is consecutive messages to one topic with one lifetime.
type pubBatch struct {
	topic string
	asked asked
	first int                // messages handed over before this batch
	count int                // messages in it
	start int                // where its messages begin in pubQueue.scratch, until sealed
	alone bool               // holds one large message
	done  []func(Ack, error) // nil, or count elements some of which may be nil
}

// asked is what a batch asks for itself.
type asked struct {
	ttl      time.Duration // DefaultTTL with a deadline
	deadline int64         // in milliseconds since 1970; 0: none
	sequence uint64        // of the first message; 0: the topic's next
}

// pubRequest is a request that was numbered and not answered yet.
type pubRequest struct {
	number   uint64
	body     [][]byte // encoded batches, in as many pieces as seal made
	gathered []byte   // the buffer that body is parts of; nil: body is one piece, joined
	batches  []pubBatch
	bytes    int // what it takes of the window
	sends    int // how often it was handed to a stream
}

// pubQueue is what stands between Publish and the stream: the messages that gather, and the requests not answered yet.
// The goroutines that publish, the one that sends and the one that reads answers meet here and nowhere else.
type pubQueue struct {
	window int

	mu       sync.Mutex // guards everything below
	gather   []pubBatch // the request that is being formed
	scratch  []byte     // its encoded messages
	spare    []byte     // for the next request that is joined; what one was joined in that has been answered
	messages int        // how many there are in gather
	requests []*pubRequest
	sent     int    // of requests, how many were handed to the present stream
	last     uint64 // number of the newest request
	answered uint64 // number of the last one answered
	bytes    int    // of everything not answered
	accepted int    // messages ever handed over
	closed   bool
	quiet    time.Time     // since when, if nothing waits for an answer
	err      error         // why the publisher gave up
	work     chan struct{} // capacity 1: something changed for the sender
	room     chan struct{} // closed when something changed for those who wait in add; nil: nobody waits

	// The present stream; see pubturn.go.
	transmit func(*pubRequest) error // hands it a request; nil: there is none
	sending  bool                    // somebody does
	handed   sync.Cond               // nobody does
}

func newPubQueue(window int) *pubQueue {
	q := &pubQueue{window: window, work: make(chan struct{}, 1)}
	q.handed.L = &q.mu
	return q
}

// add takes one message, waiting while the window is full.
func (q *pubQueue) add(ctx context.Context, topic string, ask asked, msg *Message, done func(Ack, error)) error {
	q.mu.Lock()
	for q.err == nil && !q.closed && q.bytes > 0 && q.bytes+len(msg.Data) > q.window {
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	switch {
	case q.err != nil:
		return q.err
	case q.closed:
		return ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	q.addLocked(topic, ask, msg, done)
	q.sendLocked()
	return nil
}

func (q *pubQueue) addLocked(topic string, ask asked, msg *Message, done func(Ack, error)) {
	if q.messages > 0 && len(q.scratch)+len(msg.Data) > fullBytes {
		q.sealLocked()
	}
	alone := len(msg.Data) >= aloneBytes
	if n := len(q.gather); n == 0 || alone || !q.gather[n-1].fits(topic, ask) {
		if n == fullBatches {
			q.sealLocked()
		}
		q.gather = append(q.gather, pubBatch{topic: topic, asked: ask, first: q.accepted, start: len(q.scratch), alone: alone})
		q.bytes += batchOverhead
	}
	batch := &q.gather[len(q.gather)-1]
	if done != nil && batch.done == nil {
		batch.done = make([]func(Ack, error), batch.count, batch.count+1)
	}
	if batch.done != nil {
		batch.done = append(batch.done, done)
	}
	before := len(q.scratch)
	q.scratch = appendMessage(q.scratch, msg)
	batch.count++
	q.messages++
	q.accepted++
	q.bytes += len(q.scratch) - before
	if q.messages >= fullMessages || len(q.scratch) >= fullBytes {
		q.sealLocked()
	}
}

// fits says that a message for topic may join the batch.
func (b *pubBatch) fits(topic string, ask asked) bool {
	if b.asked.sequence != 0 && ask.sequence != 0 {
		ask.sequence -= uint64(b.count)
	}
	return !b.alone && b.topic == topic && b.asked == ask
}

// sealLocked makes what gathered the next request.
func (q *pubQueue) sealLocked() {
	q.last++
	r := &pubRequest{number: q.last, batches: q.gather, bytes: len(q.scratch) + batchOverhead*len(q.gather)}
	q.scratch = r.seal(q.scratch, &q.spare)
	q.requests = append(q.requests, r)
	q.gather, q.messages = nil, 0
}

// readyLocked says whether the sender has a request to send: a full one, or, when none is on its way, what gathered.
func (q *pubQueue) readyLocked() bool {
	if q.sent < len(q.requests) {
		return q.sent < maxUnanswered
	}
	return q.messages > 0 && q.sent == 0
}

func (q *pubQueue) wakeSender() {
	select {
	case q.work <- struct{}{}:
	default:
	}
}

func (q *pubQueue) wakeAddersLocked() {
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

// waitForWork waits until there is a request to send; false: closed with nothing left, or ctx ended.
func (q *pubQueue) waitForWork(ctx context.Context) bool {
	for {
		q.mu.Lock()
		ready, over := q.readyLocked(), q.closed && len(q.requests) == 0 && q.messages == 0
		q.mu.Unlock()
		switch {
		case ctx.Err() != nil || over:
			return false
		case ready:
			return true
		}
		select {
		case <-q.work:
		case <-ctx.Done():
		}
	}
}

// next waits for the next request to send on the present stream. Nil: ctx ended, or nothing is unanswered and the queue
// was closed or idle.
func (q *pubQueue) next(ctx context.Context) *pubRequest {
	timer := time.NewTimer(idleAfter)
	defer timer.Stop()
	for ctx.Err() == nil {
		q.mu.Lock()
		r, over := q.takeLocked(), q.overLocked()
		q.mu.Unlock()
		if r != nil || over {
			return r
		}
		select {
		case <-q.work:
		case <-ctx.Done():
		case <-timer.C:
			timer.Reset(q.idleIn())
		}
	}
	return nil
}

// takeLocked takes the next request to send, and the turn to send it; nil: there is none, or somebody has it.
func (q *pubQueue) takeLocked() *pubRequest {
	if q.sending || !q.readyLocked() {
		return nil
	}
	q.sending = true
	if q.sent == len(q.requests) {
		q.sealLocked()
	}
	r := q.requests[q.sent]
	r.sends++
	q.sent++
	return r
}
