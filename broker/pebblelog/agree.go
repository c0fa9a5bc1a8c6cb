package pebblelog

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// agreement compares the index with the records, as both are read in order. nil compares nothing.
type agreement struct {
	report *Report
	iter   *pebble.Iterator
	at     blockIndex // that the records are being compared with
	left   []entry    // of these, the runs that are to come
	ended  bool       // there is no more of the index, or no more to compare it with
}

func newAgreement(db *pebble.DB, r *Report) *agreement {
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceIndex}, UpperBound: spaceEnd(spaceIndex)})
	if err != nil {
		r.damage(err)
		return nil
	}
	a := &agreement{report: r, iter: iter}
	a.read(iter.First())
	return a
}

// read takes what the iterator has come to, and passes over what is damaged.
func (a *agreement) read(found bool) {
	a.left = nil
	for ; found; found = a.iter.Next() {
		v, err := a.iter.ValueAndErr()
		if err == nil {
			err = a.at.decode(a.iter.Key(), v)
		}
		if err == nil {
			a.left = a.at.entries
			return
		}
		a.report.add(fileOf(corruption(err)), "", "%s: %v; the next start makes it anew", describe(a.iter.Key()), err)
	}
	if err := a.iter.Error(); err != nil {
		a.report.damage(fmt.Errorf("the index: %w", err))
	}
	a.ended = true
}

// next goes on to the next stretch of the index.
func (a *agreement) next() {
	if len(a.left) > 0 {
		a.report.add("", "", "%s names commit %d, which is not there", describe(indexKey(a.at.class, a.at.first)), a.left[0].position)
	}
	a.read(a.iter.Next())
}

// record compares the runs of a record, each record after those before it.
func (a *agreement) record(k []byte, runs []storedRun) {
	if a == nil {
		return
	}
	class := k[1]
	position, _ := numberOf(k, runKeySize)
	for !a.ended && (a.at.class < class || (a.at.class == class && a.at.last < position)) {
		a.next()
	}
	if a.ended || a.at.class != class || position < a.at.first {
		return // not in the index
	}
	for i := range runs {
		if len(a.left) > 0 && a.left[0] == runs[i].entry {
			a.left = a.left[1:]
			continue
		}
		a.report.add("", "", "%s is not what is there: commit %d", describe(indexKey(class, a.at.first)), runs[i].position)
		a.left = nil
		a.read(a.iter.Next())
		return
	}
}

// stop has nothing more compared: some records cannot be read.
func (a *agreement) stop() {
	if a != nil {
		a.ended = true
	}
}

// close ends the comparison: all records have been read.
func (a *agreement) close() {
	if a == nil {
		return
	}
	for !a.ended {
		a.next()
	}
	_ = a.iter.Close() // its error was told
}
