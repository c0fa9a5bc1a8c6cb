package pebblelog

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// How the messages of each topic had ended is stored at a close: the messages themselves are gone by then, and what is left
// of them are their numbers. A crash leaves it as it was at the last close.

// tally is what is stored of a topic.
type tally struct {
	broker.Tally
	position uint64 // of the last commit that is counted
}

func (t *tally) encode(key []byte) []byte {
	b := binary.AppendUvarint(nil, t.position)
	e := &t.Ended
	for _, n := range []uint64{e.ExpiredDelivered, e.ExpiredUndelivered, e.ExpiredUnknown, e.Evicted, e.Deleted, e.Lost, t.Unused} {
		b = binary.AppendUvarint(b, n)
	}
	return sealed(b, key)
}

func decodeTally(key, value []byte) (t tally, err error) {
	b, err := unsealed(value, key)
	if err != nil {
		return t, err
	}
	r := reader{b: b}
	t.position = r.uint()
	e := &t.Ended
	for _, n := range []*uint64{&e.ExpiredDelivered, &e.ExpiredUndelivered, &e.ExpiredUnknown, &e.Evicted, &e.Deleted, &e.Lost, &t.Unused} {
		*n = r.uint()
	}
	return t, r.err()
}

// writeTallies stores what has ended so far.
func (l *Log) writeTallies(b *pebble.Batch) error {
	if l.tallies == nil {
		return nil
	}
	s := &l.state
	for id, known := range l.tallies() {
		if s.topics[id] == nil || known == (broker.Tally{}) {
			continue
		}
		t := tally{known, s.position}
		k := key(spaceTallies, uint64(id))
		if err := b.Set(k, t.encode(k), nil); err != nil {
			return err
		}
	}
	return nil
}

// eachTally calls f with what is stored of each topic.
func eachTally(db pebble.Reader, f func(id broker.TopicID, t tally) error) error {
	return eachOf(db, spaceTallies, func(k, v []byte) error {
		id, err := idOf(k)
		if err != nil {
			return err
		}
		t, err := decodeTally(k, v)
		if err != nil {
			return &CorruptionError{Topic: id, Err: fmt.Errorf("how its messages ended: %w", err)}
		}
		return f(id, t)
	})
}

// readTallies reads how messages ended, after the topics.
func (r *recovery) readTallies() error {
	err := eachTally(r.log.db, func(id broker.TopicID, t tally) error {
		r.tallies = append(r.tallies, broker.Commit{
			Proposal: broker.Proposal{Kind: broker.KindTally, Topic: id, Tally: &t.Tally}, Position: t.position, Time: r.log.opened.newestRecord.time,
		})
		return nil
	})
	slices.SortFunc(r.tallies, func(x, y broker.Commit) int { return cmp.Compare(x.Position, y.Position) })
	return err
}
