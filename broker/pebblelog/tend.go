package pebblelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// How often the log looks after itself, states how far the disk has come, and has deletions reach the tables. Tests hurry.
var (
	tendEvery  = 200 * time.Millisecond
	fenceEvery = time.Second
	nudgeEvery = 2 * time.Second
)

const (
	// Groups whose records are kept at least, and dropped at once.
	groupsDropped = 4096
	// Deletions reach the tables with the next flush; so much that they would free is worth one of its own.
	nudgeBytes = 16 << 20
	// Blocks written again in one look, so that this never stands in the way.
	rewritesAtOnce = 8
)

// tend makes room, looks after the disk and keeps the fence up.
func (l *Log) tend() {
	defer l.parts.Done()
	t := tender{log: l, fenced: time.Now(), flushed: time.Now(), oldest: l.opened.oldest}
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-l.kick:
		case <-l.closing:
			return
		case <-l.failing:
			return
		}
		l.watchDisk()
		if err := t.reclaim(); err != nil {
			l.options.Logger.Error("making room failed", "dir", l.options.Dir, "error", err)
		}
		t.fence()
	}
}

// tender is what the tending goroutine remembers.
type tender struct {
	log     *Log
	fenced  time.Time
	flushed time.Time
	pending int64  // bytes deleted, perhaps not in tables
	deleted uint64 // the sweep in which, or before which, the last of them were
	oldest  uint64 // group whose record is kept
	graves  graves
}

// reclaim takes off the disk what is dead. It is not synced: what a crash brings back is found dead again, and as the
// WAL is a sequence, nothing later outlives it.
func (t *tender) reclaim() error {
	l := t.log
	now := l.options.Clock.Now()
	l.lasting.release(&l.space, now)
	b := l.db.NewBatch()
	defer func() { _ = b.Close() }()
	dead, indexes := l.space.sweep(false)
	if err := writeIndexes(b, indexes); err != nil {
		return err
	}
	for _, d := range dead {
		t.noteDeleted(d.bytes)
		if err := d.remove(b); err != nil {
			return err
		}
	}
	if err := l.producers.trim(b, now); err != nil {
		return err
	}
	if err := errors.Join(l.dropPolicies(b), t.dropGroups(b)); err != nil {
		return err
	}
	if !b.Empty() {
		if err := l.db.Apply(b, pebble.NoSync); err != nil {
			return err
		}
	}
	t.graves.dig(dead, l.sweeps.Add(1))
	for _, at := range l.space.sparse(rewritesAtOnce) {
		t.noteDeleted(at.bytes)
		if err := l.rewrite(at); err != nil {
			return fmt.Errorf("write class %d from %d to %d again: %w", at.class, at.first, at.last, err)
		}
	}
	return errors.Join(t.graves.bury(l), t.nudge())
}

// noteDeleted notes what is deleted now: before the next sweep is counted.
func (t *tender) noteDeleted(bytes int64) {
	t.pending += bytes
	t.deleted = t.log.sweeps.Load() + 1
}

// nudge has deletions reach the tables, so that the space comes back while little else is written.
func (t *tender) nudge() error {
	if t.log.flushes.swept() >= t.deleted {
		t.pending = 0
	}
	if t.pending < nudgeBytes && (t.pending == 0 || t.log.full.Load() == nil) {
		return nil
	}
	if time.Since(t.flushed) < nudgeEvery {
		return nil
	}
	t.flushed = time.Now()
	if t.log.flushes.since(&t.flushed) {
		return nil // tables are made without that, and mostly the next of them has it
	}
	t.pending = 0
	swept := t.log.sweeps.Load()
	flushed, err := t.log.db.AsyncFlush()
	t.graves.flushing(flushed, swept)
	return err
}

// dropGroups forgets records of groups that are no longer needed to tell that something is missing: see doc.go.
func (t *tender) dropGroups(b *pebble.Batch) error {
	until := t.log.flushes.settled()
	if until < t.oldest+groupsDropped {
		return nil
	}
	if err := b.DeleteRange(key(spaceGroups, t.oldest), key(spaceGroups, until), nil); err != nil {
		return err
	}
	t.oldest = until
	return b.Set(keyOldestGroup, sealed(binary.AppendUvarint(nil, until), keyOldestGroup), nil)
}

// fence states each second how far the disk has come, where that is more than the time.
func (t *tender) fence() {
	l := t.log
	if time.Since(t.fenced) < fenceEvery || l.content.Load() <= l.fence.group {
		return
	}
	t.fenced = time.Now()
	if err := l.writeFence(false); err != nil {
		l.options.Logger.Error("the fence could not be written", "dir", l.options.Dir, "error", err)
	}
}

