package broker

import (
	"math"
	"time"

	"linger/broker/wheel"
)

// sweep is the only goroutine that the broker always has: it reclaims what is due and forgets what is no longer remembered.
func (b *Broker) sweep() {
	defer b.stopped.Done()
	forget := b.clock.Now().Add(time.Minute)
	var kept Instant // when the time was last proposed to be stored
	for {
		timer := time.NewTimer(b.untilSweep(forget, kept))
		select {
		case <-timer.C:
		case <-b.kick:
			timer.Stop()
		case <-b.closing:
			timer.Stop()
			return
		}
		now := b.clock.Now()
		b.reclaim(now)
		if b.runs.Load() > 0 && now >= b.keepAt(kept) {
			kept = now
			b.propose(b.lanes[storeLane], Proposal{Kind: KindClock}, func(Commit, error) {})
		}
		if now >= forget {
			forget = now.Add(time.Minute)
			b.forget(now)
		}
	}
}

// untilSweep is how long the sweeper may sleep: to the next deadline, but not less than a few milliseconds, so that many
// ends are worked off at once; with live messages until the time has to be stored.
func (b *Broker) untilSweep(forget, kept Instant) time.Duration {
	now := b.clock.Now()
	at := forget
	// Together: a deadline added later sees when the sweeper means to wake, and one added before is seen here.
	b.wheelMu.Lock()
	defer b.wheelMu.Unlock()
	if next, ok := b.wheel.Next(); ok {
		at = min(at, Instant(next))
	}
	if b.runs.Load() > 0 {
		at = min(at, b.keepAt(kept))
	}
	wait := max(at.Sub(now), 5*time.Millisecond)
	b.sweepAt.Store(int64(now.Add(wait)))
	return wait
}

// keepAt is when the time has to be stored if messages live: a second after the newest commit (contract 5), and not again
// while that is on its way.
func (b *Broker) keepAt(kept Instant) Instant {
	return max(Instant(b.lastTime.Load()), kept).Add(time.Second)
}

// forget drops what is remembered for a while only: ends, producers, idle topics, deadlines that were changed.
func (b *Broker) forget(now Instant) {
	b.producers.forget(now)
	b.renewWheel(now)
	inAll := 0
	var idle []Proposal
	for _, t := range b.allTopics() {
		t.mu.Lock()
		t.ends.forget(now.Add(-endsKeptFor))
		inAll += t.ends.len()
		b.forgetHistoryLocked(t, now)
		if t.auto && t.runs.runs == 0 && !t.namedByReaderLocked() && now.Sub(t.emptySince) >= idleTopicLife {
			// Not if something is published meanwhile.
			idle = append(idle, Proposal{Kind: KindTopicDeleted, Topic: t.id, Sequence: t.next})
		}
		t.mu.Unlock()
	}
	if inAll > endsKeptInAll {
		b.trimEnds(inAll)
	}
	for _, p := range idle {
		b.propose(b.lanes[storeLane], p, func(Commit, error) {})
	}
}

// namedByReaderLocked tells whether a subscription names the topic without wildcards. One for everything keeps no topic.
func (t *topic) namedByReaderLocked() bool {
	for _, c := range t.cursors {
		if c.named {
			return true
		}
	}
	return false
}

// trimEnds brings the remembered ends of all topics down to their bound, taking from each its share.
func (b *Broker) trimEnds(inAll int) {
	for _, t := range b.allTopics() {
		t.mu.Lock()
		t.ends.trim(t.ends.len() * endsKeptInAll / inAll)
		t.mu.Unlock()
	}
}

// staleKept is how many entries that no longer matter may stay on the wheel, beyond as many as chunks have: two each.
const staleKept = 4096

// renewWheel makes a new wheel when most of what is on the old one no longer matters: deadlines that were changed, and
// messages that were deleted or evicted, stay there until their time would have come.
func (b *Broker) renewWheel(now Instant) {
	topics, chunks := b.allTopics(), 0
	for _, t := range topics {
		t.mu.RLock()
		chunks += len(t.runs.chunks)
		t.mu.RUnlock()
	}
	b.reclaimMu.Lock() // nobody may count while deadlines are missing
	defer b.reclaimMu.Unlock()
	b.wheelMu.Lock()
	if b.wheel.Len() <= 3*chunks+staleKept {
		b.wheelMu.Unlock()
		return
	}
	b.wheel = wheel.New(int64(now))
	b.wheelMu.Unlock()
	for _, t := range b.allTopics() {
		t.mu.RLock()
		for _, c := range t.runs.chunks {
			b.schedule(c.due, t.id, c.first())
			if c.review != math.MaxInt64 {
				b.schedule(c.review, t.id, c.first())
			}
		}
		t.mu.RUnlock()
	}
}
