package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/memlog"
	"linger/broker/pebblelog"
	"linger/internal/server"
)

// Kinds of store, as the beginnings of what --store names them by.
const (
	memoryStore = "memory:"
	fileStore   = "file:"

	defaultStore = "file:linger-data"
)

// leastDisk is what --disk may be at least: the store gathers some of it before it can give any back.
const leastDisk = 256 << 20

// leastMemory is what --memory may be at least: less holds no message with what is kept beside it.
const leastMemory = 1 << 20

// logShare is what part of --memory the log on disk has of it.
const logShare = 4

// storeDir is the directory of a URL like file:linger-data or file:///var/lib/linger.
func storeDir(url string) (dir string, isFile bool) {
	dir, isFile = strings.CutPrefix(url, fileStore)
	if strings.HasPrefix(dir, "///") {
		dir = dir[2:]
	}
	return dir, isFile
}

// checkStore says what is wrong with the URL of a store.
func checkStore(url string) error {
	dir, isFile := storeDir(url)
	switch {
	case url == memoryStore, isFile && dir != "" && !strings.HasPrefix(dir, "//"):
		return nil
	case isFile && dir == "":
		return errors.New("--store file: names no directory; write it like file:linger-data")
	case isFile:
		return fmt.Errorf("--store %s: the store is on this machine; write it like file:linger-data or file:/var/lib/linger", url)
	}
	return fmt.Errorf("--store %q is not a store; there are file:DIR, which keeps messages in a directory, and memory:, which a restart empties", url)
}

// store is where messages are kept.
type store struct {
	dir       string // "": memory:
	fs        vfs.FS // nil: the machine's
	diskLimit int64  // in bytes; 0: the default
	config    broker.Config
	log       *slog.Logger

	percent atomic.Int32 // of the recovery, while open runs

	// What open leaves.
	disk   *pebblelog.Log // nil: memory:
	broker *broker.Broker
}

// open opens a broker on the store. Called once.
func (s *store) open(ctx context.Context, progress func(done, total int64)) (*broker.Broker, error) {
	if s.dir == "" {
		c := s.config
		c.Log = memlog.New(memlog.Options{Clock: c.Clock})
		return broker.Open(ctx, c)
	}
	b, err := s.openDisk(ctx, progress)
	if err != nil {
		return nil, explainStore(s.dir, err)
	}
	return b, nil
}

func (s *store) openDisk(ctx context.Context, progress func(done, total int64)) (*broker.Broker, error) {
	c := s.config
	share := max(min(c.MemoryLimit/logShare, pebblelog.DefaultMemory), pebblelog.LeastMemory)
	c.MemoryLimit = max(c.MemoryLimit-share, c.MemoryLimit/2) // the rest is for messages and readers
	disk, err := pebblelog.Open(pebblelog.Options{
		Dir: s.dir, FS: s.fs, Clock: c.Clock, DiskLimit: s.diskLimit, Logger: s.log, Memory: share,
		Progress: func(done, total int64) {
			s.percent.Store(int32(100 * done / total))
			progress(done, total)
		},
	})
	if err != nil {
		return nil, err
	}
	c.Log, c.MemoryLog = disk, memlog.New(memlog.Options{Clock: c.Clock, Adopt: true})
	b, err := broker.Open(ctx, c)
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	s.disk, s.broker = disk, b
	return b, nil
}

// snapshot copies the store as it stands. Only after open, and not of memory:.
func (s *store) snapshot(ctx context.Context) (server.Snapshot, error) {
	snapshot, err := s.disk.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("copy the store: %w", err)
	}
	return snapshot, nil
}

// promise is what the start says of the store.
func (s *store) promise() string {
	if s.dir == "" {
		return memoryStore + "   a restart empties it"
	}
	return fileStore + s.dir + "   acknowledged = on disk"
}

// recovered is what the start says of what was found, a line each. Only after open.
func (s *store) recovered() (lines []string) {
	if s.disk == nil {
		return nil
	}
	r, found := s.disk.Recovered(), s.broker.Stats()
	if messages := found.Counts.Retained; messages > 0 || r.Expired > 0 {
		line := counted(messages, "message") + " in " + counted(uint64(found.Topics), "topic")
		if r.Expired > 0 {
			line += fmt.Sprintf("; %s expired while Linger was down", grouped(r.Expired))
		}
		lines = append(lines, line+fmt.Sprintf("; in %s", formatLeft(r.Took)))
	}
	switch {
	case r.Copied:
		lines = append(lines, "A copy, served for the first time: it is another store from now on, and who resumes begins anew")
	case !r.Clean && r.Position > 0:
		lines = append(lines, "Linger had not been stopped in order; nothing that was acknowledged is lost")
	}
	return lines
}

// explainStore says why a directory cannot be used, and the way out.
func explainStore(dir string, err error) error {
	var format *pebblelog.FormatError
	var damage *pebblelog.CorruptionError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, pebblelog.ErrInUse):
		return fmt.Errorf("the store %s is in use by another server; stop that one, or give this one a directory of its own: --store file:OTHER", dir)
	case errors.As(err, &format):
		return fmt.Errorf("the store %s was written by %s Linger (format %d; this one knows %d); start that one, or begin another store: --store file:OTHER", dir, otherLinger(format), format.Format, format.Known)
	case errors.As(err, &damage):
		return fmt.Errorf("the store %s is %w; nothing of it was changed. linger verify %s tells what can be saved; --store file:OTHER begins another store", dir, damage, dir)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return fmt.Errorf("the store cannot be in %s, which is a file or lies below one; name a directory: --store file:DIR", dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the store %s cannot be written by this user (%w); let it, or name another directory: --store file:DIR", dir, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk of the store %s is full; make room there, or name a directory elsewhere: --store file:DIR", dir)
	}
	return fmt.Errorf("the store cannot be in %s (%w); name another directory: --store file:DIR", dir, err)
}

// otherLinger tells which Linger wrote a format that this one does not know.
func otherLinger(e *pebblelog.FormatError) string {
	if e.Format < e.Known {
		return "an older"
	}
	return "a newer"
}
