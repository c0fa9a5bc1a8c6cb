package pebblelog

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// verifier collects what has to fit together.
type verifier struct {
	*Report
	agreement *agreement
	names     map[broker.TopicID]string
	lived     map[uint64]struct{} // when the log was closed, by position; those that were met are taken out
	next      map[broker.TopicID]uint64
	runs      map[broker.TopicID][]extent
	unread    []window // positions of runs among which some cannot be read
	damaged   bool     // in a space that is not of runs, so that topics and their sequences may be missing
}

// window is the positions between two, without these.
type window struct{ after, before uint64 }

// extent is a run's place in its topic.
type extent struct {
	position, first uint64
	count           int
}

func (v *verifier) entry(k, value []byte) error {
	switch k[0] {
	case spaceTopics:
		c, err := decodeTopic(k, value)
		if err == nil {
			v.names[c.Topic] = c.Put.Name
		}
		return err
	case spaceNext:
		id, err := idOf(k)
		if err != nil {
			return err
		}
		next, reserved, err := decodeNext(k, value)
		v.next[id] = max(next, reserved)
		return err
	case spaceEvicted:
		_, err := decodeEvicted(k, value)
		return err
	case spaceTallies:
		_, err := decodeTally(k, value)
		return err
	case spaceAnswers, spaceProducer:
		_, err := decodeAnswers(k, value, nil)
		return err
	case spaceLive:
		found, err := decodeLive(k, value)
		for _, position := range found.live {
			v.lived[position] = struct{}{}
		}
		return err
	}
	if len(k) != runKeySize {
		return errFormat
	}
	if k[1] == changeClass {
		c, err := decodeChange(k, value)
		delete(v.lived, c.Position)
		return err
	}
	return v.record(k, value)
}

func (v *verifier) record(k, value []byte) error {
	var rec record
	if err := rec.decode(k, value); err != nil {
		return err
	}
	v.agreement.record(k, rec.runs)
	for i := range rec.runs {
		s := &rec.runs[i]
		delete(v.lived, s.position)
		if err := s.verify(); err != nil {
			v.addRun(v.name(s.topic), s, "commit %d: %v", s.position, errSum)
			continue
		}
		v.Runs++
		v.Messages += uint64(s.count)
		v.Bytes += int64(s.size)
		v.runs[s.topic] = append(v.runs[s.topic], extent{s.position, s.first, s.count})
	}
	return nil
}

func (v *verifier) name(id broker.TopicID) string {
	if name, ok := v.names[id]; ok {
		return name
	}
	return fmt.Sprint(uint64(id))
}

// space reads all of a key space: from its beginning and, behind something damaged, from its end.
func (v *verifier) space(db *pebble.DB, space byte, done *steps) {
	var first, last []byte // where the two readings came to
	take := func(at *[]byte) func(k, value []byte) error {
		return func(k, value []byte) error {
			done.add(int64(len(k) + len(value)))
			*at = append((*at)[:0], k...)
			if err := v.entry(k, value); err != nil {
				v.add("", "", "%s: %v", describe(k), err)
				v.lost(k, k)
				v.agreement.stop()
			}
			return nil
		}
	}
	err := eachOf(db, space, take(&first))
	if err == nil {
		return
	}
	v.damage(err)
	v.agreement.stop()
	// What is damaged now was reported. The other reading ends at it, too, or at another one.
	_ = eachBack(db, append(bytes.Clone(first), 0), spaceEnd(space), take(&last))
	v.lost(first, last)
}

// lost notes that what stands between two keys cannot be read; nil: from the space's beginning, or to its end.
func (v *verifier) lost(after, before []byte) {
	key := cmp.Or(len(after), len(before))
	if key != runKeySize {
		v.damaged = v.damaged || key == 0 || after[0] != spaceLive
		return
	}
	w := window{0, math.MaxUint64}
	if len(after) == len(before) && after[1] == before[1] {
		w.after, _ = numberOf(after, runKeySize)
		w.before, _ = numberOf(before, runKeySize)
		if w.after == w.before { // the record itself, of which the runs follow closely
			w = window{w.after - 1, w.before + recordRuns}
		}
	}
	v.unread = append(v.unread, w)
}

// sequences checks that each topic's messages are numbered as they were committed, none twice. Runs of deleted topics
// may still be there.
func (v *verifier) sequences() {
	for id, runs := range v.runs {
		slices.SortFunc(runs, func(x, y extent) int { return cmp.Compare(x.position, y.position) })
		next, ok := v.next[id]
		if !ok {
			continue
		}
		end := uint64(1)
		for _, e := range runs {
			if e.first < end {
				v.addSequences(v.name(id), e.first, end-1, "commit %d begins with #%d, but #%d was taken before", e.position, e.first, end-1)
			}
			end = e.first + uint64(e.count)
		}
		if end > next {
			v.addSequences(v.name(id), next, end-1, "the next message would be #%d, but there is a #%d", next, end-1)
		}
	}
	if v.damaged {
		return // it is told that some of it cannot be read
	}
	for id := range v.names {
		if _, ok := v.next[id]; !ok {
			v.add("", v.name(id), "its next sequence is missing")
		}
	}
}

// gone tells of runs that are not there though they lived when the log was closed, and nothing that could hold them is
// damaged.
func (v *verifier) gone() {
	if !v.Clean || v.damaged || len(v.unread) > 0 || len(v.lived) == 0 {
		return // later ones may have been let go
	}
	first := slices.Min(slices.Collect(maps.Keys(v.lived)))
	v.add("", "", "%d commits that lived when the store was closed are not there, commit %d the first", len(v.lived), first)
}

// missing tells which messages may be among what cannot be read: those that are not there, and were committed where
// something is damaged. Whether they had ended before cannot be told.
func (v *verifier) missing() {
	for id, name := range v.names {
		var holes holes
		before := extent{first: 1}
		for _, e := range append(v.runs[id], extent{position: math.MaxUint64, first: v.next[id]}) {
			if from := before.first + uint64(before.count); e.first > from && v.isUnread(before.position, e.position) {
				holes.add(from, e.first-1)
			}
			before = e
		}
		if holes.messages > 0 {
			v.addSequences(name, holes.first, holes.last, "%s: not there; what cannot be read holds them, unless they had ended", &holes)
		}
	}
}

// isUnread tells whether something between two positions cannot be read.
func (v *verifier) isUnread(after, before uint64) bool {
	return slices.ContainsFunc(v.unread, func(w window) bool { return after < w.before-1 && w.after+1 < before })
}
