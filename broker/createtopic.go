package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

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
	return &Error{
		Err: ErrTopicExists, Field: "name", Detail: name + " exists. Its policy can be set; its durability is fixed.",
		Values: map[string]string{"topic": name},
	}
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
			return nil, &Error{
				Err: ErrTopicNotFound, Field: "topic", Detail: name + " does not exist, and publishing does not make topics here (--no-auto-create). Create it first.",
				Values: map[string]string{"topic": name, "auto_create": "no"},
			}
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
	return &Error{
		Err: ErrTooManyTopics, Field: "topic", Detail: fmt.Sprintf("the server has %d topics, its limit (--max-topics). Delete one first; a topic made by publishing goes by itself after a day without messages and subscribers.", len(b.topics)),
		Values: map[string]string{"topics": decimal(len(b.topics))},
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
