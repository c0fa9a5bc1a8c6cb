package broker_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"linger/broker"
)

// The model is the broker as one would explain it: all messages ever published, in a slice for each topic, looked through
// from the beginning for every question.
type model struct {
	topics  map[string]*modelTopic
	deleted []*modelTopic
}

type modelTopic struct {
	name        string
	incarnation uint64
	most        time.Duration // the policy's maximum
	limits      broker.Policy // only these count
	messages    []*modelMessage
	forgotten   bool // it was deleted before a restart: a reader by pattern may not be told
}

type modelMessage struct {
	sequence            uint64
	text                string
	published, deadline broker.Instant
	latest              broker.Instant // deadline that it may be given
	passing             bool
	over                bool // it passed with nobody there, or was deleted, or ended by request
	deleted, evicted    bool
	deliveries          uint32
	before              bool // it ended before a restart: how is not remembered
}

// alive tells whether a message is retained.
func (m *modelMessage) alive(now broker.Instant) bool {
	return !m.passing && !m.over && now < m.deadline
}

// onItsWay tells whether a message still passes.
func (m *modelMessage) onItsWay(now broker.Instant) bool {
	return m.passing && !m.over && now < m.published.Add(broker.PassingTime)
}

// counts are the topic's numbers, as far as they do not depend on a restart.
func (t *modelTopic) counts(now broker.Instant) (published, retained, passing, deleted, evicted uint64) {
	for _, m := range t.messages {
		published++
		switch {
		case m.alive(now):
			retained++
		case m.onItsWay(now):
			passing++
		case m.deleted && !m.before:
			deleted++
		case m.evicted && !m.before:
			evicted++
		}
	}
	return published, retained, passing, deleted, evicted
}

// excess is how many messages and bytes too many the topic would retain with some more.
func (t *modelTopic) excess(now broker.Instant, texts []string) (messages, bytes int64) {
	messages, bytes = int64(len(texts)), int64(len(frames(texts...)))
	for _, m := range t.messages {
		if m.alive(now) {
			messages++
			bytes += int64(len(frames(m.text)))
		}
	}
	if t.limits.MaxMessages == 0 {
		messages = 0
	}
	if t.limits.MaxBytes == 0 {
		bytes = 0
	}
	return messages - t.limits.MaxMessages, bytes - t.limits.MaxBytes
}

// exceeds tells whether a batch is by itself more than the topic retains.
func (t *modelTopic) exceeds(texts []string) bool {
	p := &t.limits
	return (p.MaxMessages > 0 && int64(len(texts)) > p.MaxMessages) || (p.MaxBytes > 0 && int64(len(frames(texts...))) > p.MaxBytes)
}

// takes tells whether a batch is accepted.
func (t *modelTopic) takes(now broker.Instant, ttl time.Duration, texts []string) bool {
	switch p := &t.limits; {
	case ttl == 0:
		return true
	case p.AtLimit == broker.LimitEvictOldest || p.AtLimit == broker.LimitEvictSoonest:
		return p.MaxBytes == 0 || !slices.ContainsFunc(texts, func(text string) bool { return int64(len(frames(text))) > p.MaxBytes })
	}
	messages, bytes := t.excess(now, texts)
	return messages <= 0 && bytes <= 0
}

// evict ends messages until the topic has room for some more, or is empty.
func (t *modelTopic) evict(now broker.Instant, texts []string) {
	for {
		if messages, bytes := t.excess(now, texts); messages <= 0 && bytes <= 0 {
			return
		}
		var goes *modelMessage
		for _, m := range t.messages {
			if m.alive(now) && (goes == nil || (t.limits.AtLimit == broker.LimitEvictSoonest && m.deadline < goes.deadline)) {
				goes = m
			}
		}
		if goes == nil {
			return
		}
		goes.over, goes.evicted = true, true
	}
}

// publish adds messages; readers tells whether a subscription is there.
func (t *modelTopic) publish(r broker.PublishResult, ttl time.Duration, readers bool, texts []string) error {
	granted := min(ttl, t.most)
	if r.First != uint64(len(t.messages)+1) || r.Deadline.Sub(r.PublishTime) != granted || r.Incarnation != t.incarnation {
		return fmt.Errorf("published %+v, want #%d for %v in %d", r, len(t.messages)+1, granted, t.incarnation)
	}
	if ttl > 0 {
		t.evict(r.PublishTime, texts)
	}
	for _, m := range t.messages {
		m.over = m.over || (m.passing && ttl == 0 && !readers) // nobody is left to whom they could pass
	}
	for i, text := range texts {
		t.messages = append(t.messages, &modelMessage{
			sequence: r.First + uint64(i), text: text, published: r.PublishTime, deadline: r.Deadline,
			latest: r.PublishTime.Add(t.most), passing: ttl == 0, over: ttl == 0 && !readers,
		})
	}
	if ttl > 0 {
		t.evict(r.PublishTime, nil)
	}
	return nil
}

// restart forgets what a restart forgets.
func (m *model) restart(now broker.Instant) {
	for _, t := range m.deleted {
		t.forgotten = true
	}
	for _, t := range m.topics {
		for _, one := range t.messages {
			one.deliveries = 0
			if one.passing {
				one.over = true
			}
			one.before = one.before || !one.alive(now)
		}
	}
}

