package pebblelog

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Hurry has all logs look after themselves more often than they would, and cut blocks small, so that few messages do what
// many would. Only before the first is opened.
func Hurry() {
	tendEvery, fenceEvery, nudgeEvery = 10*time.Millisecond, 30*time.Millisecond, 400*time.Millisecond
	blockBytes, sparseBytes, buryBytes = 16<<10, 2<<10, 32<<10
}

// Look has the log look after itself now.
func (l *Log) Look() { l.kick <- struct{}{} }

// Flush has all that was written reach the tables.
func (l *Log) Flush() error { return l.db.Flush() }

// Stored is the size of all records that are on disk.
func (l *Log) Stored() int64 {
	all, _ := l.space.used()
	return all
}

// Policies is how many policies are on disk that replaced others.
func (l *Log) Policies() (n int) {
	_ = eachOf(l.db, spaceTopics, func(k, _ []byte) error {
		if len(k) > 9 {
			n++
		}
		return nil
	})
	return n
}

// VerifyFS is Verify in a file system.
func VerifyFS(fs vfs.FS, dir string) (Report, error) { return verify(fs, dir, nil) }

// RepairFS is Repair in a file system.
func RepairFS(fs vfs.FS, dir string) (Report, string, error) { return repair(fs, dir, nil) }

// ShortenIndex gives what stands in the index under a key without its last run.
func ShortenIndex(k, v []byte) []byte {
	var x blockIndex
	if x.decode(k, v) != nil || len(x.entries) < 2 {
		return v
	}
	short := newIndex(x.class, x.first)
	for i := range x.entries[:len(x.entries)-1] {
		short.add(&x.entries[i])
	}
	short.last, short.bytes = x.last, x.bytes
	return short.encode(k)
}

// Ground is blocks of one class, numbered from 1, and what is dead of them.
type Ground struct {
	space  space
	graves graves
	sweeps uint64
	each   uint64
}

// NewGround makes n blocks of each positions. Two of them are enough to be cut out.
func NewGround(n int, each uint64) *Ground {
	g := &Ground{each: each}
	for i := range uint64(n) {
		var runs []storedRun
		var alive []uint64
		for position := i*each + 1; position <= (i+1)*each; position++ {
			runs = append(runs, storedRun{entry: entry{position: position, count: 1}})
			alive = append(alive, position)
		}
		g.space.add(1, i*each+1, runs, max(blockBytes, buryBytes/2), alive)
	}
	return g
}

// Die has all of some blocks die and swept.
func (g *Ground) Die(blocks ...uint64) {
	for _, n := range blocks {
		for position := (n-1)*g.each + 1; position <= n*g.each; position++ {
			g.space.release(position)
		}
	}
	dead, _ := g.space.sweep(false)
	g.sweeps++
	g.graves.dig(dead, g.sweeps)
}

// Cut tells from which position up to which is cut out when the deletions of so many sweeps are in tables; 0, 0: nothing.
func (g *Ground) Cut(swept uint64) (from, last uint64) {
	class, begin, end := g.graves.largest(swept, buryBytes)
	if begin == end {
		return 0, 0
	}
	return g.graves.cut(class, begin, end)
}

// WALStarts are the blocks of a WAL from which on a repair tries to read.
func WALStarts(b []byte, number uint64) (starts []int) {
	for at := nextStart(b, 0, number); at < len(b); at = nextStart(b, at+walBlock, number) {
		starts = append(starts, at/walBlock)
	}
	return starts
}

// WrittenLength is how much of a WAL was written.
var WrittenLength = writtenLength
