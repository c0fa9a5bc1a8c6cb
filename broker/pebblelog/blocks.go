package pebblelog

import (
	"slices"
	"sort"
	"sync"
)

// What blocks are cut to. Tests have them small.
var (
	blockBytes int64 = 1 << 20 // of records: what is deleted at once
	// A block of which less than a quarter is alive is written again with that alone, unless it is too small to matter.
	sparseBytes int64 = 64 << 10
)

// blockRuns bounds how many runs are in a block, and so what is indexed at once.
const blockRuns = 1 << 14

// block is a stretch of one class, some of which may be dead.
type block struct {
	first, last uint64 // positions; no other block of the class holds any between
	live, runs  int
	bytes       int64       // on disk, before Pebble's own overhead
	changes     []attach    // changes of its runs, to be let go when the runs are off the disk
	index       *blockIndex // of its runs, until it is stored; nil for changes, too
}

type attach struct{ run, change uint64 }

// alive estimates the bytes of what is alive in a block.
func (b *block) alive() int64 {
	if b.runs == 0 {
		return 0
	}
	return b.bytes * int64(b.live) / int64(b.runs)
}

// space is what the log knows of the runs and changes on its disk: which are alive, in blocks by class. Safe for
// concurrent use.
type space struct {
	mu      sync.Mutex
	live    liveSet
	classes [256][]block // in order of position
	bytes   int64        // of all blocks
	aliveIn int64        // estimate, as of the last look
}

// add takes a record that stands under position first, of which the runs in alive live.
func (s *space) add(class uint8, first uint64, runs []storedRun, bytes int64, alive []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.fillLocked(class, first, len(runs), bytes)
	if b.index == nil {
		b.index = newIndex(class, first)
	}
	for i := range runs {
		b.index.add(&runs[i].entry)
	}
	b.index.bytes += bytes
	b.last = runs[len(runs)-1].position
	s.countLocked(b, class, len(runs), bytes, alive)
}

// addChange takes a change of a message.
func (s *space) addChange(position uint64, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.fillLocked(changeClass, position, 1, bytes)
	b.last = position
	s.countLocked(b, changeClass, 1, bytes, []uint64{position})
}

// addIndexed takes a block whose index is stored, of which the runs in alive live.
func (s *space) addIndexed(x *blockIndex, alive []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := s.classes[x.class]
	if n := len(blocks); n == 0 || blocks[n-1].index != nil || !blocks[n-1].small(int(x.runs), x.bytes) {
		blocks = append(blocks, block{first: x.first})
		s.classes[x.class] = blocks
	}
	b := &blocks[len(blocks)-1]
	b.last = x.last
	s.countLocked(b, x.class, int(x.runs), x.bytes, alive)
}

// fillLocked gives the block that takes the next record of a class: the last, unless it has been filled.
func (s *space) fillLocked(class uint8, first uint64, runs int, bytes int64) *block {
	blocks := s.classes[class]
	if k := len(blocks); k == 0 || !blocks[k-1].takes(class, runs, bytes) {
		blocks = append(blocks, block{first: first})
		s.classes[class] = blocks
	}
	return &blocks[len(blocks)-1]
}

// takes tells whether the last block of a class has room for a record. What has an index that is stored takes no more.
func (b *block) takes(class uint8, runs int, bytes int64) bool {
	return (class == changeClass || b.index != nil) && b.bytes+bytes <= blockBytes && b.runs+runs <= blockRuns
}

// small tells whether a block stays small with what else is to be in it.
func (b *block) small(runs int, bytes int64) bool {
	return b.bytes+bytes <= blockBytes/2 && b.runs+runs <= blockRuns
}

func (s *space) countLocked(b *block, class uint8, runs int, bytes int64, alive []uint64) {
	b.runs += runs
	b.live += len(alive)
	b.bytes += bytes
	s.bytes += bytes
	for _, position := range alive {
		s.live.add(position, class)
	}
}

// blockLocked finds the block of a class that holds a position, nil if none does.
func (s *space) blockLocked(class uint8, position uint64) *block {
	blocks := s.classes[class]
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].last >= position })
	if i == len(blocks) || blocks[i].first > position {
		return nil
	}
	return &blocks[i]
}

// release lets a position go. What holds it is reclaimed later. It reports false when that was done before.
func (s *space) release(position uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.releaseLocked(position)
}

