package pebblelog

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/cockroachdb/pebble/v2"
)

// Checkpoint copies the store as it stands into dir, which must not exist, while the log goes on. Tables are linked where
// that is possible. A server can be started on the copy; it is what a crash at this moment would have left, but another
// store: what it is to bring and what this one goes on to bring have the same numbers, so neither resume tokens nor
// sequences may be taken for those of the other.
func (l *Log) Checkpoint(dir string) error {
	if err := l.guard.failed(); err != nil {
		return l.stoppedError()
	}
	f := fence{format: formatVersion, store: newStoreID(), group: l.syncedGroup.Load(), copied: true}
	if err := l.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("copy to %s: %w", dir, err)
	}
	return f.write(l.options.FS, dir)
}

// adopt makes a copy a store of its own, when it is opened first: each topic in it is another incarnation. A crash in
// between has it done again, which does no harm.
func (l *Log) adopt() error {
	b := l.db.NewBatch()
	err := eachOf(l.db, spaceTopics, func(k, v []byte) error {
		c, err := decodeTopic(k, v)
		if err != nil {
			return &CorruptionError{Topic: c.Topic, Position: c.Position, Err: err}
		}
		c.Put.Incarnation = adopted(c.Put.Incarnation, l.fence.store)
		return b.Set(k, encodeTopic(k, &c), nil)
	})
	if err != nil {
		return err
	}
	if err := l.db.Apply(b, pebble.Sync); err != nil {
		return err
	}
	l.fence.copied = false
	return l.fence.write(l.guard, l.options.Dir)
}

// adopted is the incarnation, never 0, that a topic has in another store.
func adopted(incarnation uint64, store string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte(store), incarnation)) // never fails
	return h.Sum64() | 1
}
