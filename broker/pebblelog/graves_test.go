package pebblelog_test

import (
	"testing"

	"linger/broker/pebblelog"
)

// TestGraves has blocks die in any order: what is cut out is what lies together, with nothing alive between, once its
// deletion is in tables.
func TestGraves(t *testing.T) {
	const block = 100
	expect := func(t *testing.T, g *pebblelog.Ground, swept, from, last uint64) {
		t.Helper()
		if f, l := g.Cut(swept); f != from || l != last {
			t.Errorf("of %d sweeps %d to %d is cut out, want %d to %d", swept, f, l, from, last)
		}
	}
	t.Run("in order", func(t *testing.T) {
		g := pebblelog.NewGround(10, block)
		g.Die(1, 2, 3)
		g.Die(4)
		expect(t, g, 0, 0, 0) // not in tables yet
		expect(t, g, 1, 0, 3*block)
		expect(t, g, 1, 0, 0) // only once
		g.Die(5)
		expect(t, g, 3, 0, 5*block)
	})
	t.Run("behind what lives", func(t *testing.T) {
		g := pebblelog.NewGround(10, block)
		g.Die(3, 4, 5)
		g.Die(6, 8)
		expect(t, g, 2, 2*block+1, 6*block) // 8 alone is too little
		g.Die(2)
		g.Die(7)
		expect(t, g, 4, block+1, 8*block)
		g.Die(1)
		expect(t, g, 5, 0, 0)
	})
	t.Run("the largest first", func(t *testing.T) {
		g := pebblelog.NewGround(12, block)
		g.Die(1, 2, 4, 5, 6, 7, 9, 10)
		expect(t, g, 1, 3*block+1, 7*block)
		expect(t, g, 1, 0, 2*block)
		expect(t, g, 1, 8*block+1, 10*block)
		expect(t, g, 1, 0, 0)
	})
	t.Run("what lives parts", func(t *testing.T) {
		g := pebblelog.NewGround(9, block)
		g.Die(1, 3, 5, 7)
		expect(t, g, 1, 0, 0)
		g.Die(2)
		expect(t, g, 2, 0, 3*block)
		g.Die(4, 6)
		expect(t, g, 2, 0, 0) // their neighbours are too few, and they are not in tables
		expect(t, g, 3, 0, 7*block)
	})
}
