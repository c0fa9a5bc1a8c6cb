package pebblelog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// Recovery tells what a start found.
type Recovery struct {
	Clean          bool   // the log had been closed
	Copied         bool   // it was a copy that had not been opened before
	Position       uint64 // of the last commit on disk
	Runs, Messages uint64
	Bytes          int64  // of bodies
	Dead           uint64 // messages that were still on disk, but had ended
	Expired        uint64 // of these, messages that expired while the log was closed
	Indexed        uint64 // runs that the index knew, dead ones included: their messages were not read
	Took           time.Duration
}

// Recovered tells what Open found.
func (l *Log) Recovered() Recovery { return l.recovered }

// Open implements [broker.Log].
func (l *Log) Open(ctx context.Context, apply func(broker.Commit)) error {
	return l.Replay(ctx, apply, nil)
}

// Replay implements [broker.Replayer]. nil: runs are applied one by one, too.
func (l *Log) Replay(ctx context.Context, apply func(broker.Commit), runs func(broker.TopicID, []broker.StoredRun)) error {
	began := time.Now()
	l.apply = apply
	r := &recovery{log: l, restore: runs, topics: map[broker.TopicID]*topicState{}, changed: map[uint64]broker.Instant{}}
	if err := r.run(ctx); err != nil {
		return fmt.Errorf("%s: %w", l.options.Dir, r.named(corruption(err)))
	}
	r.stats.Took = time.Since(began)
	r.stats.Clean, r.stats.Copied, r.stats.Position = l.recovered.Clean, l.recovered.Copied, l.opened.newestRecord.last
	l.recovered = r.stats
	if err := l.guarded(func() error { return l.start(r.spoilt) }); err != nil {
		return err
	}
	if r.stats.Position > 0 { // else the store is new
		l.options.Logger.Info("recovered", "dir", l.options.Dir, "clean", r.stats.Clean, "messages", r.stats.Messages,
			"bytes", r.stats.Bytes, "dead", r.stats.Dead, "took", r.stats.Took.Round(time.Millisecond))
	}
	return nil
}

// start stores that the log is open and as of when, and begins to commit. What is dead now stays dead, whatever the
// clock says at the next start.
func (l *Log) start(spoilt [][]byte) error {
	for _, k := range spoilt {
		if err := l.db.Delete(k, pebble.NoSync); err != nil {
			return err
		}
	}
	if err := l.writeGroup(); err != nil {
		return err
	}
	if err := l.writeFence(false); err != nil {
		return err
	}
	l.watchDisk()
	l.running.Store(true)
	for range committers {
		l.done.Go(l.commitAll)
	}
	l.parts.Add(1)
	go l.tend()
	return nil
}

// writeGroup commits a group without commits: it says how far numbers and time have come. Only while nobody commits.
func (l *Log) writeGroup() error {
	s := &l.state
	s.time = max(s.time, l.options.Clock.Now())
	s.group++
	s.reserved = max(s.reserved, s.position)
	k := key(spaceGroups, s.group)
	r := groupRecord{first: s.position + 1, last: s.position, time: s.time, reserved: s.reserved}
	if err := l.db.Set(k, r.encode(k), pebble.Sync); err != nil {
		return err
	}
	s.stored = s.time
	l.syncedGroup.Store(s.group)
	l.content.Store(s.group)
	return nil
}

// recovery is a replay under way.
type recovery struct {
	log     *Log
	restore func(broker.TopicID, []broker.StoredRun)
	now     broker.Instant
	topics  map[broker.TopicID]*topicState
	puts    []broker.Commit           // and evictions up to a sequence, in order of position
	changes []broker.Commit           // in order of position
	changed map[uint64]broker.Instant // by position of the run: the latest deadline that a change gives
	// Positions of the runs that lived longer than they were published for, in order, when that is not over.
	extended []uint64
	orphans  map[broker.TopicID][]broker.Commit
	kept     []answer // of spaceProducer, in order of position
	tallies  []broker.Commit
	// What was released before the log was closed, though it could live.
	released released
	spoilt   [][]byte // keys of the index that are damaged
	stats    Recovery
}

func (r *recovery) run(ctx context.Context) error {
	l := r.log
	newest := &l.opened.newestRecord
	l.options.Clock.NotBefore(newest.time)
	r.now = l.options.Clock.Now()
	l.state = state{
		group: l.opened.newest, position: max(newest.last, newest.reserved), time: newest.time, topics: r.topics,
		names: map[string]*topicState{},
	}
	l.state.reserved = l.state.position
	for _, read := range []func() error{r.readTopics, r.readNext, r.readEvicted, r.readChanges, r.readProducers, r.readLive, r.readTallies} {
		if err := read(); err != nil {
			return err
		}
	}
	if err := r.replay(ctx); err != nil {
		return err
	}
	for i := range r.changes {
		l.keepChange(&r.changes[i])
	}
	if l.opened.newest > 0 {
		l.apply(broker.Commit{
			Proposal: broker.Proposal{Kind: broker.KindClock}, Position: l.state.position, Time: l.state.time,
		})
	}
	return nil
}

