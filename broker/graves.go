package broker

import (
	"cmp"
	"slices"
)

// graveyard remembers topics that were deleted, in that order, so that a resume token can be told that its topic is gone,
// or another one now.
type graveyard []grave

// grave is the life of a deleted topic, in positions.
type grave struct {
	name             string
	created, deleted uint64
}

// gravesKept is how many deleted topics are remembered.
const gravesKept = 100_000

func (g *graveyard) add(one grave) {
	if len(*g) == gravesKept {
		*g = append(graveyard(nil), (*g)[gravesKept/4:]...)
	}
	*g = append(*g, one)
}

// since are those that were deleted at a position or later.
func (g graveyard) since(position uint64) []grave {
	i, _ := slices.BinarySearchFunc(g, position, func(one grave, position uint64) int { return cmp.Compare(one.deleted, position) })
	return g[i:]
}
