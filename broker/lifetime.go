package broker

import (
	"context"
	"fmt"
)

// SetDeadlineResult tells what holds after a change of lifetime.
type SetDeadlineResult struct {
	Deadline         Instant
	LoweredToMaximum bool // asked for more than publish time + the policy's maximum
}

// LifetimeChange tells a new deadline.
type LifetimeChange struct {
	Topic                 string
	Incarnation, Sequence uint64
	Deadline, Previous    Instant
}

// SetDeadline changes how long a message lives, to an absolute time; expected 0 stands for whichever deadline it has. Now
// or earlier ends it at once, as expired. Errors: [ErrTopicNotFound], [ErrNoMessage], [ErrEnded], [ErrConflict],
// [ErrTTLRejected], [ErrUnknownOutcome].
func (b *Broker) SetDeadline(ctx context.Context, name string, sequence uint64, deadline, expected Instant) (SetDeadlineResult, error) {
	t := b.lookup(name)
	if t == nil {
		return SetDeadlineResult{}, topicNotFound(name)
	}
	result, err := b.accept(t, sequence, deadline, expected)
	if err != nil {
		return result, err
	}
	_, err = b.commit(ctx, Proposal{
		Kind: KindDeadline, Topic: t.id, Sequence: sequence, Deadline: result.Deadline, Expected: expected,
	})
	if err != nil {
		b.unhold(t, sequence)
		return SetDeadlineResult{}, commitError(name, err)
	}
	return result, b.changed(t, sequence, result.Deadline, expected)
}

// accept checks a change, and from then on holds the message alive if it is an extension (contract 8).
func (b *Broker) accept(t *topic, sequence uint64, deadline, expected Instant) (SetDeadlineResult, error) {
	now := b.clock.Now()
	b.reclaim(now)
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := t.aliveLocked(sequence, now)
	if err != nil {
		return SetDeadlineResult{}, err
	}
	if expected != 0 && r.deadline != expected {
		return SetDeadlineResult{}, conflict(sequence, r.deadline)
	}
	result := SetDeadlineResult{Deadline: deadline}
	if latest := t.maxDeadlineLocked(r); deadline > latest {
		policy := t.policyAtLocked(sequence)
		if policy.Reject {
			return SetDeadlineResult{}, &Error{Err: ErrTTLRejected, Field: "expire_time", Detail: fmt.Sprintf(
				"%s keeps messages %v at most; #%d can be kept until %s.", t.name, policy.Max, sequence, latest.Time().Format("2006-01-02T15:04:05.000Z07:00"))}
		}
		result = SetDeadlineResult{Deadline: latest, LoweredToMaximum: true}
	}
	if result.Deadline > r.deadline {
		b.hold(t, sequence, result.Deadline)
	}
	return result, nil
}

// hold keeps a message alive while its extension is on its way. The caller holds topic.mu.
func (b *Broker) hold(t *topic, sequence uint64, deadline Instant) {
	if t.held == nil {
		t.held = map[uint64]Instant{}
	}
	r, p := t.runs.find(sequence)
	if _, again := t.held[sequence]; !again {
		t.held[sequence] = r.deadline // what holds if the extension fails
	}
	b.moveLocked(t, p, sequence, deadline)
}

// unhold gives a message back the deadline that is committed.
func (b *Broker) unhold(t *topic, sequence uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	committed, held := t.held[sequence]
	if r, p := t.runs.find(sequence); held && r != nil {
		b.moveLocked(t, p, sequence, committed)
	}
	delete(t.held, sequence)
}

// aliveLocked finds a message that can be changed. The caller holds topic.mu.
func (t *topic) aliveLocked(sequence uint64, now Instant) (*run, error) {
	if sequence == 0 || sequence >= t.next {
		return nil, &Error{Err: ErrNoMessage, Field: "sequence", Detail: fmt.Sprintf("%s has no #%d yet; the last is #%d.", t.name, sequence, t.next-1)}
	}
	if r, _ := t.runs.find(sequence); r != nil && !r.passing && r.alive(now) {
		return r, nil
	}
	ended := t.endedLocked(sequence)
	return nil, &Error{Err: ErrEnded, Field: "sequence", Ended: ended, Detail: fmt.Sprintf("#%d of %s has ended: %s.", sequence, t.name, ended)}
}

