package main

import (
	"math"
	"slices"
	"testing"
)

func TestQuantiles(t *testing.T) {
	var h histogram
	for i := range 100_000 {
		h.record(int64(i+1) * 1000)
	}
	for _, q := range []float64{0.01, 0.5, 0.99, 0.999} {
		want := q * 100_000 * 1000
		if got := float64(h.quantile(q)); math.Abs(got-want) > want*0.008 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if got := h.quantile(1); got != 100_000_000 {
		t.Errorf("greatest: %v", got)
	}
}

func TestClassesFollowEachOther(t *testing.T) {
	last := -1
	for v := uint64(0); v < 1<<20; v++ {
		class := classOf(v)
		if class != last && class != last+1 {
			t.Fatalf("class %d of %d after %d", class, v, last)
		}
		last = class
	}
}

func TestSpread(t *testing.T) {
	if got := spreadOf([]float64{5, 1, 3, 2}); got != (spread{Median: 2.5, Least: 1, Most: 5, N: 4}) {
		t.Errorf("%+v", got)
	}
}

// A ratio is made within each round, where both were measured, and judged by the unit's sense.
func TestRatios(t *testing.T) {
	own := &line{Entry: "own", values: map[int]float64{0: 10, 1: 40, 2: 90}}
	one := &line{Entry: "one", values: map[int]float64{0: 2, 1: 2, 2: 2}}
	two := &line{Entry: "two", values: map[int]float64{0: 3, 1: 6}}
	r := &result{Entries: []*line{own, one, two}}
	got, ok := r.ratio(own, goal{factor: 3, against: []term{{"one", 1}, {"two", 1}}}, rate)
	if want := (spread{Median: 3.5, Least: 2, Most: 5, N: 2}); !ok || got.Spread != want || !*got.Met {
		t.Errorf("%+v %v", got, ok)
	}
	got, _ = r.ratio(own, goal{factor: 3, against: []term{{"one", 1}, {"two", 1}}}, median)
	if *got.Met {
		t.Errorf("%+v: less would be better", got)
	}
}

func TestPayloadsAreReadWhole(t *testing.T) {
	s := newStamper(small, 7)
	p := slices.Clone(s.stamp(12345, 9))
	if m, err := read(p); err != nil || m != (mark{published: 12345, publisher: 7, n: 9}) {
		t.Errorf("%+v, %v", m, err)
	}
	for i := range p {
		p[i] ^= 1
		if _, err := read(p); err == nil {
			t.Errorf("byte %d was not looked at", i)
		}
		p[i] ^= 1
	}
}
