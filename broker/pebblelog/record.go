package pebblelog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"linger/broker"
)

// A record holds runs of one group and one class, under the position of the first:
//
//	sum of all up to the bodies, with the key (4) · length of the header (4) · header · bodies
//
// The header has the time and for each run its columns, so that recovery knows what is dead without looking at a body.
// Each body has its own sum, so that one damaged message costs no other.
const (
	recordPrefix = 8
	recordBytes  = 32 << 10 // bodies in a record, unless a single one is longer
	recordRuns   = 1024
)

// storedRun is a run's columns.
type storedRun struct {
	position   uint64
	topic      broker.TopicID
	first      uint64
	count      int
	ttl        time.Duration
	adjustment broker.Adjustment
	sum        uint32 // of the body
	body       []byte
	size       int // of the body
}

func (s *storedRun) deadline(at broker.Instant) broker.Instant { return at.Add(s.ttl) }

// columns writes the header of a record under position into b.
func columns(b []byte, position uint64, at broker.Instant, runs []storedRun) []byte {
	b = binary.AppendUvarint(b, uint64(at))
	b = binary.AppendUvarint(b, uint64(len(runs)))
	var before storedRun
	before.position = position
	for i := range runs {
		s := &runs[i]
		b = binary.AppendUvarint(b, s.position-before.position)
		b = binary.AppendVarint(b, int64(s.topic-before.topic))
		b = binary.AppendUvarint(b, s.first)
		b = binary.AppendUvarint(b, uint64(s.count))
		b = appendMillis(b, s.ttl)
		b = append(b, byte(s.adjustment))
		b = binary.AppendUvarint(b, uint64(len(s.body)))
		b = binary.LittleEndian.AppendUint32(b, s.sum)
		before = *s
	}
	return b
}

// fillRecord writes a whole record into value, which has its exact size.
func fillRecord(value, key, header []byte, runs []storedRun) {
	binary.LittleEndian.PutUint32(value[4:], uint32(len(header)))
	n := recordPrefix + copy(value[recordPrefix:], header)
	binary.LittleEndian.PutUint32(value, recordSum(value[4:n], key))
	for i := range runs {
		n += copy(value[n:], runs[i].body)
	}
}

func recordSum(header, key []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, key)
}

// record is a record that is being read.
type record struct {
	time broker.Instant
	runs []storedRun // reused by the next decode; bodies are parts of the value
}

// openRecord checks a record's header against its sum and gives its columns and its bodies.
func openRecord(key, value []byte) (header, bodies []byte, err error) {
	if len(value) < recordPrefix {
		return nil, nil, errFormat
	}
	size := uint64(binary.LittleEndian.Uint32(value[4:]))
	if size > uint64(len(value)-recordPrefix) {
		return nil, nil, errFormat
	}
	end := recordPrefix + int(size)
	if recordSum(value[4:end], key) != binary.LittleEndian.Uint32(value) {
		return nil, nil, errSum
	}
	return value[recordPrefix:end], value[end:], nil
}

// decode reads the columns. Bodies are not checked; see storedRun.verify.
func (rec *record) decode(key, value []byte) error {
	header, bodies, err := openRecord(key, value)
	if err != nil {
		return err
	}
	r := reader{b: header}
	rec.time = broker.Instant(r.uint())
	n := r.uint()
	if n == 0 || n > uint64(len(header)) {
		return errFormat
	}
	rec.runs = rec.runs[:0]
	position, _ := numberOf(key, runKeySize)
	var topic broker.TopicID
	for range n {
		position += r.uint()
		topic += broker.TopicID(r.int())
		s := storedRun{position: position, topic: topic, first: r.uint(), count: int(r.uint()), ttl: r.millis()}
		if b := r.bytes(1); b != nil {
			s.adjustment = broker.Adjustment(b[0])
		}
		s.size = int(r.uint())
		s.sum = r.uint32()
		if r.bad || s.size < 0 || s.size > len(bodies) {
			return errFormat
		}
		s.body = bodies[:s.size:s.size]
		bodies = bodies[s.size:]
		rec.runs = append(rec.runs, s)
	}
	if len(bodies) != 0 {
		return errFormat
	}
	return r.err()
}

// verify checks a body against its sum.
func (s *storedRun) verify() error {
	if crc32.Checksum(s.body, castagnoli) != s.sum {
		return fmt.Errorf("messages %d to %d: %w", s.first, s.first+uint64(s.count)-1, errSum)
	}
	return nil
}

// commit is the run as it was committed, without its body.
func (s *storedRun) commit(at broker.Instant) broker.Commit {
	return broker.Commit{
		Proposal: broker.Proposal{
			Kind: broker.KindPublished, Topic: s.topic, Count: s.count, TTL: s.ttl, Adjustment: s.adjustment, Size: s.size,
		},
		Position: s.position, Time: at, First: s.first,
	}
}
