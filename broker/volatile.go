package broker

import (
	"context"
	"fmt"
)

// What became of a request is stored with its messages, and as durably (contract 12). Of requests to memory topics, beside a
// store that keeps more, a restart leaves nothing: a producer that comes back and sends such a request again could not be
// told from one that sends it for the first time. So before anything of a producer is published to a memory topic, the
// store notes that the producer does such things: once, then with what the store commits for it anyway, and while there is
// nothing else every few minutes. Of a producer noted before a start nothing is taken for granted: it is told that what was
// not answered has an unknown outcome. One that publishes to the store's topics alone is remembered exactly.

// notedFor is how long a note holds before it is renewed: well below [ProducerIdle], after which it is forgotten.
const notedFor = ProducerIdle / 2

// noteVolatile has the store note that a producer publishes to memory topics, and waits for that, unless it knows.
func (b *Broker) noteVolatile(ctx context.Context, p *producer, id ProducerID, number uint64) error {
	now := b.clock.Now()
	p.mu.Lock()
	known := p.noted != 0 && now.Sub(p.noted) < notedFor
	p.mu.Unlock()
	if known {
		return nil
	}
	if _, err := b.commit(ctx, b.lanes[storeLane], Proposal{Kind: KindProducer, Producer: id, Request: number, Volatile: true}); err != nil {
		return commitError("", err)
	}
	return nil
}

// volatile tells whether the store is to be reminded, with a commit, that the producer publishes to memory topics. nil:
// there is no producer.
func (p *producer) volatile() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noted != 0 || p.lost
}

// noteLocked learns from a commit of the store that a producer publishes to memory topics. What counts after a restart is
// its last one: with others before, the producer has been told.
func (p *producer) noteLocked(c *Commit, replayed bool) {
	switch {
	case replayed:
		p.lost = c.Volatile
	case c.Volatile:
		p.noted = c.Time
	}
}

// beginAgain has a producer whose requests to memory topics were forgotten go on behind all that is known of it. lost is
// false where none were.
func (p *producer) beginAgain(now Instant) (last uint64, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lost {
		return 0, false
	}
	p.lost = false
	p.finishUpToLocked(p.accepted)
	p.lastUse = max(p.lastUse, now)
	return p.accepted, true
}

// anyInMemory tells whether a restart forgets what becomes of one of the batches.
func (b *Broker) anyInMemory(batches []Batch) bool {
	if len(b.lanes) == 1 {
		return false
	}
	for i := range batches {
		if t := b.lookup(batches[i].Topic); t != nil && t.lane.index == memoryLane {
			return true
		}
	}
	return false
}

// lostInMemory refuses a request that may be the repetition of one that a restart forgot.
func lostInMemory(number uint64) error {
	return &Error{Err: ErrOutOfOrder, Field: "request", Detail: fmt.Sprintf(
		"a restart has forgotten what this producer published to topics kept in memory; whether request %d was among it cannot be told. Open a stream with the producer_id, or begin with another one.", number)}
}
