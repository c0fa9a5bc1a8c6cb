package pebblelog

import (
	"cmp"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

const (
	// pipelined is how many groups may be on their way to the disk behind the one that is being synced.
	pipelined = 1
	// A group ends behind so many bytes of messages or so many proposals.
	groupBytes     = 4 << 20
	groupProposals = 16 << 10
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
}

// topicState is a topic that exists.
type topicState struct {
	name     string
	next     uint64        // sequence of the next message
	reserved uint64        // sequences below this are taken, whatever happens
	max      time.Duration // the greatest lifetime that any policy of it allowed
	passing  bool          // has used sequences for what is never written since they were last stored
}

// group is proposals that are committed in one batch.
type group struct {
	number  uint64 // 0: nothing is written
	items   []item
	batch   *pebble.Batch
	written chan struct{} // closed when Pebble has taken the batch
	content bool          // holds more than the time
}

type item struct {
	broker.Commit
	done func(broker.Commit, error)
	err  error
}

// commitAll takes what has gathered and writes it, while the group before it is being synced.
func (l *Log) commitAll() {
	defer l.done.Done()
	defer close(l.inflight)
	w := newWriter(l)
	var queue []proposed
	for {
		if queue = l.take(queue); len(queue) == 0 {
			return
		}
		g := w.form(queue)
		clear(queue)
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

// take waits for proposals and takes what fits into a group.
func (l *Log) take(into []proposed) []proposed {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.closed {
		l.more.Wait()
	}
	if l.guard.failed() != nil {
		return nil // refuseQueued has them
	}
	n, bytes := 0, 0
	for n < len(l.queue) && n < groupProposals && bytes < groupBytes {
		bytes += len(l.queue[n].Body)
		n++
	}
	if n == len(l.queue) {
		into, l.queue = l.queue, into[:0]
		return into
	}
	into = append(into[:0], l.queue[:n]...)
	rest := copy(l.queue, l.queue[n:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
	return into
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
	for i := range g.items {
		it := &g.items[i]
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

// assign orders one proposal: position, sequence and time together.
func (s *state) assign(p broker.Proposal) (c broker.Commit, err error) {
	t := s.topics[p.Topic]
	if err := s.refuse(&p, t); err != nil {
		return c, err
	}
	c = broker.Commit{Proposal: p, Time: s.time}
	if p.Kind == broker.KindPublished {
		if c.First, err = c.Place(s.time, t.next); err != nil {
			return c, err
		}
		t.next = c.First + uint64(p.Count)
	}
	s.position++
	c.Position = s.position
	switch p.Kind {
	case broker.KindTopicPut:
		if t == nil {
			t = &topicState{name: p.Put.Name, next: 1, reserved: 1}
			s.topics[broker.TopicID(c.Position)] = t
			s.names[t.name] = t
		}
		c.First = t.next
		t.max = max(t.max, p.Put.Policy.Max)
	case broker.KindTopicDeleted:
		delete(s.topics, p.Topic)
		delete(s.names, t.name)
	}
	return c, nil
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

func sortedTopics(touched map[broker.TopicID]*topicState) []broker.TopicID {
	ids := make([]broker.TopicID, 0, len(touched))
	for id := range touched {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(x, y broker.TopicID) int { return cmp.Compare(x, y) })
	return ids
}
