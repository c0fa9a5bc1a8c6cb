package broker

import (
	"context"
	"fmt"
	"time"
)

// Limits are held by counting: what a topic retains, and what is on its way to be retained, less what is on its way out
// (contract 9). So publishes that are on their way at the same time share what room there is, and none is evicted for
// twice. What only passes counts against no limit of its topic's.

// takeRoom holds memory for a proposal, and counts it for its topic's limits. Where there is no room, the topic's rule
// decides (contract 9): it says when there will be some, or evicts. What is refused has evicted nothing, but for disk.
func (b *Broker) takeRoom(ctx context.Context, t *topic, policy *Policy, p *Proposal) error {
	if p.TTL > 0 {
		if err := policy.fits(t.name, p); err != nil {
			return err
		}
		if err := b.roomOnDisk(ctx, t, policy, p); err != nil {
			return err
		}
	}
	if err := b.reserve(ctx, t, policy, p); err != nil {
		return err
	}
	if p.TTL == 0 || !policy.limited() {
		return nil
	}
	if err := b.countIn(ctx, t, p); err != nil {
		b.used.Add(-reserved(p))
		return err
	}
	return nil
}

// countIn counts a publish for its topic's limits, and evicts for it.
func (b *Broker) countIn(ctx context.Context, t *topic, p *Proposal) error {
	s := &stake{of: &t.quota.coming, coming: load{int64(p.Count), int64(p.Size)}}
	t.mu.Lock()
	policy := t.policyLocked()
	with := t.quota.coming
	with.add(s.coming)
	if excess := t.excessLocked(&policy, with); !excess.met() {
		t.mu.Unlock()
		b.reclaimAtOnce(b.clock.Now()) // what is dead takes no room
		t.mu.Lock()
		with = t.quota.coming
		with.add(s.coming)
		if excess = t.excessLocked(&policy, with); !excess.met() && !policy.AtLimit.evicts() {
			defer t.mu.Unlock()
			return b.limitError(t, &policy, s.coming, excess)
		}
	}
	t.quota.coming.add(s.coming)
	p.stake = s
	_, evictions := b.evictLocked(ctx, t, policy.AtLimit, false, func() need { return t.excessLocked(&policy, t.quota.coming) })
	t.mu.Unlock()
	b.evict(t, evictions)
	return nil
}

// evictExcess evicts what a topic holds beyond its limits. Messages are evicted before those for which they make room,
// but only messages that are there: where more was on its way than the topic may hold, the rest follows here.
func (b *Broker) evictExcess(t *topic) {
	t.mu.RLock()
	policy := t.policyLocked()
	excess := t.excessLocked(&policy, load{})
	t.mu.RUnlock()
	if excess.met() || !policy.AtLimit.evicts() {
		return
	}
	t.mu.Lock()
	_, evictions := b.evictLocked(context.Background(), t, policy.AtLimit, false, func() need { return t.excessLocked(&policy, load{}) })
	t.mu.Unlock()
	b.evict(t, evictions)
}

// reserved is the memory held for a proposal until it is answered.
func reserved(p *Proposal) int64 { return int64(len(p.Body)) + RunOverhead }

// takeIfFree takes memory that is free. It makes no room: what it is for can wait, and publishers must not see it taken and
// given back.
func (b *Broker) takeIfFree(size int64) bool {
	limit := b.config.MemoryLimit
	for {
		used := b.used.Load()
		if limit > 0 && used+size > limit {
			return false
		}
		if b.used.CompareAndSwap(used, used+size) {
			return true
		}
	}
}

// reserve takes memory for a proposal, or says when there will be some.
func (b *Broker) reserve(ctx context.Context, t *topic, policy *Policy, p *Proposal) error {
	size := reserved(p)
	limit := b.config.MemoryLimit
	if used := b.used.Add(size); limit == 0 || used <= limit {
		return nil
	}
	now := b.clock.Now()
	b.reclaimAtOnce(now)
	b.coolTo(limit)
	if b.used.Load() <= limit {
		return nil
	}
	if policy.AtLimit.evicts() {
		t.mu.Lock()
		enough, evictions := b.evictLocked(ctx, t, policy.AtLimit, true, func() need {
			return need{memory: b.used.Load() - b.leaving.Load() - limit}
		})
		t.mu.Unlock()
		if enough {
			b.evict(t, evictions)
			return nil
		}
	}
	b.used.Add(-size)
	return b.fullError(now, size)
}

// diskShare is how much of a log's limit may be taken by what lives, in a topic that evicts: the rest is for what is
// dead and not yet off the disk, since that takes its time.
const diskShare = 0.75

// roomOnDisk makes room on disk in a topic that evicts, before the log has to refuse. It is told in bytes of what lives:
// those of the directory follow later, and would have too much evicted. In one go no more is evicted than twice what is
// to be published, so that a disk that others have filled does not cost the topic all it has.
func (b *Broker) roomOnDisk(ctx context.Context, t *topic, policy *Policy, p *Proposal) error {
	if !policy.AtLimit.evicts() || t.durability != DurabilityFsynced {
		return nil
	}
	stats := t.lane.log.Stats()
	if stats.Limit > 0 {
		size := int64(p.Size)
		missing := stats.Live + size - int64(diskShare*float64(stats.Limit))
		if missing = min(missing, 2*size); missing > 0 {
			t.mu.Lock()
			_, evictions := b.evictLocked(ctx, t, policy.AtLimit, false, func() need { return need{load: load{bytes: missing}} })
			t.mu.Unlock()
			b.evict(t, evictions)
		}
	}
	if stats.Full != nil { // for a topic's own limits nothing is evicted then
		return b.diskError(t.lane, stats.Full)
	}
	return nil
}