// list gives what is alive, as a list shows it.
func (m *model) list(now broker.Instant) (all []string) {
	for _, t := range m.topics {
		for _, one := range t.messages {
			if one.alive(now) {
				all = append(all, fmt.Sprintf("%s #%04d %s until %d at most %d, delivered to %d", t.name, one.sequence, one.text, one.deadline, one.latest, one.deliveries))
			}
		}
	}
	slices.Sort(all)
	return all
}

// modelReader is a subscription.
type modelReader struct {
	patterns []string
	at       map[uint64]*modelCursor // by incarnation
	away     int                     // so many of the topics deleted were so before it resumed
	r        *reader
}

type modelCursor struct {
	topic  *modelTopic
	next   uint64 // the next sequence
	since  uint64 // what passes is for it from here on
	asked  uint64 // while it is fresh, what ended before is no gap
	fresh  bool
	handed bool // something was delivered, ever
}

// matches is pattern matching without wit.
func (r *modelReader) matches(name string) bool {
	return slices.ContainsFunc(r.patterns, func(p string) bool {
		return p == name || p == ">" || (p == "*" && !strings.Contains(name, ".")) || (p == "b.*" && strings.HasPrefix(name, "b."))
	})
}

// attach begins in a topic that exists.
func (r *modelReader) attach(t *modelTopic, start broker.Start, now broker.Instant) {
	next := uint64(len(t.messages) + 1)
	c := &modelCursor{topic: t, next: 1, since: next, asked: next, fresh: true}
	switch start.Kind {
	case broker.StartNew:
		c.next, c.fresh = next, false
	case broker.StartSequence:
		c.next, c.fresh = start.N, false
	case broker.StartLast:
		c.next = next
		for i, n := len(t.messages)-1, start.N; i >= 0 && n > 0; i-- {
			if t.messages[i].alive(now) {
				c.next, n = t.messages[i].sequence, n-1
			}
		}
	case broker.StartTime:
		c.next = next
		for i := len(t.messages) - 1; i >= 0 && t.messages[i].published >= start.Time; i-- {
			c.next = t.messages[i].sequence
		}
	}
	r.at[t.incarnation] = c
}

// appear begins in a topic that was made while the subscription was there, or away.
func (r *modelReader) appear(t *modelTopic, since uint64) {
	if r.at[t.incarnation] == nil && r.matches(t.name) {
		r.at[t.incarnation] = &modelCursor{topic: t, next: 1, since: since, asked: 1}
	}
}

// offered tells whether a message is the cursor's to read.
func (c *modelCursor) offered(m *modelMessage, now broker.Instant) bool {
	return m.sequence >= c.next && (m.alive(now) || (m.onItsWay(now) && m.sequence >= c.since))
}

// missed counts what ended before a sequence; unsure are those of which how they ended may have been forgotten.
func (c *modelCursor) missed(before uint64, now broker.Instant) (expired, deleted, evicted, unsure uint64) {
	from := c.next
	if c.fresh {
		from = max(from, c.asked)
	}
	for _, m := range c.topic.messages {
		if m.sequence < from || m.sequence >= before {
			continue
		}
		switch {
		case m.before:
			unsure++
		case m.deleted:
			deleted++
		case m.evicted:
			evicted++
		default:
			expired++
		}
	}
	return expired, deleted, evicted, unsure
}

// checkGap compares a gap with what was missed.
func (c *modelCursor) checkGap(g broker.Gap, before uint64, now broker.Instant) error {
	expired, deleted, evicted, unsure := c.missed(before, now)
	if g.Total() != expired+deleted+evicted+unsure || g.Expired < expired || g.Deleted < deleted || g.Evicted < evicted || g.Lost+g.Skipped > 0 {
		return fmt.Errorf("%s: gap %+v before #%d, want %d expired, %d deleted, %d evicted, %d of these or forgotten", c.topic.name, g, before, expired, deleted, evicted, unsure)
	}
	return nil
}

// deliver takes a run.
func (c *modelCursor) deliver(run broker.Run, now broker.Instant) error {
	for i, text := range texts(run.Body) {
		sequence := run.First + uint64(i)
		if sequence > uint64(len(c.topic.messages)) {
			return fmt.Errorf("%s has no #%d", c.topic.name, sequence)
		}
		m := c.topic.messages[sequence-1]
		switch {
		case !c.offered(m, now):
			return fmt.Errorf("%s: #%d, %+v, is not for the cursor %+v at %d", c.topic.name, sequence, *m, *c, now)
		case m.text != text || m.deadline != run.Deadline || m.published != run.PublishTime:
			return fmt.Errorf("%s: got %+v, %q for %+v", c.topic.name, run, text, *m)
		}
		if i == 0 {
			for _, skipped := range c.topic.messages[:sequence-1] {
				if c.offered(skipped, now) {
					return fmt.Errorf("%s: #%d was left out", c.topic.name, skipped.sequence)
				}
			}
			if err := c.checkGap(run.Gap, sequence, now); err != nil {
				return err
			}
		}
		m.deliveries++
		c.next, c.fresh, c.handed = sequence+1, false, true
	}
	return nil
}
