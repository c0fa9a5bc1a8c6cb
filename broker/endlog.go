package broker

import (
	"slices"
	"sort"
	"unsafe"
)

// An endLog remembers how the messages of a topic ended, as ranges of sequences. Messages with long and short lifetimes
// end in any order, so it is sorted by sequence, in chunks, to make room in the middle cheaply. The zero value is empty.
// It has no lock.
type endLog struct {
	chunks [][]endRange // none empty
	count  int          // of ranges
	oldest Instant      // no range ended before
}

// chunkRanges is the most ranges in a chunk: 5 KiB to move when one is put in.
const chunkRanges = 128

type endRange struct {
	first, last      uint64
	published, ended Instant
	deliveries       uint32
	reason           EndReason
}

// continues is true when r ended in the same way as before, directly behind it.
func (r endRange) continues(before endRange) bool {
	before.first, before.last = before.last+1, r.last
	return r == before
}

// record remembers how first to last ended. No range may be recorded twice, nor overlap another.
func (l *endLog) record(first, last uint64, reason EndReason, published, ended Instant, deliveries uint32) {
	r := endRange{first, last, published, ended, deliveries, reason}
	if l.count == 0 {
		l.oldest = ended
	}
	l.oldest = min(l.oldest, ended)
	c, i := l.search(first)
	before, after := l.before(c, i), l.at(c, i)
	switch {
	case before != nil && r.continues(*before):
		before.last = last
		if after != nil && after.continues(*before) {
			before.last = after.last
			l.remove(c, i)
		}
	case after != nil && after.continues(r):
		after.first = first
	default:
		l.insert(c, i, r)
	}
}

// search finds the first range that ends at or behind the sequence: its chunk and its place there. Behind everything is
// the place behind the last chunk's last range.
func (l *endLog) search(sequence uint64) (c, i int) {
	if len(l.chunks) == 0 {
		return 0, 0
	}
	c = sort.Search(len(l.chunks)-1, func(c int) bool {
		chunk := l.chunks[c]
		return chunk[len(chunk)-1].last >= sequence
	})
	chunk := l.chunks[c]
	return c, sort.Search(len(chunk), func(i int) bool { return chunk[i].last >= sequence })
}

// at is the range at a place, nil behind the last.
func (l *endLog) at(c, i int) *endRange {
	if c >= len(l.chunks) || i >= len(l.chunks[c]) {
		return nil
	}
	return &l.chunks[c][i]
}

// before is the range before a place, nil at the first.
func (l *endLog) before(c, i int) *endRange {
	if i > 0 {
		return &l.chunks[c][i-1]
	}
	if c > 0 {
		previous := l.chunks[c-1]
		return &previous[len(previous)-1]
	}
	return nil
}

func (l *endLog) insert(c, i int, r endRange) {
	l.count++
	switch {
	case len(l.chunks) == 0:
		l.chunks = [][]endRange{{r}}
	case len(l.chunks[c]) < chunkRanges:
		l.chunks[c] = slices.Insert(l.chunks[c], i, r)
	case i == chunkRanges: // only behind everything: a full chunk stays full
		l.chunks = append(l.chunks, []endRange{r})
	default:
		const half = chunkRanges / 2
		l.chunks = slices.Insert(l.chunks, c+1, slices.Clone(l.chunks[c][half:]))
		l.chunks[c] = l.chunks[c][:half]
		if i > half {
			c, i = c+1, i-half
		}
		l.chunks[c] = slices.Insert(l.chunks[c], i, r)
	}
}

func (l *endLog) remove(c, i int) {
	l.count--
	l.chunks[c] = slices.Delete(l.chunks[c], i, i+1)
	if len(l.chunks[c]) == 0 {
		l.chunks = slices.Delete(l.chunks, c, c+1)
	}
}

// find says how a message ended, and that of its neighbours which ended alike: topic and incarnation are the caller's to
// fill in. It is false when that is not remembered.
func (l *endLog) find(sequence uint64) (Ended, bool) {
	r := l.at(l.search(sequence))
	if r == nil || r.first > sequence {
		return Ended{}, false
	}
	return Ended{
		First: r.first, Last: r.last, Reason: r.reason,
		PublishTime: r.published, EndTime: r.ended, Deliveries: r.deliveries,
	}, true
}

// gap says how the messages first to last ended, all of which have. Without any, the gap is empty.
func (l *endLog) gap(first, last uint64) Gap {
	if first > last {
		return Gap{}
	}
	g := Gap{First: first, Last: last}
	forgotten := last - first + 1
	for c, i := l.search(first); c < len(l.chunks); c, i = c+1, 0 {
		for _, r := range l.chunks[c][i:] {
			if r.first > last {
				g.Forgotten = forgotten
				return g
			}
			n := min(r.last, last) - max(r.first, first) + 1
			g.add(r.reason, n)
			forgotten -= n
		}
	}
	g.Forgotten = forgotten
	return g
}

// forget drops what ended before an instant, and returns how many ranges that was.
func (l *endLog) forget(before Instant) int {
	if l.count == 0 || l.oldest >= before {
		return 0
	}
	return l.keep(func(r endRange) bool { return r.ended >= before })
}

// trim drops what ended the longest ago, until at most so many ranges are left, and returns how many it dropped.
func (l *endLog) trim(most int) int {
	excess := l.count - max(most, 0)
	if excess <= 0 {
		return 0
	}
	ends := make([]Instant, 0, l.count)
	for _, chunk := range l.chunks {
		for _, r := range chunk {
			ends = append(ends, r.ended)
		}
	}
	slices.Sort(ends)
	limit := ends[excess-1]
	earlier, _ := slices.BinarySearch(ends, limit)
	atLimit := excess - earlier // of those that ended at the limit, the first so many go
	return l.keep(func(r endRange) bool {
		if r.ended == limit {
			atLimit--
			return atLimit < 0
		}
		return r.ended > limit
	})
}

// keep drops the ranges that are not wanted and returns how many. It gives back the memory: chunks that fit into one
// become one.
func (l *endLog) keep(wanted func(endRange) bool) (dropped int) {
	had := l.count
	chunks := l.chunks
	*l = endLog{}
	for _, chunk := range chunks {
		chunk = slices.DeleteFunc(chunk, func(r endRange) bool { return !wanted(r) })
		if len(chunk) == 0 {
			continue
		}
		for _, r := range chunk {
			if l.count == 0 || r.ended < l.oldest {
				l.oldest = r.ended
			}
			l.count++
		}
		if n := len(l.chunks); n > 0 && len(l.chunks[n-1])+len(chunk) <= chunkRanges {
			l.chunks[n-1] = append(l.chunks[n-1], chunk...)
			continue
		}
		if len(chunk) < cap(chunk)/2 {
			chunk = slices.Clone(chunk)
		}
		l.chunks = append(l.chunks, chunk)
	}
	return had - l.count
}

// len is how many ranges are remembered.
func (l *endLog) len() int { return l.count }

// bytes is the memory that they take.
func (l *endLog) bytes() int {
	n := cap(l.chunks) * int(unsafe.Sizeof([]endRange{}))
	for _, chunk := range l.chunks {
		n += cap(chunk) * int(unsafe.Sizeof(endRange{}))
	}
	return n
}
