package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
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
	p := Proposal{Kind: KindDeadline, Topic: t.id, Sequence: sequence, Expected: expected}
	result, held, err := b.accept(ctx, t, &p, deadline)
	if err != nil {
		return result, err
	}
	if held {
		_, err = b.commitThen(ctx, t.lane, p, func(err error) { b.endHold(t, p, err) })
	} else {
		_, err = b.commit(ctx, t.lane, p)
	}
	if err != nil {
		return SetDeadlineResult{}, commitError(name, err)
	}
	return result, b.changed(t, sequence, result.Deadline, expected)
}

// endHold lets go of a message whose extension was answered with err. While it may still appear the message is held; when
// something proposed later is committed, it will not.
func (b *Broker) endHold(t *topic, p Proposal, err error) {
	switch {
	case err == nil:
	case errors.Is(err, ErrUnknownOutcome):
		b.propose(t.lane, Proposal{Kind: KindClock}, func(_ Commit, err error) {
			if err == nil {
				err = ErrEnded // the extension never came
			}
			b.endHold(t, p, err)
		})
	default:
		b.unhold(t, p.Sequence, p.Deadline)
	}
}

// accept checks a change, and from then on holds the message alive if it is an extension (contract 8).
func (b *Broker) accept(ctx context.Context, t *topic, p *Proposal, deadline Instant) (result SetDeadlineResult, held bool, err error) {
	if err := b.lockWarm(ctx, t, p.Sequence); err != nil {
		return result, false, err
	}
	defer t.mu.Unlock()
	now := b.clock.Now()
	r, err := t.aliveLocked(p.Sequence, now)
	if err != nil {
		return result, false, err
	}
	result = SetDeadlineResult{Deadline: deadline}
	if latest := t.maxDeadlineLocked(r); deadline > latest {
		policy := t.policyAtLocked(p.Sequence)
		if policy.Reject {
			return SetDeadlineResult{}, false, &Error{
				Err: ErrTTLRejected, Field: "expire_time", Detail: fmt.Sprintf(
					"%s keeps messages %v at most; #%d can be kept until %s.", t.name, policy.Max, p.Sequence, latest.Time().Format(detailTime)),
				Values: map[string]string{"topic": t.name, "sequence": decimal(p.Sequence), "max": milliseconds(policy.Max), "latest": decimal(latest)},
			}
		}
		result = SetDeadlineResult{Deadline: latest, LoweredToMaximum: true}
	}
	if p.Expected != 0 && r.deadline != p.Expected && r.deadline != result.Deadline { // a repetition finds what it wanted
		return SetDeadlineResult{}, false, conflict(p.Sequence, r.deadline)
	}
	p.Accepted, p.Deadline, p.Published = now, result.Deadline, r.position
	if result.Deadline > r.deadline {
		b.holdLocked(t, r, p)
		return result, true, nil
	}
	return result, false, nil
}

// holding is what a message's deadline would be without the extensions that are on their way, and these.
type holding struct {
	committed Instant
	asked     []Instant
}

// latest is the deadline that holds.
func (h *holding) latest() Instant {
	latest := h.committed
	for _, asked := range h.asked {
		latest = max(latest, asked)
	}
	return latest
}

// holdLocked keeps a message alive while its extension is on its way. The caller holds topic.mu.
func (b *Broker) holdLocked(t *topic, r *run, p *Proposal) {
	if t.held == nil {
		t.held = map[uint64]*holding{}
	}
	h := t.held[p.Sequence]
	if h == nil {
		h = &holding{committed: r.deadline}
		t.held[p.Sequence] = h
	}
	h.asked = append(h.asked, p.Deadline)
	b.moveLocked(t, p.Sequence, h.latest())
}

// unhold gives a message back the deadline that it has without an extension that failed.
func (b *Broker) unhold(t *topic, sequence uint64, asked Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, _ := t.runs.find(sequence); r != nil && t.held[sequence] != nil {
		b.settleLocked(t, r, sequence, r.deadline, asked)
	}
}

// settleLocked makes deadline the committed one of a message, unless it is held, and ends the hold of one extension. It
// tells which deadline holds now. The caller holds topic.mu.
func (b *Broker) settleLocked(t *topic, r *run, sequence uint64, deadline, asked Instant) Instant {
	if h := t.held[sequence]; h != nil {
		if i := slices.Index(h.asked, asked); i >= 0 {
			h.asked = slices.Delete(h.asked, i, i+1)
		}
		if len(h.asked) == 0 {
			delete(t.held, sequence)
		}
		deadline = h.latest()
	}
	if deadline != r.deadline {
		b.moveLocked(t, sequence, deadline)
	}
	return deadline
}

