package broker

import "context"

// Eviction has a record, as no replay could find out again what was evicted: by then messages have expired that were
// there when it was decided. What goes is chosen when a publish needs room, from what is retained and not yet on its way
// out, and proposed before the publish. It is gone when that is committed.

// evictionRuns is the most runs that one commit evicts of a topic, so that others get in between.
const evictionRuns = 4096

// marked is how much of a run is on its way out: its first messages.
type marked struct {
	count uint32
	bytes uint32
}

// eviction is being put together.
type eviction struct {
	topic     *topic
	proposals []Proposal
	runs      int    // in the last of them
	cold      uint64 // a message of a run that has to be loaded first; 0: none
}

// evictLocked chooses what goes, until missing is met, and gives the proposals that say so. Where it is not met by all
// there is, and whole is set, nothing goes. The caller holds topic.mu alone, and proposes after letting go of it. Where a
// run has to be loaded, so that its messages can be told apart, topic.mu is let go of in between.
func (b *Broker) evictLocked(ctx context.Context, t *topic, rule LimitRule, whole bool, missing func() need) (met bool, all []Proposal) {
	for {
		n := missing()
		if n.met() || !rule.evicts() {
			return n.met(), nil
		}
		e := &eviction{topic: t}
		e.choose(rule, &n, b.clock.Now())
		if e.cold == 0 && (n.met() || !whole) {
			for i := range e.proposals {
				b.leaving.Add(e.proposals[i].stake.freed)
			}
			return n.met(), e.proposals
		}
		for i := range e.proposals {
			t.quota.unmark(t, &e.proposals[i])
		}
		if e.cold == 0 {
			return false, nil
		}
		t.mu.Unlock()
		err := b.warm(ctx, t, e.cold)
		t.mu.Lock()
		if err != nil {
			return false, nil // whoever reads it is told
		}
	}
}

// choose marks messages until n is met or there are none left.
func (e *eviction) choose(rule LimitRule, n *need, now Instant) {
	q, runs := &e.topic.quota, &e.topic.runs
	stays := func(r *run) bool { return !r.passing && r.alive(now) && q.marked[r.last()].count < r.count }
	if rule == LimitEvictSoonest && q.soonest == nil {
		q.soonest = newDeadlineHeap(runs)
	}
	for p := runs.seek(q.upTo + 1); !n.met(); {
		oldest := runs.at(p)
		for oldest != nil && !stays(oldest) {
			p = runs.next(p)
			oldest = runs.at(p)
		}
		if oldest == nil {
			return
		}
		q.upTo = max(q.upTo, oldest.first-1)
		r := oldest
		if rule == LimitEvictSoonest {
			r = runs.at(q.soonest.next(runs, stays))
		}
		m, ok := q.marked[r.last()].grow(r, n)
		if !ok {
			e.cold = r.first
			return
		}
		e.take(r, m, n, r.first == oldest.first)
	}
}

// grow adds to what is marked of a run as much as is needed. It reports false when the run has to be loaded for that.
func (m marked) grow(r *run, n *need) (marked, bool) {
	left, bytes := int64(r.count-m.count), int64(r.size-m.bytes)
	if n.memory > 0 || n.messages >= left || n.bytes >= bytes || left == 1 {
		return marked{r.count, r.size}, true
	}
	if r.cold() {
		return m, false
	}
	for messages, bytes := n.messages, n.bytes; messages > 0 || bytes > 0; {
		size := frameBytes(r.body[m.bytes:])
		m.count++
		m.bytes += uint32(size)
		messages--
		bytes -= int64(size)
	}
	return m, true
}

// take marks a run as far as m says and adds that to what is proposed. When it is the oldest, all up to there goes, which
// is said in a single commit.
func (e *eviction) take(r *run, m marked, n *need, oldest bool) {
	q := &e.topic.quota
	before := q.marked[r.last()]
	if q.marked == nil {
		q.marked = map[uint64]marked{}
	}
	q.marked[r.last()] = m
	goes := load{int64(m.count - before.count), int64(m.bytes - before.bytes)}
	q.leaving.add(goes)
	n.sub(goes)
	freed := int64(0)
	if m.count == r.count {
		freed = r.cost()
		n.memory -= freed
	}
	last := r.first + uint64(m.count) - 1
	p := Proposal{Kind: KindEvicted, Topic: e.topic.id, Last: last}
	switch newest := len(e.proposals) - 1; {
	case oldest:
		q.upTo = last
		if newest >= 0 && e.proposals[newest].Published == 0 && e.runs < evictionRuns {
			e.proposals[newest].Last = last
			e.proposals[newest].stake.freed += freed
			e.runs++
			return
		}
	default:
		p.Published, p.Sequence = r.position, last-uint64(goes.messages)+1
	}
	p.stake = &stake{of: &q.coming, freed: freed}
	e.proposals, e.runs = append(e.proposals, p), 1
}

