package pebblelog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A record holds runs of one group and one class, under the position of the first that it was written with:
//
//	sum of all up to the bodies, with the key (4) · length of the header (4) · header · bodies
//
// The header says how many runs there are and has for each its columns and the sum of its body, so that one damaged
// message costs no other.
const (
	recordPrefix = 8
	recordBytes  = 32 << 10 // bodies in a record, unless a single one is longer
	recordRuns   = 1024
)

// storedRun is a run with its messages.
type storedRun struct {
	entry
	sum  uint32 // of the body
	body []byte
}

// recordHeader writes the header of a record under position into b.
func recordHeader(b []byte, position uint64, runs []storedRun) []byte {
	c := columns{b: binary.AppendUvarint(b, uint64(len(runs)))}
	c.before.position = position - 1
	for i := range runs {
		c.add(&runs[i].entry)
		c.b = binary.LittleEndian.AppendUint32(c.b, runs[i].sum)
	}
	return c.b
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

// recordWith is a record with some of its runs, under the key that it has.
func recordWith(key []byte, runs []storedRun) []byte {
	first, _ := numberOf(key, runKeySize)
	header := recordHeader(nil, first, runs)
	size := recordPrefix + len(header)
	for i := range runs {
		size += runs[i].size
	}
	value := make([]byte, size)
	fillRecord(value, key, header, runs)
	return value
}

func recordSum(header, key []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, key)
}

// record is a record that is being read.
type record struct {
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
	n := r.uint()
	if n == 0 || n > uint64(len(header)) {
		return errFormat
	}
	rec.runs = rec.runs[:0]
	var s storedRun
	position, _ := numberOf(key, runKeySize)
	s.position = position - 1
	for range n {
		r.entry(&s.entry)
		s.sum = r.uint32()
		if r.bad || s.size > len(bodies) {
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
