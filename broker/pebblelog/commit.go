package pebblelog

import (
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

const (
	// pipelined is how many groups may be on their way to the disk behind the one that is being synced.
	pipelined = 1
	// Numbers reserved at a time for what is never written: sequences of a topic, positions of the store.
	reserveSequences = 4096
	reservePositions = 1 << 16
)

// state is what the committing goroutine knows; nobody else writes it once the log is open.
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

// group is proposals that are committed in one batch.
type group struct {
	number  uint64 // 0: nothing is written
	items   []*chunk
	batch   *pebble.Batch
	written chan struct{} // closed when Pebble has taken the batch
	content bool          // holds more than the time
}

// commitAll takes what has gathered and writes it, while the group before it is being synced.
func (l *Log) commitAll() {
	defer l.done.Done()
	defer close(l.inflight)
	w := newWriter(l)
	for {
		items := l.queue.take(l.guard.failed)
		if len(items) == 0 {
			return
		}
		g := w.form(items)
		// Before anything is written, so that whoever waits is told if the writing never ends.
		l.inflight <- g
		if g.batch != nil {
			if err := l.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
				l.guard.fail(err)
				return
			}
			w.written(l)
		}
		close(g.written)
	}
}

// finishAll feeds groups to apply once they are on disk.
func (l *Log) finishAll() {
	defer l.done.Done()
	defer close(l.syncing)
	for {
		select {
		case g, ok := <-l.inflight:
			if !ok {
				return
			}
			l.finish(g, l.onDisk(g))
		case <-l.failing:
			l.giveUp()
			return
		}
	}
}

// onDisk waits until a group is synced. It reports false when the disk failed before.
func (l *Log) onDisk(g *group) bool {
	select {
	case <-g.written:
	case <-l.failing:
		return false
	}
	if g.batch == nil {
		return l.guard.failed() == nil
	}
	l.syncing <- g
	select {
	case err := <-l.synced:
		if err != nil {
			l.guard.fail(err)
			return false
		}
	case <-l.failing:
		return false
	}
	_ = g.batch.Close()
	l.syncedGroup.Store(g.number)
	if g.content {
		l.content.Store(g.number)
	}
	return true
}

// awaitSyncs waits for the disk on behalf of finishAll, which must not: after a failure a sync never ends.
func (l *Log) awaitSyncs() {
	for g := range l.syncing {
		l.synced <- g.batch.SyncWait()
	}
}

// finish tells the broker, then whoever proposed.
func (l *Log) finish(g *group, ok bool) {
	for _, c := range g.items {
		for i := range c.items {
			it := &c.items[i]
			switch {
			case !ok:
				it.done(broker.Commit{}, l.unknownError())
			case it.err != nil:
				it.done(broker.Commit{}, it.err)
			default:
				l.apply(it.Commit)
				it.done(it.Commit, nil)
			}
		}
	}
	if ok { // otherwise it may still be on its way to the disk
		l.queue.giveBack(g.items)
	}
}

// giveUp answers what was on its way when the disk failed, until the log is closed: the committing goroutine may still
// bring a group, or may never come back.
func (l *Log) giveUp() {
	for {
		select {
		case g, ok := <-l.inflight:
			if !ok {
				return
			}
			l.finish(g, false)
		case <-l.closing:
			for len(l.inflight) > 0 {
				l.finish(<-l.inflight, false)
			}
			return
		}
	}
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
