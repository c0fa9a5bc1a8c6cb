package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"linger/client"
)

// publisher is one of those who make the load, with a connection of its own.
type publisher struct {
	bench  *Bench
	client *client.Client
	stream *client.Publisher // nil: publishes batches and waits
	to     []target
	pace   *pace         // nil: as fast as it goes
	quota  *atomic.Int64 // messages that may still be published, by all of them; nil: any number
	data   []byte        // stamped for each message

	under   pending
	sent    *times // from due to handed over; with a pace only
	acks    *times // from due to acknowledged
	from    int64  // what is due earlier is neither recorded nor counted as one of the quota
	onAck   func(client.Ack, []handedOver, int64)
	lastAck atomic.Int64
	// With a pace, when the first message was handed over that is recorded, and the last of all, and how late that was.
	firstSent, lastSent, late int64

	acked, refused, unknown atomic.Uint64
	durability              atomic.Int32 // of the last acknowledgement
	lostAt                  uint64       // acknowledged when the connection was lost last, and one; 0: it was not
}

// target is a stream of messages to one topic.
type target struct {
	topic  *topic
	stream uint32
	next   uint64 // number
}

// newPublisher makes the index-th of so many publishers.
func (b *Bench) newPublisher(c *client.Client, index, of int, topics []*topic) *publisher {
	p := &publisher{bench: b, client: c, data: b.payloads.blank(), sent: newTimes(), acks: newTimes()}
	for _, t := range share(index, of, len(topics)) {
		p.to = append(p.to, target{topic: topics[t], stream: uint32(t*of + index)})
	}
	if b.settings.Batch == 0 || b.settings.Workload == Expiry {
		p.stream = c.NewPublisher(client.PublisherOptions{OnBatch: p.answered, WindowBytes: b.settings.Window, RetryFor: retryFor, OnLost: p.lost})
	}
	return p
}

// makePublishers makes all of them.
func (b *Bench) makePublishers(ctx context.Context) error {
	s := b.settings
	var quota *atomic.Int64
	if s.Messages > 0 && s.Workload != Expiry {
		quota = new(atomic.Int64)
		quota.Store(int64(s.Messages))
	}
	clients, err := b.connectAll(ctx, s.Publishers)
	if err != nil {
		return err
	}
	for i, c := range clients {
		p := b.newPublisher(c, i, s.Publishers, b.topics)
		p.quota = quota
		b.publishers = append(b.publishers, p)
	}
	return nil
}

// setPace has all publishers keep the rate from now on.
func (b *Bench) setPace(begun int64) {
	s := b.settings
	if s.Rate == 0 || s.Workload == Replay {
		return
	}
	b.paceBegun = begun
	count := 1
	if s.Batch > 0 && s.Workload != Expiry {
		count = s.Batch
	}
	for i, p := range b.publishers {
		p.pace = newPace(b.clock, begun, s.Rate, count, i, s.Publishers)
	}
}

// run publishes until it is done or ctx ends.
func (p *publisher) run(ctx context.Context) {
	one := p.streamOne
	if p.stream == nil {
		one = p.publishBatch
	}
	for n := 0; ctx.Err() == nil; n++ {
		t := &p.to[n%len(p.to)]
		due, ok := p.due(ctx, t, n)
		if !ok {
			return
		}
		more, err := one(ctx, t, due)
		if err != nil && ctx.Err() == nil {
			p.bench.fail(err)
		}
		if err != nil || !more {
			return
		}
	}
}

// holdFor is how long a publisher waits for readers before it looks again.
const holdFor = 100 * time.Microsecond

// due waits until the n-th message or batch is due, or the readers of its topic are near enough. false: ctx ended first.
func (p *publisher) due(ctx context.Context, t *target, n int) (int64, bool) {
	if p.pace != nil {
		return p.pace.wait(ctx, n)
	}
	for t.topic.hold.Load() {
		if ctx.Err() != nil {
			return 0, false
		}
		sleep(holdFor)
	}
	return p.bench.clock.now(), true
}

// take takes up to n messages of the quota; less than n: there are no more.
func (p *publisher) take(n int) int {
	if p.quota == nil {
		return n
	}
	return int(min(max(p.quota.Add(-int64(n))+int64(n), 0), int64(n)))
}

