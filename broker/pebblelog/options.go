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
	// Memory is what the log may use, in bytes: for what is gathered before it is sorted into tables, and for what was
	// read last. 0: [DefaultMemory], more than which is of no use; less than [LeastMemory] is taken for that.
	Memory int64
	// MemTable is how much is gathered before it is sorted, in bytes, three times over; 0: what Memory allows.
	MemTable int64
	// Cache is how much of what was read is kept, in bytes; 0: what Memory allows.
	Cache int64
}

// Bounds of [Options.Memory].
const (
	DefaultMemory = 116 << 20
	LeastMemory   = 8 << 20
)

const (
	defaultDiskLimit = 10 << 30
	defaultReserve   = 256 << 20
	memTables        = 3 // of which one is filled and the others wait for the disk
	tableBytes       = 8 << 20
	sortedRuns       = 8 // tables over each other in level 0 before they are merged
	// manifestBytes is how long a MANIFEST gets before the next one is begun; the one before is kept. Making room adds to it
	// some times a second.
	manifestBytes = 8 << 20
)

func (o *Options) setDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.Dir = o.FS.PathJoin(o.Dir) // as Pebble will write it: "./db/" is "db"
	if o.Clock == nil {
		o.Clock = broker.NewClock(time.Now)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.shareMemory()
}

// shareMemory gives most to what is gathered: the larger it is, the less is merged later. What was read is kept for
// readers at nearly the same place; the operating system keeps what is read again.
func (o *Options) shareMemory() {
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	o.Memory = max(o.Memory, LeastMemory)
	cache := min(o.Memory/8, 16<<20)
	if o.Cache == 0 {
		o.Cache = cache
	}
	if o.MemTable == 0 {
		o.MemTable = min((o.Memory-cache-o.recordCache())/memTables, 32<<20)
	}
}

// recordCache is how many bytes of records are kept in the form in which they are looked into.
func (o *Options) recordCache() int64 { return min(o.Memory/16, 4<<20) }

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
		MaxManifestFileSize:         manifestBytes,
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
