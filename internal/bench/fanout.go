package bench

import (
	"context"
	"time"

	"linger/client"
)

// warm is how long a load at a rate goes on before times are recorded: connections and code are cold at first.
const warm = 500 * time.Millisecond

// live has publishers and readers work at the same time: fanout, as fast as the slowest reader follows, and latency, at a rate.
func (b *Bench) live(ctx context.Context, r *Result) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.makeReaders(ctx, client.FromNew()); err != nil {
		return err
	}
	stop, err := b.startReaders(ctx)
	if err != nil {
		return err
	}
	defer stop()
	begun, lasts := b.clock.now(), b.settings.Duration
	b.setPace(begun)
	if b.settings.Workload == Latency {
		begun += int64(warm)
		b.recordFrom(begun)
		if lasts > 0 {
			lasts += warm
		}
	}
	b.phase.begin("publishing and reading", b.delivered, lasts)
	b.phase.of(b.settings.Messages*len(b.readers)/len(b.topics), b.readers[0].times)
	release := b.holdBack()
	err = b.loading(ctx, lasts)
	release()
	if b.settings.Workload == Latency {
		begun = b.recordedSince(begun)
	}
	b.readOut(ctx, r, begun, stop)
	b.finish(r)
	if err == nil {
		err = b.failure()
	}
	return err
}

// recordFrom has times recorded of what is due from then on.
func (b *Bench) recordFrom(due int64) {
	for _, p := range b.publishers {
		p.from = due
	}
	for _, r := range b.readers {
		r.mu.Lock()
		r.from = due
		r.mu.Unlock()
	}
}

// recordedSince is when the first message was sent that is recorded. One that was due then was sent later if publishers did not
// keep the rate: what they reached counts from there.
func (b *Bench) recordedSince(due int64) int64 {
	first := int64(0)
	for _, p := range b.publishers {
		if p.firstSent > 0 && (first == 0 || p.firstSent < first) {
			first = p.firstSent
		}
	}
	return max(first, due)
}

// delivered is how many messages came so far.
func (b *Bench) delivered() (sum uint64) {
	for _, r := range b.readers {
		sum += r.handled.Load()
	}
	return sum
}

// readOut has the readers read what is on its way, stops them, and adds what they and the publishers found.
func (b *Bench) readOut(ctx context.Context, r *Result, begun int64, stop func()) {
	b.phase.begin("reading what is on its way", b.delivered, 0)
	whole := b.drain(ctx)
	stop()
	b.gather(r, whole)
	b.publishRows(r, begun)
	b.readRows(r, begun)
}

// drainEvery is how often it is looked whether the readers have everything.
const drainEvery = 5 * time.Millisecond

// drain waits until the readers have all that was acknowledged. true: they have, or were given all the time they need; false:
// the wait was cut short.
func (b *Bench) drain(ctx context.Context) (whole bool) {
	moved, last := time.Now(), b.delivered()
	interrupted, patience := ctx.Done(), stallAfter
	failed := b.failure() != nil
	for !b.all() {
		select {
		case <-time.After(drainEvery):
		case <-interrupted:
			interrupted, patience, moved = nil, drainWithin, time.Now()
		}
		if now := b.delivered(); now != last && interrupted != nil {
			moved, last = time.Now(), now
		}
		if time.Since(moved) > patience {
			return interrupted != nil && !failed
		}
	}
	return true
}

// all says whether every reader has what was acknowledged.
func (b *Bench) all() bool {
	for _, r := range b.readers {
		var acked uint64
		for _, t := range r.topics {
			acked += t.acked.Load()
		}
		if r.handled.Load() < acked {
			return false
		}
	}
	return true
}