// streamOne hands one message to the client. What becomes of it is told to answered. false: there are no more.
func (p *publisher) streamOne(ctx context.Context, t *target, due int64) (bool, error) {
	if due >= p.from && p.take(1) == 0 {
		return false, nil
	}
	p.bench.payloads.write(p.data, stamp{t.stream, t.next, due})
	p.under.push(handedOver{due, t.topic})
	// Readers must not be ahead of it.
	t.topic.handed.Add(1)
	if err := p.stream.Publish(ctx, t.topic.name, p.bench.settings.TTL, client.Message{Data: p.data}); err != nil {
		t.topic.handed.Add(^uint64(0))
		p.under.drop()
		return false, err
	}
	t.next++
	p.sending(due)
	return true, nil
}

// publishBatch publishes a batch and waits for the answer. false: there are no more.
func (p *publisher) publishBatch(ctx context.Context, t *target, due int64) (bool, error) {
	whole := p.bench.settings.Batch
	n := p.take(whole)
	if n == 0 {
		return false, nil
	}
	msgs := make([]client.Message, n)
	data := make([]byte, n*len(p.data))
	for i := range msgs {
		msgs[i].Data = data[i*len(p.data) : (i+1)*len(p.data)]
		copy(msgs[i].Data, p.data)
		p.bench.payloads.write(msgs[i].Data, stamp{t.stream, t.next, due})
		t.next++
		p.under.push(handedOver{due, t.topic})
	}
	t.topic.handed.Add(uint64(n))
	p.sending(due)
	// What was sent is waited for, a while, when the load ends.
	calling, release := outlasting(ctx, answersWithin)
	defer release()
	ack, err := p.client.Publish(calling, t.topic.name, p.bench.settings.TTL, msgs...)
	var refused *client.Error
	if errors.Is(err, client.ErrUnreachable) || errors.Is(err, context.Canceled) || (err != nil && !errors.As(err, &refused)) {
		err = errors.Join(client.ErrOutcomeUnknown, err)
	}
	p.answered(client.Outcome{Count: n, Topic: t.topic.name, Ack: ack, Err: err})
	return n == whole, nil
}

// sending notes that what was due is handed over now. Without a pace it is as soon as it is due.
func (p *publisher) sending(due int64) {
	if p.pace == nil {
		return
	}
	now := p.bench.clock.now()
	p.lastSent, p.late = now, now-due
	if due < p.from {
		return
	}
	if p.firstSent == 0 {
		p.firstSent = now
	}
	p.sent.record(now - due)
}

// answered is told what became of a batch, in the order of handing over.
func (p *publisher) answered(o client.Outcome) {
	now := p.bench.clock.now()
	batch := p.under.take(o.Count)
	count := uint64(len(batch))
	switch {
	case o.Err == nil || errors.Is(o.Err, client.ErrDetailsForgotten):
		p.acked.Add(count)
		p.lastAck.Store(now)
		p.durability.Store(int32(o.Ack.Durability))
		p.record(batch, now)
		if p.onAck != nil && o.Err == nil {
			p.onAck(o.Ack, batch, now)
		}
	case errors.Is(o.Err, client.ErrOutcomeUnknown):
		p.unknown.Add(count)
		p.bench.failUnlessOver(o.Err)
	case errors.Is(o.Err, client.ErrNotSent):
		p.bench.failUnlessOver(o.Err)
	default:
		p.refused.Add(count)
		p.bench.fail(o.Err)
	}
}

func (p *publisher) record(batch []handedOver, now int64) {
	p.acks.mu.Lock()
	defer p.acks.mu.Unlock()
	begun := 0 // of the messages to one topic
	for i := range batch {
		if i == len(batch)-1 || batch[i+1].topic != batch[i].topic {
			batch[i].topic.acked.Add(uint64(i + 1 - begun))
			begun = i + 1
		}
		if batch[i].due >= p.from {
			p.acks.recordLocked(now-batch[i].due, 1)
		}
	}
}

// lost is told that the connection is lost, and again of each attempt to make another one that fails.
func (p *publisher) lost(err error, _ time.Duration) {
	if acked := p.acked.Load() + 1; acked != p.lostAt {
		p.lostAt = acked
		p.bench.lost(err)
	}
}

// close waits for the answers.
func (p *publisher) close(ctx context.Context) {
	if p.stream == nil {
		return
	}
	if err := p.stream.Close(ctx); err != nil && ctx.Err() == nil {
		p.bench.fail(err)
	}
}
