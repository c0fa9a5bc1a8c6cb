package broker

import (
	"cmp"
	"fmt"
	"slices"
)

// SlowPolicy is what happens to a subscription that falls behind what is retained.
type SlowPolicy uint8

// The policies for slow readers.
const (
	SlowTold         SlowPolicy = iota // it is told what it missed and goes on
	SlowDisconnect                     // it ends with [ErrTooSlow]
	SlowSkipToNewest                   // it is told and goes on with the newest message
)

// SubscribeOptions say what to hand out, from where.
type SubscribeOptions struct {
	Patterns []string // 1 to [MaxPatterns]
	Start    Start
	Slow     SlowPolicy

	// Client and Peer say who subscribes, and from where, for [Broker.TopicReaders]. They may be empty.
	Client, Peer string
}

// Subscribe begins a subscription. Errors: [ErrInvalid], [ErrBadToken], [ErrFull], [ErrStopped].
func (b *Broker) Subscribe(o SubscribeOptions) (*Subscription, error) {
	ps, err := parsePatterns(o.Patterns)
	if err != nil {
		return nil, err
	}
	s := &Subscription{
		broker: b, patterns: ps, slow: o.Slow, hash: hashPatterns(o.Patterns),
		wake: make(chan struct{}, 1), handed: make(chan struct{}, 1),
	}
	s.client, s.peer, s.patternTexts, s.began = o.Client, o.Peer, slices.Clone(o.Patterns), b.clock.Now()
	var t *token
	if o.Start.Kind == StartToken {
		if t, err = s.resume(o.Start.Token); err != nil {
			return nil, err
		}
		o.Start.Kind = StartAll // where the token does not say
	}
	if err := o.Start.check(ps); err != nil {
		return nil, err
	}
	now := b.reclaimed()

	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.closing:
		return nil, &Error{Err: ErrStopped, Detail: "the server is stopping."}
	default:
	}
	for _, l := range b.lanes {
		since := l.applied.Load()
		s.parts = append(s.parts, part{lane: l, start: o.Start, since: since, origin: since, next: spot{since + 1, 0}})
	}
	if t != nil {
		s.tellChangedLocked(t)
	}
	matching := s.matchingLocked()
	if err := b.roomForReader(len(matching)); err != nil {
		return nil, err
	}
	oldestFirst(matching)
	for _, topic := range matching {
		b.attachLocked(s, topic, func(c *cursor) { s.place(c, t, now) })
	}
	for i := range s.parts {
		p := &s.parts[i]
		switch {
		case t != nil && t.parts[i].valid:
			at := &t.parts[i]
			p.next, p.start, p.origin = at.next, at.start, at.origin
		case len(p.ready) > 0:
			p.next = spot{}
		}
	}
	if len(s.resets) > 0 {
		s.resumed = slices.Clone(o.Start.Token)
	}
	b.subscriptions[s] = struct{}{}
	for _, p := range ps {
		b.index.add(p, s)
	}
	return s, nil
}

// oldestFirst orders topics as they were made. That is mostly how they lie in memory, and how their oldest messages follow
// each other: of a hundred thousand that lay untouched each would have to be waited for otherwise.
func oldestFirst(topics []*topic) {
	type made struct {
		id    TopicID
		topic *topic
	}
	all := make([]made, len(topics))
	for i, t := range topics {
		all[i] = made{t.id, t}
	}
	slices.SortFunc(all, func(x, y made) int { return cmp.Compare(x.id, y.id) })
	for i := range all {
		topics[i] = all[i].topic
	}
}

// roomForReader keeps readers from taking what messages need: they may have a quarter of the memory limit.
func (b *Broker) roomForReader(topics int) error {
	limit := b.config.MemoryLimit / 4
	wanted := int64(topics) * ReaderOverhead
	if used := b.readers.Load(); b.config.MemoryLimit > 0 && used+wanted > limit {
		return &Error{Err: ErrFull, Field: "patterns", Detail: fmt.Sprintf(
			"subscriptions use %d of the %d bytes they may have, a quarter of --memory; this one matches %d topics and needs %d. Match fewer, or end others.",
			used, limit, topics, wanted)}
	}
	return nil
}

// matchingLocked gives the topics that the subscription is for.
func (s *Subscription) matchingLocked() []*topic {
	var matching []*topic
	for i, p := range s.patterns {
		found := s.broker.names.match(p)
		if i > 0 { // overlapping patterns deliver once
			found = slices.DeleteFunc(found, func(t *topic) bool { return s.patterns[:i].match(t.name) })
		}
		matching = append(matching, found...)
	}
	return matching
}

// attachLocked gives s a place in t, unless it has one, and decides with place where. The caller holds b.mu alone. Only
// from Subscribe may t hold messages: the heap belongs to the subscription's goroutine.
func (b *Broker) attachLocked(s *Subscription, t *topic, place func(*cursor)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(s.patterns) > 1 {
		for _, c := range t.cursors {
			if c.sub == s {
				return // overlapping patterns deliver once
			}
		}
	}
	c := &cursor{topic: t, sub: s, named: s.patterns.names(t.name), since: t.next, asked: t.next}
	place(c)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.all = append(s.all, c)
	}
	s.mu.Unlock()
	if closed {
		return
	}
	t.cursors.add(c)
	b.readers.Add(ReaderOverhead)
	if r := t.runs.at(t.runs.seek(c.pos.Load())); r != nil {
		c.key, c.index = r.position, r.index
		s.parts[t.lane.index].ready.push(c)
		return
	}
	t.waiting = append(t.waiting, c)
}
