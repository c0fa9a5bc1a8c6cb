package pebblelog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// dirLock keeps others away from a directory. Pebble holds its part of the lock until it closes, which it never does after a
// failed write; so what the file system gave for it is at hand as well.
type dirLock struct {
	*pebble.Lock
	held io.Closer
}

// lockDirectory locks a directory. The file system is asked itself: the guard has nothing to add.
func lockDirectory(o *Options) (*dirLock, error) {
	asked := &lockingFS{FS: o.FS}
	lock, err := pebble.LockDirectory(o.Dir, asked)
	var path *fs.PathError
	switch {
	case err == nil:
		return &dirLock{lock, asked.lock}, nil
	case errors.As(err, &path): // there is no lock to ask for: the file could not be made
		return nil, err
	}
	return nil, fmt.Errorf("%w: %s (%v)", ErrInUse, o.Dir, err) //nolint:errorlint // what it is is said
}

// lockingFS notes what the file system gives for a lock.
type lockingFS struct {
	vfs.FS
	lock io.Closer
}

// Lock is for Pebble.
func (f *lockingFS) Lock(name string) (c io.Closer, err error) {
	f.lock, err = f.FS.Lock(name)
	return f.lock, err
}

// unlock lets others have the directory. After a failure they have it once nothing of this log can change it any more: where
// the disk does not give an operation back, that may still happen, and the directory stays locked until the process ends.
func (l *Log) unlock() error {
	if l.guard.failed() == nil {
		return l.lock.Close()
	}
	if !l.guard.still(closeWait) {
		return fmt.Errorf("%s stays locked until the process ends: the disk has not given back what was being written", l.options.Dir)
	}
	return l.lock.held.Close()
}
