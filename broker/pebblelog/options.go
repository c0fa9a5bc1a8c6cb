package pebblelog

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
)

// Options say where a log is and what it may use. Zero values are usable, but for Dir.
type Options struct {
	Dir   string        // made if it does not exist
	FS    vfs.FS        // nil: the machine's
	Clock *broker.Clock // shared with the broker; nil: one of its own, on the wall clock
	// DiskLimit is how large the directory may grow before messages are refused, in bytes; 0: 10 GiB or 80 % of what is
	// free and used now, the less.
	DiskLimit int64
	// Reserve is how much of the file system is left free; below it messages are refused, so that what makes space has
	// room to work. As much as Pebble may merge at a time comes on top, up to 200 MiB. 0: 256 MiB or a tenth of DiskLimit, the less.
	Reserve int64
	Logger  *slog.Logger // nil: slog.Default
	// Progress is told how far a recovery has come, every few thousand commits and from one goroutine: done of total, in no
	// unit of its own. It must not wait. nil: nobody wants to know.
	Progress func(done, total int64)
	// MemTable is how much is gathered in memory before it is sorted into tables, in bytes; 0: 32 MiB.
	MemTable int64
	// Cache is how much of what was read is kept in memory, in bytes; 0: 16 MiB.
	Cache int64
}

const (
	defaultDiskLimit = 10 << 30
	defaultReserve   = 256 << 20
	memTables        = 3 // of which one is filled and the others wait for the disk
	tableBytes       = 8 << 20
	sortedRuns       = 8 // tables over each other in level 0 before they are merged
)

func (o *Options) setDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Clock == nil {
		o.Clock = broker.NewClock(time.Now)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MemTable == 0 {
		o.MemTable = 32 << 20
	}
	if o.Cache == 0 {
		o.Cache = 16 << 20
	}
}

// pebbleOptions are what the store is opened with. FormatNewest is not a matter of taste: before it, a flipped bit in
// the newest WAL silently drops what follows.
func (o *Options) pebbleOptions(fs vfs.FS, lock *pebble.Lock, logger pebble.Logger) *pebble.Options {
	p := &pebble.Options{
		FS:                          fs,
		Lock:                        lock,
		Logger:                      logger,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                uint64(o.MemTable),
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       sortedRuns,
		L0StopWritesThreshold:       64,
		LBaseMaxBytes:               256 << 20,
		BytesPerSync:                1 << 20,
		WALBytesPerSync:             0,
		CacheSize:                   o.Cache,
		MaxOpenFiles:                1000,
	}
	for i := range p.TargetFileSizes {
		p.TargetFileSizes[i] = tableBytes
	}
	p.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range p.Levels {
		p.Levels[i].BlockSize = 32 << 10
	}
	// A table of which a range was deleted gives its space back without being written again.
	p.Experimental.EnableDeleteOnlyCompactionExcises = func() bool { return true }
	return p
}
