package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// TopicInfo is a topic as it stands.
type TopicInfo struct {
	Name          string
	Incarnation   uint64
	Created       Instant
	Auto          bool // made by a publish, or as if: it goes by itself when it has long been empty
	Durability    Durability
	Policy        Policy // in force for what is published now; no zero field
	Counts        Counts
	Subscriptions int
	WorstLag      uint64  // messages that the slowest of these has still to be given
	NextDeadline  Instant // earliest among what is alive; 0: nothing is
	LastPublish   Instant // 0: never
	LastEnd       Instant // when the last message that ended did so; 0: none did
	NextSequence  uint64
	Forecast      []Ending // what ends when, see [Forecast]; nil where it was not asked for

	activity float64 // how many messages were published of late
}

// creation is a topic on its way into the log.
type creation struct {
	done chan struct{}
	err  error
}

// CreateTopic makes a topic by name. Errors: [ErrTopicExists], [ErrInvalid], [ErrDurability], [ErrTooManyTopics].
func (b *Broker) CreateTopic(ctx context.Context, name string, p Policy, d Durability) (TopicInfo, error) {
	return b.createNamed(ctx, name, p, d, false)
}

// CreateAutoTopic is [Broker.CreateTopic] of one that goes by itself, as if a publish had made it.
func (b *Broker) CreateAutoTopic(ctx context.Context, name string, p Policy, d Durability) (TopicInfo, error) {
	return b.createNamed(ctx, name, p, d, true)
}

func (b *Broker) createNamed(ctx context.Context, name string, p Policy, d Durability, auto bool) (TopicInfo, error) {
	if err := ValidateTopic(name); err != nil {
		return TopicInfo{}, err
	}
	if b.lookup(name) != nil {
		return TopicInfo{}, topicExists(name)
	}
	if err := b.create(ctx, name, p, d, auto); err != nil {
		return TopicInfo{}, err
	}
	return b.Topic(name)
}

func topicExists(name string) error {
	return &Error{Err: ErrTopicExists, Field: "name", Detail: name + " exists. Its policy can be set; its durability is fixed."}
}

func topicNotFound(name string) error {
	return &Error{Err: ErrTopicNotFound, Field: "topic", Detail: name + " does not exist."}
}

// topicFor finds a topic to publish to, and makes it if that is allowed.
func (b *Broker) topicFor(ctx context.Context, name string) (*topic, error) {
	for {
		if t := b.lookup(name); t != nil {
			return t, nil
		}
		if err := ValidateTopic(name); err != nil {
			return nil, err
		}
		if b.config.NoAutoCreate {
			return nil, &Error{Err: ErrTopicNotFound, Field: "topic", Detail: name + " does not exist, and publishing does not make topics here (--no-auto-create). Create it first."}
		}
		if err := b.create(ctx, name, Policy{}, DurabilityDefault, true); err != nil && !errors.Is(err, ErrTopicExists) {
			return nil, err
		}
	}
}

// create proposes a topic and waits until it is there. Those who want the same one at the same time wait together.
func (b *Broker) create(ctx context.Context, name string, p Policy, d Durability, auto bool) error {
	put, err := b.newTopicPut(name, p, d, auto)
	if err != nil {
		return err
	}
	b.makingMu.Lock()
	if other := b.making[name]; other != nil {
		b.makingMu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if other.err == nil {
			return topicExists(name)
		}
		return other.err
	}
	if b.lookup(name) != nil {
		b.makingMu.Unlock()
		return topicExists(name)
	}
	if err := b.roomForTopic(len(b.making)); err != nil {
		b.makingMu.Unlock()
		return err
	}
	c := &creation{done: make(chan struct{})}
	b.making[name] = c
	b.makingMu.Unlock()

	// Not bound to ctx: others wait for the same topic.
	_, err = b.commit(context.WithoutCancel(ctx), b.lanes[storeLane], Proposal{Kind: KindTopicPut, Put: put})
	if err != nil {
		c.err = commitError(name, err)
	}
	b.makingMu.Lock()
	delete(b.making, name)
	b.makingMu.Unlock()
	close(c.done)
	return c.err
}

