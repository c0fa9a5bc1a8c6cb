package broker

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestContract10_DeliveriesAreCountedFromPositions(t *testing.T) {
	var c coverage
	if count, until := c.at(7); count != 0 || until != math.MaxUint64 {
		t.Errorf("nobody read: %d up to %d", count, until)
	}
	c.add(1, 10)
	c.add(5, 20)
	c.add(9, 8)
	c.add(30, math.MaxUint64)
	for _, want := range []struct {
		sequence uint64
		count    uint32
		until    uint64
	}{{1, 1, 4}, {4, 1, 4}, {5, 2, 10}, {11, 1, 20}, {21, 0, 29}, {30, 1, math.MaxUint64}} {
		if count, until := c.at(want.sequence); count != want.count || until != want.until {
			t.Errorf("%d: %d up to %d, want %d up to %d", want.sequence, count, until, want.count, want.until)
		}
	}
	c.trim(15)
	if count, until := c.at(3); count != 0 || until != 14 {
		t.Errorf("below: %d up to %d", count, until)
	}
	if count, until := c.at(15); count != 1 || until != 20 {
		t.Errorf("above: %d up to %d", count, until)
	}
	c.add(1, 16)
	if count, until := c.at(1); count != 0 || until != 14 {
		t.Errorf("added below: %d up to %d", count, until)
	}
}

// checkCoverage checks what must always hold within a coverage.
func checkCoverage(t interface{ Fatalf(string, ...any) }, c *coverage) {
	if len(c.steps) > coverageSteps {
		t.Fatalf("%d steps", len(c.steps))
	}
	before := coverageStep{}
	for i, s := range c.steps {
		if s.count == before.count || i > 0 && s.from <= before.from || s.from < c.below {
			t.Fatalf("%+v follows %+v, %d is the lowest", s, before, c.below)
		}
		before = s
	}
}

func TestContract10_CoverageAgainstAMap(t *testing.T) {
	const sequences = 200
	rapid.Check(t, func(t *rapid.T) {
		var c coverage
		model := map[uint64]uint32{}
		below := uint64(0)
		sequence := rapid.Uint64Range(0, sequences)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				first, last := sequence.Draw(t, "first"), sequence.Draw(t, "last")
				c.add(first, last)
				for s := max(first, below); s <= last; s++ {
					model[s]++
				}
			},
			"trim": func(t *rapid.T) {
				at := sequence.Draw(t, "below")
				c.trim(at)
				below = max(below, at)
				for s := range model {
					if s < below {
						delete(model, s)
					}
				}
			},
			"": func(t *rapid.T) {
				checkCoverage(t, &c)
				for s := uint64(0); s <= sequences+1; s++ {
					count, until := c.at(s)
					if count != model[s] || until < s || until > sequences && until != math.MaxUint64 {
						t.Fatalf("%d: %d up to %d, want %d", s, count, until, model[s])
					}
					if until <= sequences && model[until+1] == count && until+1 != below || until < math.MaxUint64 && model[until] != count {
						t.Fatalf("%d: %d up to %d", s, count, until)
					}
				}
			},
		})
	})
}

func TestContract10_CoverageIsBounded(t *testing.T) {
	const sequences = 100_000
	var c coverage
	model := make([]uint32, sequences+1)
	for range 5_000 {
		first := 1 + rand.Uint64N(sequences)
		last := min(first+rand.Uint64N(100), sequences)
		c.add(first, last)
		for s := first; s <= last; s++ {
			model[s]++
		}
	}
	checkCoverage(t, &c)
	exact := 0
	for s := uint64(1); s <= sequences; s++ {
		count, _ := c.at(s)
		if count > model[s] {
			t.Fatalf("%d: %d, want at most %d", s, count, model[s])
		}
		if (count > 0) != (model[s] > 0) {
			t.Fatalf("%d: %d, want %d: whether it was handed out has been lost", s, count, model[s])
		}
		if count == model[s] {
			exact++
		}
	}
	if exact < sequences/10 {
		t.Errorf("only %d of %d counts are exact", exact, sequences)
	}
}

func TestContract10_CoverageOfHolesIsBounded(t *testing.T) {
	var c coverage
	for s := range uint64(3_000) {
		c.add(10*s, 10*s+4)
	}
	checkCoverage(t, &c)
	if count, until := c.at(29_991); count != 1 || until != 29_994 {
		t.Errorf("the newest: %d up to %d", count, until)
	}
	if count, _ := c.at(0); count != 0 {
		t.Errorf("the oldest: %d", count)
	}
}

func BenchmarkCoverage(b *testing.B) {
	var c coverage
	for b.Loop() {
		first := rand.Uint64N(1_000_000)
		c.add(first, first+rand.Uint64N(100_000))
	}
}