// unmark has what an eviction would have taken stay.
func (q *quota) unmark(t *topic, p *Proposal) {
	for at := t.runs.seek(p.Sequence); t.runs.at(at) != nil; at = t.runs.next(at) {
		r := t.runs.at(at)
		if r.first > p.Last {
			break
		}
		if p.Published == 0 || p.Published == r.position {
			q.left(r)
		}
	}
	q.upTo, q.soonest = 0, nil
}

// left forgets what was marked of a run.
func (q *quota) left(r *run) {
	if m, ok := q.marked[r.last()]; ok {
		q.leaving.sub(load{int64(m.count), int64(m.bytes)})
		delete(q.marked, r.last())
	}
}

// split hands what was marked of a run to its parts.
func (q *quota) split(r *run, parts []run) {
	m, ok := q.marked[r.last()]
	if !ok {
		return
	}
	delete(q.marked, r.last())
	for i := range parts {
		part := &parts[i]
		count := min(m.count, part.count)
		if count == 0 {
			return
		}
		of := marked{count, part.size}
		if count < part.count {
			of.bytes = m.bytes
		}
		q.marked[part.last()] = of
		m.count -= of.count
		m.bytes -= of.bytes
	}
}

// evict proposes evictions. The caller holds no lock.
func (b *Broker) evict(t *topic, all []Proposal) {
	for _, p := range all {
		b.propose(t.lane, p, func(_ Commit, err error) {
			t.mu.Lock()
			defer t.mu.Unlock()
			b.redeemLocked(t, p.stake)
			if err != nil {
				t.quota.unmark(t, &p)
			}
		})
	}
}

// applyEvicted ends messages as evicted: those of one run, or all that a topic retains up to a sequence.
func (b *Broker) applyEvicted(c *Commit) {
	t := b.lookupID(c.Topic)
	if t == nil {
		return
	}
	b.lockToCut(t, c.Sequence, c.Last)
	defer t.mu.Unlock()
	t.freezeLocked()
	for next := c.Sequence; next <= c.Last; {
		p := t.runs.seek(next)
		r := t.runs.at(p)
		if r == nil || r.first > c.Last {
			break
		}
		first, last := max(r.first, c.Sequence), min(r.last(), c.Last)
		next = last + 1
		if r.passing || !r.alive(c.Time) || (c.Published != 0 && c.Published != r.position) {
			continue
		}
		if cut := first > r.first || last < r.last(); cut && r.cold() {
			continue // it cannot be read, so it will not be served either
		}
		out := t.takeOutLocked(b.separateLocked(t, p, first, last))
		b.endLocked(t, &out, Evicted, c.Time)
	}
	t.isFrozen = false
	b.redeemLocked(t, c.stake)
}

// lockToCut takes topic.mu alone when the runs in which a range begins and ends are in memory, so that they can be split,
// or cannot be read.
func (b *Broker) lockToCut(t *topic, first, last uint64) {
	for {
		t.mu.Lock()
		sequence := t.coldEdgeLocked(first, last)
		if sequence == 0 {
			return
		}
		t.mu.Unlock()
		if b.warm(context.Background(), t, sequence) != nil {
			t.mu.Lock()
			return
		}
	}
}

// coldEdgeLocked gives a message of a cold run that a range divides, 0 if there is none.
func (t *topic) coldEdgeLocked(first, last uint64) uint64 {
	for _, edge := range []uint64{first, last} {
		r, _ := t.runs.find(edge)
		if r != nil && r.cold() && ((edge == first && r.first < first) || (edge == last && r.last() > last)) {
			return edge
		}
	}
	return 0
}
