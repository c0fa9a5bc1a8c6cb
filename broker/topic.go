package broker

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// topic is one incarnation of a topic: what it retains, how its messages ended, and who reads it.
type topic struct {
	id          TopicID
	name        string
	incarnation uint64
	created     Instant
	lane        *lane // where its messages are kept

	// Small fields lie together, as the next size that Go allocates is 64 bytes more for each topic.
	nameHash   uint32
	durability Durability
	auto       bool  // made by a publish
	deleted    bool  // mu guards it
	isFrozen   bool  // whether frozen, below, holds; mu guards it
	slot       int32 // in topicIndex.all; Broker.mu guards it

	// mu guards what follows. Readers hold it shared while they read runs; whatever changes runs or ends holds it alone.
	mu            sync.RWMutex
	passingBytes  int32
	born          uint64       // position in its lane from which on there may be messages
	policies      []policyFrom // in force from a sequence on; the last is for what is published now
	runs          runList
	next          uint64 // sequence of the next message
	unused        uint64 // numbers below it that no message ever had
	counts        Counts
	passingFrom   uint64 // no run that passes begins before it
	ends          endLog
	past          coverage // what readers that left, or skipped, had been handed
	marks         marks
	cursors       cursorSet
	lastPosition  uint64 // of the newest commit with messages
	lastPublish   Instant
	lastEnd       Instant
	emptySince    Instant             // when it last became empty, for the end of idle topics
	held          map[uint64]*holding // messages whose extension is on its way
	granted       map[uint64]Instant  // deadlines that messages were published with, where another one holds
	pieces        map[uint64]uint32   // of split commits, by position: messages not ended yet
	deletedBefore uint64              // messages deleted one by one before the topic was
	activity      activity
	history       *history // what happened of late; nil: nothing, or there was no room to note it
	quota         quota

	// soonest is the earliest deadline among what is alive: unknown, none, or an instant. Changed by who holds mu alone;
	// readers that share mu may fill it in.
	soonest atomic.Int64

	// frozen is an index of the readers' places, while mu is held alone to end many runs.
	frozen readPlaces

	// waiting are the cursors that have read everything. Its own lock, taken inside mu, lets readers join while they
	// share mu; publishing holds mu alone and so meets nobody here.
	waitingMu sync.Mutex
	waiting   []*cursor
}

// policyFrom is a policy and the first sequence that it rules.
type policyFrom struct {
	from   uint64
	policy Policy
}

// newTopic makes a topic of what is stored of it. In the memory lane each start begins it anew.
func newTopic(id TopicID, put TopicPut, next uint64, l *lane) *topic {
	born := uint64(id)
	if l.index == memoryLane {
		next, born = 1, 0
	}
	t := &topic{
		id: id, name: put.Name, nameHash: nameHash(put.Name), incarnation: put.Incarnation ^ l.salt(), created: put.Created,
		durability: put.Durability, auto: put.Auto, lane: l, born: born, next: next, policies: []policyFrom{{1, put.Policy}}, emptySince: put.Created,
	}
	t.runs.b, t.runs.topic = l.broker, t
	// What was published before a restart and does not come back in the replay has ended unseen; the replay takes back
	// what it brings.
	t.counts.Published = next - 1
	t.counts.Ended.ExpiredUnknown = next - 1
	return t
}

// put is the topic as it is stored, with a policy.
func (t *topic) put(p Policy) TopicPut {
	return TopicPut{Name: t.name, Incarnation: t.incarnation ^ t.lane.salt(), Created: t.created, Durability: t.durability, Policy: p}
}

// policyLocked is the policy for what is published now.
func (t *topic) policyLocked() Policy { return t.policies[len(t.policies)-1].policy }

// policyAtLocked is the policy that ruled when the message was published.
func (t *topic) policyAtLocked(sequence uint64) Policy {
	i := len(t.policies) - 1
	for i > 0 && t.policies[i].from > sequence {
		i--
	}
	return t.policies[i].policy
}

// setPolicyLocked rules what is published from a sequence on (contract 8).
func (t *topic) setPolicyLocked(p Policy, from uint64) {
	if last := &t.policies[len(t.policies)-1]; last.from == from {
		last.policy = p
		return
	}
	t.policies = append(t.policies, policyFrom{from, p})
	// Policies that no message alive was published under are of no more use.
	oldest := t.next
	if r := t.runs.at(place{}); r != nil {
		oldest = r.first
	}
	for len(t.policies) > 1 && t.policies[1].from <= oldest {
		t.policies = slices.Delete(t.policies, 0, 1)
	}
}

// appendLocked takes a published run, alive or passing.
func (t *topic) appendLocked(r run) {
	t.runs.push(r)
	if end := r.last() + 1; end > t.next {
		t.passOverLocked(r.first, r.published)
		t.next = end
		t.counts.Published += uint64(r.count)
	} else {
		t.counts.Ended.ExpiredUnknown -= uint64(r.count) // a replay brings back what was counted as gone
	}
	if r.passing {
		if t.counts.Passing == 0 {
			t.passingFrom = r.first
		}
		t.counts.Passing += uint64(r.count)
		t.passingBytes += int32(r.size)
	} else {
		t.counts.Retained += uint64(r.count)
		t.counts.RetainedBytes += uint64(r.size)
		if known := t.soonest.Load(); known != soonestUnknown && int64(r.deadline) < known {
			t.soonest.Store(int64(r.deadline))
		}
	}
	t.activity.add(uint64(r.count), r.published)
	t.lastPosition, t.lastPublish = r.position, r.published
}

