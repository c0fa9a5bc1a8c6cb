package broker

import "slices"

// RunOverhead is what a stored run is accounted beyond its messages, in bytes: its entry, and its share of its chunk and
// of the chunk's deadline in the wheel. Neighbours that are only in the log are accounted as little as they take, see
// pack.go, and small ones that lie together in memory as SealedOverhead, see seal.go.
const RunOverhead = 128

// run is consecutive messages of one topic, published together, with one deadline.
type run struct {
	first     uint64 // sequence of the first message
	position  uint64 // of the commit
	published Instant
	deadline  Instant // of a passing run: its publish time
	body      []byte  // the frames; shared with readers, never changed; nil while they are only in the log
	count     uint32
	size      uint32 // of the frames, in bytes
	index     uint32 // of the first message within its commit
	held      uint32 // bytes of memory that body keeps alive; more than size after a split
	passing   bool   // now or never
	sealed    bool   // its messages lie beside its neighbours', and it is accounted as such
}

func (r *run) last() uint64 { return r.first + uint64(r.count) - 1 }

// cost is what the run is accounted in bytes, unless it is packed.
func (r *run) cost() int64 {
	if r.sealed {
		return int64(r.size) + SealedOverhead
	}
	return int64(r.held) + RunOverhead
}

// alive tells whether a run is still kept for its own sake at now.
func (r *run) alive(now Instant) bool { return now < r.deadline }

// until is when the run has to be reclaimed.
func (r *run) until() Instant {
	if r.passing {
		return r.published.Add(PassingTime)
	}
	return r.deadline
}

// cut gives the part of r from sequence from to last, both included, sharing r's memory. Of a cold run it does not know
// the part's size.
func (r *run) cut(from, last uint64) run {
	part := *r
	if !r.cold() {
		start, end := skipFrames(r.body, int(from-r.first)), len(r.body)
		if last < r.last() {
			end = start + skipFrames(r.body[start:], int(last-from+1))
		}
		part.body, part.size = r.body[start:end:end], uint32(end-start)
	}
	part.index += uint32(from - r.first)
	part.first, part.count = from, uint32(last-from+1)
	return part
}

// own gives a part of a split run its own memory when it is less than half of what it would keep alive (contract 4).
func (r *run) own() {
	if r.size*2 < r.held {
		r.body = slices.Clone(r.body)
		r.held = r.size
	}
}
