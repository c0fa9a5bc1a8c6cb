package cli

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/internal/server"
)

// Machine is what a server stands on. Zero: the machine that the process runs on; tests put in another, which fails.
type Machine struct {
	// FS is the file system of a store. Nil: the machine's.
	FS vfs.FS
	// WallClock is the time that people set. Nil: time.Now.
	WallClock func() time.Time
	// SinceBoot is the time since the machine was started, sleep included. Nil: the machine's.
	SinceBoot func() time.Duration
}

// unknownMemory is assumed where the machine does not tell: the limit is 1 GiB then.
const unknownMemory = 4 << 30

// availableMemory is the machine's memory in bytes, or the container's where that is less.
func availableMemory() uint64 {
	least := uint64(math.MaxUint64)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(path); err == nil {
			if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil {
				least = min(least, n)
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		least = min(least, memTotal(string(text)))
	}
	if least == math.MaxUint64 {
		return unknownMemory
	}
	return least
}

// heapHeadroom is what the process may have beyond --memory, for all that is no retained message: requests and responses
// under way, connections, goroutines, and what the garbage collector has not got to.
const heapHeadroom = 80 << 20

// limitHeap has the garbage collector work harder before the process takes much more than --memory lets one expect. By
// itself it lets the heap grow to twice what lives, and of a broker that is full almost all lives. A quarter of the
// budget, and heapHeadroom at least, is left to it: messages have no pointers, so that looking for what lives is cheap, but
// it has to be done once for each time that the rest is filled. An operator's GOMEMLIMIT stands.
func limitHeap(memory int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory + max(memory/4, heapHeadroom))
	}
}

// streamWindow is how much the server takes of a stream before it reads it, which is what one that it does not read holds. A
// publisher of large messages needs two MiB to go on while it waits for a core. Of less memory it is less, down to half a MiB, so
// that it takes 256 streams that are not read to fill the quarter of it that is left beside the messages.
func streamWindow(memory int64) int {
	const least, most = server.DefaultStreamWindow, 2 << 20
	return int(min(max(memory/(4*256), least), most))
}

// memTotal reads the first line that it looks for of /proc/meminfo: "MemTotal:  16316412 kB".
func memTotal(meminfo string) uint64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "MemTotal:" {
			continue
		}
		if n, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
			return n << 10
		}
	}
	return math.MaxUint64
}

// bootClock starts at the wall clock and advances with the time since boot, sleep included, which no step of the wall
// clock changes.
func (m *Machine) bootClock() func() time.Time {
	now, since := m.WallClock, m.SinceBoot
	if now == nil {
		now = time.Now
	}
	if since == nil {
		since = sinceBoot
	}
	wall, boot := now().Round(0), since()
	return func() time.Time { return wall.Add(since() - boot) }
}
