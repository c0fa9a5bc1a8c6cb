// Package memlog is a broker.Log in memory. What it holds is gone with the process, and so it keeps nothing: the broker
// has the messages. With Options.Keep it is also a store that survives its broker: the model that other logs are tested
// against, and the means to test what a broker promises over a restart.
package memlog

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"

	"linger/broker"
)

// Options say what a log does. The zero value is what `memory:` is.
type Options struct {
	Clock *broker.Clock // shared with the broker; required
	// Keep keeps commits until they are released, so that [Log.Reopen] can bring them back.
	Keep bool
	// Durability is what the log claims to promise; the default is memory. Only for tests, with Keep.
	Durability broker.Durability
	// Adopt takes a topic that the log does not know as one that the store made: for [broker.Config.MemoryLog].
	Adopt bool
}

// Log is a log in memory.
type Log struct {
	options Options
	apply   func(broker.Commit)
	stopped chan struct{}

	queue queue

	// state is what has been committed. Once open, only whoever holds the queue's turn writes it.
	stateMu sync.Mutex
	state   state
}

// state is all that a log has to know to go on, and with Keep what it can replay.
type state struct {
	store    string
	position uint64
	time     broker.Instant
	topics   map[broker.TopicID]*topicState
	names    map[string]*topicState
	kept     map[uint64]broker.Commit // by position
}

// topicState is a topic that exists.
type topicState struct {
	puts []broker.Commit // the one that made it, and those that replaced its policy
	next uint64          // sequence of the next message
	// evicted is the newest eviction of all up to a sequence, of those that go furthest.
	evicted broker.Commit
}

// New makes an empty log.
func New(o Options) *Log {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return newLog(o, state{
		store: hex.EncodeToString(id[:]), topics: map[broker.TopicID]*topicState{}, names: map[string]*topicState{},
		kept: map[uint64]broker.Commit{},
	})
}

func newLog(o Options, s state) *Log {
	if o.Durability == broker.DurabilityDefault {
		o.Durability = broker.DurabilityMemory
	}
	l := &Log{options: o, state: s, stopped: make(chan struct{})}
	l.queue.more.L = &l.queue.mu
	return l
}

// Open implements [broker.Log].
func (l *Log) Open(_ context.Context, apply func(broker.Commit)) error {
	l.apply = apply
	for _, c := range l.state.replay() {
		apply(c)
	}
	go l.work()
	return nil
}

// Append implements [broker.Log].
func (l *Log) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if !l.queue.add(p, done) {
		done(broker.Commit{}, broker.ErrStopped)
		return
	}
	l.queue.wake()
}

// Combine implements [broker.Combiner].
func (l *Log) Combine(p broker.Proposal, done func(broker.Commit, error)) {
	if !l.queue.add(p, done) {
		done(broker.Commit{}, broker.ErrStopped)
		return
	}
	if batch := l.queue.tryTake(); batch != nil {
		l.commitAll(batch)
		l.queue.leave(batch)
	}
}

// work commits what nobody combines, all that has gathered at a time.
func (l *Log) work() {
	defer close(l.stopped)
	for {
		batch := l.queue.take()
		if len(batch) == 0 {
			return
		}
		l.commitAll(batch)
		l.queue.leave(batch)
	}
}

// commitAll orders what is proposed, and applies and answers it.
func (l *Log) commitAll(batch []proposed) {
	for i := range batch {
		c, err := l.commit(batch[i].Proposal)
		if err == nil {
			l.apply(c)
		}
		batch[i].done(c, err)
	}
}

// commit assigns position, time and sequence.
func (l *Log) commit(p broker.Proposal) (broker.Commit, error) {
	l.stateMu.Lock()
	defer l.stateMu.Unlock()
	return l.state.commit(p, l.options.Clock.Now(), &l.options)
}

func (s *state) commit(p broker.Proposal, now broker.Instant, o *Options) (broker.Commit, error) {
	t := s.topics[p.Topic]
	adopt := o.Adopt && p.Kind == broker.KindTopicPut && t == nil
	if err := s.refuse(p, t); err != nil && !adopt {
		return broker.Commit{}, err
	}
	s.time = max(s.time, now)
	c := broker.Commit{Proposal: p, Time: s.time}
	if p.Kind == broker.KindPublished {
		var err error
		if c.First, err = c.Place(s.time, t.next); err != nil {
			return broker.Commit{}, err
		}
		t.next = c.First + uint64(p.Count)
	}
	s.position++
	c.Position = s.position
	switch p.Kind {
	case broker.KindTopicPut:
		if t == nil {
			t = &topicState{next: 1}
			s.topics[cmp.Or(p.Topic, broker.TopicID(c.Position))] = t
			s.names[p.Put.Name] = t
		}
		c.First = t.next
		t.puts = append(t.puts, c)
	case broker.KindEvicted:
		if p.Published == 0 && p.Last >= t.evicted.Last {
			t.evicted = c
		}
	case broker.KindTopicDeleted:
		delete(s.topics, p.Topic)
		delete(s.names, t.puts[0].Put.Name)
	}
	if o.Keep {
		s.keep(c)
	}
	return c, nil
}

// refuse tells why a proposal cannot be committed.
func (s *state) refuse(p broker.Proposal, t *topicState) error {
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

// Load implements [broker.Log].
func (l *Log) Load(_ context.Context, ref broker.Ref) ([]byte, error) {
	l.stateMu.Lock()
	defer l.stateMu.Unlock()
	c, ok := l.state.kept[ref.Position]
	if !ok || c.Body == nil {
		return nil, broker.ErrNotStored
	}
	return c.Body, nil
}

// Release implements [broker.Log].
func (l *Log) Release(refs ...broker.Ref) {
	if !l.options.Keep {
		return
	}
	l.stateMu.Lock()
	defer l.stateMu.Unlock()
	for _, ref := range refs {
		l.state.release(ref.Position)
	}
}

// Stats implements [broker.Log].
func (l *Log) Stats() broker.LogStats {
	return broker.LogStats{
		Store: l.state.store, Durability: l.options.Durability, Pending: l.queue.pending(),
		Loads: l.options.Keep && l.options.Durability == broker.DurabilityFsynced,
	}
}

// Time is the time of the newest commit: what a start goes on from at least.
func (l *Log) Time() broker.Instant {
	l.stateMu.Lock()
	defer l.stateMu.Unlock()
	return l.state.time
}

// Close implements [broker.Log].
func (l *Log) Close() error {
	if !l.queue.close() {
		return errors.New("the log is closed already")
	}
	<-l.stopped
	return nil
}
