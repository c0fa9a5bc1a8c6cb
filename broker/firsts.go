package broker

import (
	"slices"
	"sync/atomic"
	"time"
)

// firsts tells which messages a subscription is the first to be handed, from read positions alone: all before the frontier
// have been handed out, but for the holes that readers left who began further on. Mostly there is none, and whoever reads
// furthest moves the frontier.
type firsts struct {
	frontier atomic.Uint64
	holes    []span        // below the frontier, in order; history.mu guards them
	holesEnd atomic.Uint64 // behind the last of them
}

// holesKept bounds the holes. Beyond, the oldest count as handed out, without anybody knowing when.
const holesKept = 16

// claim counts the messages in [from, to) that nobody else was handed. at is where the reader had been before: what lies
// between has ended, or is not for it.
func (h *history) claim(at, from, to uint64) uint32 {
	f := &h.firsts
	frontier := f.frontier.Load()
	switch {
	case to <= frontier && from >= f.holesEnd.Load():
		return 0
	case at <= frontier && frontier <= from && f.frontier.CompareAndSwap(frontier, to):
		return uint32(to - from)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return f.fill(from, to) + f.extend(at, from, to)
}

// extend moves the frontier, and counts what it passes of [from, to).
func (f *firsts) extend(at, from, to uint64) uint32 {
	for {
		frontier := f.frontier.Load()
		if to <= frontier {
			return 0
		}
		if !f.frontier.CompareAndSwap(frontier, to) {
			continue // somebody was faster
		}
		if at > frontier {
			f.holes = append(f.holes, span{frontier, at})
			if len(f.holes) > holesKept {
				f.holes = slices.Delete(f.holes, 0, 1)
			}
			f.holesEnd.Store(at)
		}
		return uint32(to - max(from, frontier))
	}
}

// fill takes [from, to) out of the holes, and counts what it took.
func (f *firsts) fill(from, to uint64) (filled uint32) {
	for i := 0; i < len(f.holes); {
		hole := f.holes[i]
		first, end := max(hole.from, from), min(hole.to, to)
		if first >= end {
			i++
			continue
		}
		filled += uint32(end - first)
		var left []span
		if hole.from < first {
			left = append(left, span{hole.from, first})
		}
		if end < hole.to {
			left = append(left, span{end, hole.to})
		}
		f.holes = slices.Replace(f.holes, i, i+1, left...)
		i += len(left)
	}
	if n := len(f.holes); n > holesKept {
		f.holes = slices.Delete(f.holes, 0, n-holesKept)
	}
	end := uint64(0)
	if n := len(f.holes); n > 0 {
		end = f.holes[n-1].to
	}
	f.holesEnd.Store(end)
	return filled
}

// ages are of the messages published in a stretch of time: how many there were, and how old they were when the first
// subscription was handed them.
type ages struct {
	messages uint32
	counts   [len(ageBounds) + 1]uint32 // below the bound, and not below the one before; the last: older
	unread   int32                      // the least age, in ms, at which one ended that nobody had been handed; 0: none did
}

// ageBounds are the ages that are told apart, in ms: those below a second, and the stops of the dashboard's axis.
var ageBounds = [...]int64{
	1, 2, 5, 10, 20, 50, 100, 200, 500,
	1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000,
	60_000, 120_000, 180_000, 240_000, 300_000, 360_000, 480_000, 600_000,
}

// ageIndex is where an age is counted.
func ageIndex(age time.Duration) int {
	i, exact := slices.BinarySearch(ageBounds[:], age.Milliseconds())
	if exact {
		i++
	}
	return i
}

// endedUnread notes at what age messages ended that nobody had been handed.
func (a *ages) endedUnread(age time.Duration) {
	ms := int32(max(1, min(age, WhatIfReach).Milliseconds()))
	if a.unread == 0 || ms < a.unread {
		a.unread = ms
	}
}

// before counts what was handed out before an age. exact is false where some of a count may be, which is then left out.
func (a *ages) before(age time.Duration) (count uint64, exact bool) {
	exact = true
	for i, n := range a.counts {
		switch {
		case i < len(ageBounds) && ageBounds[i] <= age.Milliseconds():
			count += uint64(n)
		case n > 0 && (i == 0 || ageBounds[i-1] < age.Milliseconds()):
			exact = false
			return count, exact
		}
	}
	return count, exact
}
