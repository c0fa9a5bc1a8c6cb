package pebblelog

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// What a topic has evicted from its beginning on is one number: the sequence up to which nothing is retained. It is
// stored once for each topic, in the group that moved it. A run that lies below is dead, whatever its deadline says; of
// one that reaches above, the broker is told again what was evicted. Evictions from the middle are changes of a run.

// evicted is how far a topic's evictions have come, and the commit that said so; position 0: none has.
type evicted struct {
	last     uint64 // sequence
	position uint64
	time     broker.Instant
}

// note takes a commit that evicts all up to a sequence. Of several, the one that goes furthest stands for all.
func (e *evicted) note(c *broker.Commit) {
	if c.Last >= e.last {
		*e = evicted{c.Last, c.Position, c.Time}
	}
}

// commit is what the broker is told of it.
func (e *evicted) commit(topic broker.TopicID) broker.Commit {
	return broker.Commit{
		Proposal: broker.Proposal{Kind: broker.KindEvicted, Topic: topic, Last: e.last}, Position: e.position, Time: e.time,
	}
}

func (e *evicted) encode(key []byte) []byte {
	b := binary.AppendUvarint(nil, e.last)
	b = binary.AppendUvarint(b, e.position)
	return sealed(binary.AppendUvarint(b, uint64(e.time)), key)
}

func decodeEvicted(key, value []byte) (e evicted, err error) {
	b, err := unsealed(value, key)
	if err != nil {
		return e, err
	}
	r := reader{b: b}
	e.last, e.position, e.time = r.uint(), r.uint(), broker.Instant(r.uint())
	return e, r.err()
}

// collectEvicted has an eviction written: with others of its topic as how far they come, or as a change of a run.
func (w *writer) collectEvicted(c *broker.Commit, t *topicState) {
	switch n := len(w.evicted); {
	case c.Published != 0:
		w.changes = append(w.changes, *c)
	case n == 0 || w.evicted[n-1] != t:
		w.evicted = append(w.evicted, t)
	}
}

// writeEvicted stores how far evictions have come in the topics in which they have moved.
func (w *writer) writeEvicted(b *pebble.Batch) {
	for _, t := range w.evicted {
		if w.log.state.topics[t.id] == t { // not deleted in the same group
			k := key(spaceEvicted, uint64(t.id))
			_ = b.Set(k, t.evicted.encode(k), nil)
		}
	}
	clear(w.evicted)
	w.evicted = w.evicted[:0]
}

// readEvicted reads how far evictions have come, after the topics.
func (r *recovery) readEvicted() error {
	err := eachOf(r.log.db, spaceEvicted, func(k, v []byte) error {
		id, err := idOf(k)
		if err != nil {
			return err
		}
		e, err := decodeEvicted(k, v)
		if err != nil {
			return &CorruptionError{Topic: id, Err: fmt.Errorf("what it has evicted: %w", err)}
		}
		t := r.topics[id]
		if t == nil {
			return &CorruptionError{Topic: id, Err: fmt.Errorf("it has evicted up to #%d, but the topic is missing", e.last)}
		}
		t.evicted = e
		r.puts = append(r.puts, e.commit(id))
		return nil
	})
	slices.SortFunc(r.puts, func(x, y broker.Commit) int { return cmp.Compare(x.Position, y.Position) })
	return err
}

// hasEvicted tells whether all of a run has been evicted from the topic's beginning on. nil: the topic is gone.
func (t *topicState) hasEvicted(e *entry) bool {
	return t != nil && e.first+uint64(e.count)-1 <= t.evicted.last
}