// passOverLocked counts the numbers up to first, which a publish was to begin with, as messages that ended at an unknown
// time: they had come and gone where the message comes from.
func (t *topic) passOverLocked(first uint64, at Instant) {
	n := first - t.next
	if n == 0 {
		return
	}
	t.counts.Published += n
	t.counts.Ended.ExpiredUnknown += n
	t.ends.record(t.next, first-1, ExpiredUnknown, 0, at, 0)
	if t.ends.len() > endsKept+endsKept/4 {
		t.ends.trim(endsKept)
	}
}

// takeOutLocked removes the run at p from the list and from what is counted as kept. The caller says how it ended.
func (t *topic) takeOutLocked(p place) run {
	r := *t.runs.at(p)
	t.runs.remove(p)
	t.uncountLocked(&r)
	return r
}

// uncountLocked takes a run that is no longer in the list out of what is counted as kept.
func (t *topic) uncountLocked(r *run) {
	t.marks.add(r.position, r.first-uint64(r.index))
	if r.passing {
		t.counts.Passing -= uint64(r.count)
		t.passingBytes -= int32(r.size)
		return
	}
	t.counts.Retained -= uint64(r.count)
	t.counts.RetainedBytes -= uint64(r.size)
	t.quota.left(r)
	if int64(r.deadline) <= t.soonest.Load() {
		t.soonest.Store(soonestUnknown)
	}
}

// isolateLocked makes the message a run of its own, so that its lifetime can differ from its neighbours', and tells its
// place.
func (b *Broker) isolateLocked(t *topic, p place, sequence uint64) place {
	return b.separateLocked(t, p, sequence, sequence)
}

// separateLocked makes the messages first to last of the run at p a run of their own and tells its place. The run must
// not be cold, unless all of it is meant.
func (b *Broker) separateLocked(t *topic, p place, first, last uint64) place {
	r := *t.runs.at(p)
	if first == r.first && last == r.last() {
		return p
	}
	if _, split := t.pieces[r.position]; !split {
		if t.pieces == nil {
			t.pieces = map[uint64]uint32{}
		}
		t.pieces[r.position] = r.count
	}
	parts := make([]run, 0, 3)
	if first > r.first {
		parts = append(parts, r.cut(r.first, first-1))
	}
	parts = append(parts, r.cut(first, last))
	if last < r.last() {
		parts = append(parts, r.cut(last+1, r.last()))
	}
	delta := -r.cost()
	for i := range parts {
		parts[i].own()
		delta += parts[i].cost()
	}
	t.quota.split(&r, parts)
	t.runs.replace(p, parts...)
	b.used.Add(delta)
	b.runs.Add(int64(len(parts) - 1))
	return t.runs.seek(first)
}

// deliveriesLocked counts the subscriptions that were handed the message, and tells up to which sequence that count is
// the same.
func (t *topic) deliveriesLocked(sequence uint64, passing bool) (count uint32, until uint64) {
	count, until = t.past.at(sequence)
	if t.isFrozen && !passing {
		more, end := t.frozen.covering(sequence)
		return count + more, min(until, end)
	}
	for _, c := range t.cursors {
		covered, end := c.covers(sequence, passing)
		if covered {
			count++
		}
		until = min(until, end)
	}
	return count, until
}

// maxDeadlineLocked is the latest deadline that a message may be given (contract 8).
func (t *topic) maxDeadlineLocked(r *run) Instant {
	return r.published.Add(t.policyAtLocked(r.first).Max)
}

// nextDeadlineLocked is the earliest deadline among what is alive at now, 0 when nothing is.
func (t *topic) nextDeadlineLocked(now Instant) Instant {
	switch known := t.soonest.Load(); {
	case known == soonestNone:
		return 0
	case known != soonestUnknown && known > int64(now):
		return Instant(known)
	}
	soonest := int64(soonestNone)
	t.runs.allOf(func(c *chunk) bool { return int64(c.due) < soonest }, func(r *run) bool {
		if !r.passing && r.alive(now) {
			soonest = min(soonest, int64(r.deadline))
		}
		return true
	})
	t.soonest.Store(soonest)
	if soonest == soonestNone {
		return 0
	}
	return Instant(soonest)
}

// What topic.soonest may be besides an instant.
const (
	soonestUnknown = 0
	soonestNone    = math.MaxInt64
)

// lagLocked is the greatest number of messages that a reader has still to be given.
func (t *topic) lagLocked() (worst uint64) {
	for _, c := range t.cursors {
		worst = max(worst, t.next-min(c.pos.Load(), t.next)) // a reader may wait for a sequence to come
	}
	return worst
}