func (b *Broker) newTopicPut(name string, p Policy, d Durability, auto bool) (TopicPut, error) {
	p = p.withDefaults(b.config.Policy)
	if err := p.validate(b.config.MaxTTL); err != nil {
		return TopicPut{}, err
	}
	if d == DurabilityDefault {
		d = b.Durability()
	}
	if d > b.Durability() {
		return TopicPut{}, &Error{Err: ErrDurability, Field: "durability", Detail: fmt.Sprintf("the store offers %v at most; start the server with another --store, or ask for memory.", b.Durability())}
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return TopicPut{
		Name: name, Incarnation: binary.LittleEndian.Uint64(id[:]) | 1, Created: b.clock.Now(), Durability: d, Policy: p, Auto: auto,
	}, nil
}

func (b *Broker) roomForTopic(making int) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if len(b.topics)+making < b.config.MaxTopics {
		return nil
	}
	return &Error{Err: ErrTooManyTopics, Field: "topic", Detail: fmt.Sprintf("the server has %d topics, its limit (--max-topics). Delete one first; a topic made by publishing goes by itself after a day without messages and subscribers.", len(b.topics))}
}

// SetPolicy replaces a topic's policy, for what is published later. Errors: [ErrTopicNotFound], [ErrInvalid].
func (b *Broker) SetPolicy(ctx context.Context, name string, p Policy) (TopicInfo, error) {
	t := b.lookup(name)
	if t == nil {
		return TopicInfo{}, topicNotFound(name)
	}
	p = p.withDefaults(b.config.Policy)
	if err := p.validate(b.config.MaxTTL); err != nil {
		return TopicInfo{}, err
	}
	// It has a policy of its own now, so it stays: not Auto.
	if _, err := b.commit(ctx, b.lanes[storeLane], Proposal{Kind: KindTopicPut, Topic: t.id, Put: t.put(p)}); err != nil {
		return TopicInfo{}, commitError(name, err)
	}
	return b.Topic(name)
}

