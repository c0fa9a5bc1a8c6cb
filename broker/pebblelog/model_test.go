package pebblelog_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// model says what a log must give back after a crash: a function of the commits in order, and of the time.
type model struct {
	topics  map[broker.TopicID]uint64 // next sequence
	runs    map[uint64]broker.Commit
	changes map[uint64][]broker.Commit // by the run's position
	last    map[broker.ProducerID]broker.Commit
	passed  map[broker.TopicID]bool // used sequences for what is never written
	evicted map[broker.TopicID]uint64
}

func newModel(commits []broker.Commit) *model {
	m := &model{
		topics: map[broker.TopicID]uint64{}, runs: map[uint64]broker.Commit{}, changes: map[uint64][]broker.Commit{},
		last: map[broker.ProducerID]broker.Commit{}, passed: map[broker.TopicID]bool{},
		evicted: map[broker.TopicID]uint64{},
	}
	for _, c := range commits {
		m.apply(c)
	}
	return m
}

func (m *model) apply(c broker.Commit) {
	if c.Request != 0 && (c.Kind != broker.KindPublished || c.TTL > 0) {
		m.last[c.Producer] = c
	}
	switch c.Kind {
	case broker.KindTopicPut:
		if c.Topic == 0 {
			m.topics[broker.TopicID(c.Position)] = c.First
		}
	case broker.KindTopicDeleted:
		delete(m.topics, c.Topic)
	case broker.KindPublished:
		m.topics[c.Topic] = max(m.topics[c.Topic], c.First+uint64(c.Count))
		if c.TTL > 0 {
			m.runs[c.Position] = c
		} else {
			m.passed[c.Topic] = true
		}
	case broker.KindEvicted:
		if c.Published != 0 {
			m.changes[c.Published] = append(m.changes[c.Published], c)
			break
		}
		m.evicted[c.Topic] = max(m.evicted[c.Topic], c.Last)
	case broker.KindDeadline, broker.KindDeleted:
		m.changes[c.Published] = append(m.changes[c.Published], c)
	}
}

// fate follows the changes of a run of one message, and gives its last deadline and those changes that it lived to see.
func (m *model) fate(run broker.Commit) (deadline broker.Instant, changes []broker.Commit) {
	deadline = run.Expires()
	for _, c := range m.changes[run.Position] {
		if c.Time >= deadline {
			break
		}
		changes = append(changes, c)
		deadline = c.Deadline // 0 for a deletion
	}
	return deadline, changes
}

// alive tells whether a run must be there.
func (m *model) alive(run broker.Commit, now broker.Instant) bool {
	if _, ok := m.topics[run.Topic]; !ok {
		return false
	}
	deadline, _ := m.fate(run)
	return deadline > now && run.First > m.evicted[run.Topic]
}

// check compares a replay with what must have survived.
func (m *model) check(replay []broker.Commit, now broker.Instant) error {
	position := uint64(0)
	seen := map[uint64]bool{}
	topics := map[broker.TopicID]uint64{}
	last := map[broker.ProducerID]broker.Commit{}
	evicted := map[broker.TopicID]uint64{}
	for _, c := range replay {
		if c.Position < position {
			return fmt.Errorf("position %d after %d", c.Position, position)
		}
		position = c.Position
		if c.Request != 0 {
			last[c.Producer] = c
		}
		switch c.Kind {
		case broker.KindTopicPut:
			if c.Position == uint64(c.Topic) {
				topics[c.Topic] = c.First
			}
		case broker.KindPublished:
			run, ok := m.runs[c.Position]
			switch {
			case !ok || run.First != c.First || run.Count != c.Count || run.Time != c.Time || run.TTL != c.TTL:
				return fmt.Errorf("was never published: %+v, but %+v", c, run)
			case c.Body != nil && string(c.Body) != string(run.Body):
				return fmt.Errorf("body of %d: %q, want %q", c.Position, c.Body, run.Body)
			}
			seen[c.Position] = c.Body != nil
			if c.Body != nil && c.First <= m.evicted[c.Topic] {
				return fmt.Errorf("evicted up to #%d, but it comes back: %+v", m.evicted[c.Topic], c)
			}
		case broker.KindEvicted:
			if c.Published == 0 {
				evicted[c.Topic] = c.Last
				break
			}
			fallthrough
		case broker.KindDeadline, broker.KindDeleted:
			if !slices.ContainsFunc(m.changes[c.Published], func(x broker.Commit) bool { return x.Position == c.Position && x.Deadline == c.Deadline }) {
				return fmt.Errorf("was never changed: %+v", c)
			}
			seen[c.Position] = true
		}
	}
	if err := m.checkTopics(topics); err != nil {
		return err
	}
	for id := range m.topics {
		if evicted[id] != m.evicted[id] {
			return fmt.Errorf("topic %d has evicted up to #%d, want #%d", id, evicted[id], m.evicted[id])
		}
	}
	for _, run := range m.runs {
		if m.alive(run, now) && !seen[run.Position] {
			return fmt.Errorf("lost at %d: %+v", now, run)
		}
		_, changes := m.fate(run)
		for _, c := range changes {
			if seen[run.Position] && !seen[c.Position] {
				return fmt.Errorf("run %d is there, its change %d is lost", run.Position, c.Position)
			}
		}
	}
	for id, want := range m.last {
		if got := last[id]; now.Sub(want.Time) < broker.ProducerIdle && (got.Request != want.Request || got.First != want.First) {
			if _, deleted := m.topics[want.Topic]; !deleted && got.Request == want.Request {
				continue
			}
			return fmt.Errorf("producer %x: %+v, want %+v", id[:2], got, want)
		}
	}
	return nil
}

