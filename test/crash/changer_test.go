package crash

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"linger/client"
)

// changer changes deadlines and policies, and deletes messages and topics, one thing at a time.
type changer struct {
	*workload
	client *client.Client
	rng    *rand.Rand
}

func (c *changer) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.gate.RLock()
		c.change(ctx)
		c.gate.RUnlock()
		pause(ctx, time.Duration(c.rng.IntN(10))*time.Millisecond)
	}
}

func (c *changer) change(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	switch n := c.rng.IntN(100); {
	case n < 60:
		c.setDeadline(ctx)
	case n < 80:
		c.deleteMessage(ctx)
	case n < 98:
		c.setPolicy(ctx)
	default:
		c.deleteTopic(ctx)
	}
}

// pick gives a message that may be changed, and its sequence: acknowledged, of a topic that is never deleted, not too old.
func (c *changer) pick() (*message, uint64) {
	o := c.oracle
	o.mu.Lock()
	defer o.mu.Unlock()
	for range 20 {
		if len(o.messages) == 0 {
			break
		}
		m := o.messages[len(o.messages)-1-c.rng.IntN(min(len(o.messages), 2000))]
		if m.outcome == acknowledged && !m.passing && !m.topic.deletable && m.topic.durability == client.Fsynced && !m.unsure && m.deletion == notAsked && !m.gone {
			return m, m.place.sequence
		}
	}
	return nil, 0
}

func (c *changer) setDeadline(ctx context.Context) {
	m, sequence := c.pick()
	if m == nil {
		return
	}
	at := time.Now().Add(time.Duration(c.rng.IntN(4000)-200) * time.Millisecond).Truncate(time.Millisecond).UTC()
	if c.rng.IntN(2) == 0 {
		at = at.Add(time.Hour)
	}
	o := c.oracle
	o.mu.Lock()
	m.deadlines = append(m.deadlines, at)
	m.ever = append(m.ever, at)
	o.mu.Unlock()
	lifetime, err := c.client.SetExpireTime(ctx, m.topic.name, sequence, at, time.Time{})
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		o.deadlineLocked(m, lifetime.ExpireTime)
	case unanswered(err):
		m.unsure = true
	case c.refusedLocked(m, err):
		m.deadlines = m.deadlines[:len(m.deadlines)-1]
	}
}

func (c *changer) deleteMessage(ctx context.Context) {
	m, sequence := c.pick()
	if m == nil {
		return
	}
	o := c.oracle
	o.mu.Lock()
	m.deletion = notAnswered
	o.mu.Unlock()
	err := c.client.DeleteMessage(ctx, m.topic.name, sequence)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		m.deletion = done
	case unanswered(err):
		m.unsure = true
	case c.refusedLocked(m, err):
		m.deletion = notAsked
	}
}

// refusedLocked tells that a change was refused, which it may be when the message has ended. The judge finds out whether
// it has.
func (c *changer) refusedLocked(m *message, err error) bool {
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Code != codes.FailedPrecondition {
		m.unsure = true
		c.oracle.failLocked("a change of message %d at %v, until %v, was answered: %w", m.id, m.place, m.deadlines, err)
	}
	return true
}

func (c *changer) setPolicy(ctx context.Context) {
	o := c.oracle
	t := o.topics[c.rng.IntN(len(o.topics))]
	if t.deletable {
		return
	}
	policy := client.TopicPolicy{
		TTLMin: time.Millisecond, TTLDefault: time.Duration(1+c.rng.IntN(60)) * time.Minute,
		TTLMax: time.Duration(24+c.rng.IntN(72)) * time.Hour, Reject: c.rng.IntN(2) == 0, RefuseZero: c.rng.IntN(4) == 0,
	}
	o.mu.Lock()
	t.policies = append(t.policies, policy)
	o.mu.Unlock()
	_, err := c.client.SetTopicPolicy(ctx, t.name, policy)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		t.policies = []client.TopicPolicy{policy}
	case unanswered(err):
	default:
		o.failLocked("a new policy for %s was answered: %w", t.name, err)
	}
}

func (c *changer) deleteTopic(ctx context.Context) {
	o := c.oracle
	i := slices.IndexFunc(o.topics, func(t *topic) bool { return t.deletable })
	if i < 0 {
		return
	}
	t, d := o.topics[i], &deletion{}
	o.mu.Lock()
	d.began = o.tickLocked()
	t.deletions = append(t.deletions, d)
	o.mu.Unlock()
	_, err := c.client.DeleteTopic(ctx, t.name)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		d.ended = o.tickLocked()
	case unanswered(err):
	case errors.Is(err, client.ErrNotFound):
		t.deletions = t.deletions[:len(t.deletions)-1]
	default:
		o.failLocked("the deletion of %s was answered: %w", t.name, err)
	}
}

// unanswered tells whether what was asked for may have happened.
func unanswered(err error) bool {
	return errors.Is(err, client.ErrUnreachable) || errors.Is(err, client.ErrOutcomeUnknown) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
