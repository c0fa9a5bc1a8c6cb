package pebblelog

import (
	"time"

	"linger/broker"
)

// Numbers reserved at a time for what is never written: sequences of a topic, positions of the store.
const (
	reserveSequences = 4096
	reservePositions = 1 << 16
)

// state is what has been ordered. Once the log is open, whoever has the queue's turn writes it, and nobody else.
type state struct {
	group    uint64 // number of the last group
	position uint64
	reserved uint64 // positions up to this are taken, whatever happens
	time     broker.Instant
	stored   broker.Instant // the time that is on disk
	topics   map[broker.TopicID]*topicState
	names    map[string]*topicState
	latest   *topicState // that was looked for, for what follows is mostly for the same
}

// topicState is a topic that exists.
type topicState struct {
	id       broker.TopicID
	name     string
	next     uint64        // sequence of the next message
	reserved uint64        // sequences below this are taken, whatever happens
	max      time.Duration // the greatest lifetime that any policy of it allowed
	policies *policies
	evicted  evicted // from its beginning on
	passing  bool    // has used sequences for what is never written since they were last stored
	touched  bool    // by the group that is being formed
}

// topic gives a topic that exists, nil for others.
func (s *state) topic(id broker.TopicID) *topicState {
	if s.latest == nil || s.latest.id != id {
		s.latest = s.topics[id]
	}
	return s.latest
}

// assign orders one proposal: position, sequence and time together. It gives the topic that the commit is of.
func (s *state) assign(c *broker.Commit) (t *topicState, err error) {
	if c.Topic != 0 {
		t = s.topic(c.Topic)
	}
	if err := s.refuse(&c.Proposal, t); err != nil {
		return t, err
	}
	c.Time = s.time
	if c.Kind == broker.KindPublished {
		if c.First, err = c.Place(s.time, t.next); err != nil {
			return t, err
		}
		t.next = c.First + uint64(c.Count)
	}
	s.position++
	c.Position = s.position
	switch c.Kind {
	case broker.KindTopicPut:
		if t == nil {
			t = &topicState{id: broker.TopicID(c.Position), name: c.Put.Name, next: 1, reserved: 1}
			s.topics[t.id], s.names[t.name], s.latest = t, t, t
		}
		c.First = t.next
		t.max = max(t.max, c.Put.Policy.Max)
	case broker.KindEvicted:
		if c.Published == 0 {
			t.evicted.note(c)
		}
	case broker.KindTopicDeleted:
		delete(s.topics, t.id)
		delete(s.names, t.name)
		s.latest = nil
	}
	return t, nil
}

// refuse tells why a proposal cannot be committed.
func (s *state) refuse(p *broker.Proposal, t *topicState) error {
	switch {
	case p.Topic != 0 && t == nil:
		return broker.ErrTopicNotFound
	case p.Kind == broker.KindTopicPut && p.Topic == 0 && s.names[p.Put.Name] != nil:
		return broker.ErrTopicExists
	case p.Kind == broker.KindTopicDeleted && p.Sequence != 0 && p.Sequence != t.next:
		return broker.ErrConflict
	}
	return nil
}
