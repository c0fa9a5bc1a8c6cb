package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// lane is a log, and how far what it committed was applied. A broker has one for its store, and where the store keeps more
// than memory one for topics kept in memory, so that these cost no write. What a topic is stands in the store's lane; its
// messages, and what changes them, in the lane of its durability. Each lane is applied by one goroutine at a time, as its
// log has it: between two lanes there is no order.
type lane struct {
	broker *Broker
	index  int
	log    Log
	// combine is the log's Append, or what does more; see [Combiner].
	combine func(Proposal, func(Commit, error))
	stats   LogStats // as it was when opened: store and durability do not change
	hash    uint64   // of the store's name, for tokens

	applied atomic.Uint64   // position up to which every reader that waited has been told
	woken   []*Subscription // scratch of whoever applies

	lateMu sync.Mutex
	late   []*Subscription // to be notified after the commit that is being applied
}

// The lanes, as they stand in Broker.lanes.
const (
	storeLane  = 0
	memoryLane = 1
	maxLanes   = 2
)

// openLanes replays the logs. That of memory has nothing to replay; it goes first, so that it can be told of the topics
// that the store brings back.
func (b *Broker) openLanes(ctx context.Context) error {
	logs := []Log{b.config.Log}
	if b.config.MemoryLog != nil {
		logs = append(logs, b.config.MemoryLog)
	}
	for i, log := range logs {
		l := &lane{broker: b, index: i, log: log, combine: log.Append}
		if c, ok := log.(Combiner); ok {
			l.combine = c.Combine
		}
		b.lanes = append(b.lanes, l)
	}
	for i := len(b.lanes) - 1; i >= 0; i-- {
		l := b.lanes[i]
		if err := l.open(ctx); err != nil {
			for _, open := range b.lanes[i+1:] {
				err = errors.Join(err, open.log.Close())
			}
			return fmt.Errorf("open the log: %w", err)
		}
		l.stats = l.log.Stats()
		l.hash = hashOf(l.stats.Store)
	}
	return nil
}

// open replays the lane's log, in stretches if it can do that.
func (l *lane) open(ctx context.Context) error {
	if log, ok := l.log.(Replayer); ok {
		return log.Replay(ctx, l.apply, l.restore)
	}
	return l.log.Open(ctx, l.apply)
}

// laneOf is where messages of a durability are kept.
func (b *Broker) laneOf(d Durability) *lane {
	if d == DurabilityMemory {
		return b.lanes[len(b.lanes)-1]
	}
	return b.lanes[storeLane]
}

// apply takes one commit. The log calls it from one goroutine at a time, in position order.
func (l *lane) apply(c Commit) {
	b := l.broker
	if l.index == storeLane && b.lastTime.Load() != int64(c.Time) {
		b.lastTime.Store(int64(c.Time))
		if b.replaying.Load() {
			b.clock.NotBefore(c.Time)
		}
	}
	switch c.Kind {
	case KindPublished:
		b.applyPublished(l, &c)
	case KindDeadline:
		b.applyDeadline(&c)
	case KindDeleted:
		b.applyDeleted(&c)
	case KindTopicPut:
		if l.index == storeLane {
			b.applyTopicPut(l, &c)
		}
	case KindTopicDeleted:
		if l.index == storeLane {
			b.applyTopicDeleted(l, &c)
		}
	case KindEvicted:
		b.applyEvicted(&c)
	case KindProducer:
		b.producers.used(&c, b.replaying.Load())
	case KindTally:
		b.applyTally(&c)
	case KindClock:
	}
	l.wake(c.Position)
}

// wake notifies the readers that were told, now that a position is applied. They are told first and woken last: one that
// sees this position has been told of all up to it, so its resume token leaves nothing out.
func (l *lane) wake(position uint64) {
	l.applied.Store(position)
	if len(l.woken) > 0 {
		l.broker.turns.add(l.woken)
		clear(l.woken)
		l.woken = l.woken[:0]
	}
	l.lateMu.Lock()
	for i, s := range l.late {
		s.notify()
		l.late[i] = nil
	}
	l.late = l.late[:0]
	l.lateMu.Unlock()
}

// notifyAt has s notified when position is applied: it saw a run of a commit that is just being applied. It reports false
// when that has happened.
func (l *lane) notifyAt(s *Subscription, position uint64) bool {
	l.lateMu.Lock()
	defer l.lateMu.Unlock()
	if l.applied.Load() >= position {
		return false
	}
	l.late = append(l.late, s)
	return true
}

// salt makes of an incarnation as it is stored the one that counts: memory topics are others after each start
// (contract 2). Applied twice it gives the stored one back; the lowest bit stays, so that none becomes 0.
func (l *lane) salt() uint64 {
	if l.index == storeLane {
		return 0
	}
	return l.hash &^ 1
}

// adopt has the memory lane's log take a topic, before anything is proposed for it. The log numbers its messages. Where in
// its lane the topic began is noted with the answer: when that is applied, nobody may find the topic yet.
func (b *Broker) adopt(t *topic) {
	if t.lane.index != memoryLane {
		return
	}
	b.propose(t.lane, Proposal{Kind: KindTopicPut, Topic: t.id, Put: t.put(t.policies[0].policy)}, func(c Commit, _ error) {
		t.mu.Lock()
		t.born = c.Position
		t.mu.Unlock()
	})
}

// disown has the memory lane's log let go of a topic that was deleted.
func (b *Broker) disown(t *topic) {
	if t.lane.index == memoryLane {
		b.propose(t.lane, Proposal{Kind: KindTopicDeleted, Topic: t.id}, func(Commit, error) {})
	}
}