// aliveLocked finds a message that can be changed. The caller holds topic.mu.
func (t *topic) aliveLocked(sequence uint64, now Instant) (*run, error) {
	if sequence == 0 || sequence >= t.next {
		return nil, &Error{
			Err: ErrNoMessage, Field: "sequence", Detail: fmt.Sprintf("%s has no #%d yet; the last is #%d.", t.name, sequence, t.next-1),
			Values: map[string]string{"topic": t.name, "sequence": decimal(sequence), "last": decimal(t.next - 1)},
		}
	}
	if r, _ := t.runs.find(sequence); r != nil && !r.passing && r.alive(now) {
		return r, nil
	}
	ended := t.endedLocked(sequence)
	return nil, &Error{
		Err: ErrEnded, Field: "sequence", Ended: ended, Detail: fmt.Sprintf("#%d of %s has ended: %s.", sequence, t.name, ended),
		Values: map[string]string{"topic": t.name, "sequence": decimal(sequence)},
	}
}

func conflict(sequence uint64, now Instant) error {
	return &Error{
		Err: ErrConflict, Field: "expected_expire_time", Detail: fmt.Sprintf(
			"the deadline of #%d is %s. Look again, then decide.", sequence, now.Time().Format(detailTime)),
		Values: map[string]string{"sequence": decimal(sequence), "expires": decimal(now)},
	}
}

// moveLocked gives one message another deadline.
func (b *Broker) moveLocked(t *topic, sequence uint64, deadline Instant) {
	_, p := t.runs.find(sequence)
	p = b.isolateLocked(t, p, sequence)
	t.keepGrantedLocked(sequence, t.runs.at(p).deadline, deadline)
	t.runs.redate(p, deadline)
	t.soonest.Store(soonestUnknown)
	b.revisions.Add(1)
}

// keepGrantedLocked remembers the deadline that a message was published with when it goes from one to another.
func (t *topic) keepGrantedLocked(sequence uint64, from, to Instant) {
	granted, changed := t.granted[sequence]
	switch {
	case changed && granted == to:
		delete(t.granted, sequence)
	case !changed && from != to:
		if t.granted == nil {
			t.granted = map[uint64]Instant{}
		}
		t.granted[sequence] = from
	}
}

// grantedLocked is the lifetime that the messages of a run were published with.
func (t *topic) grantedLocked(r *run) time.Duration {
	if granted, changed := t.granted[r.first]; changed {
		return granted.Sub(r.published)
	}
	return r.deadline.Sub(r.published)
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
	if b.lockWarm(context.Background(), t, c.Sequence) != nil {
		return // it cannot be read, so it will not be served either
	}
	defer t.mu.Unlock()
	r, _ := t.runs.find(c.Sequence)
	if r == nil || r.passing {
		return // ended before the change was committed
	}
	committed := r.deadline
	h := t.held[c.Sequence]
	if h != nil {
		committed = h.committed
	}
	if c.Accepted >= committed || (c.Expected != 0 && c.Expected != committed) {
		b.settleLocked(t, r, c.Sequence, committed, c.Deadline)
		return // it was dead when the change was accepted, or another change came first
	}
	if h != nil {
		h.committed = c.Deadline
	}
	deadline := b.settleLocked(t, r, c.Sequence, c.Deadline, c.Deadline)
	b.watchChanged(t, LifetimeChange{Topic: t.name, Incarnation: t.incarnation, Sequence: c.Sequence, Deadline: deadline, Previous: committed})
	if deadline <= c.Time {
		_, p := t.runs.find(c.Sequence)
		ended := t.takeOutLocked(b.isolateLocked(t, p, c.Sequence))
		b.endLocked(t, &ended, ExpiredUndelivered, c.Time)
	}
}

// DeleteMessage ends a message as deleted. Errors: as [Broker.SetDeadline].
func (b *Broker) DeleteMessage(ctx context.Context, name string, sequence uint64) error {
	t := b.lookup(name)
	if t == nil {
		return topicNotFound(name)
	}
	p := Proposal{Kind: KindDeleted, Topic: t.id, Sequence: sequence}
	if err := b.warm(ctx, t, sequence); err != nil { // not when it is committed: others wait then
		return err
	}
	now := b.clock.Now()
	t.mu.RLock()
	r, err := t.aliveLocked(sequence, now)
	if err == nil {
		p.Published = r.position
	}
	t.mu.RUnlock()
	if err != nil {
		return err
	}
	if _, err := b.commit(ctx, t.lane, p); err != nil {
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
	if b.lockWarm(context.Background(), t, c.Sequence) != nil {
		return // it cannot be read, so it will not be served either
	}
	defer t.mu.Unlock()
	r, p := t.runs.find(c.Sequence)
	if r == nil || r.passing || c.Time >= r.deadline {
		return
	}
	ended := t.takeOutLocked(b.isolateLocked(t, p, c.Sequence))
	b.endLocked(t, &ended, Deleted, c.Time)
}