func conflict(sequence uint64, now Instant) error {
	return &Error{Err: ErrConflict, Field: "expected_expire_time", Detail: fmt.Sprintf(
		"the deadline of #%d is %s. Look again, then decide.", sequence, now.Time().Format("2006-01-02T15:04:05.000Z07:00"))}
}

// moveLocked gives one message another deadline, and returns the run that it is now.
func (b *Broker) moveLocked(t *topic, p place, sequence uint64, deadline Instant) {
	b.isolateLocked(t, p, sequence)
	r, _ := t.runs.find(sequence)
	r.deadline = deadline
	b.schedule(deadline, t.id, sequence)
	t.revision = b.revisions.Add(1)
}

// changed tells whether a committed change took: another may have come between.
func (b *Broker) changed(t *topic, sequence uint64, deadline, expected Instant) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := b.clock.Now()
	r, _ := t.runs.find(sequence)
	switch {
	case r != nil && r.deadline == deadline, deadline <= now:
		return nil
	case r == nil:
		_, err := t.aliveLocked(sequence, now)
		return err
	case expected != 0:
		return conflict(sequence, r.deadline)
	}
	return nil // a later change holds by now
}

// applyDeadline gives a message the deadline that was committed.
func (b *Broker) applyDeadline(c *Commit) {
	t := b.lookupID(c.Topic)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, p := t.runs.find(c.Sequence)
	if r == nil || r.passing {
		return // ended before the change was committed
	}
	committed := r.deadline
	if before, held := t.held[c.Sequence]; held {
		committed = before
		delete(t.held, c.Sequence)
	} else if c.Time >= committed {
		return // it was dead when the change was committed
	}
	if c.Expected != 0 && c.Expected != committed {
		if committed != r.deadline {
			b.moveLocked(t, p, c.Sequence, committed) // the hold is off
		}
		return
	}
	deadline := min(c.Deadline, t.maxDeadlineLocked(r))
	b.moveLocked(t, p, c.Sequence, deadline)
	b.watchChanged(t, LifetimeChange{Topic: t.name, Incarnation: t.incarnation, Sequence: c.Sequence, Deadline: deadline, Previous: committed})
	if deadline <= c.Time {
		_, p := t.runs.find(c.Sequence)
		ended := t.takeOutLocked(p)
		b.endLocked(t, &ended, ExpiredUndelivered, c.Time)
	}
}

// DeleteMessage ends a message as deleted. Errors: as [Broker.SetDeadline].
func (b *Broker) DeleteMessage(ctx context.Context, name string, sequence uint64) error {
	t := b.lookup(name)
	if t == nil {
		return topicNotFound(name)
	}
	now := b.clock.Now()
	b.reclaim(now)
	t.mu.RLock()
	_, err := t.aliveLocked(sequence, now)
	t.mu.RUnlock()
	if err != nil {
		return err
	}
	if _, err := b.commit(ctx, Proposal{Kind: KindDeleted, Topic: t.id, Sequence: sequence}); err != nil {
		return commitError(name, err)
	}
	return nil
}

// applyDeleted ends a message as deleted.
func (b *Broker) applyDeleted(c *Commit) {
	t := b.lookupID(c.Topic)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, p := t.runs.find(c.Sequence)
	if r == nil || r.passing || c.Time >= r.deadline {
		return
	}
	delete(t.held, c.Sequence)
	b.isolateLocked(t, p, c.Sequence)
	_, p = t.runs.find(c.Sequence)
	ended := t.takeOutLocked(p)
	b.endLocked(t, &ended, Deleted, c.Time)
}
