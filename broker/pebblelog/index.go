package pebblelog

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// The index says of each block which runs are in it, so that a start need not read their messages. It repeats what stands
// in the records' headers and nothing else depends on it: where it is missing or damaged, the records are read, and it is
// written again. A block gets its index when it has been filled, and at a close; after a crash the newest records of each
// class are read themselves. An index is written after the records that it names and deleted with them, so no crash leaves
// one without the other.

// blockIndex is what the index says of a stretch of one class.
type blockIndex struct {
	class          uint8
	first, last    uint64 // positions; the records between are all named
	runs, messages uint64
	size           int64          // of the bodies
	bytes          int64          // of the records, on disk
	until          broker.Instant // the latest deadline that a run was published with
	columns        columns        // of what is to be stored
	entries        []entry        // as they were read
}

// add takes a run that comes behind all others.
func (x *blockIndex) add(e *entry) {
	x.runs++
	x.messages += uint64(e.count)
	x.size += int64(e.size)
	x.until = max(x.until, e.deadline())
	x.last = e.position
	x.columns.add(e)
}

// newIndex begins an index of what lies at and behind first.
func newIndex(class uint8, first uint64) *blockIndex {
	x := &blockIndex{class: class, first: first}
	x.columns.before.position = first - 1
	return x
}

func indexKey(class uint8, first uint64) []byte {
	k := runKey(class, first)
	k[0] = spaceIndex
	return k
}

// encode gives the index as it is stored under key.
func (x *blockIndex) encode(key []byte) []byte {
	b := make([]byte, 0, 64+len(x.columns.b))
	for _, v := range []uint64{x.last - x.first, x.runs, x.messages, uint64(x.size), uint64(x.bytes), uint64(x.until)} {
		b = binary.AppendUvarint(b, v)
	}
	return sealed(append(b, x.columns.b...), key)
}

// decode reads an index, its entries into those that it has.
func (x *blockIndex) decode(k, v []byte) error {
	first, ok := numberOf(k, runKeySize)
	if !ok {
		return errFormat
	}
	b, err := unsealed(v, k)
	if err != nil {
		return err
	}
	r := reader{b: b}
	x.class, x.first, x.last = k[1], first, first+r.uint()
	x.runs, x.messages, x.size, x.bytes, x.until = r.uint(), r.uint(), int64(r.uint()), int64(r.uint()), broker.Instant(r.uint())
	x.entries = x.entries[:0]
	e := entry{position: x.first - 1}
	for range x.runs {
		before := e.position
		if r.entry(&e); r.bad || e.position <= before || e.position > x.last {
			return errFormat
		}
		x.entries = append(x.entries, e)
	}
	if len(r.b) > 0 || x.runs == 0 {
		return errFormat
	}
	return r.err()
}

// writeIndexes stores indexes.
func writeIndexes(b *pebble.Batch, all []*blockIndex) error {
	for _, x := range all {
		k := indexKey(x.class, x.first)
		if err := b.Set(k, x.encode(k), nil); err != nil {
			return err
		}
	}
	return nil
}

// readIndexes gives the index of a class, in order of position. What of it is damaged is left out, and told.
func (r *recovery) readIndexes(rs *readers, class uint8, f func(*blockIndex) error) error {
	var x blockIndex
	var stop error
	end := uint64(0) // behind the last that was good
	damaged := func(err error) {
		r.log.options.Logger.Warn("the index of some messages is damaged; they are read themselves instead",
			"dir", r.log.options.Dir, "class", class, "behind", end, "error", err)
	}
	err := each(r.log.db, indexKey(class, 0), indexKey(class+1, 0), func(k, v []byte) error {
		err := x.decode(k, v)
		if err == nil && x.first < end {
			err = fmt.Errorf("what lies at %d is named twice", x.first)
		}
		if err != nil {
			damaged(err)
			rs.mu.Lock()
			r.spoilt = append(r.spoilt, bytes.Clone(k))
			rs.mu.Unlock()
			return nil
		}
		end = x.last + 1
		stop = f(&x)
		return stop
	})
	if stop == nil && err != nil {
		damaged(err)
	}
	return stop
}
