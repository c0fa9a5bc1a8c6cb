package pebblelog

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
)

// Pebble frees the space of a deleted range by itself only where tables lie over each other: what was flushed and not merged
// since stays until there are hundreds of such tables. So once a deletion is in tables too, the tables, or the parts of
// them, that hold nothing else are cut out. This changes nothing but the space that is used: a crash before it leaves the
// deletion.

// buryBytes is how much of a class is cut out at once. Tests have it small.
var buryBytes int64 = tableBytes

// graves are what has been deleted and not yet cut out: of each class, from its beginning on. What is dead between others
// that live is left to Pebble.
type graves struct {
	classes [256][]grave // in order of position
	forced  <-chan struct{}
	sweep   uint64 // whose deletions are in tables when forced is closed
}

// grave is what one sweep deleted of a class.
type grave struct {
	last  uint64 // position
	bytes int64
	sweep uint64
}

// dig takes what a sweep has deleted.
func (g *graves) dig(dead []stretch, sweep uint64) {
	for _, d := range dead {
		if d.oldest {
			g.classes[d.class] = append(g.classes[d.class], grave{d.last, d.bytes, sweep})
		}
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
	most, class, n := buryBytes-1, 0, 0
	for c, all := range g.classes {
		bytes, k := int64(0), 0
		for k < len(all) && all[k].sweep <= swept {
			bytes += all[k].bytes
			k++
		}
		if bytes > most {
			most, class, n = bytes, c, k
		}
	}
	if n == 0 {
		return nil
	}
	span := pebble.KeyRange{Start: runKey(uint8(class), 0), End: runKey(uint8(class), g.classes[class][n-1].last+1)}
	if err := l.db.Excise(context.Background(), span); err != nil {
		return err
	}
	g.classes[class] = append([]grave(nil), g.classes[class][n:]...)
	return nil
}
