package pebblelog

import (
	"context"
	"errors"
	"sort"
	"sync"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// Load implements [broker.Log]. Damage is a [*CorruptionError].
func (l *Log) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	class, from := l.space.find(ref.Position)
	topic := l.policiesOf(ref.Topic)
	if topic == nil || class == 0 || class == changeClass {
		return nil, broker.ErrNotStored
	}
	body, err := l.load(class, from, ref)
	var damage *CorruptionError
	if err = corruption(err); errors.As(err, &damage) {
		damage.Topic, damage.Name, damage.Position = ref.Topic, topic.name, ref.Position
		l.noteDamage(damage)
	}
	return body, err
}

// load gives the body of a run that lies in a block which begins at position from.
func (l *Log) load(class uint8, from uint64, ref broker.Ref) ([]byte, error) {
	rec := l.records.find(class, ref.Position)
	if rec == nil {
		var err error
		if rec, err = l.readRecord(class, from, ref); err != nil {
			return nil, err
		}
		l.records.keep(rec)
	}
	i := sort.Search(len(rec.runs), func(i int) bool { return rec.runs[i].position >= ref.Position })
	if i == len(rec.runs) || rec.runs[i].position != ref.Position {
		return nil, l.missing(ref)
	}
	s := &rec.runs[i]
	switch {
	case s.topic != ref.Topic:
		return nil, broker.ErrNotStored
	case s.damage != nil:
		return nil, &CorruptionError{Err: s.damage}
	}
	return s.body, nil
}

// readRecord reads the record that holds a run: the last that begins at or before it. Where the block begins bounds the
// search, so that tables that cannot hold it are not looked into.
func (l *Log) readRecord(class uint8, from uint64, ref broker.Ref) (read *readRecord, err error) {
	iter, err := l.db.NewIter(&pebble.IterOptions{LowerBound: runKey(class, from), UpperBound: runKey(class, ref.Position+1)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	// Who reads run by run asks for the first of the next record; looking backwards costs twice as much.
	if !iter.SeekGE(runKey(class, ref.Position)) && iter.Error() == nil {
		iter.Last()
	}
	if !iter.Valid() {
		if err := iter.Error(); err != nil {
			return nil, err
		}
		return nil, l.missing(ref)
	}
	value, err := iter.ValueAndErr()
	if err != nil {
		return nil, err
	}
	if read, err = newReadRecord(iter.Key(), value); err != nil {
		return nil, &CorruptionError{Err: err}
	}
	return read, nil
}

// missing tells a run that was released in the meantime from one that is lost.
func (l *Log) missing(ref broker.Ref) error {
	if l.space.class(ref.Position) == 0 {
		return broker.ErrNotStored
	}
	return &CorruptionError{Err: errors.New("the run is not where it was stored")}
}

// readRecord is a record as it was read, in memory of its own. It is never changed.
type readRecord struct {
	class uint8
	runs  []readRun // in order of position
	bytes int64     // that it takes
}

type readRun struct {
	position uint64
	topic    broker.TopicID
	body     []byte
	damage   error // the body is not what was stored
}

// newReadRecord decodes a record and checks all of it: whoever reads one run of it mostly wants the next.
func newReadRecord(key, value []byte) (*readRecord, error) {
	var rec record
	value = append(make([]byte, 0, len(value)), value...)
	if err := rec.decode(key, value); err != nil {
		return nil, err
	}
	read := &readRecord{class: key[1], runs: make([]readRun, len(rec.runs))}
	for i := range rec.runs {
		s := &rec.runs[i]
		read.runs[i] = readRun{s.position, s.topic, s.body, s.verify()}
	}
	read.bytes = int64(len(value)) + int64(len(read.runs))*int64(unsafe.Sizeof(readRun{}))
	return read, nil
}

// recordCache keeps the records that were used last, so that whoever reads run by run reads each record once. A record
// that is longer than recordBytes is a single run, and not worth it. What a position holds never changes, so nothing
// here is ever out of date. Safe for concurrent use.
type recordCache struct {
	mu      sync.Mutex
	limit   int64 // bytes
	bytes   int64
	records []*readRecord // the last used last; few enough to look at each
}

// find gives the record that a run lies in, nil if it is not here.
func (c *recordCache) find(class uint8, position uint64) *readRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.records) - 1; i >= 0; i-- {
		if rec := c.records[i]; rec.holds(class, position) {
			copy(c.records[i:], c.records[i+1:])
			c.records[len(c.records)-1] = rec
			return rec
		}
	}
	return nil
}

func (r *readRecord) holds(class uint8, position uint64) bool {
	return r.class == class && r.runs[0].position <= position && position <= r.runs[len(r.runs)-1].position
}

// keep adds a record, in place of those that were not used for the longest time.
func (c *recordCache) keep(rec *readRecord) {
	if len(rec.runs) == 1 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, rec)
	c.bytes += rec.bytes
	n := 0
	for n < len(c.records)-1 && c.bytes > c.limit {
		c.bytes -= c.records[n].bytes
		n++
	}
	kept := copy(c.records, c.records[n:])
	clear(c.records[kept:])
	c.records = c.records[:kept]
}