// named has damage tell the name of the topic, where that was read.
func (r *recovery) named(err error) error {
	var damage *CorruptionError
	if errors.As(err, &damage) {
		if t := r.topics[damage.Topic]; t != nil {
			damage.Name = t.name
		}
	}
	return err
}

// each calls f for every entry from one key up to another.
func each(db pebble.Reader, from, to []byte, f func(k, v []byte) error) error {
	return walk(db, from, to, (*pebble.Iterator).First, (*pebble.Iterator).Next, f)
}

// eachBack is each, from the end.
func eachBack(db pebble.Reader, from, to []byte, f func(k, v []byte) error) error {
	return walk(db, from, to, (*pebble.Iterator).Last, (*pebble.Iterator).Prev, f)
}

func walk(db pebble.Reader, from, to []byte, begin, next func(*pebble.Iterator) bool, f func(k, v []byte) error) (err error) {
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for more := begin(iter); more; more = next(iter) {
		v, err := iter.ValueAndErr()
		if err != nil {
			return err
		}
		if err := f(iter.Key(), v); err != nil {
			return err
		}
	}
	return iter.Error()
}

func eachOf(db pebble.Reader, space byte, f func(k, v []byte) error) error {
	return each(db, []byte{space}, spaceEnd(space), f)
}

// idOf reads the topic that a key names.
func idOf(k []byte) (broker.TopicID, error) {
	id, ok := numberOf(k, 9)
	if !ok {
		return 0, &CorruptionError{Err: fmt.Errorf("key %x: %w", k, errFormat)}
	}
	return broker.TopicID(id), nil
}

// readTopics reads what topics are, and what they were before, as far as that is still of use.
func (r *recovery) readTopics() error {
	err := eachOf(r.log.db, spaceTopics, func(k, v []byte) error {
		c, err := decodeTopic(k, v)
		if err != nil {
			id, position, _ := topicKeyOf(k)
			return &CorruptionError{Topic: id, Position: position, Err: err}
		}
		made := len(k) == 9
		t := r.topics[c.Topic]
		if made != (t == nil) {
			return &CorruptionError{Topic: c.Topic, Position: c.Position, Err: errors.New("what the topic was made as is missing")}
		}
		if made {
			t = &topicState{id: c.Topic, name: c.Put.Name}
			r.topics[c.Topic] = t
			r.log.state.names[t.name] = t
		}
		r.log.noteTopic(&c, t)
		t.max = max(t.max, c.Put.Policy.Max)
		r.puts = append(r.puts, c)
		return nil
	})
	slices.SortFunc(r.puts, func(x, y broker.Commit) int { return cmp.Compare(x.Position, y.Position) })
	return err
}

func (r *recovery) readNext() error {
	err := eachOf(r.log.db, spaceNext, func(k, v []byte) error {
		id, err := idOf(k)
		if err != nil {
			return err
		}
		next, reserved, err := decodeNext(k, v)
		if err != nil {
			return &CorruptionError{Topic: id, Err: fmt.Errorf("its next sequence: %w", err)}
		}
		t := r.topics[id]
		if t == nil {
			return &CorruptionError{Topic: id, Err: errors.New("the topic is missing")}
		}
		// After a clean stop the two are equal.
		t.next = max(next, reserved)
		t.reserved = t.next
		return nil
	})
	for i := range r.puts {
		id := r.puts[i].Topic
		if r.topics[id].next == 0 && err == nil {
			return &CorruptionError{Topic: id, Err: errors.New("its next sequence is missing")}
		}
		if r.puts[i].Position == uint64(id) {
			r.puts[i].First = r.topics[id].next // the others tell from which message on they ruled
		}
	}
	return err
}

// readChanges reads what was changed of messages, before the messages: it may say that one lives.
func (r *recovery) readChanges() error {
	err := each(r.log.db, runKey(changeClass, 0), runKey(changeClass+1, 0), func(k, v []byte) error {
		c, err := decodeChange(k, v)
		if err != nil {
			position, _ := numberOf(k, runKeySize)
			return &CorruptionError{Position: position, Err: err}
		}
		r.log.space.addChange(c.Position, int64(len(k)+len(v)))
		r.changes = append(r.changes, c)
		if c.Published != 0 {
			r.changed[c.Published] = max(r.changed[c.Published], c.Deadline)
			return nil
		}
		if r.orphans == nil {
			r.orphans = map[broker.TopicID][]broker.Commit{}
		}
		r.orphans[c.Topic] = append(r.orphans[c.Topic], c)
		return nil
	})
	for position, deadline := range r.changed {
		if deadline > r.log.opened.newestRecord.time {
			r.extended = append(r.extended, position)
		}
	}
	slices.Sort(r.extended)
	return err
}

func (r *recovery) readProducers() error {
	err := eachOf(r.log.db, spaceProducer, func(k, v []byte) error {
		all, err := decodeAnswers(k, v, nil)
		if err != nil || len(all) == 0 {
			return &CorruptionError{Err: fmt.Errorf("producer %x: %w", k[1:], errors.Join(err, errFormat))}
		}
		r.log.producers.restore(all)
		r.kept = append(r.kept, all...)
		return nil
	})
	sortAnswers(r.kept)
	return err
}