// diskError says when a log that is full will have room: soon where it is what is dead that fills it.
func (b *Broker) diskError(l *lane, err error) error {
	now := b.clock.Now()
	e := &Error{Err: ErrFull, Detail: err.Error(), RetryAfter: time.Second}
	stats := l.log.Stats()
	e.Values = map[string]string{"unit": "disk", "used": decimal(stats.Bytes), "limit": decimal(stats.Limit), "free": decimal(stats.Free)}
	if stats.Limit > 0 && float64(stats.Live) < diskShare*float64(stats.Limit) {
		return e
	}
	if next := b.nextDeadline(now); next != 0 {
		e.RetryAfter = max(next.Sub(now), time.Second)
	}
	return e
}

// fits refuses what can never be retained.
func (p *Policy) fits(topic string, of *Proposal) error {
	cannot := func(what string, needed, limit int64, unit, field string) error {
		return &Error{
			Err: ErrFull, Field: "topic", Detail: fmt.Sprintf(
				"%s of %d %s can never fit into %s, which retains %d %s at most (%s). Send less at a time, or raise the limit.", what, needed, unit, topic, limit, unit, field),
			Values: map[string]string{"topic": topic, "needed": decimal(needed), "limit": decimal(limit), "unit": unit},
		}
	}
	tooMany := p.MaxMessages > 0 && int64(of.Count) > p.MaxMessages
	tooLarge := p.MaxBytes > 0 && int64(of.Size) > p.MaxBytes
	switch {
	case !tooMany && !tooLarge:
		return nil
	case !p.AtLimit.evicts() && tooMany:
		return cannot("a batch", int64(of.Count), p.MaxMessages, "messages", "max_messages")
	case !p.AtLimit.evicts():
		return cannot("a batch", int64(of.Size), p.MaxBytes, "bytes", "max_bytes")
	}
	// Of a batch that is too large its first messages go, as if each had come by itself.
	for body := of.Body; tooLarge && len(body) > 0; {
		size := frameBytes(body)
		if int64(size) > p.MaxBytes {
			return cannot("a message", int64(size), p.MaxBytes, "bytes", "max_bytes")
		}
		body = body[size:]
	}
	return nil
}

// limitError says which of a topic's limits has no room for more, and when there will be some.
func (b *Broker) limitError(t *topic, p *Policy, more load, excess need) error {
	used, limit, unit, field := int64(t.counts.Retained)+t.quota.coming.messages, p.MaxMessages, "messages", "max_messages"
	if excess.messages <= 0 {
		used, limit, unit, field = int64(t.counts.RetainedBytes)+t.quota.coming.bytes, p.MaxBytes, "bytes", "max_bytes"
		more.messages = more.bytes
	}
	e := &Error{Err: ErrFull, Field: "topic", Detail: fmt.Sprintf(
		"%s is full: it retains %d of %d %s (%s), and there is no room for %d more.", t.name, used, limit, unit, field, more.messages)}
	e.Values = map[string]string{"topic": t.name, "used": decimal(used), "limit": decimal(limit), "unit": unit}
	e.freeFrom(t.nextDeadlineLocked(b.clock.Now()), b.clock.Now())
	e.Detail += " With at_limit evict-oldest or evict-soonest the topic makes room itself."
	return e
}

// freeFrom adds when space comes free; 0: that is not known.
func (e *Error) freeFrom(next, now Instant) {
	if next == 0 {
		return
	}
	e.RetryAfter = max(next.Sub(now), time.Millisecond)
	e.Detail += fmt.Sprintf(" Space comes free from %s on, in %v; shorter lifetimes free it sooner.",
		next.Time().Format("15:04:05.000Z07:00"), e.RetryAfter)
}

// underwayWait is after what time to try again when what is on its way to the disk fills the memory.
const underwayWait = 100 * time.Millisecond

// fullError says how full the server is and when the next message goes.
func (b *Broker) fullError(now Instant, size int64) error {
	used, limit := b.used.Load(), b.config.MemoryLimit
	e := &Error{Err: ErrFull}
	if size > limit {
		e.Detail = fmt.Sprintf("%d bytes cannot fit into the server's memory limit of %d bytes (--memory).", size, limit)
		e.Values = map[string]string{"unit": "memory", "needed": decimal(size), "limit": decimal(limit)}
		return e
	}
	e.Values = map[string]string{"unit": "memory", "used": decimal(used), "limit": decimal(limit)}
	e.Detail = fmt.Sprintf("the server's memory is full: %d of %d bytes (--memory).", used, limit)
	if underway := b.underway.Load(); used-underway+size <= limit {
		e.RetryAfter = underwayWait
		e.Detail += fmt.Sprintf(" %d of them are for messages on their way to the disk; try again in a moment, with less on its way at a time.", underway)
		return e
	}
	e.freeFrom(b.nextDeadline(now), now)
	return e
}
