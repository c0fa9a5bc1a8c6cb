package pebblelog

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Checkpoint copies the store as it stands into dir, which must not exist, while the log goes on. Tables are linked where
// that is possible. A server can be started on the copy; it is what a crash at this moment would have left.
func (l *Log) Checkpoint(dir string) error {
	if err := l.guard.failed(); err != nil {
		return l.stoppedError()
	}
	f := fence{format: formatVersion, store: l.fence.store, group: l.syncedGroup.Load()}
	if err := l.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("copy to %s: %w", dir, err)
	}
	return f.write(l.options.FS, dir)
}
