package memlog

import (
	"cmp"
	"maps"
	"slices"

	"linger/broker"
)

// Reopen makes a log that holds what a closed one with Options.Keep kept, as a start after a clean stop would.
func (l *Log) Reopen(clock *broker.Clock) *Log {
	o := l.options
	o.Clock = clock
	s := l.state
	s.topics, s.names = map[broker.TopicID]*topicState{}, map[string]*topicState{}
	for id, t := range l.state.topics {
		s.topics[id] = &topicState{slices.Clone(t.puts), t.next, t.evicted}
		s.names[t.puts[0].Put.Name] = s.topics[id]
	}
	s.kept = maps.Clone(l.state.kept)
	for position, c := range s.kept {
		if t := s.topics[c.Topic]; t != nil && c.Kind == broker.KindPublished && c.First+uint64(c.Count)-1 <= t.evicted.Last {
			s.release(position)
		}
	}
	return newLog(o, s)
}

// keep remembers a commit for a replay. What a topic is stands in its state; "now or never" is never kept, but that its
// producer was told.
func (s *state) keep(c broker.Commit) {
	switch c.Kind {
	case broker.KindTopicPut, broker.KindClock:
	case broker.KindEvicted:
		if c.Published != 0 {
			s.kept[c.Position] = c
		}
	case broker.KindTopicDeleted:
		for position, k := range s.kept {
			if k.Topic == c.Topic {
				s.release(position)
			}
		}
	default:
		s.kept[c.Position] = c
		if c.Kind == broker.KindPublished && c.TTL == 0 {
			s.release(c.Position)
		}
	}
}

// release lets a commit go, but for what its producer was told.
func (s *state) release(position uint64) {
	c := s.kept[position]
	if c.Request == 0 || s.time.Sub(c.Time) >= broker.ProducerIdle {
		delete(s.kept, position)
		return
	}
	c.Body, c.Size = nil, 0
	s.kept[position] = c
}

// replay gives what survives, in position order: topics with the sequences they have come to, then messages, changes,
// and producers; last the time.
func (s *state) replay() []broker.Commit {
	if s.position == 0 {
		return nil
	}
	var all []broker.Commit
	for id, t := range s.topics {
		made := t.puts[0]
		made.Topic, made.First = id, t.next
		all = append(append(all, made), t.puts[1:]...)
		if t.evicted.Position > 0 {
			all = append(all, t.evicted)
		}
	}
	for _, c := range s.kept {
		if c.Body != nil || c.Request == 0 || s.time.Sub(c.Time) < broker.ProducerIdle {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(x, y broker.Commit) int { return cmp.Compare(x.Position, y.Position) })
	return append(all, broker.Commit{Proposal: broker.Proposal{Kind: broker.KindClock}, Position: s.position, Time: s.time})
}
