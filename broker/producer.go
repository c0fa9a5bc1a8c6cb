package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// producers are the clients that number their requests (contract 12). What they know comes from commits alone, so that
// it is as durable as the messages; only what is under way is known from the calls.
type producers struct {
	mu   sync.Mutex
	byID map[ProducerID]*producer
	cost *atomic.Int64 // where what they take is accounted
}

// producer is one of them. A number up to accepted is finished unless it is open.
type producer struct {
	mu       sync.Mutex
	accepted uint64                     // the highest number accepted
	open     map[uint64]*openRequest    // not finished
	answers  map[uint64][]PublishResult // of the finished requests, the last [AnswersKept], as far as they fit
	oldest   uint64                     // no answer below is kept
	bytes    int64                      // accounted for the answers
	cost     *atomic.Int64
	lastUse  Instant

	// Of one that publishes to memory topics beside a store that keeps more; see volatile.go.
	noted Instant // when the store last noted it; 0: not since the start
	lost  bool    // it did so before the start: what came of that is forgotten
}

// openRequest is a request that is not finished.
type openRequest struct {
	underWay  bool            // somebody here waits for the log
	doubt     bool            // the log could not tell; it may still be committed
	committed []PublishResult // by batch, as far as commits told; Count 0: not
	waiting   []func(PublishAnswer)
}

// get finds a producer, and makes it if there is none.
func (ps *producers) get(id ProducerID, now Instant) *producer {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.byID[id]
	if p == nil || p.forgotten(now) {
		ps.dropLocked(id)
		p = &producer{open: map[uint64]*openRequest{}, answers: map[uint64][]PublishResult{}, cost: ps.cost}
		ps.byID[id] = p
		ps.cost.Add(producerOverhead)
	}
	p.mu.Lock()
	p.lastUse = max(p.lastUse, now)
	p.mu.Unlock()
	return p
}

// knows tells whether there is such a producer. One that begins with a number above 1 is none, and is not made for that.
func (ps *producers) knows(id ProducerID, now Instant) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.byID[id]
	return p != nil && !p.forgotten(now)
}

// dropLocked forgets a producer, if it is there.
func (ps *producers) dropLocked(id ProducerID) {
	p := ps.byID[id]
	if p == nil {
		return
	}
	delete(ps.byID, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	ps.cost.Add(-producerOverhead - p.bytes)
	p.bytes, p.cost = 0, new(atomic.Int64) // what is still under way is accounted nowhere
}

// forget drops the producers that nobody used for [ProducerIdle].
func (ps *producers) forget(now Instant) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for id, p := range ps.byID {
		if p.forgotten(now) {
			ps.dropLocked(id)
		}
	}
}

// forgotten tells whether nobody used a producer for [ProducerIdle] and nobody waits for an answer.
func (p *producer) forgotten(now Instant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.open {
		if o.underWay {
			return false
		}
	}
	return now.Sub(p.lastUse) >= ProducerIdle
}

// OpenProducer tells the last request of a producer that was finished; the next is one higher. remembered is false when
// something is known no more: what was not answered has an unknown outcome, and its numbers go on behind last.
func (b *Broker) OpenProducer(id ProducerID, answered uint64) (last uint64, remembered bool) {
	now := b.clock.Now()
	b.producers.mu.Lock()
	defer b.producers.mu.Unlock()
	if p := b.producers.byID[id]; p != nil && !p.forgotten(now) {
		if last, lost := p.beginAgain(now); lost {
			return last, false
		}
		return p.reopen(answered, now), true
	}
	b.producers.dropLocked(id)
	return 0, answered == 0
}

// reopen tells the last finished request. After a crash a client may have answers that are not known here: that a full log
// refused a request is stored nowhere. What was published is stored before it is answered, and in order, so that nothing
// behind the client's last answer was.
func (p *producer) reopen(answered uint64, now Instant) (last uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finishUpToLocked(answered)
	p.accepted = max(p.accepted, answered)
	p.lastUse = max(p.lastUse, now)
	return p.lastLocked()
}

// finishUpToLocked finishes the requests up to a number that the client has answers for: after a restart it alone knows
// that they were complete.
func (p *producer) finishUpToLocked(number uint64) {
	for n, o := range p.open {
		if n <= number && !o.underWay && !o.doubt {
			p.finishLocked(n, o.committed)
		}
	}
}

