package broker

import "slices"

// resume reads a token. One of another store begins at everything retained, with a reset that says so: then the token
// returned is nil.
func (s *Subscription) resume(in []byte) (*token, error) {
	t, ok := parseToken(in)
	lanes := s.broker.lanes
	switch {
	case !ok:
		return nil, &Error{Err: ErrBadToken, Field: "start.resume_token", Detail: "this is not a token of Linger's, or it was cut. Begin without it."}
	case t.patterns != s.hash:
		return nil, &Error{Err: ErrBadToken, Field: "start.resume_token", Detail: "it was made for other patterns. Resume with the same patterns, or begin without it."}
	}
	for i, l := range lanes {
		p := &t.parts[i]
		p.valid = i < t.lanes && p.store == l.hash && p.next.position <= l.applied.Load()+1
	}
	if !t.parts[storeLane].valid || t.lanes > len(lanes) {
		s.resets = append(s.resets, reset{Reset: Reset{Reason: ResetAnotherStore}})
		return nil, nil
	}
	for i := range t.parts {
		if err := t.parts[i].start.check(s.patterns); err != nil {
			return nil, err // made up
		}
	}
	return &t, nil
}

// saw tells whether the subscription of the token had to do with a topic, or with what the topic was before a restart.
func (t *token) saw(in *topic) bool {
	_, known := t.topics[in.id]
	return known || uint64(in.id) < t.parts[storeLane].next.position
}

// early tells that the token is from before the subscription had caught up.
func (p *tokenPart) early() bool { return p.next.position <= p.origin }

// sequenceIn is where the token's position is in a topic. The caller holds topic.mu.
func (p *tokenPart) sequenceIn(t *topic) uint64 {
	if t.born >= p.next.position {
		return 1 // made since: from its first message on
	}
	return t.sequenceAtLocked(p.next)
}

// askedIn is the first sequence in a topic that was published after the token's subscription had begun. The caller holds
// topic.mu.
func (p *tokenPart) askedIn(t *topic) uint64 {
	if t.born > p.origin {
		return 1
	}
	return t.sequenceAtLocked(spot{position: p.origin + 1})
}

// sequenceAtLocked is the first sequence at or behind a spot, as far as the topic remembers.
func (t *topic) sequenceAtLocked(at spot) uint64 {
	sequence := t.next
	p := t.runs.search(func(r *run) bool {
		return r.position > at.position || (r.position == at.position && r.index+r.count > at.index)
	})
	if r := t.runs.at(p); r != nil {
		sequence = r.first
		if r.position == at.position && at.index > r.index {
			sequence += uint64(at.index - r.index)
		}
	}
	if ended, ok := t.marks.after(at); ok {
		sequence = min(sequence, ended)
	}
	return sequence
}

// tellChangedLocked adds a reset for each topic of the subscription that was deleted since the token, and, if it was
// made again, says that it is another one now; so it does of memory topics that a restart began anew. The caller holds
// Broker.mu.
func (s *Subscription) tellChangedLocked(t *token) {
	b, told := s.broker, map[string]bool{}
	tell := func(name string) {
		if told[name] || !s.patterns.match(name) {
			return
		}
		told[name] = true
		reason := ResetTopicDeleted
		if b.topics[name] != nil {
			reason = ResetNewIncarnation
		}
		s.resets = append(s.resets, reset{Reset: Reset{Reason: reason, Topic: name}})
	}
	named := map[TopicID]bool{} // those of the token's topics whose names are known
	at := t.parts[storeLane].next.position
	for _, g := range b.graves.since(at) {
		named[TopicID(g.created)] = true
		if _, known := t.topics[TopicID(g.created)]; known || g.created < at {
			tell(g.name)
		}
	}
	// Which topics were deleted before a restart is not remembered: their names are found among those that there are.
	for id, at := range t.topics {
		if b.byID[id] != nil {
			continue
		}
		for _, name := range s.patterns.literals() {
			if nameHash(name) == at.name {
				named[id] = true
				tell(name)
			}
		}
		for _, topic := range b.topics {
			if topic.nameHash == at.name {
				named[id] = true
				tell(topic.name)
			}
		}
		if !named[id] {
			s.gone = append(s.gone, goneTopic{id: id, at: at})
		}
	}
	if len(b.lanes) > memoryLane && !t.parts[memoryLane].valid {
		for _, topic := range s.matchingLocked() {
			if topic.lane.index == memoryLane && t.saw(topic) {
				tell(topic.name)
			}
		}
	}
}

// goneTopic is a topic that a subscription had to do with, and whose name is not known any more: it was deleted before a
// restart and is not there under any name that the subscription could tell. If it is made again, its first message comes
// after a reset.
type goneTopic struct {
	id   TopicID
	at   tokenTopic
	told bool // the reset is to be handed out
}

// remade is called when a topic appears. It tells whether the subscription has to be notified: of a reset, because it knows
// the topic from before a restart.
func (s *Subscription) remade(t *topic) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.gone, func(g goneTopic) bool { return g.at.name == t.nameHash && !g.told })
	if i < 0 || s.closed {
		return false
	}
	s.gone[i].told = true
	s.resets = append(s.resets, reset{Reset: Reset{Reason: ResetNewIncarnation, Topic: t.name}, gone: s.gone[i].id})
	return true
}
