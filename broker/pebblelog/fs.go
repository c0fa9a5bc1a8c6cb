package pebblelog

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard stands between Pebble and the file system. Pebble takes a failed write for the end of the process; here it is
// not: a full disk is waited out, and after any other failure everything that would change the directory stands still
// for good, so that nothing is written behind a hole, while reading goes on.
type guard struct {
	vfs.FS
	dir    string
	onFail func(error) // called once

	changing sync.RWMutex // shared while an operation runs; held alone, for good, when none is to run any more

	full    atomic.Int32 // operations that wait for space
	failMu  sync.Mutex
	failure atomic.Pointer[error]
	given   sync.Once
	closing chan struct{} // closed: nobody waits for space any more
}

// fullPoll is how often a write that found the disk full is tried again.
const fullPoll = 50 * time.Millisecond

func newGuard(fs vfs.FS, dir string, onFail func(error)) *guard {
	return &guard{FS: fs, dir: dir, onFail: onFail, closing: make(chan struct{})}
}

// failed is the failure that stopped the guard, nil when none did.
func (g *guard) failed() error {
	if err := g.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// fail stops all changes.
func (g *guard) fail(err error) {
	g.failMu.Lock()
	first := g.failure.Load() == nil
	if first {
		g.failure.Store(&err)
	}
	g.failMu.Unlock()
	if first {
		g.onFail(err)
	}
}

// do runs an operation on something below the directory, until it succeeds. It gives back only errors that say how
// things are, not that they failed. After a failure it does not return: the caller must not go on as if it were done,
// and would not survive being told.
func (g *guard) do(path string, op func() error) error {
	if !g.below(path) {
		return op()
	}
	waits := false
	for {
		err := g.once(op)
		switch {
		case err == nil, errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrExist), errors.Is(err, io.EOF):
			return err
		case isFull(err):
			if !waits { // until the end, so that nobody takes the moment between two tries for room
				waits = true
				g.full.Add(1)
				defer g.full.Add(-1)
			}
			g.waitForSpace(err)
		default:
			g.fail(err)
		}
	}
}

// once runs an operation, unless one has failed.
func (g *guard) once(op func() error) error {
	g.changing.RLock()
	if g.failure.Load() != nil {
		g.changing.RUnlock()
		select {}
	}
	defer g.changing.RUnlock()
	return op()
}

// still waits, after a failure, until no operation runs any more; none ever will again. false: one has not come back within
// most.
func (g *guard) still(most time.Duration) bool {
	ended := make(chan struct{})
	go func() {
		g.changing.Lock() // and for good
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(most):
		return false
	}
}

func (g *guard) waitForSpace(err error) {
	select {
	case <-time.After(fullPoll):
	case <-g.closing:
		g.fail(err)
	}
}

// below tells whether a path is in the directory, or that itself. A backup that fails is no failure of the log.
func (g *guard) below(path string) bool {
	return path == g.dir || g.PathDir(path) == g.dir
}

// giveUp has nobody wait for space any more.
func (g *guard) giveUp() { g.given.Do(func() { close(g.closing) }) }

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

func (g *guard) file(name string, f vfs.File) vfs.File {
	if f == nil || !g.below(name) {
		return f
	}
	return &guardedFile{File: f, guard: g, name: name}
}

// open runs an operation that gives a file.
func (g *guard) open(name string, op func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := g.do(name, func() (err error) {
		f, err = op()
		return err
	})
	if err != nil {
		return nil, err
	}
	return g.file(name, f), nil
}

func (g *guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

func (g *guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, o...) })
}

func (g *guard) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.ReuseForWrite(old, name, c) })
}

func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return g.file(name, f), nil
}

func (g *guard) Link(old, name string) error {
	return g.do(name, func() error { return g.FS.Link(old, name) })
}

func (g *guard) Remove(name string) error {
	return g.do(name, func() error { return g.FS.Remove(name) })
}

func (g *guard) Rename(old, name string) error {
	return g.do(name, func() error { return g.FS.Rename(old, name) })
}

func (g *guard) MkdirAll(dir string, mode os.FileMode) error {
	return g.do(dir, func() error { return g.FS.MkdirAll(dir, mode) })
}

// Unwrap is for Pebble, which looks for what it knows below.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// guardedFile is a file that is written through the guard.
type guardedFile struct {
	vfs.File
	guard *guard
	name  string
}

// Write writes all of b. A disk that is full in the middle takes the rest later.
func (f *guardedFile) Write(b []byte) (int, error) {
	written := 0
	err := f.guard.do(f.name, func() error {
		n, err := f.File.Write(b[written:])
		written += n
		return err
	})
	return written, err
}

func (f *guardedFile) WriteAt(b []byte, at int64) (int, error) {
	written := 0
	err := f.guard.do(f.name, func() error {
		n, err := f.File.WriteAt(b[written:], at+int64(written))
		written += n
		return err
	})
	return written, err
}

// Preallocate is a hint: without the space that it asks for, writing still may have what it needs. A WAL is made that long as
// well; see wal.go.
func (f *guardedFile) Preallocate(offset, length int64) error {
	err := f.guard.once(func() error {
		if strings.HasSuffix(f.name, walSuffix) && lengthen(f.File, offset, length) == nil {
			return nil
		}
		return f.File.Preallocate(offset, length)
	})
	if err != nil && !isFull(err) {
		return err
	}
	return nil
}

func (f *guardedFile) Sync() error { return f.guard.do(f.name, f.File.Sync) }

func (f *guardedFile) SyncData() error { return f.guard.do(f.name, f.File.SyncData) }

func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.guard.do(f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
