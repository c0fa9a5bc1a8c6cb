package pebblelog

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
)

// lostNumbers is how many positions and sequences are passed over in a repair: what is lost may have used them.
const lostNumbers = 1 << 20

// Repair keeps what can be read of a store that no server uses. The readable rest takes the place of the directory; what
// was there stays beside it, as the name that it gives back. It is another store from then on: resume tokens of the old
// one are answered by a reset. watch may be nil. Errors: as [Verify].
func Repair(dir string, watch Watch) (r Report, damaged string, err error) {
	return repair(vfs.Default, dir, watch)
}

func repair(fs vfs.FS, dir string, watch Watch) (r Report, damaged string, err error) {
	o := Options{Dir: dir, FS: fs}
	o.setDefaults()
	if err := recognize(fs, dir); err != nil {
		return r, "", err
	}
	lock, err := lockDirectory(&o)
	if err != nil {
		return r, "", err
	}
	next := dir + ".repaired"
	damaged = dir + ".damaged"
	for n := 2; exists(fs, damaged); n++ {
		damaged = fmt.Sprintf("%s.damaged-%d", dir, n)
	}
	if err := errors.Join(fs.RemoveAll(next), fs.MkdirAll(next, 0o700)); err != nil {
		return r, "", errors.Join(err, lock.Close())
	}
	err = rebuild(fs, dir, next, &o, &r, watch)
	if err := errors.Join(err, lock.Close()); err != nil {
		return r, "", errors.Join(err, fs.RemoveAll(next))
	}
	if err := swap(fs, dir, damaged, next); err != nil {
		return r, "", err
	}
	after, err := verify(fs, dir, nil)
	r.Topics, r.Runs, r.Messages, r.Bytes = after.Topics, after.Runs, after.Messages, after.Bytes
	r.Problems = append(r.Problems, after.Problems...)
	return r, damaged, err
}