// DeleteTopic ends all of a topic's messages and the topic; it tells how many were alive. Errors: [ErrTopicNotFound].
func (b *Broker) DeleteTopic(ctx context.Context, name string) (deleted uint64, err error) {
	t := b.lookup(name)
	if t == nil {
		return 0, topicNotFound(name)
	}
	if _, err := b.commit(ctx, b.lanes[storeLane], Proposal{Kind: KindTopicDeleted, Topic: t.id}); err != nil {
		return 0, commitError(name, err)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.counts.Ended.Deleted - t.deletedBefore, nil
}

// Topic shows a topic. Errors: [ErrTopicNotFound].
func (b *Broker) Topic(name string) (TopicInfo, error) {
	now := b.clock.Now()
	b.reclaim(now)
	t := b.lookup(name)
	if t == nil {
		return TopicInfo{}, topicNotFound(name)
	}
	return b.infoWithForecast(t, now), nil
}

// Topics lists the topics that match pattern ("": all) behind the name after, in the order of their names, at most limit
// (0: all). total counts all that match. Errors: [ErrInvalid].
func (b *Broker) Topics(pattern, after string, limit int) (page []TopicInfo, total int, err error) {
	return b.topicPage(pattern, after, limit, (*topic).info)
}

// TopicsWithForecast is [Broker.Topics] with what ends when in each.
func (b *Broker) TopicsWithForecast(pattern, after string, limit int) (page []TopicInfo, total int, err error) {
	return b.topicPage(pattern, after, limit, b.infoWithForecast)
}

func (b *Broker) topicPage(pattern, after string, limit int, info func(*topic, Instant) TopicInfo) (page []TopicInfo, total int, err error) {
	matching, err := b.topicsMatching(cmp.Or(pattern, ">"))
	if err != nil {
		return nil, 0, err
	}
	total = len(matching)
	now := b.clock.Now()
	b.reclaim(now)
	start, _ := slices.BinarySearchFunc(matching, after, func(t *topic, after string) int {
		if t.name <= after {
			return -1
		}
		return 1
	})
	matching = matching[start:]
	if limit > 0 && limit < len(matching) {
		matching = matching[:limit]
	}
	for _, t := range matching {
		page = append(page, info(t, now))
	}
	return page, total, nil
}

// topicsMatching gives the topics that match, in the order of their names.
func (b *Broker) topicsMatching(s string) ([]*topic, error) {
	p, err := parsePattern(s)
	if err != nil {
		return nil, err
	}
	matching := b.selected(p)
	slices.SortFunc(matching, func(x, y *topic) int { return cmp.Compare(x.name, y.name) })
	return matching, nil
}

// selected gives the topics that a pattern selects, in no order.
func (b *Broker) selected(p pattern) []*topic {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.names.match(p)
}

func (b *Broker) allTopics() []*topic {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.names.list()
}

func (t *topic) info(now Instant) TopicInfo {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.infoLocked(now)
}

// infoWithForecast is info and what ends when, of one moment.
func (b *Broker) infoWithForecast(t *topic, now Instant) TopicInfo {
	t.mu.RLock()
	defer t.mu.RUnlock()
	info := t.infoLocked(now)
	info.Forecast = b.endingsLocked(t, now)
	return info
}

func (t *topic) infoLocked(now Instant) TopicInfo {
	return TopicInfo{
		Name: t.name, Incarnation: t.incarnation, Created: t.created, Auto: t.auto, Durability: t.durability, Policy: t.policyLocked(),
		Counts: t.counts, Subscriptions: len(t.cursors), WorstLag: t.lagLocked(), NextDeadline: t.nextDeadlineLocked(now),
		LastPublish: t.lastPublish, LastEnd: t.lastEnd, NextSequence: t.next, activity: t.activity.value(now),
	}
}

// applyTopicPut makes a topic, or replaces its policy.
func (b *Broker) applyTopicPut(l *lane, c *Commit) {
	if t := b.lookupID(c.Topic); c.Topic != 0 && t != nil {
		t.mu.Lock()
		from := c.First
		if t.lane.index == memoryLane {
			from = t.next // its messages are not numbered by the store
		}
		t.setPolicyLocked(c.Put.Policy, from)
		t.auto = c.Put.Auto
		b.revisions.Add(1)
		t.mu.Unlock()
		return
	}
	if b.lookup(c.Put.Name) != nil {
		return // made twice by brokers that did not know of each other: the first stands
	}
	id := cmp.Or(c.Topic, TopicID(c.Position)) // a replay names it
	t := newTopic(id, c.Put, c.First, b.laneOf(c.Put.Durability))
	b.adopt(t) // before anyone can find it
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revisions.Add(1)
	b.topics[t.name], b.byID[id] = t, t
	b.names.add(t)
	b.used.Add(TopicOverhead)
	// From its first message on, even if that is committed before the subscription looks (contract 6).
	b.index.match(t.name, func(s *Subscription) {
		b.attachLocked(s, t, func(c *cursor) { c.place(t.next) })
		if s.remade(t) {
			l.woken = append(l.woken, s)
		}
	})
}

// applyTopicDeleted ends a topic and all it holds.
func (b *Broker) applyTopicDeleted(l *lane, c *Commit) {
	b.mu.Lock()
	t := b.byID[c.Topic]
	if t == nil {
		b.mu.Unlock()
		return
	}
	delete(b.topics, t.name)
	b.names.remove(t.name)
	delete(b.byID, t.id)
	b.graves.add(grave{t.name, uint64(t.id), c.Position})
	b.mu.Unlock()
	b.used.Add(-TopicOverhead)

	b.disown(t)
	counts := b.endTopic(l, t, c.Time)
	b.mu.Lock()
	b.gone.add(counts)
	b.mu.Unlock()
}

// endTopic ends all that a topic holds, tells its readers, and gives its final counts.
func (b *Broker) endTopic(l *lane, t *topic, at Instant) Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lane != l {
		at = b.clock.Now() // what was published meanwhile, in another lane, does not end before it began
	}
	t.deleted = true
	t.deletedBefore = t.counts.Ended.Deleted
	t.freezeLocked()
	for t.runs.runs > 0 {
		t.runs.unseal(t.runs.chunks[0], math.MaxInt64) // all of it goes: no message of it is copied
		r := t.takeOutLocked(place{})
		reason := Deleted
		if r.passing || !r.alive(at) {
			reason = ExpiredUndelivered
		}
		b.endLocked(t, &r, reason, min(at, r.until()))
	}
	for _, c := range t.cursors {
		if c.sub.reset(Reset{Reason: ResetTopicDeleted, Topic: t.name, Gap: c.gap.join(t.missedLocked(c.pos.Load(), t.next))}, c) {
			l.woken = append(l.woken, c.sub)
		}
	}
	t.frozen.valid = false
	b.dropHistoryLocked(t)
	b.readers.Add(-int64(len(t.cursors)) * ReaderOverhead)
	t.cursors = nil
	b.watchDeleted(t)
	return t.counts
}
