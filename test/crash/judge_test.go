package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"linger/client"
	"linger/test/process"
)

// judge has everybody wait, lets what is under way end, and compares what the server has with what the oracle knows.
func (w *workload) judge(t *testing.T, c *client.Client, subscribers ...*subscriber) {
	t.Helper()
	w.gate.Lock()
	defer w.gate.Unlock()
	process.Eventually(t, process.Patience, func() error { return process.Expect("the number of unanswered messages", w.oracle.waiting(), 0) })
	j := &judge{oracle: w.oracle, client: c, seen: map[*message]bool{}}
	for _, topic := range w.oracle.topics {
		if err := j.topic(t.Context(), topic); err != nil {
			t.Fatalf("reading %s: %v", topic.name, err)
		}
	}
	w.oracle.mu.Lock()
	j.inOrderLocked()
	w.oracle.mu.Unlock()
	for _, s := range subscribers {
		j.caughtUp(t, s)
	}
	if err := w.oracle.problems(); err != nil {
		t.Fatal(err)
	}
}

// judge compares.
type judge struct {
	oracle *oracle
	client *client.Client
	seen   map[*message]bool
	listed []*message
}

// topic compares one topic: what it lists, what a new reader gets, its counters and its policy.
func (j *judge) topic(ctx context.Context, t *topic) error {
	from, err := j.client.ServerTime(ctx)
	if err != nil {
		return err
	}
	var listed []client.Retained
	exists := true
	for m, err := range j.client.ListMessages(ctx, t.name, client.ListOptions{}) {
		if errors.Is(err, client.ErrNotFound) {
			exists = false
			break
		}
		if err != nil {
			return err
		}
		listed = append(listed, m)
	}
	var now client.Topic
	if exists {
		if now, err = j.client.GetTopic(ctx, t.name); err != nil {
			return err
		}
	}
	until, err := j.client.ServerTime(ctx)
	if err != nil {
		return err
	}
	j.oracle.mu.Lock()
	defer j.oracle.mu.Unlock()
	j.listLocked(t, listed)
	j.absentLocked(ctx, t, now.Incarnation, from, until)
	if exists {
		j.countersLocked(t, &now, listed)
		j.policyLocked(t, now.Policy)
	} else if t.neverDeleted() {
		j.oracle.failLocked("%s is gone", t.name)
	}
	return nil
}

func (t *topic) neverDeleted() bool { return len(t.deletions) == 0 }

// listLocked looks at every message that is there: once, in order, of those that were published, alive until a deadline
// that it was given.
func (j *judge) listLocked(t *topic, listed []client.Retained) {
	o := j.oracle
	last := uint64(0)
	for i := range listed {
		r := &listed[i]
		at := place{r.Topic, r.Incarnation, r.Sequence}
		if r.Sequence <= last || r.TimeLeft <= 0 {
			o.failLocked("%v is listed after #%d, %v before its end", at, last, r.TimeLeft)
		}
		last = r.Sequence
		m := o.seenLocked(at, r.Data, "the list")
		if m == nil {
			continue
		}
		if j.seen[m] {
			o.failLocked("message %d is listed twice", m.id)
		}
		j.seen[m] = true
		j.listed = append(j.listed, m)
		if m.gone || m.deletion == done || m.passing {
			o.failLocked("message %d at %v is listed: it was found gone %t, was deleted %t, is now or never %t", m.id, at, m.gone, m.deletion == done, m.passing)
		}
		if m.outcome == acknowledged && !slices.ContainsFunc(m.deadlines, r.ExpireTime.Equal) {
			o.failLocked("message %d at %v is listed until %v, and was given %v", m.id, at, r.ExpireTime, m.deadlines)
		}
		// So it is, whatever was not answered.
		m.deadlines = append(m.deadlines[:0], r.ExpireTime)
		m.unsure, m.deletion = false, notAsked
	}
}

// absentLocked looks at every message that is not there: it has to have a reason.
func (j *judge) absentLocked(ctx context.Context, t *topic, incarnation uint64, from, until time.Time) {
	o := j.oracle
	for _, m := range o.messages {
		if m.topic != t || m.gone || j.seen[m] {
			continue
		}
		for _, told := range m.told {
			if m.outcome == acknowledged && !slices.ContainsFunc(m.ever, told.Equal) {
				o.failLocked("message %d at %v was delivered as alive until %v, and was given %v", m.id, m.place, told, m.ever)
			}
		}
		switch {
		case m.outcome == refused, m.passing, m.deletion != notAsked:
		case slices.ContainsFunc(m.deadlines, func(d time.Time) bool { return !d.After(until) }):
		case m.outcome == unknown:
		case m.place.incarnation != incarnation && t.mayHaveEnded(m, o.died):
		default:
			o.failLocked("message %d at %v, acknowledged at tick %d (the server died at %d), alive until %v, is not there at %v to %v: %s",
				m.id, m.place, m.settled, o.died, m.deadlines, from, until, j.state(ctx, m.place))
		}
		m.gone = true
	}
}