// swap puts next in the place of dir, and dir in that of damaged, for good. A crash in between leaves both beside each other.
func swap(fs vfs.FS, dir, damaged, next string) error {
	if err := fs.Rename(dir, damaged); err != nil {
		return err
	}
	if err := fs.Rename(next, dir); err != nil {
		return errors.Join(err, fs.Rename(damaged, dir))
	}
	parent, err := fs.OpenDir(fs.PathDir(dir))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// rebuilder makes a store of what was salvaged.
type rebuilder struct {
	db       *pebble.DB
	batch    *pebble.Batch
	report   *Report
	time     broker.Instant
	position uint64
	ends     map[broker.TopicID]uint64 // behind the last message that was found
	topics   map[broker.TopicID]bool
	names    map[string]string // by id, as the report has it
	next     map[broker.TopicID]uint64
	policies map[broker.TopicID][]broker.Commit // that replaced others, in order
	taken    map[string]bool                    // names
}

func rebuild(fs vfs.FS, from, to string, o *Options, report *Report, watch Watch) (err error) {
	p := o.pebbleOptions(fs, nil, quietLogger{})
	p.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	db, err := openPebble(to, p)
	if err != nil {
		return err
	}
	r := &rebuilder{
		db: db, batch: db.NewBatch(), report: report, ends: map[broker.TopicID]uint64{},
		topics: map[broker.TopicID]bool{}, names: map[string]string{}, next: map[broker.TopicID]uint64{},
		policies: map[broker.TopicID][]broker.Commit{}, taken: map[string]bool{},
	}
	s := &salvage{fs: fs, report: report, done: newSteps(fs, from, 1, watch), newest: map[string]version{}, take: r.take}
	err = s.dir(from)
	if err == nil {
		err = r.dig(s)
	}
	if err == nil {
		err = r.settle(s)
	}
	if err == nil && len(r.topics) == 0 && !exists(fs, fs.PathJoin(from, fenceName)) {
		err = noStore(from)
	}
	r.nameTopics()
	if err := errors.Join(err, db.Flush(), db.Close()); err != nil {
		return err
	}
	f := fence{format: formatVersion, store: newStoreID(), group: 1, clean: true}
	return f.write(fs, to)
}

// nameTopics puts names for ids into the report.
func (r *rebuilder) nameTopics() {
	for i := range r.report.Problems {
		p := &r.report.Problems[i]
		p.Topic = cmp.Or(r.names[p.Topic], p.Topic)
	}
}

// take puts one version of a key into the new store, when it is what was written. nil: it was deleted.
func (r *rebuilder) take(k, v []byte) error {
	if v == nil {
		return r.put(k, nil)
	}
	var err error
	switch k[0] {
	case spaceGroups:
		var g groupRecord
		if err = g.decode(k, v); err == nil {
			r.time = max(r.time, g.time)
			r.position = max(r.position, g.last, g.reserved)
		}
		v = nil // numbered anew
	case spaceTopics:
		var c broker.Commit
		if c, err = decodeTopic(k, v); err == nil {
			r.names[fmt.Sprint(uint64(c.Topic))] = c.Put.Name
		}
	case spaceNext:
		_, _, err = decodeNext(k, v)
	case spaceEvicted:
		_, err = decodeEvicted(k, v)
	case spaceTallies:
		_, err = decodeTally(k, v)
	case spaceAnswers, spaceProducer:
		_, err = decodeAnswers(k, v, nil)
	case spaceLive:
		_, err = decodeLive(k, v)
	case spaceRuns:
		v, err = r.run(k, v)
	default: // the index is made anew
		return nil
	}
	if err != nil {
		r.report.add("", "", "%s: given up: %v", describe(k), err)
		return nil
	}
	if v == nil {
		return nil
	}
	return r.put(k, v)
}

func (r *rebuilder) put(k, v []byte) error {
	var err error
	if v == nil {
		err = r.batch.Delete(k, nil)
	} else {
		err = r.batch.Set(k, v, nil)
	}
	if err != nil || r.batch.Len() < 4<<20 {
		return err
	}
	return r.flush()
}

func (r *rebuilder) flush() error {
	if err := r.db.Apply(r.batch, pebble.NoSync); err != nil {
		return err
	}
	r.batch = r.db.NewBatch()
	return nil
}

// run gives a record without the runs whose body is damaged.
func (r *rebuilder) run(k, v []byte) ([]byte, error) {
	if len(k) != runKeySize {
		return nil, errFormat
	}
	if k[1] == changeClass {
		_, err := decodeChange(k, v)
		return v, err
	}
	var rec record
	if err := rec.decode(k, v); err != nil {
		return nil, err
	}
	whole := rec.runs[:0]
	for _, s := range rec.runs {
		r.ends[s.topic] = max(r.ends[s.topic], s.first+uint64(s.count))
		r.position = max(r.position, s.position)
		r.time = max(r.time, s.at)
		if err := s.verify(); err != nil {
			r.report.addRun(fmt.Sprint(uint64(s.topic)), &s, "given up: commit %d: %v", s.position, errSum)
			continue
		}
		whole = append(whole, s)
	}
	if len(whole) == 0 {
		return nil, nil
	}
	return recordWith(k, whole), nil
}

// dig deletes what had been deleted in ranges.
func (r *rebuilder) dig(s *salvage) error {
	if err := r.flush(); err != nil {
		return err
	}
	for _, h := range s.holes {
		err := each(r.db, h.from, h.to, func(k, _ []byte) error {
			if s.newest[string(k)].sequence < h.sequence {
				return r.put(k, nil)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return r.flush()
}

// settle writes what ties the store together.
func (r *rebuilder) settle(s *salvage) error {
	if err := r.readTopics(); err != nil {
		return err
	}
	if err := r.rescue(s); err != nil {
		return err
	}
	err := eachOf(r.db, spaceEvicted, func(k, _ []byte) error {
		id, err := idOf(k)
		if err != nil || r.topics[id] {
			return err
		}
		return r.put(k, nil)
	})
	if err != nil {
		return err
	}
	if err := r.passOver(); err != nil {
		return err
	}
	position := r.position + lostNumbers
	k := key(spaceGroups, 1)
	g := groupRecord{first: position + 1, last: position, time: r.time, reserved: position}
	err = errors.Join(r.put(k, g.encode(k)), r.put(keyOldestGroup, sealed(binary.AppendUvarint(nil, 1), keyOldestGroup)))
	return errors.Join(err, r.flush())
}

// passOver has the numbers of each topic go on behind those that what is lost may have had, and notes that no message had
// those between.
func (r *rebuilder) passOver() error {
	tallies := map[broker.TopicID]tally{}
	err := eachTally(r.db, func(id broker.TopicID, t tally) error {
		if tallies[id] = t; !r.topics[id] {
			return r.put(key(spaceTallies, uint64(id)), nil)
		}
		return nil
	})
	for id := range r.topics {
		t := tallies[id]
		t.position = max(t.position, uint64(id))
		t.Unused += lostNumbers
		n, c := key(spaceNext, uint64(id)), key(spaceTallies, uint64(id))
		next := max(r.next[id], r.ends[id], 1) + lostNumbers
		err = errors.Join(err, r.put(n, encodeNext(n, next, next)), r.put(c, t.encode(c)))
	}
	return err
}
