package broker

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var allReasons = []EndReason{ExpiredDelivered, ExpiredUndelivered, ExpiredUnknown, Evicted, Deleted, Lost}

func TestContract10_EndsAreCountedByReason(t *testing.T) {
	var e Ends
	var g Gap
	e.add(NotEnded, 100)
	for i, reason := range allReasons {
		e.add(reason, 1<<i)
		g.add(reason, 1<<i)
	}
	if want := (Ends{1, 2, 4, 8, 16, 32}); e != want || e.Total() != 63 {
		t.Errorf("got %+v, total %d", e, e.Total())
	}
	g.add(NotEnded, 64)
	g.Skipped = 128
	if want := (Gap{Expired: 7, Evicted: 8, Deleted: 16, Lost: 32, Forgotten: 64, Skipped: 128}); g != want || g.Total() != 255 {
		t.Errorf("got %+v, total %d", g, g.Total())
	}
}

func TestContract10_NeighboursThatEndedAlikeAreOneRange(t *testing.T) {
	var l endLog
	record := func(first, last uint64) { l.record(first, last, Evicted, 5, 50, 2) }
	record(1, 10)
	record(21, 30)
	record(11, 20)
	record(32, 32)
	if l.len() != 2 {
		t.Fatalf("%d ranges, want 2", l.len())
	}
	want := Ended{First: 1, Last: 30, Reason: Evicted, PublishTime: 5, EndTime: 50, Deliveries: 2}
	if got, ok := l.find(17); !ok || got != want {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := l.find(31); ok {
		t.Error("31 has ended")
	}
	for _, r := range []endRange{ // different in one thing each
		{31, 31, 5, 50, 2, Deleted}, {33, 33, 6, 50, 2, Evicted}, {34, 34, 6, 51, 2, Evicted}, {35, 35, 6, 51, 3, Evicted},
	} {
		l.record(r.first, r.last, r.reason, r.published, r.ended, r.deliveries)
	}
	if l.len() != 6 {
		t.Errorf("%d ranges, want 6", l.len())
	}
}

func TestContract07_GapTotalIsExact(t *testing.T) {
	var l endLog
	if g := l.gap(8, 7); g != (Gap{}) {
		t.Errorf("a gap of nothing: %+v", g)
	}
	l.record(5, 9, ExpiredDelivered, 1, 2, 1)
	l.record(10, 10, Deleted, 1, 2, 0)
	l.record(20, 29, Lost, 1, 2, 0)
	for _, want := range []Gap{
		{First: 1, Last: 4, Forgotten: 4},
		{First: 7, Last: 25, Expired: 3, Deleted: 1, Lost: 6, Forgotten: 9},
		{First: 29, Last: 40, Lost: 1, Forgotten: 11},
		{First: 6, Last: 6, Expired: 1},
	} {
		if got := l.gap(want.First, want.Last); got != want || got.Total() != want.Last-want.First+1 {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestContract10_OldestEndsAreForgottenFirst(t *testing.T) {
	var l endLog
	ends := rand.Perm(1000)
	for i, ended := range ends {
		l.record(uint64(i+1), uint64(i+1), Evicted, 0, Instant(ended), 0)
	}
	if dropped := l.forget(100); dropped != 100 || l.len() != 900 {
		t.Errorf("forget dropped %d, %d are left", dropped, l.len())
	}
	if dropped := l.trim(250); dropped != 650 || l.len() != 250 {
		t.Errorf("trim dropped %d, %d are left", dropped, l.len())
	}
	if dropped := l.trim(250) + l.forget(750); dropped != 0 {
		t.Errorf("dropped %d more", dropped)
	}
	for i, ended := range ends {
		if _, ok := l.find(uint64(i + 1)); ok != (ended >= 750) {
			t.Errorf("what ended at %d is remembered: %v", ended, ok)
		}
	}
	l.trim(0)
	if l.len() != 0 || l.bytes() != 0 {
		t.Errorf("%d ranges of %d bytes are left of nothing", l.len(), l.bytes())
	}
}

// checkEndLog checks what must always hold within the log, and returns its ranges.
func checkEndLog(t interface{ Fatalf(string, ...any) }, l *endLog) []endRange {
	var all []endRange
	for _, chunk := range l.chunks {
		if len(chunk) == 0 || len(chunk) > chunkRanges {
			t.Fatalf("a chunk of %d", len(chunk))
		}
		all = append(all, chunk...)
	}
	for i, r := range all {
		if i > 0 && (r.first <= all[i-1].last || r.last < r.first) {
			t.Fatalf("%+v follows %+v", r, all[i-1])
		}
		if r.ended < l.oldest {
			t.Fatalf("%+v ended before the oldest at %d", r, l.oldest)
		}
	}
	if l.len() != len(all) {
		t.Fatalf("len is %d, there are %d ranges", l.len(), len(all))
	}
	return all
}

func TestContract10_EndsAgainstAMap(t *testing.T) {
	const sequences = 600
	rapid.Check(t, func(t *rapid.T) {
		var l endLog
		model := map[uint64]endRange{} // by sequence; first and last unused
		used := map[uint64]bool{}
		now := Instant(0)
		sequence := rapid.Uint64Range(1, sequences)
		record := func(t *rapid.T, first, last uint64) {
			r := endRange{
				published: Instant(rapid.IntRange(0, 1).Draw(t, "published")), ended: now,
				deliveries: rapid.Uint32Range(0, 1).Draw(t, "deliveries"), reason: rapid.SampledFrom(allReasons).Draw(t, "reason"),
			}
			for s := first; s <= last; s++ {
				model[s], used[s] = r, true
			}
			l.record(first, last, r.reason, r.published, r.ended, r.deliveries)
		}
		t.Repeat(map[string]func(*rapid.T){
			"record": func(t *rapid.T) {
				first := sequence.Draw(t, "first")
				if used[first] {
					return
				}
				last := first
				for most := first + rapid.Uint64Range(0, 20).Draw(t, "more"); last < most && !used[last+1]; {
					last++
				}
				record(t, first, last)
			},
			"record many": func(t *rapid.T) {
				step := rapid.Uint64Range(1, 4).Draw(t, "step")
				for s := sequence.Draw(t, "from"); s < sequences; s += step {
					if !used[s] {
						record(t, s, s)
					}
				}
			},
			"time": func(t *rapid.T) { now += Instant(rapid.IntRange(-1, 5).Draw(t, "by")) },
			"forget": func(t *rapid.T) {
				before := now - Instant(rapid.IntRange(0, 10).Draw(t, "age"))
				l.forget(before)
				for s, r := range model {
					if r.ended < before {
						delete(model, s)
					}
				}
			},
			"trim": func(t *rapid.T) {
				most := rapid.IntRange(0, l.len()).Draw(t, "most")
				all := checkEndLog(t, &l)
				slices.SortStableFunc(all, func(a, b endRange) int { return int(a.ended - b.ended) })
				if dropped := l.trim(most); dropped != len(all)-most {
					t.Fatalf("dropped %d of %d, %d were to be left", dropped, len(all), most)
				}
				for _, r := range all[:len(all)-most] {
					for s := r.first; s <= r.last; s++ {
						delete(model, s)
					}
				}
			},
			"": func(t *rapid.T) {
				checkEndLog(t, &l)
				for s := uint64(1); s <= sequences+20; s++ {
					got, ok := l.find(s)
					want, there := model[s]
					if ok != there || ok && (got.First > s || got.Last < s ||
						got.Reason != want.reason || got.PublishTime != want.published || got.EndTime != want.ended ||
						got.Deliveries != want.deliveries) {
						t.Fatalf("%d: got %+v, %v, want %+v, %v", s, got, ok, want, there)
					}
				}
				first := sequence.Draw(t, "gap first")
				last := first + rapid.Uint64Range(0, sequences).Draw(t, "gap more")
				want := Gap{First: first, Last: last}
				for s := first; s <= last; s++ {
					want.add(model[s].reason, 1)
				}
				if got := l.gap(first, last); got != want || got.Total() != last-first+1 {
					t.Fatalf("gap: got %+v, want %+v", got, want)
				}
			},
		})
	})
}

// The order in which messages end must not matter for what it costs: ns/op is for 10,000 ends.
func BenchmarkEndsInRandomOrder(b *testing.B) {
	order := rand.Perm(10_000)
	for b.Loop() {
		var l endLog
		for _, i := range order {
			l.record(uint64(2*i), uint64(2*i), Evicted, 0, Instant(i), 0)
		}
	}
}

func BenchmarkGapOverEverything(b *testing.B) {
	var l endLog
	for i := range uint64(10_000) {
		l.record(2*i, 2*i, Evicted, 0, Instant(i), 0)
	}
	for b.Loop() {
		l.gap(1, 20_000)
	}
}
