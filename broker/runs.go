package broker

import (
	"slices"
	"sort"
)

// RunOverhead is what a stored run is accounted beyond its messages, in bytes: its entry, its deadline in the
// wheel, and its place among those that may go cold.
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
}

func (r *run) last() uint64 { return r.first + uint64(r.count) - 1 }

// cost is what the run is accounted in bytes.
func (r *run) cost() int64 { return int64(r.held) + RunOverhead }

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

// chunkRuns is how many runs a chunk holds at most.
const chunkRuns = 128

// runList is a topic's runs in sequence order. They lie in chunks, so that taking one out moves few others.
type runList struct {
	chunks [][]run // none empty
	runs   int
}

// push adds a run behind all others.
func (l *runList) push(r run) {
	l.runs++
	if n := len(l.chunks); n > 0 && len(l.chunks[n-1]) < chunkRuns {
		l.chunks[n-1] = append(l.chunks[n-1], r)
		return
	}
	// A list that has filled a chunk will fill another.
	room := 1
	if len(l.chunks) > 0 {
		room = chunkRuns / 2
	}
	l.chunks = append(l.chunks, append(make([]run, 0, room), r))
}

// place is where a run lies, or would lie.
type place struct{ chunk, index int }

// seek finds the first run that ends at or behind sequence.
func (l *runList) seek(sequence uint64) place {
	return l.search(func(r *run) bool { return r.last() >= sequence })
}

// search finds the first run for which ok holds; it must hold for all behind it too.
func (l *runList) search(ok func(*run) bool) place {
	chunk := sort.Search(len(l.chunks), func(i int) bool { return ok(&l.chunks[i][len(l.chunks[i])-1]) })
	if chunk == len(l.chunks) {
		return place{chunk, 0}
	}
	runs := l.chunks[chunk]
	return place{chunk, sort.Search(len(runs), func(i int) bool { return ok(&runs[i]) })}
}

// at gives the run at p, nil at the end. The pointer holds until the list changes.
func (l *runList) at(p place) *run {
	if p.chunk >= len(l.chunks) {
		return nil
	}
	return &l.chunks[p.chunk][p.index]
}

// next is the place behind p.
func (l *runList) next(p place) place {
	if p.index++; p.index >= len(l.chunks[p.chunk]) {
		return place{p.chunk + 1, 0}
	}
	return p
}

// find gives the run that holds sequence and its place, nil if none does.
func (l *runList) find(sequence uint64) (*run, place) {
	p := l.seek(sequence)
	if r := l.at(p); r != nil && r.first <= sequence {
		return r, p
	}
	return nil, p
}

// remove takes the run at p out.
func (l *runList) remove(p place) {
	runs := l.chunks[p.chunk]
	if p.index > 0 {
		l.replace(p)
		return
	}
	// What dies is mostly the oldest: taking that out moves nothing.
	l.runs--
	runs[0] = run{}
	l.chunks[p.chunk] = runs[1:]
	switch len(runs) - 1 {
	case chunkRuns / 4, chunkRuns / 16, chunkRuns / 64: // now and then, as the array behind the slice stays whole
		l.chunks[p.chunk] = slices.Clone(runs[1:])
		l.join(p.chunk)
		return
	case 0:
	default:
		return
	}
	if p.chunk == 0 {
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
		return
	}
	l.chunks = slices.Delete(l.chunks, p.chunk, p.chunk+1)
}

// replace puts the parts, which may be none, in the place of the run at p.
func (l *runList) replace(p place, parts ...run) {
	runs := slices.Replace(l.chunks[p.chunk], p.index, p.index+1, parts...)
	l.runs += len(parts) - 1
	l.chunks[p.chunk] = runs
	switch {
	case len(runs) == 0:
		l.chunks = slices.Delete(l.chunks, p.chunk, p.chunk+1)
	case len(runs) > chunkRuns:
		half := len(runs) / 2
		l.chunks = slices.Insert(l.chunks, p.chunk+1, slices.Clone(runs[half:]))
		l.chunks[p.chunk] = slices.Clone(runs[:half])
	case len(runs) < chunkRuns/4:
		l.join(p.chunk)
	}
}

// join moves a chunk that has become small into the one before it, if both fit into one with room to spare, and lets go
// of memory that it no longer needs.
func (l *runList) join(chunk int) {
	runs := l.chunks[chunk]
	if chunk > 0 && len(l.chunks[chunk-1])+len(runs) <= chunkRuns/2 {
		l.chunks[chunk-1] = append(l.chunks[chunk-1], runs...)
		l.chunks = slices.Delete(l.chunks, chunk, chunk+1)
		return
	}
	if cap(runs) > 4*len(runs) && cap(runs) > 8 {
		l.chunks[chunk] = slices.Clone(runs)
	}
}

// all calls f for each run in order until it returns false.
func (l *runList) all(f func(*run) bool) {
	for _, runs := range l.chunks {
		for i := range runs {
			if !f(&runs[i]) {
				return
			}
		}
	}
}
