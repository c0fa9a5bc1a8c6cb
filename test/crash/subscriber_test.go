package crash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"linger/client"
)

// subscriber reads topics from the first start of the server to its last end. It reconnects by itself, or, with lots to
// draw, gives up its subscription at times and makes a new one from the token.
type subscriber struct {
	oracle   *oracle
	name     string
	client   *client.Client
	patterns []string
	rng      *rand.Rand // nil: one subscription for ever

	places map[string]*reading // by topic; oracle.mu
}

// reading is how far a subscriber has come in a topic.
type reading struct {
	incarnation uint64
	next        uint64 // every sequence below was delivered, or told as missed, or is from before it began
	missed      []client.Gap
}

func newSubscriber(o *oracle, name string, c *client.Client, rng *rand.Rand, patterns ...string) *subscriber {
	return &subscriber{oracle: o, name: name, client: c, patterns: patterns, rng: rng, places: map[string]*reading{}}
}

func (s *subscriber) run(ctx context.Context) {
	var start client.Start
	for ctx.Err() == nil {
		sub := s.client.Subscribe(s.patterns, client.SubscribeOptions{Start: start})
		token := sub.Token()
		for ev, err := range sub.Events(ctx) {
			if err != nil {
				if ctx.Err() == nil {
					s.oracle.fail("%s was refused: %w", s.name, err)
				}
				return
			}
			// A token that changed is exact: all before this event was taken, and this one was not.
			if now := sub.Token(); s.rng != nil && !bytes.Equal(now, token) {
				token = now
				if s.rng.IntN(50) == 0 {
					break // and this event comes again
				}
			}
			s.take(ev)
		}
		start = client.FromToken(token)
	}
}

func (s *subscriber) take(ev client.Event) {
	s.oracle.mu.Lock()
	defer s.oracle.mu.Unlock()
	switch ev := ev.(type) {
	case *client.Run:
		s.runLocked(ev)
	case client.Gap:
		r := s.placeLocked(ev.Topic)
		if r.next != 0 && r.next != ev.FirstSequence || ev.Total() != ev.LastSequence-ev.FirstSequence+1 {
			s.failLocked("%s at %d was told that #%d to #%d were missed: %v", ev.Topic, r.next, ev.FirstSequence, ev.LastSequence, ev)
		}
		r.next = ev.LastSequence + 1
		r.missed = append(r.missed, ev)
	case client.Expired: // on the way here
		r := s.placeLocked(ev.Topic)
		if r.next != 0 && r.next != ev.FirstSequence {
			s.failLocked("%s at %d: #%d to #%d expired on the way", ev.Topic, r.next, ev.FirstSequence, ev.LastSequence)
		}
		r.next = ev.LastSequence + 1 // a change that came too late for this delivery may keep it alive even so
	case client.Reset:
		s.resetLocked(ev)
	}
}

func (s *subscriber) placeLocked(topic string) *reading {
	r := s.places[topic]
	if r == nil {
		r = &reading{}
		s.places[topic] = r
	}
	return r
}

func (s *subscriber) runLocked(run *client.Run) {
	r := s.placeLocked(run.Topic)
	if r.incarnation != run.Incarnation {
		if r.incarnation != 0 {
			s.failLocked("%s goes on in another incarnation, and no reset was told", run.Topic)
			*r = reading{}
		}
		r.incarnation = run.Incarnation
	}
	if r.next != 0 && run.FirstSequence != r.next {
		s.failLocked("%s at %d was given #%d", run.Topic, r.next, run.FirstSequence)
	}
	r.next = run.LastSequence() + 1
	for i := range run.Messages {
		at := place{run.Topic, run.Incarnation, run.FirstSequence + uint64(i)}
		if m := s.oracle.seenLocked(at, run.Messages[i].Data, s.name); m != nil {
			m.deliveredLocked(run.ExpireTime)
		}
	}
}

// deliveredLocked notes what deadline a delivery told.
func (m *message) deliveredLocked(until time.Time) {
	for _, t := range m.told {
		if t.Equal(until) {
			return
		}
	}
	m.told = append(m.told, until)
}

// resetLocked takes a reset, which only topics have cause for that are deleted or were in memory.
func (s *subscriber) resetLocked(ev client.Reset) {
	o := s.oracle
	for _, t := range o.topics {
		if t.name != ev.Topic {
			continue
		}
		if !t.deletable && (t.durability == client.Fsynced || o.died == 0) {
			s.failLocked("%s was reset: %v", t.name, ev.Reason)
		}
		s.places[t.name] = nil // another incarnation may follow
		return
	}
	s.failLocked("reset of %q: %v", ev.Topic, ev.Reason)
}

func (s *subscriber) failLocked(format string, args ...any) {
	s.oracle.failLocked("%s: %w", s.name, fmt.Errorf(format, args...))
}

// missedLocked tells whether the subscriber was told that a message will not come.
func (s *subscriber) missedLocked(at place) bool {
	r := s.places[at.topic]
	if r == nil || r.incarnation != at.incarnation {
		return false
	}
	for _, g := range r.missed {
		if g.FirstSequence <= at.sequence && at.sequence <= g.LastSequence {
			return true
		}
	}
	return false
}

// pastLocked tells whether the subscriber has got, or was told that it missed, everything up to a place.
func (s *subscriber) pastLocked(at place) bool {
	r := s.places[at.topic]
	return r != nil && r.incarnation == at.incarnation && r.next > at.sequence
}
