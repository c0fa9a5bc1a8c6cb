package broker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Batch is messages for one topic with one lifetime.
type Batch struct {
	Topic  string
	TTL    time.Duration // asked; see HasTTL
	HasTTL bool          // false: the topic's default
	// Deadline is asked as an absolute time instead of a TTL, and kept to the millisecond; 0: none. The policy's minimum
	// does not matter to it, as it does not to a change of lifetime.
	Deadline Instant
	// First is the sequence that the first message is to have, at least the topic's next; 0: that. The numbers between
	// count as ended.
	First uint64
	Count int // messages in Body, 1 or more
	// Body is the messages' frames: for each a marker byte, its length as a varint, and the message. The broker keeps the
	// slice and never changes it; it should be allocated to its exact size.
	Body []byte
	// Err is set by a caller that refuses the batch itself; it becomes the batch's result.
	Err           error
	FailedMessage int // with Err: which message is to blame, from 0; -1: none
}

// PublishRequest is batches, committed in order.
type PublishRequest struct {
	Producer ProducerID // zero: none
	Number   uint64     // of the request, from 1; 0 without a producer
	Batches  []Batch
}

// PublishResult is what became of a batch.
type PublishResult struct {
	First                 uint64 // sequence of the first message
	Count                 int
	PublishTime, Deadline Instant // equal for now or never
	Adjustment            Adjustment
	Durability            Durability // what the acknowledgement promises
	Incarnation           uint64
	Err                   error // nothing was committed; the rest is zero
	FailedMessage         int   // with Err: which message is to blame; -1: none
}

// PublishAnswer answers a request.
type PublishAnswer struct {
	Number    uint64
	Results   []PublishResult // one a batch; nil when forgotten
	Forgotten bool            // committed earlier; the results are no longer known
	Now       Instant
	Err       error // of the whole request; nothing of it was committed
}

// Publish commits a request. done is called once, before Publish returns or later, from whichever goroutine does the log's
// work, which may be that of another publisher: so it must not block. Calls of one producer must come one at a time; their
// answers may come in any order when requests repeat. ctx bounds the wait for what has to be stored first, topics to be
// made for one, nothing else.
func (b *Broker) Publish(ctx context.Context, r PublishRequest, done func(PublishAnswer)) {
	if r.Producer == (ProducerID{}) || r.Number == 0 {
		number := r.Number // not all of r is to be kept
		b.publish(ctx, nil, r, newRequest(len(r.Batches), number, func(results []PublishResult) {
			done(PublishAnswer{Number: number, Results: results, Now: b.clock.Now()})
		}))
		return
	}
	b.publishOnce(ctx, r, done)
}

// request collects the results of a request's batches.
type request struct {
	number  uint64
	results []PublishResult
	one     [1]PublishResult // for results, of the many requests that are a single batch
	missing atomic.Int32
	done    func([]PublishResult)
}

// newRequest waits for n results. One more is held by whoever fills it, until all are on their way.
func newRequest(n int, number uint64, done func([]PublishResult)) *request {
	q := &request{number: number, done: done}
	if q.results = q.one[:min(n, 1)]; n > 1 {
		q.results = make([]PublishResult, n)
	}
	q.missing.Store(int32(n) + 1)
	return q
}

// set gives one result; the last one answers.
func (q *request) set(batch int, r PublishResult) {
	q.results[batch] = r
	q.release()
}

func (q *request) release() {
	if q.missing.Add(-1) == 0 {
		q.done(q.results)
	}
}

// publish proposes each batch that is in order. Without a producer, from is nil.
func (b *Broker) publish(ctx context.Context, from *producer, r PublishRequest, q *request) {
	proposed := false
	for i := range r.Batches {
		if q.results[i].Count > 0 {
			q.release() // committed when the request came first
			proposed = true
			continue
		}
		p, t, err := b.prepare(ctx, from, &r, i)
		if err != nil {
			q.set(i, PublishResult{Err: err, FailedMessage: failedMessage(&r.Batches[i])})
			continue
		}
		proposed = true
		held, underway := reserved(&p), int64(0)
		if b.coolable(t) {
			underway = held
		}
		b.underway.Add(underway)
		b.proposeHere(t.lane, p, func(c Commit, err error) {
			b.used.Add(-held)
			b.underway.Add(-underway)
			b.redeem(t, p.stake)
			if err == nil && !t.took(&c) {
				err = ErrTopicNotFound
			}
			q.set(i, b.resultOf(t, c, placeError(&r.Batches[i], t, err)))
		})
	}
	if !proposed && from != nil {
		// The number is used up all the same, and as durably as if there were messages.
		p := Proposal{Kind: KindProducer, Producer: r.Producer, Request: r.Number, Volatile: from.volatile()}
		b.propose(b.lanes[storeLane], p, func(Commit, error) { q.release() })
		return
	}
	q.release()
}

func failedMessage(batch *Batch) int {
	if batch.Err == nil {
		return -1
	}
	return batch.FailedMessage
}

