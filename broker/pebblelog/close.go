package pebblelog

import (
	"errors"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// await waits for the end of something that writes: not for ever on a full disk, and not at all on a failed one.
func (l *Log) await(ended <-chan struct{}) error {
	fullSince := time.Now()
	for {
		select {
		case <-ended:
			return nil
		case <-l.failing:
			return l.stoppedError()
		case <-time.After(fullPoll):
		}
		if l.guard.full.Load() == 0 {
			fullSince = time.Now()
		} else if time.Since(fullSince) > closeWait {
			l.guard.giveUp()
		}
	}
}

// closeStore stores how far all numbers have come, so that none is passed over, and leaves nothing to a WAL: a WAL that
// is cut short cannot be told from one that ends there.
func (l *Log) closeStore() error {
	if l.db == nil {
		return nil
	}
	if !l.running.Load() {
		return l.db.Close()
	}
	if err := l.settle(); err != nil {
		return errors.Join(err, l.db.Close())
	}
	if err := l.db.Flush(); err != nil {
		return errors.Join(err, l.db.Close())
	}
	if err := l.db.Close(); err != nil {
		return err
	}
	return l.writeFence(true)
}

// settle gives back what was reserved and not used.
func (l *Log) settle() error {
	s := &l.state
	b := l.db.NewBatch()
	for id, t := range s.topics {
		if t.reserved == t.next {
			continue
		}
		k := key(spaceNext, uint64(id))
		if err := b.Set(k, encodeNext(k, t.next, t.next), nil); err != nil {
			return err
		}
	}
	dead, indexes := l.space.sweep(true)
	for _, d := range dead {
		if err := d.remove(b); err != nil {
			return err
		}
	}
	if err := errors.Join(writeIndexes(b, indexes), l.writeLive(b), l.writeTallies(b)); err != nil {
		return err
	}
	if err := l.db.Apply(b, pebble.NoSync); err != nil { // writeGroup syncs
		return err
	}
	s.reserved = s.position
	return l.writeGroup()
}

// makeFence reads the directory's fence, or makes the first.
func (l *Log) makeFence() error {
	o := &l.options
	f, err := readFence(o.FS, o.Dir)
	if err == nil {
		l.fence = f
		l.recovered.Clean, l.recovered.Copied = f.clean, f.copied
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	desc, err := pebble.Peek(o.Dir, o.FS)
	if err != nil {
		return corruption(err)
	}
	if desc.Exists {
		return &CorruptionError{File: o.FS.PathJoin(o.Dir, fenceName), Err: errors.New("the file is missing, though there is a store")}
	}
	l.fence = fence{format: formatVersion, store: newStoreID()}
	return l.fence.write(l.guard, o.Dir)
}