// state is what the server says of a message that should be there.
func (j *judge) state(ctx context.Context, at place) string {
	state, err := j.client.GetMessage(ctx, at.topic, at.sequence)
	switch {
	case err != nil:
		return err.Error()
	case state.Ended != nil:
		return fmt.Sprintf("%v at %v", state.Ended.Reason, state.Ended.EndTime)
	}
	return fmt.Sprintf("until %v, %q", state.Retained.ExpireTime, state.Retained.Data[:min(len(state.Retained.Data), 12)])
}

// mayHaveEnded tells whether the topic may have ended after a message was handed over.
func (t *topic) mayHaveEnded(m *message, died tick) bool {
	if t.durability == client.Memory && died > m.handed {
		return true
	}
	return slices.ContainsFunc(t.deletions, func(d *deletion) bool { return d.ended == 0 || d.ended > m.handed })
}

// countersLocked adds up.
func (j *judge) countersLocked(t *topic, now *client.Topic, listed []client.Retained) {
	o, s := j.oracle, now.Stats
	if s.Published != s.Retained+s.Passing+s.Ended.Total() {
		o.failLocked("%s: published %d, retained %d, passing %d, ended %d", t.name, s.Published, s.Retained, s.Passing, s.Ended.Total())
	}
	alive, lately := uint64(0), uint64(0)
	for i := range listed {
		if listed[i].ExpireTime.After(now.ServerTime) {
			alive++
		}
		if listed[i].ExpireTime.After(now.ServerTime.Add(-time.Second)) {
			lately++ // within a second of its deadline it is gone from every count
		}
	}
	if s.Retained < alive || s.Retained > lately {
		o.failLocked("%s: %d are retained, %d are listed, %d a second ago", t.name, s.Retained, alive, lately)
	}
	acknowledgedHere, perhaps, greatest := uint64(0), uint64(0), uint64(0)
	for _, m := range o.messages {
		switch {
		case m.topic != t:
		case m.outcome == unknown:
			perhaps++
		case m.outcome == acknowledged && m.place.incarnation == now.Incarnation:
			acknowledgedHere++
			greatest = max(greatest, m.place.sequence)
		}
	}
	if s.NextSequence <= greatest || s.Published < acknowledgedHere || s.Published-s.Ended.Lost-s.Ended.ExpiredUnknown > acknowledgedHere+perhaps && t.neverDeleted() && t.durability == client.Fsynced {
		o.failLocked("%s goes on at #%d, and has published %d, lost %d; #%d was given, %d were acknowledged",
			t.name, s.NextSequence, s.Published, s.Ended.Lost, greatest, acknowledgedHere)
	}
}

// policyLocked compares the policy with those that may hold.
func (j *judge) policyLocked(t *topic, now client.TopicPolicy) {
	for _, p := range t.policies {
		if p.TTLMin == now.TTLMin && p.TTLDefault == now.TTLDefault && p.TTLMax == now.TTLMax && p.Reject == now.Reject && p.RefuseZero == now.RefuseZero {
			t.policies = []client.TopicPolicy{p}
			return
		}
	}
	if !t.deletable {
		j.oracle.failLocked("the policy of %s is %+v, and was set to %+v", t.name, now, t.policies)
	}
}

// inOrderLocked checks that each publisher's messages stand in each topic in the order in which they were handed over. A
// policy may have refused what was now or never, with nobody told before the crash, and allow it by the time that it is
// sent again, behind the rest of its request.
func (j *judge) inOrderLocked() {
	type line struct {
		publisher *publisher
		topic     *topic
	}
	last := map[line]*message{}
	for _, m := range j.oracle.messages {
		if m.outcome != acknowledged || m.passing {
			continue
		}
		l := line{m.publisher, m.topic}
		if p := last[l]; p != nil && m.place.incarnation != 0 && p.place.incarnation == m.place.incarnation && p.place.sequence >= m.place.sequence {
			j.oracle.failLocked("publisher %d: message %d (handed over at tick %d, acknowledged at %d) is at %v, and the later %d (%d, %d) at %v; the server died at %d",
				m.publisher.number, p.id, p.handed, p.settled, p.place, m.id, m.handed, m.settled, m.place, j.oracle.died)
		}
		last[l] = m
	}
}

// caughtUp waits until a subscriber has come to the newest message that lives, and looks whether what it was told it
// missed is there.
func (j *judge) caughtUp(t *testing.T, s *subscriber) {
	t.Helper()
	o := j.oracle
	process.Eventually(t, process.Patience, func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		now := time.Now() // by which the server's clock goes, too
		for _, m := range j.listed {
			// What ends before it was delivered is told with the next message of its topic, and there is none while everybody waits.
			if m.deadlines[0].After(now) && !s.pastLocked(m.place) && s.reads(m.topic) {
				return fmt.Errorf("%s has not come to %v; in that topic it has come to %+v", s.name, m.place, s.placeLocked(m.place.topic))
			}
		}
		return nil
	})
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range j.listed {
		if s.reads(m.topic) && s.missedLocked(m.place) && m.deadlines[0].After(now) {
			o.failLocked("%s was told that %v was missed, and it is there until %v", s.name, m.place, m.deadlines)
		}
	}
}

func (s *subscriber) reads(t *topic) bool {
	return slices.Contains(s.patterns, ">") || slices.Contains(s.patterns, t.name)
}
