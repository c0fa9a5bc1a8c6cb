package pebblelog

import (
	"encoding/binary"
	"time"

	"linger/broker"
)

// entry is what is known of a run without its messages: all that recovery needs.
type entry struct {
	position   uint64
	topic      broker.TopicID
	first      uint64
	count      int
	size       int // of the body
	at         broker.Instant
	ttl        time.Duration
	adjustment broker.Adjustment
}

func (e *entry) deadline() broker.Instant { return e.at.Add(e.ttl) }

// commit is the run as it was committed, without its body.
func (e *entry) commit() broker.Commit {
	return broker.Commit{
		Proposal: broker.Proposal{
			Kind: broker.KindPublished, Topic: e.topic, Count: e.count, TTL: e.ttl, Adjustment: e.adjustment, Size: e.size,
		},
		Position: e.position, Time: e.at, First: e.first,
	}
}

// stored is the run as a replay tells of it.
func (e *entry) stored() broker.StoredRun {
	return broker.StoredRun{Position: e.position, First: e.first, Count: e.count, Size: e.size, Time: e.at, TTL: e.ttl}
}

// Runs are written one after the other, each as what differs from what the one before it leads to expect. A byte says
// what is as expected: of a publisher that keeps to one topic and one lifetime that is everything.
const (
	nextPosition = 1 << iota // one above that of the run before
	sameTopic
	nextSequence // follows the last of the run before
	sameTime
	sameCount
	sameSize
	sameTTL
	sameAdjustment
	allExpected = 1<<iota - 1
)

// columns writes entries.
type columns struct {
	b      []byte
	before entry
}

func (c *columns) add(e *entry) {
	p := &c.before
	expected := byte(0)
	if e.position == p.position+1 {
		expected |= nextPosition
	}
	if e.topic == p.topic {
		expected |= sameTopic
	}
	if e.first == p.first+uint64(p.count) {
		expected |= nextSequence
	}
	if e.at == p.at {
		expected |= sameTime
	}
	if e.count == p.count {
		expected |= sameCount
	}
	if e.size == p.size {
		expected |= sameSize
	}
	if e.ttl == p.ttl {
		expected |= sameTTL
	}
	if e.adjustment == p.adjustment {
		expected |= sameAdjustment
	}
	c.b = append(c.b, expected)
	if expected != allExpected {
		c.rest(e, expected)
	}
	*p = *e
}

// rest writes what is not as expected.
func (c *columns) rest(e *entry, expected byte) {
	b, p := c.b, &c.before
	if expected&nextPosition == 0 {
		b = binary.AppendUvarint(b, e.position-p.position)
	}
	if expected&sameTopic == 0 {
		b = binary.AppendVarint(b, int64(e.topic-p.topic))
	}
	if expected&nextSequence == 0 {
		b = binary.AppendVarint(b, int64(e.first-p.first))
	}
	if expected&sameTime == 0 {
		b = binary.AppendUvarint(b, uint64(e.at-p.at))
	}
	if expected&sameCount == 0 {
		b = binary.AppendUvarint(b, uint64(e.count))
	}
	if expected&sameSize == 0 {
		b = binary.AppendUvarint(b, uint64(e.size))
	}
	if expected&sameTTL == 0 {
		b = binary.AppendUvarint(b, uint64(e.ttl.Milliseconds()))
	}
	if expected&sameAdjustment == 0 {
		b = append(b, byte(e.adjustment))
	}
	c.b = b
}

// entry makes of the entry before the next one.
func (r *reader) entry(e *entry) {
	if len(r.b) == 0 {
		r.bad = true
		return
	}
	expected := r.b[0]
	r.b = r.b[1:]
	if expected == allExpected {
		e.position++
		e.first += uint64(e.count)
		return
	}
	step := uint64(1)
	if expected&nextPosition == 0 {
		step = r.uint()
	}
	e.position += step
	if expected&sameTopic == 0 {
		e.topic += broker.TopicID(r.int())
	}
	if expected&nextSequence == 0 {
		e.first += uint64(r.int())
	} else {
		e.first += uint64(e.count)
	}
	if expected&sameTime == 0 {
		e.at += broker.Instant(r.uint())
	}
	if expected&sameCount == 0 {
		e.count = int(r.uint())
	}
	if expected&sameSize == 0 {
		e.size = int(r.uint())
	}
	if expected&sameTTL == 0 {
		e.ttl = r.millis()
	}
	if expected&sameAdjustment == 0 {
		if b := r.bytes(1); b != nil {
			e.adjustment = broker.Adjustment(b[0])
		}
	}
	r.bad = r.bad || e.size < 0 || e.count < 1
}
