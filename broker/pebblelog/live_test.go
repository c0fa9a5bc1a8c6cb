package pebblelog

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLiveSetAgainstAMap adds stretches of positions and takes others out.
func TestLiveSetAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s liveSet
		m := map[uint64]uint8{}
		stretch := func(t *rapid.T) (from, to uint64) {
			from = rapid.Uint64Range(1, 3*pageSize).Draw(t, "from")
			return from, from + rapid.SampledFrom([]uint64{1, 3, 40, 200, pageSize, 3 * pageSize}).Draw(t, "n")
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				from, to := stretch(t)
				class := rapid.Uint8Range(1, 2).Draw(t, "class")
				for position := from; position < to; position++ {
					if m[position] == 0 {
						m[position] = class
						s.add(position, class)
					}
				}
			},
			"remove": func(t *rapid.T) {
				from, to := stretch(t)
				every := rapid.SampledFrom([]uint64{1, 1, 2, 7}).Draw(t, "every")
				for position := from; position < to; position += every {
					if got := s.remove(position); got != m[position] {
						t.Fatalf("%d was in class %d, want %d", position, got, m[position])
					}
					delete(m, position)
				}
			},
			"": func(t *rapid.T) {
				for position := rapid.Uint64Range(0, 30).Draw(t, "first looked at"); position < 7*pageSize; position += 31 {
					if got := s.class(position); got != m[position] {
						t.Fatalf("%d is in class %d, want %d", position, got, m[position])
					}
				}
				from, to := stretch(t)
				want := slices.Sorted(maps.Keys(maps.Collect(func(yield func(uint64, bool) bool) {
					for position, class := range m {
						if class == 2 && position >= from && position <= to && !yield(position, true) {
							return
						}
					}
				})))
				if got := s.between(2, from, to); !slices.Equal(got, want) {
					t.Fatalf("%d positions of class 2 from %d to %d, want %d", len(got), from, to, len(want))
				}
				if len(m) == 0 && len(s.pages) > 0 {
					t.Fatalf("%d pages of nothing", len(s.pages))
				}
			},
		})
	})
}

func TestWhatLivesWholeTakesNothing(t *testing.T) {
	var s liveSet
	for position := range uint64(10 * pageSize) {
		s.add(position, 3)
	}
	for number, p := range s.pages {
		if !p.whole() || p.bits != nil || p.list != nil {
			t.Errorf("page %d of one class takes %d entries, bits %t", number, len(p.list), p.bits != nil)
		}
	}
}
