package pebblelog

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// watchDisk refuses messages while the directory is at its limit or the file system below its reserve, and takes them
// again when there is room.
func (l *Log) watchDisk() {
	metrics := l.db.Metrics()
	used := int64(metrics.DiskSpaceUsage())
	l.diskBytes.Store(used)
	disk, err := l.options.FS.GetDiskUsage(l.options.Dir)
	l.diskFree.Store(int64(min(disk.AvailBytes, 1<<60)))
	if err != nil {
		l.diskFree.Store(0)
		disk.AvailBytes = 1 << 62 // it does not tell
	}
	limit, reserve := l.limits(used, disk.AvailBytes)
	// Tables are merged into new ones before the old ones go: without room for that, nothing gets smaller any more.
	reserve += min(int64(metrics.Table.Local.LiveSize), mergeBytes)
	room := int64(min(disk.AvailBytes, 1<<60)) - reserve
	l.room.Store(min(room, limit-used))
	l.diskLimit.Store(min(limit, max(used+room, 1)))
	detail := ""
	switch {
	case l.guard.full.Load() > 0 || disk.AvailBytes < uint64(reserve):
		detail = fmt.Sprintf("the disk of %s is full: %d MiB are free and %d are kept free. Make room there; messages are taken again by itself.", l.options.Dir, disk.AvailBytes>>20, reserve>>20)
	case used >= limit, l.full.Load() != nil && used >= limit-limit/50:
		detail = fmt.Sprintf("%s has reached its limit: %d of %d MiB (--disk). What expires makes room; shorter lifetimes make it sooner.", l.options.Dir, used>>20, limit>>20)
	}
	was := l.full.Load()
	switch {
	case detail == "" && was != nil:
		l.full.Store(nil)
		l.options.Logger.Info("messages are taken again", "dir", l.options.Dir)
	case detail != "":
		l.full.Store(&broker.Error{Err: broker.ErrFull, Detail: detail})
		if was == nil {
			l.options.Logger.Warn("messages are refused: " + detail)
		}
	}
}

// mergeBytes is the most that Pebble merges at a time.
const mergeBytes = 25 * tableBytes

// written is how often a message's bytes are written before the disk is looked at again, at most: to the WAL, to a table,
// and to another.
const written = 3

// takeRoom takes what a message needs, or tells that the disk is full. Between two looks at the disk a fast publisher
// could use up the reserve, or pass the limit; it is refused before, until the next look.
func (l *Log) takeRoom(bytes int) *broker.Error {
	if full := l.full.Load(); full != nil {
		return full
	}
	if l.room.Add(-written*int64(bytes+100)) >= 0 {
		return nil
	}
	select {
	case l.kick <- struct{}{}:
	default:
	}
	return l.isFull()
}

// isFull tells why messages are refused, nil when they are taken.
func (l *Log) isFull() *broker.Error {
	if full := l.full.Load(); full != nil {
		return full
	}
	if l.room.Load() >= 0 {
		return nil
	}
	return &broker.Error{Err: broker.ErrFull, Detail: fmt.Sprintf("the disk of %s is nearly full, or what it may hold (--disk) nearly reached. Try again in a moment.", l.options.Dir)}
}

// limits gives the limit of the directory and what is kept free.
func (l *Log) limits(used int64, available uint64) (limit, reserve int64) {
	limit, reserve = l.options.DiskLimit, l.options.Reserve
	if limit == 0 {
		free := int64(min(available, 1<<60))
		limit = min(defaultDiskLimit, (free+used)/5*4)
	}
	if reserve == 0 {
		reserve = min(defaultReserve, limit/10)
	}
	return limit, reserve
}

// events has Pebble tell what it meets. Without a listener for damage it would end the process.
func (l *Log) events() *pebble.EventListener {
	logger := l.options.Logger
	return &pebble.EventListener{
		FlushBegin: func(pebble.FlushInfo) {
			l.flushes.begin(flushed{group: l.syncedGroup.Load(), sweep: l.sweeps.Load()})
		},
		FlushEnd: func(pebble.FlushInfo) { l.flushes.end() },
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			l.noteDamage(&CorruptionError{File: info.Path, Err: info.Details})
		},
		BackgroundError: func(err error) {
			if isDamage(err) {
				return // told as damage
			}
			logger.Warn("the store met an error in the background", "dir", l.options.Dir, "error", err)
		},
		DiskSlow: func(info pebble.DiskSlowInfo) {
			logger.Warn("the disk is slow", "file", info.Path, "took", info.Duration)
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			if now := time.Now().Unix(); now-l.stalled.Swap(now) > 10 { // a disk that is too slow is told once, not each time
				logger.Warn("writing waits for the disk", "dir", l.options.Dir, "reason", info.Reason)
			}
		},
	}
}

// noteDamage tells loudly, once for each file and topic.
func (l *Log) noteDamage(e *CorruptionError) {
	before := l.damage.Load()
	if before != nil && before.File == e.File && (e.Topic == 0 || before.Position == e.Position) {
		return // it was told, perhaps with the topic
	}
	l.damage.Store(e)
	l.options.Logger.Error("stored data is damaged", "dir", l.options.Dir, "error", l.advised(e))
}

// pebbleLogger is where Pebble logs to. What it takes for the end of the process is the end of writing here.
type pebbleLogger struct{ log *Log }

// Infof implements pebble.Logger.
func (p pebbleLogger) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (p pebbleLogger) Errorf(format string, args ...any) {
	p.log.options.Logger.Warn(fmt.Sprintf(format, args...), "dir", p.log.options.Dir)
}

// Fatalf implements pebble.Logger: it must not return.
func (p pebbleLogger) Fatalf(format string, args ...any) {
	p.log.guard.fail(fmt.Errorf(format, args...))
	select {}
}
