package client

import "sync"

// Requests of this size and more, that fill half of the buffer that their messages were gathered in, are sent from it;
// others are copied out of it, so that no buffer is kept for a few bytes.
const handoverBytes = 64 << 10

// gatherBuffers are those whose requests were answered. Made anew for each request, they would be most of what a fast
// publisher allocates, clears and copies.
var gatherBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, gatherBytes)
	return &b
}}

// gatherBytes is room for a full request: one message may go a little beyond.
const gatherBytes = fullBytes + fullBytes/8

// seal makes a request's body of the messages that gathered, in spare if they are copied and fit. It returns the buffer to
// gather in from now on.
func (r *pubRequest) seal(gathered []byte, spare *[]byte) (next []byte) {
	if len(gathered) < max(handoverBytes, cap(gathered)/2) {
		r.join(gathered, *spare)
		*spare = nil
		return gathered[:0]
	}
	r.gathered = gathered
	r.body = make([][]byte, 0, 2*len(r.batches))
	heads := make([]byte, 0, r.headBytes())
	for i := range r.batches {
		messages := r.messages(i, gathered)
		start := len(heads)
		heads = appendBatchHead(heads, r.batches[i].topic, r.batches[i].asked, len(messages))
		r.body = append(r.body, heads[start:], messages)
	}
	return (*gatherBuffers.Get().(*[]byte))[:0]
}

// join copies heads and messages into one.
func (r *pubRequest) join(gathered, room []byte) {
	body := room[:0]
	if n := len(gathered) + r.headBytes(); cap(body) < n {
		body = make([]byte, 0, n)
	}
	for i := range r.batches {
		messages := r.messages(i, gathered)
		body = appendBatchHead(body, r.batches[i].topic, r.batches[i].asked, len(messages))
		body = append(body, messages...)
	}
	r.body = [][]byte{body}
}

// messages returns the encoded messages of batch i.
func (r *pubRequest) messages(i int, gathered []byte) []byte {
	end := len(gathered)
	if i+1 < len(r.batches) {
		end = r.batches[i+1].start
	}
	return gathered[r.batches[i].start:end]
}

// headBytes is at least what the heads of the batches take.
func (r *pubRequest) headBytes() (n int) {
	const head = 70 // tags, lengths, lifetime, sequence
	for i := range r.batches {
		n += head + len(r.batches[i].topic)
	}
	return n
}

// reuseLocked keeps what an answered request was joined in for the next one. At a steady rate that is most of what a
// publisher would allocate otherwise, and its collections hold up what is on its way.
func (q *pubQueue) reuseLocked(r *pubRequest) {
	if r.reusable() && r.gathered == nil && cap(r.body[0]) > cap(q.spare) {
		q.spare, r.body = r.body[0][:0], nil
	}
}

// reusable tells that a request's bytes may be written over. Only an answer shows that the transport is done with them, and
// only of a request that was sent once: an earlier stream may still be looking at them.
func (r *pubRequest) reusable() bool { return r.sends == 1 }

// answered gives the buffer to another request.
func (r *pubRequest) answered() {
	if r.gathered == nil || !r.reusable() || cap(r.gathered) > 2*gatherBytes {
		return
	}
	b := r.gathered
	r.gathered, r.body = nil, nil
	gatherBuffers.Put(&b)
}