func (m *model) checkTopics(topics map[broker.TopicID]uint64) error {
	for id, next := range m.topics {
		got, ok := topics[id]
		if !ok || got < next || (got > next && !m.passed[id]) || got > next+2*4096 {
			return fmt.Errorf("topic %d goes on at %d, want %d", id, got, next)
		}
	}
	for id := range topics {
		if _, ok := m.topics[id]; !ok {
			return fmt.Errorf("topic %d has come back", id)
		}
	}
	return nil
}

// driver proposes at random and keeps the commits in order.
type driver struct {
	rng  *rand.Rand
	log  *pebblelog.Log
	wall *wall
	fs   *vfs.MemFS

	mu       sync.Mutex
	commits  []broker.Commit  // as applied, over all restarts
	topics   []broker.TopicID // that these made and did not delete
	applied  int              // of these when the crash was
	released map[uint64]bool
	changing map[uint64]int // changes of a run that are on their way, by its position
	requests map[broker.ProducerID]uint64
	pending  sync.WaitGroup
}

// wall is a clock that a test sets.
type wall struct {
	mu  sync.Mutex
	now time.Time
}

func (w *wall) read() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *wall) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// apply takes commits. Replays are looked at elsewhere.
func (d *driver) apply(c broker.Commit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commits = append(d.commits, c)
	d.noteTopic(&c)
}

// propose proposes something, mostly messages.
func (d *driver) propose() {
	d.mu.Lock()
	p := d.pick()
	d.changing[p.Published]++
	d.mu.Unlock()
	d.pending.Add(1)
	d.log.Append(p, func(broker.Commit, error) {
		d.mu.Lock()
		d.changing[p.Published]--
		d.mu.Unlock()
		d.pending.Done()
	})
}

func (d *driver) pick() broker.Proposal {
	m := d.topics
	if len(m) == 0 || d.rng.IntN(100) == 0 {
		return topicPut(fmt.Sprintf("t%d", d.rng.IntN(1000)))
	}
	topic := m[d.rng.IntN(len(m))]
	switch n := d.rng.IntN(100); {
	case n < 2:
		put := topicPut("again")
		put.Topic = topic
		return put
	case n < 3 && len(m) > 3:
		return broker.Proposal{Kind: broker.KindTopicDeleted, Topic: topic}
	case n < 4:
		return broker.Proposal{Kind: broker.KindClock}
	case n < 8:
		return published(topic, 0, "passing")
	case n < 10:
		if run, ok := d.anyRun(); ok {
			return broker.Proposal{Kind: broker.KindEvicted, Topic: run.Topic, Last: run.First}
		}
	case n < 12:
		if run, ok := d.anyRun(); ok {
			return broker.Proposal{Kind: broker.KindEvicted, Topic: run.Topic, Published: run.Position, Sequence: run.First, Last: run.First}
		}
	case n < 20:
		if run, ok := d.anyRun(); ok {
			kind, deadline := broker.KindDeadline, run.Time.Add(time.Duration(d.rng.IntN(20000))*time.Millisecond)
			if d.rng.IntN(3) == 0 {
				kind, deadline = broker.KindDeleted, 0
			}
			return broker.Proposal{Kind: kind, Topic: run.Topic, Published: run.Position, Sequence: run.First, Deadline: deadline}
		}
	}
	p := published(topic, time.Millisecond<<d.rng.IntN(16), "")
	p.Body = make([]byte, 1+d.rng.IntN(300))
	if d.rng.IntN(40) == 0 {
		p.Body = make([]byte, d.rng.IntN(100_000))
	}
	p.Size = len(p.Body)
	for i := 0; i < len(p.Body); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], d.rng.Uint64())
		copy(p.Body[i:], word[:])
	}
	if d.rng.IntN(2) == 0 {
		p.Producer = broker.ProducerID{1, byte(d.rng.IntN(5))}
		d.requests[p.Producer]++
		p.Request = d.requests[p.Producer]
	}
	return p
}

// noteTopic follows which topics there are.
func (d *driver) noteTopic(c *broker.Commit) {
	switch {
	case c.Kind == broker.KindTopicPut && c.Topic == 0:
		d.topics = append(d.topics, broker.TopicID(c.Position))
	case c.Kind == broker.KindTopicDeleted:
		d.topics = slices.DeleteFunc(d.topics, func(id broker.TopicID) bool { return id == c.Topic })
	}
}

// anyRun picks a recent run that was not released.
func (d *driver) anyRun() (broker.Commit, bool) {
	for range 20 {
		if len(d.commits) == 0 {
			break
		}
		c := d.commits[len(d.commits)-1-d.rng.IntN(min(len(d.commits), 300))]
		if c.Kind == broker.KindPublished && c.TTL > 0 && !d.released[c.Position] {
			return c, true
		}
	}
	return broker.Commit{}, false
}

// releaseDead releases what is dead by now, most of it. What is being changed is held, as the broker holds it: the change
// may have been given its time before the run's deadline, and be applied after it.
func (d *driver) releaseDead(now broker.Instant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := newModel(d.commits)
	for _, run := range m.runs {
		if !d.released[run.Position] && d.changing[run.Position] == 0 && !m.alive(run, now) && d.rng.IntN(10) > 0 {
			d.released[run.Position] = true
			d.log.Release(broker.Ref{Position: run.Position, Topic: run.Topic})
		}
	}
}
