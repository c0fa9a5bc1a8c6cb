package pebblelog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	pebblerecord "github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/sstable"
	pebbleblock "github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// salvage reads a store's tables and WALs one by one, without what ties them together, and passes over what is damaged.
// Every value has its own checksum, so that what it gives is what was written, once.
type salvage struct {
	fs     vfs.FS
	report *Report
	done   *steps
	newest map[string]version // by key
	holes  []hole
	take   func(k, v []byte) error // called for the newest version of a key so far
}

// version is the newest that was seen of a key.
type version struct {
	sequence uint64
	deleted  bool
}

// hole is a range that was deleted.
type hole struct {
	from, to []byte
	sequence uint64
}

// dir reads all files of a directory.
func (s *salvage) dir(dir string) error {
	names, err := s.fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := s.fs.PathJoin(dir, name)
		switch {
		case strings.HasSuffix(name, ".sst"):
			err = s.table(path)
		case strings.HasSuffix(name, walSuffix):
			err = s.wal(path, name)
		default:
			continue
		}
		if err != nil {
			return err
		}
		s.done.add(sizeOf(s.fs, path))
	}
	return nil
}

// entry takes one version of a key.
func (s *salvage) entry(k, v []byte, sequence uint64, deleted bool) error {
	if len(k) == 0 {
		return nil
	}
	if before, ok := s.newest[string(k)]; ok && before.sequence > sequence {
		return nil
	}
	s.newest[string(k)] = version{sequence, deleted}
	if deleted {
		return s.take(k, nil)
	}
	return s.take(k, v)
}

func (s *salvage) hole(from, to []byte, sequence uint64) {
	s.holes = append(s.holes, hole{bytes.Clone(from), bytes.Clone(to), sequence})
}

// table reads one of Pebble's tables.
func (s *salvage) table(path string) (err error) {
	table, err := openTable(s.fs, path)
	if err != nil {
		s.report.add(path, "", "given up: nothing of the table can be read: %s", oneLine(err))
		return nil
	}
	defer func() { _ = table.Close() }()
	s.deletions(table, path)
	at, err := s.stretch(table, nil)
	var stop *takeError
	if err == nil || errors.As(err, &stop) {
		return stop.Unwrap()
	}
	// Pebble tries every single bit when a checksum does not match, which takes seconds. So the table is read once more
	// from its end, and no further search is made: between two damaged blocks all is given up.
	s.report.add(path, "", "given up: what cannot be read behind %s: %s", describe(at), oneLine(err))
	if _, err = s.stretch(table, append(at, 0)); errors.As(err, &stop) {
		return stop.error
	}
	return nil
}

// takeError is an error of the caller's, not of the table.
type takeError struct{ error }

// Unwrap gives the cause; nil of nil.
func (e *takeError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.error
}

// stretch reads a table from its beginning, or with down set from its end down to that key, until it has all or meets
// something damaged, and gives the last key that it came to.
func (s *salvage) stretch(table *sstable.Reader, down []byte) (at []byte, err error) {
	iter, err := table.NewIter(pebbleblock.NoTransforms, nil, nil, sstable.AssertNoBlobHandles)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	first, next := iter.First, iter.Next
	if down != nil {
		first, next = iter.Last, iter.Prev
	}
	for kv := first(); kv != nil; kv = next() {
		if down != nil && bytes.Compare(kv.K.UserKey, down) < 0 {
			return at, nil
		}
		v, _, err := kv.Value(nil)
		if err != nil {
			return at, err
		}
		at = append(at[:0], kv.K.UserKey...)
		deleted := kv.Kind() != pebble.InternalKeyKindSet && kv.Kind() != pebble.InternalKeyKindSetWithDelete
		if err := s.entry(kv.K.UserKey, v, uint64(kv.SeqNum()), deleted); err != nil {
			return at, &takeError{err}
		}
	}
	return at, iter.Error()
}

// deletions reads what ranges a table deletes.
func (s *salvage) deletions(table *sstable.Reader, path string) {
	iter, err := table.NewRawRangeDelIter(context.Background(), pebbleblock.NoFragmentTransforms, sstable.NoReadEnv)
	if err != nil {
		s.report.add(path, "", "given up: what it deleted: %s", oneLine(err))
		return
	}
	if iter == nil {
		return
	}
	defer iter.Close()
	span, err := iter.First()
	for ; span != nil && err == nil; span, err = iter.Next() {
		for _, k := range span.Keys {
			s.hole(span.Start, span.End, uint64(k.SeqNum()))
		}
	}
	if err != nil {
		s.report.add(path, "", "given up: some of what it deleted: %s", oneLine(err))
	}
}

// wal reads a WAL. It ends in zeros, or in the rest of an older one; that is no damage.
func (s *salvage) wal(path, name string) error {
	number, err := strconv.ParseUint(strings.TrimSuffix(name, walSuffix), 10, 64)
	if err != nil {
		return nil // not one of Pebble's
	}
	f, err := s.fs.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		s.report.add(path, "", "%v", err)
	}
	length, _ := writtenLength(bytes.NewReader(b)) // which never fails
	b = b[:length]
	ended := 0 // where what could be read so far ends
	for start := nextStart(b, 0, number); start < len(b); {
		read, found, err := s.walFrom(b[start:], number)
		if err != nil {
			return err
		}
		if found && start > ended {
			s.report.add(path, "", "given up: what stood in bytes %d to %d", ended, start-1)
		}
		if found {
			ended = start + read
		}
		start = nextStart(b, start+(read/walBlock+1)*walBlock, number)
	}
	return nil
}

// nextStart is the first block, start or behind it, with which something of this WAL begins; b's length or more if there is none.
func nextStart(b []byte, start int, number uint64) int {
	for start < len(b) && !begins(b[start:], number) {
		start += walBlock
	}
	return start
}

// walFrom reads batches until there is something that is none, and tells how far it came and whether there was any.
func (s *salvage) walFrom(b []byte, number uint64) (read int, found bool, err error) {
	r := walReader(pebblerecord.NewReader, bytes.NewReader(b), number)
	for {
		read = int(r.Offset())
		next, err := r.Next()
		if err != nil {
			return read, found, nil //nolint:nilerror // where it ends is told
		}
		repr, err := io.ReadAll(next)
		if err != nil {
			return read, found, nil //nolint:nilerror // as above
		}
		found = true
		if err := s.batch(repr); err != nil {
			return read, found, err
		}
	}
}

// walReader calls record.NewReader, whose second type has no name outside Pebble.
func walReader[N ~uint64](open func(io.Reader, N) *pebblerecord.Reader, r io.Reader, number uint64) *pebblerecord.Reader {
	return open(r, N(number))
}

// batch takes what a batch did.
func (s *salvage) batch(repr []byte) error {
	h, ok := batchrepr.ReadHeader(repr)
	if !ok {
		return nil
	}
	sequence := uint64(h.SeqNum)
	for r := batchrepr.Read(repr); ; {
		kind, k, v, ok, err := r.Next()
		if !ok || err != nil {
			return nil //nolint:nilerror // the WAL's own checksum was right; what is not a batch is of another kind
		}
		switch kind {
		case pebble.InternalKeyKindSet:
			err = s.entry(k, v, sequence, false)
		case pebble.InternalKeyKindDelete:
			err = s.entry(k, nil, sequence, true)
		case pebble.InternalKeyKindRangeDelete:
			s.hole(k, v, sequence)
		case pebble.InternalKeyKindLogData:
			continue
		}
		if err != nil {
			return err
		}
		sequence++
	}
}
