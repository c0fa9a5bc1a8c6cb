package broker

import (
	"encoding/binary"
	"unsafe"
)

// Of messages that are only in the log the index is what takes memory. Where all runs of a chunk are cold they are
// packed: written one behind the other as what differs from the run before. Runs that were published one by one in a
// burst are some hundredths of a byte each, others three to ten bytes. So are small messages that stay in memory; see
// seal.go.

// packRuns is the least number of runs worth packing.
const packRuns = 16

// packed is the runs of a chunk, all cold or all sealed, none passing.
type packed struct {
	first uint64 // sequence that the first run begins with
	count uint32 // of runs
	size  uint32 // sealed: of the messages that lie in data, in bytes; 0: cold
	last  run    // without its messages
	data  []byte // of what is sealed the messages, one behind the other; then the columns

	gone [chunkRuns / 64]uint64 // sealed: a bit for each run of the columns that was taken out since
	base uint64                 // sequence that the first run of the columns begins with
}

// cost is what it is accounted, in bytes, with the chunk, its entry in the wheel, and what the log keeps of each run.
func (p *packed) cost() int64 {
	const fixed = int64(unsafe.Sizeof(packed{})+unsafe.Sizeof(chunk{})) + 64
	return fixed + int64(cap(p.data)) + int64(p.count)/4
}

// saves is what its runs are accounted less for being packed: together, not as RunOverhead each. 0 where it is sealed: these
// runs carry their own cost.
func (p *packed) saves() int64 {
	if p.size > 0 {
		return 0
	}
	return int64(p.count)*RunOverhead - p.cost()
}

// pack packs a chunk, if none of its runs has its messages in memory and there are enough.
func (l *runList) pack(c *chunk) { l.packLeast(c, packRuns) }

func (l *runList) packLeast(c *chunk, least int) {
	if c.packed != nil || len(c.runs) < least {
		return
	}
	for i := range c.runs {
		if !c.runs[i].cold() {
			return
		}
	}
	c.packed = newPacked(c.runs, 0)
	l.b.used.Add(-c.packed.saves())
	c.runs, c.room = nil, 0
	l.b.hot.remove(c)
}

// thaw unpacks a chunk that is to be changed. It will be packed again when memory is short.
func (l *runList) thaw(c *chunk) {
	if c.packed == nil {
		return
	}
	c.runs = c.packed.unpack(nil)
	l.b.used.Add(c.packed.saves())
	c.packed = nil
	c.room = cap(c.runs)
	l.mayCool(c)
}

// A run is a byte that says which columns follow, each as a varint; what does not follow is as expected. A byte with the
// highest bit set stands for up to 128 runs that are all as expected.
const (
	packGap       = 1 << iota // sequences missing before it; expected: none
	packPosition              // expected: one more than the position before
	packPublished             // expected: when the one before was
	packTTL                   // expected: that of the one before
	packCount                 // expected: that of the one before
	packSize                  // expected: that of the one before
	packIndex                 // expected: 0
	packRepeat
)

// newPacked packs runs. Where they are to be sealed, size is that of their messages; otherwise 0.
func newPacked(runs []run, size int64) *packed {
	p := &packed{first: runs[0].first, base: runs[0].first, count: uint32(len(runs)), size: uint32(size), last: runs[len(runs)-1]}
	p.last.body = nil
	var scratch [chunkRuns * 8]byte
	b := scratch[:0]
	before := run{first: runs[0].first}
	repeat := -1 // where the byte is that stands for the runs before this one
	for i := range runs {
		r := &runs[i]
		at := len(b)
		b = append(b, 0)
		var flags byte
		column := func(flag byte, differs bool, value int64) {
			if differs {
				flags |= flag
				b = binary.AppendVarint(b, value)
			}
		}
		expected := before.first + uint64(before.count)
		column(packGap, r.first != expected, int64(r.first-expected))
		column(packPosition, r.position != before.position+1, int64(r.position-before.position))
		column(packPublished, r.published != before.published, int64(r.published-before.published))
		column(packTTL, r.deadline-r.published != before.deadline-before.published, int64(r.deadline-r.published))
		column(packCount, r.count != before.count, int64(r.count))
		column(packSize, r.size != before.size, int64(r.size))
		column(packIndex, r.index != 0, int64(r.index))
		before = *r
		switch {
		case flags != 0:
			b[at], repeat = flags, -1
		case repeat >= 0 && b[repeat] < 0xff:
			b[repeat]++
			b = b[:at]
		default:
			b[at], repeat = packRepeat, at
		}
	}
	p.data = make([]byte, 0, int(size)+len(b))
	if size > 0 {
		for i := range runs {
			p.data = append(p.data, runs[i].body...)
		}
	}
	p.data = append(p.data, b...)
	return p
}

// unpack gives the runs, in into if they fit.
func (p *packed) unpack(into []run) []run {
	if cap(into) < int(p.count) {
		into = make([]run, 0, p.count)
	}
	into = into[:0]
	r := run{first: p.base}
	ttl := int64(0)
	for b := p.data[p.size:]; len(b) > 0; {
		flags := b[0]
		b = b[1:]
		if flags&packRepeat != 0 {
			r.index = 0
			for range int(flags&^packRepeat) + 1 {
				r.first += uint64(r.count)
				r.position++
				into = append(into, r)
			}
			continue
		}
		column := func(flag byte, expected int64) int64 {
			if flags&flag == 0 {
				return expected
			}
			value, n := binary.Varint(b)
			b = b[n:]
			return value
		}
		r.first += uint64(r.count) + uint64(column(packGap, 0))
		r.position += uint64(column(packPosition, 1))
		r.published += Instant(column(packPublished, 0))
		ttl = column(packTTL, ttl)
		r.count = uint32(column(packCount, int64(r.count)))
		r.size = uint32(column(packSize, int64(r.size)))
		r.index = uint32(column(packIndex, 0))
		r.deadline = r.published + Instant(ttl)
		into = append(into, r)
	}
	return p.embody(into)
}