func (l *Log) writeFence(clean bool) error {
	f := fence{format: formatVersion, store: l.fence.store, group: l.syncedGroup.Load(), clean: clean}
	if err := f.write(l.guard, l.options.Dir); err != nil {
		return err
	}
	l.fence.group, l.fence.clean = f.group, f.clean
	return nil
}

// remove deletes what is stored of a stretch.
func (d *stretch) remove(b *pebble.Batch) error {
	if err := b.DeleteRange(runKey(d.class, d.first), runKey(d.class, d.last+1), nil); err != nil || d.class == changeClass {
		return err
	}
	return b.DeleteRange(indexKey(d.class, d.first), indexKey(d.class, d.last+1), nil)
}

// rewrite writes a block again with what lives of it.
func (l *Log) rewrite(at stretch) error {
	b := l.db.NewBatch()
	defer func() { _ = b.Close() }()
	if err := at.remove(b); err != nil {
		return err
	}
	kept := map[uint64]bool{}
	index := newIndex(at.class, at.first)
	err := each(l.db, runKey(at.class, at.first), runKey(at.class, at.last+1), func(k, v []byte) error {
		v, runs, err := l.cut(at.class, k, v)
		if err != nil || v == nil {
			return err
		}
		for i := range runs {
			kept[runs[i].position] = true
			index.add(&runs[i].entry)
		}
		index.bytes += int64(len(k) + len(v))
		return b.Set(k, v, nil)
	})
	if err == nil && at.class != changeClass && len(kept) > 0 {
		index.last = at.last
		err = writeIndexes(b, []*blockIndex{index})
	}
	if err != nil {
		return err
	}
	if err := l.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	l.space.rewritten(at, kept, index.bytes)
	return nil
}

// cut gives a record with its living runs only, nil when there are none. It stays under its key.
func (l *Log) cut(class uint8, k, v []byte) (value []byte, kept []storedRun, err error) {
	if class == changeClass {
		position, _ := numberOf(k, runKeySize)
		if l.space.class(position) == 0 {
			return nil, nil, nil
		}
		return v, []storedRun{{entry: entry{position: position}}}, nil
	}
	var rec record
	if err := rec.decode(k, v); err != nil {
		return nil, nil, err
	}
	kept = slices.DeleteFunc(rec.runs, func(s storedRun) bool { return l.space.class(s.position) != class })
	if len(kept) == 0 {
		return nil, nil, nil
	}
	return recordWith(k, kept), kept, nil
}

// lasting are changes of which it is not known what run they change. They are kept until nothing that they could change
// can be alive.
type lasting struct {
	mu  sync.Mutex
	all []lastingChange
}

type lastingChange struct {
	position uint64
	until    broker.Instant
}

func (l *lasting) add(position uint64, until broker.Instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, lastingChange{position, until})
}

func (l *lasting) release(s *space, now broker.Instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.all[:0]
	for _, c := range l.all {
		if c.until > now {
			kept = append(kept, c)
			continue
		}
		s.release(c.position)
	}
	l.all = kept
}

// keepChange has a change stay as long as what it changes.
func (l *Log) keepChange(c *broker.Commit) {
	if c.Published != 0 {
		if !l.space.attach(c.Published, c.Position) {
			l.space.release(c.Position)
		}
		return
	}
	t := l.state.topics[c.Topic]
	if t == nil {
		l.space.release(c.Position)
		return
	}
	l.lasting.add(c.Position, c.Time.Add(t.max))
}

// flushes follows Pebble's flushes: when they began, and how far the disk had come then. Safe for concurrent use.
type flushes struct {
	mu     sync.Mutex
	latest [3]flushed // the last flushes, oldest first
	busy   bool       // the last of them has not ended
	ended  time.Time
}

// flushed is how far things had come when a flush began.
type flushed struct {
	group uint64 // the newest that was synced
	sweep uint64 // the newest whose deletions had been applied
}

func (f *flushes) begin(at flushed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latest, f.busy = [3]flushed{f.latest[1], f.latest[2], at}, true
}

func (f *flushes) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended, f.busy = time.Now(), false
}

// settled is the group that was the newest two flushes ago.
func (f *flushes) settled() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest[0].group
}

// swept is the sweep whose deletions are in tables, and those before. What had been applied when a flush began is in
// tables when the next one has ended: it takes what was being filled then.
func (f *flushes) swept() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy {
		return f.latest[0].sweep
	}
	return f.latest[1].sweep
}

// since tells whether a flush ended since at, less the time between nudges.
func (f *flushes) since(at *time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return at.Sub(f.ended) < nudgeEvery/2
}