// lastLocked is the last request up to which all are finished.
func (p *producer) lastLocked() uint64 {
	last := p.accepted
	for number := range p.open {
		last = min(last, number-1)
	}
	return last
}

// publishOnce commits a numbered request unless it was before.
func (b *Broker) publishOnce(ctx context.Context, r PublishRequest, done func(PublishAnswer)) {
	now := b.clock.Now()
	if r.Number > 1 && !b.producers.knows(r.Producer, now) {
		done(PublishAnswer{Number: r.Number, Now: now, Err: skipsAhead(r.Number, 0)})
		return
	}
	p := b.producers.get(r.Producer, now)
	p.mu.Lock()
	o := p.open[r.Number]
	switch {
	case o == nil && r.Number <= p.accepted:
		results, kept := p.answers[r.Number]
		p.mu.Unlock()
		done(PublishAnswer{Number: r.Number, Results: results, Forgotten: !kept, Now: b.clock.Now()})
		return
	case p.lost && b.anyInMemory(r.Batches):
		p.mu.Unlock()
		done(PublishAnswer{Number: r.Number, Now: b.clock.Now(), Err: lostInMemory(r.Number)})
		return
	case o != nil && o.underWay:
		o.waiting = append(o.waiting, done)
		p.mu.Unlock()
		return
	case r.Number > p.accepted+1:
		last := p.accepted
		p.mu.Unlock()
		done(PublishAnswer{Number: r.Number, Now: b.clock.Now(), Err: skipsAhead(r.Number, last)})
		return
	}
	if o == nil {
		o = &openRequest{}
		p.open[r.Number] = o
		p.accepted = r.Number
	}
	o.underWay = true
	o.waiting = append(o.waiting, done)
	number := r.Number // not all of r is to be kept: an answer is, and with it what it was made from
	q := newRequest(len(r.Batches), number, func(results []PublishResult) { b.answer(p, number, results) })
	copy(q.results, o.committed) // after a restart or an unknown outcome, part of it may be there
	p.mu.Unlock()
	b.publish(ctx, p, r, q)
}

func skipsAhead(number, last uint64) error {
	return &Error{Err: ErrOutOfOrder, Field: "request", Detail: fmt.Sprintf(
		"%d skips ahead: the last request of this producer is %d. Send %d next.", number, last, last+1)}
}

// answer tells all who wait for a request, and finishes it unless its outcome is in doubt.
func (b *Broker) answer(p *producer, number uint64, results []PublishResult) {
	now := b.clock.Now()
	p.mu.Lock()
	o := p.open[number]
	waiting := o.waiting
	o.waiting, o.underWay, o.doubt = nil, false, false
	for i := range results {
		o.doubt = o.doubt || errors.Is(results[i].Err, ErrUnknownOutcome)
	}
	if !o.doubt {
		p.finishLocked(number, results)
	}
	p.lastUse = max(p.lastUse, now)
	p.mu.Unlock()
	for _, done := range waiting {
		done(PublishAnswer{Number: number, Results: results, Now: now})
	}
}

// committed records what a commit says of a request: the only source after a restart, or for another broker.
func (ps *producers) committed(c *Commit, r PublishResult, replayed bool) {
	if c.Request == 0 {
		return
	}
	p := ps.get(c.Producer, c.Time)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteLocked(c, replayed)
	o := p.openLocked(c.Request)
	if o == nil {
		return
	}
	for len(o.committed) <= c.Batch {
		o.committed = append(o.committed, PublishResult{FailedMessage: -1})
	}
	o.committed[c.Batch] = r
}

// used records that a number was used up without a message. Whoever sends it again, because the answer was lost, has it
// tried again: as an answer it would seem committed.
func (ps *producers) used(c *Commit, replayed bool) {
	p := ps.get(c.Producer, c.Time)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteLocked(c, replayed)
	p.openLocked(c.Request)
}

// openLocked gives the open request that a commit belongs to, nil when it is finished. The client sends a request only
// when those before are answered or on their way to the log, so what nobody here waits for is finished by a later one.
func (p *producer) openLocked(number uint64) *openRequest {
	if o := p.open[number]; o != nil || number <= p.accepted {
		return o
	}
	p.finishUpToLocked(number - 1)
	o := &openRequest{}
	p.open[number], p.accepted = o, number
	return o
}