// prepare checks a batch against its topic and the limits, and makes the topic when it has to.
func (b *Broker) prepare(ctx context.Context, from *producer, r *PublishRequest, i int) (Proposal, *topic, error) {
	batch := &r.Batches[i]
	if batch.Err != nil {
		return Proposal{}, nil, batch.Err
	}
	t, err := b.topicFor(ctx, batch.Topic)
	if err != nil {
		return Proposal{}, nil, err
	}
	t.mu.RLock()
	policy, next := t.policyLocked(), t.next
	t.mu.RUnlock()
	if batch.First != 0 && batch.First < next {
		return Proposal{}, nil, placeError(batch, t, ErrConflict) // before room is made for it
	}
	if most := MaxSequence - uint64(batch.Count) + 1; batch.First > most {
		return Proposal{}, nil, &Error{Err: ErrInvalid, Field: "first_sequence", Detail: fmt.Sprintf("%d is above %d, the last that leaves room for the batch.", batch.First, most)}
	}
	p := Proposal{Kind: KindPublished, Topic: t.id, Count: batch.Count, Sequence: batch.First, Body: batch.Body, Size: len(batch.Body)}
	if batch.Deadline != 0 {
		err = policy.grantUntil(&p, batch.Topic, batch.Deadline, b.clock.Now())
	} else {
		p.TTL, p.Adjustment, err = policy.grant(batch.Topic, batch.TTL, batch.HasTTL)
	}
	if err != nil {
		return Proposal{}, nil, err
	}
	if from != nil && t.lane.index == memoryLane {
		if err := b.noteVolatile(ctx, from, r.Producer, r.Number); err != nil {
			return Proposal{}, nil, err
		}
	}
	p.Producer, p.Request, p.Batch = r.Producer, r.Number, i
	p.Volatile = t.lane.index == storeLane && from.volatile()
	if err := b.takeRoom(ctx, t, &policy, &p); err != nil {
		return Proposal{}, nil, err
	}
	return p, t, nil
}

// nextDeadline is the earliest deadline there is, 0 when nothing is alive. The wheel knows only a bound, so the topics are
// searched, once a second at most: a full server refuses many requests.
func (b *Broker) nextDeadline(now Instant) Instant {
	b.soonestMu.Lock()
	defer b.soonestMu.Unlock()
	if b.soonest > now && now.Sub(b.soonestAt) < time.Second {
		return b.soonest
	}
	b.soonest, b.soonestAt = 0, now
	for _, t := range b.allTopics() {
		t.mu.RLock()
		next := t.nextDeadlineLocked(now)
		t.mu.RUnlock()
		if next != 0 && (b.soonest == 0 || next < b.soonest) {
			b.soonest = next
		}
	}
	return b.soonest
}

// took tells whether a topic has what was committed for it: a memory topic may have been deleted in the store's lane before
// that was applied in its own.
func (t *topic) took(c *Commit) bool {
	if t.lane.index == storeLane {
		return true
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return c.First < t.next
}

// resultOf turns a commit into what the publisher is told.
func (b *Broker) resultOf(t *topic, c Commit, err error) PublishResult {
	if errors.Is(err, ErrFull) {
		err = b.diskError(t.lane, err)
	}
	if err != nil {
		return PublishResult{Err: commitError(t.name, err), FailedMessage: -1}
	}
	r := PublishResult{
		First: c.First, Count: c.Count, PublishTime: c.Time, Deadline: c.Expires(), Adjustment: c.Adjustment,
		Durability: DurabilityMemory, FailedMessage: -1,
	}
	if t != nil { // else it was deleted since
		r.Incarnation = t.incarnation
		if c.TTL > 0 {
			r.Durability = t.durability
		}
	}
	return r
}

// placeError dresses what a log answered about where and until when a batch was to stand.
func placeError(batch *Batch, t *topic, err error) error {
	switch {
	case errors.Is(err, ErrConflict):
		t.mu.RLock()
		defer t.mu.RUnlock()
		return &Error{
			Err: ErrConflict, Field: "first_sequence", Detail: fmt.Sprintf(
				"%s has come to #%d, so #%d cannot be given any more. Publish without it.", t.name, t.next-1, batch.First),
			Values: map[string]string{"topic": t.name, "last": decimal(t.next - 1), "first": decimal(batch.First)},
		}
	case errors.Is(err, ErrDeadlinePassed):
		return deadlinePassed(batch.Topic, batch.Deadline)
	}
	return err
}

// commitError dresses what a log answered.
func commitError(topic string, err error) error {
	switch {
	case errors.Is(err, ErrTopicNotFound):
		return &Error{
			Err: ErrTopicNotFound, Field: "topic", Detail: topic + " was deleted meanwhile. Publish again to make it anew.",
			Values: map[string]string{"topic": topic},
		}
	case errors.Is(err, ErrTopicExists):
		return topicExists(topic)
	case errors.Is(err, ErrUnknownOutcome):
		return &Error{Err: ErrUnknownOutcome, Detail: "the store could not tell whether it committed; it may still appear."}
	case errors.Is(err, ErrStopped):
		return &Error{Err: ErrStopped, Detail: "the server is stopping; nothing was published."}
	}
	return err
}