func (s *space) releaseLocked(position uint64) bool {
	class := s.live.remove(position)
	if class == 0 {
		return false
	}
	if b := s.blockLocked(class, position); b != nil {
		b.live--
	}
	return true
}

// class gives the class of a live position, 0 for none.
func (s *space) class(position uint64) uint8 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live.class(position)
}

// find gives the class of a live position, 0 for none, and where its block begins.
func (s *space) find(position uint64) (class uint8, from uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	class = s.live.class(position)
	if b := s.blockLocked(class, position); b != nil {
		from = b.first
	}
	return class, from
}

// attach has a change live as long as the run that it changes is on disk. It reports false when that is not known.
func (s *space) attach(run, change uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	class := s.live.class(run)
	if class == 0 {
		return false
	}
	b := s.blockLocked(class, run)
	b.changes = append(b.changes, attach{run, change})
	return true
}

// stretch is positions of one class.
type stretch struct {
	class       uint8
	first, last uint64
	bytes       int64
	from        uint64 // nothing of the class lives from here on up to first
}

// sweep removes the blocks that are dead, neighbours as one, and gives the indexes that are to be stored: those of blocks
// that have been filled, or with all set of every block. The changes of what was in the dead are dead from then on, but
// theirs is a later call, so that they are never off the disk before the runs.
func (s *space) sweep(all bool) (dead []stretch, indexes []*blockIndex) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes []attach
	s.aliveIn = 0
	for class := range s.classes {
		blocks := s.classes[class]
		kept := blocks[:0]
		joinable := false // the newest stretch ends where the next block begins
		for i := range blocks {
			b := blocks[i]
			if b.live > 0 {
				if b.index != nil && (all || i < len(blocks)-1) {
					indexes = append(indexes, b.index)
					b.index = nil
				}
				kept = append(kept, b)
				s.aliveIn += b.alive()
				joinable = false
				continue
			}
			changes = append(changes, b.changes...)
			s.bytes -= b.bytes
			if joinable {
				d := &dead[len(dead)-1]
				d.last = b.last
				d.bytes += b.bytes
				continue
			}
			from := uint64(0)
			if n := len(kept); n > 0 {
				from = kept[n-1].last + 1
			}
			dead = append(dead, stretch{uint8(class), b.first, b.last, b.bytes, from})
			joinable = true
		}
		clear(blocks[len(kept):])
		s.classes[class] = kept
		if len(kept) == 0 {
			s.classes[class] = nil
		}
	}
	for _, c := range changes {
		s.releaseLocked(c.change)
	}
	return dead, indexes
}

// sparse finds blocks that should be written again, at most n.
func (s *space) sparse(n int) (found []stretch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for class := range s.classes {
		for i := range s.classes[class] {
			b := &s.classes[class][i]
			if b.live == 0 || b.bytes < sparseBytes || b.alive()*4 >= b.bytes {
				continue
			}
			if b.index != nil || (class == changeClass && i == len(s.classes[class])-1) {
				continue // still being filled
			}
			if found = append(found, stretch{class: uint8(class), first: b.first, last: b.last, bytes: b.bytes}); len(found) == n {
				return found
			}
		}
	}
	return found
}

// rewritten notes that a block now holds its living runs only: those in kept, in so many bytes.
func (s *space) rewritten(at stretch, kept map[uint64]bool, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blockLocked(at.class, at.first)
	s.bytes += bytes - b.bytes
	b.bytes, b.runs = bytes, len(kept)
	b.changes = slices.DeleteFunc(b.changes, func(c attach) bool {
		if kept[c.run] {
			return false
		}
		s.releaseLocked(c.change)
		return true
	})
	s.joinLocked(at.class)
}

// joinLocked makes one of neighbours that have become small, unless one is still being filled.
func (s *space) joinLocked(class uint8) {
	blocks := s.classes[class]
	joined := blocks[:0]
	for i := range blocks {
		if n := len(joined); n > 0 && blocks[i].index == nil && joined[n-1].index == nil && joined[n-1].small(blocks[i].runs, blocks[i].bytes) {
			b := &joined[n-1]
			b.last = blocks[i].last
			b.live += blocks[i].live
			b.runs += blocks[i].runs
			b.bytes += blocks[i].bytes
			b.changes = append(b.changes, blocks[i].changes...)
			continue
		}
		joined = append(joined, blocks[i])
	}
	clear(blocks[len(joined):])
	s.classes[class] = joined
}

// used tells the bytes of all blocks and an estimate of those alive.
func (s *space) used() (all, alive int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes, s.aliveIn
}
