package pebblelog

import (
	"context"
	"slices"
	"sort"

	"github.com/cockroachdb/pebble/v2"
)

// Pebble frees the space of a deleted range by itself only where tables lie over each other: what was flushed and not merged
// since stays until there are hundreds of such tables. So once a deletion is in tables too, the tables, or the parts of
// them, that hold nothing else are cut out. This changes nothing but the space that is used: a crash before it leaves the
// deletion.

// buryBytes is how much of a class is cut out at once. Tests have it small.
var buryBytes int64 = tableBytes

// gravesKept bounds how many stretches of a class wait for their neighbours to die. Where that many are too small to be cut
// out, what lives between them has been written again, and lies over them: these Pebble merges.
const gravesKept = 4096

// graves are what has been deleted and not yet cut out.
type graves struct {
	classes [256][]grave // in order of position
	forced  <-chan struct{}
	sweep   uint64 // whose deletions are in tables when forced is closed
}

// grave is what one sweep deleted of a class: from one position up to another nothing lives.
type grave struct {
	from, last uint64
	bytes      int64
	sweep      uint64
}

// dig takes what a sweep has deleted.
func (g *graves) dig(dead []stretch, sweep uint64) {
	for _, d := range dead {
		all := g.classes[d.class]
		i := sort.Search(len(all), func(i int) bool { return all[i].last > d.last })
		all = slices.Insert(all, i, grave{d.from, d.last, d.bytes, sweep})
		g.classes[d.class] = all[max(0, len(all)-gravesKept):]
	}
}

// flushing notes that the deletions of a sweep are in tables once a channel is closed.
func (g *graves) flushing(done <-chan struct{}, sweep uint64) {
	if done != nil {
		g.forced, g.sweep = done, sweep
	}
}

// bury cuts out the largest of what can be. One at a look: commits wait for it.
func (g *graves) bury(l *Log) error {
	swept := l.flushes.swept()
	select {
	case <-g.forced:
		swept = max(swept, g.sweep)
	default:
	}
	least := buryBytes
	if l.full.Load() != nil {
		least = 1 // all that can be had
	}
	class, begin, end := g.largest(swept, least)
	if begin == end {
		return nil
	}
	from, last := g.cut(class, begin, end)
	return l.db.Excise(context.Background(), pebble.KeyRange{Start: runKey(class, from), End: runKey(class, last+1)})
}

// cut takes neighbours out and tells which positions they are. One that died later may reach below those before it.
func (g *graves) cut(class uint8, begin, end int) (from, last uint64) {
	all := g.classes[class]
	from, last = all[begin].from, all[end-1].last
	for _, one := range all[begin:end] {
		from = min(from, one.from)
	}
	g.classes[class] = slices.Concat(all[:begin], all[end:])
	return from, last
}

// largest finds the neighbours with nothing alive between them that hold most, of those whose deletions are in tables. None
// hold the least: begin is end.
func (g *graves) largest(swept uint64, least int64) (class uint8, begin, end int) {
	most := least - 1
	for c, all := range g.classes {
		first, bytes := 0, int64(0)
		for i := range all {
			switch {
			case all[i].sweep > swept:
				first, bytes = i+1, 0
				continue
			case i > first && all[i].from > all[i-1].last+1:
				first, bytes = i, 0
			}
			if bytes += all[i].bytes; bytes > most {
				most, class, begin, end = bytes, uint8(c), first, i+1
			}
		}
	}
	return class, begin, end
}
