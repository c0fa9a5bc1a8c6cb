package broker

import (
	"cmp"
	"context"
	"slices"
)

// TopicInfo is a topic as it stands.
type TopicInfo struct {
	Totals
	Name         string
	Incarnation  uint64
	Created      Instant
	Auto         bool // made by a publish, or as if: it goes by itself when it has long been empty
	Durability   Durability
	Policy       Policy // in force for what is published now; no zero field
	NextSequence uint64
	Forecast     []Ending // what ends when, see [Forecast]; nil where it was not asked for

	activity float64 // how many messages were published of late
}

func topicNotFound(name string) error {
	return &Error{Err: ErrTopicNotFound, Field: "topic", Detail: name + " does not exist.", Values: map[string]string{"topic": name}}
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
	now := b.reclaimed()
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
	now := b.reclaimed()
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

// topicsNamed is topicsMatching where a name without wildcards has to be that of a topic. Errors: [ErrTopicNotFound],
// [ErrInvalid].
func (b *Broker) topicsNamed(s string) ([]*topic, error) {
	topics, err := b.topicsMatching(s)
	if err != nil {
		return nil, err
	}
	if p, _ := parsePattern(s); !p.wild && len(topics) == 0 {
		return nil, topicNotFound(s)
	}
	return topics, nil
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
		Totals: t.totalsLocked(now),
		Name:   t.name, Incarnation: t.incarnation, Created: t.created, Auto: t.auto, Durability: t.durability, Policy: t.policyLocked(),
		NextSequence: t.next, activity: t.activity.value(now),
	}
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
	t.isFrozen = false
	b.dropHistoryLocked(t)
	b.readers.Add(-int64(len(t.cursors)) * ReaderOverhead)
	t.cursors = nil
	b.watchDeleted(t)
	return t.counts
}
