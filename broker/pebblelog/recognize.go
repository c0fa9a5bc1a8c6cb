package pebblelog

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrNoStore is returned when a directory holds nothing of this package's.
var ErrNoStore = errors.New("there is no store")

// recognize tells whether a directory may hold a store, before anything is made in it: it has a fence, or, where that is
// lost, tables or WALs. Errors: [ErrNoStore], [*FormatError], and those of the file system.
func recognize(fs vfs.FS, dir string) error {
	var format *FormatError
	_, err := readFence(fs, dir)
	switch {
	case errors.As(err, &format):
		return err
	case !errors.Is(err, iofs.ErrNotExist):
		return nil // it is there, damaged or not
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, walSuffix) || strings.HasPrefix(name, "MANIFEST-") {
			return nil
		}
	}
	return noStore(dir)
}

func noStore(dir string) error {
	return fmt.Errorf("%w in %s, which has no file %s", ErrNoStore, dir, fenceName)
}

// Watch is told how far a look at a store has come, in bytes. It is called often, from one goroutine.
type Watch func(done, total int64)

// steps counts towards the whole of a look.
type steps struct {
	watch       Watch
	done, total int64
}

// newSteps expects to read tables and WALs so many times.
func newSteps(fs vfs.FS, dir string, times int64, watch Watch) *steps {
	s := &steps{watch: watch}
	names, err := fs.List(dir)
	if err != nil || watch == nil {
		return s
	}
	for _, name := range names {
		if isData(name) {
			s.total += times * sizeOf(fs, fs.PathJoin(dir, name))
		}
	}
	return s
}

func (s *steps) add(n int64) {
	if s.watch == nil {
		return
	}
	s.done = min(s.done+n, s.total)
	s.watch(s.done, s.total)
}

// isData tells whether a file is a table or a WAL.
func isData(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, walSuffix)
}

// sizeOf is a file's size, 0 where it cannot be told.
func sizeOf(fs vfs.FS, path string) int64 {
	info, err := fs.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
