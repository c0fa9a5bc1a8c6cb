package pebblelog

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A released run shares its block with others that live. Where its deadline does not say that it is dead, a start would
// bring it back; so a close writes what lives of each block of which not all does. What is not in such a list has been
// released for good: a list that is older than the last release only says less.

// liveBlock is a block and the positions in it that live.
type liveBlock struct {
	class       uint8
	first, last uint64
	live        []uint64
}

// partial gives the blocks of which not all lives.
func (s *space) partial() (all []liveBlock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for class := range s.classes {
		for i := range s.classes[class] {
			b := &s.classes[class][i]
			if b.live < b.runs {
				found := liveBlock{class: uint8(class), first: b.first, last: b.last}
				found.live = s.live.between(uint8(class), b.first, b.last)
				all = append(all, found)
			}
		}
	}
	return all
}

// between gives the positions of a class from first to last, in order.
func (s *liveSet) between(class uint8, first, last uint64) (found []uint64) {
	for number := first / pageSize; number <= last/pageSize; number++ {
		p := s.pages[number]
		if p == nil {
			continue
		}
		p.each(func(offset uint16, of uint8) {
			if position := number*pageSize + uint64(offset); of == class && position >= first && position <= last {
				found = append(found, position)
			}
		})
	}
	return found
}

func liveKey(class uint8, first uint64) []byte {
	k := runKey(class, first)
	k[0] = spaceLive
	return k
}

// writeLive stores what lives of each block of which not all does, in place of what the last close stored.
func (l *Log) writeLive(b *pebble.Batch) error {
	if err := b.DeleteRange([]byte{spaceLive}, spaceEnd(spaceLive), nil); err != nil {
		return err
	}
	for _, found := range l.space.partial() {
		k := liveKey(found.class, found.first)
		v := binary.AppendUvarint(nil, found.last-found.first)
		before := found.first
		for _, position := range found.live {
			v = binary.AppendUvarint(v, position-before)
			before = position
		}
		if err := b.Set(k, sealed(v, k), nil); err != nil {
			return err
		}
	}
	return nil
}

func decodeLive(k, v []byte) (found liveBlock, err error) {
	first, ok := numberOf(k, runKeySize)
	if !ok {
		return found, errFormat
	}
	b, err := unsealed(v, k)
	if err != nil {
		return found, err
	}
	r := reader{b: b}
	found.class, found.first = k[1], first
	found.last = first + r.uint()
	for position := first; len(r.b) > 0; {
		position += r.uint()
		found.live = append(found.live, position)
	}
	return found, r.err()
}

// released are the lists of the last close, by class, in order of position.
type released [256][]liveBlock

// gone tells whether a run had been released.
func (all *released) gone(class uint8, position uint64) bool {
	blocks := all[class]
	i, found := slices.BinarySearchFunc(blocks, position, func(b liveBlock, position uint64) int {
		switch {
		case b.last < position:
			return -1
		case b.first > position:
			return 1
		}
		return 0
	})
	if !found {
		return false
	}
	_, lives := slices.BinarySearch(blocks[i].live, position)
	return !lives
}

func (r *recovery) readLive() error {
	return eachOf(r.log.db, spaceLive, func(k, v []byte) error {
		found, err := decodeLive(k, v)
		if err != nil {
			return &CorruptionError{Err: fmt.Errorf("what lives of a block, key %x: %w", k, err)}
		}
		r.released[found.class] = append(r.released[found.class], found)
		return nil
	})
}
