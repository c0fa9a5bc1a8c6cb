package pebblelog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// tables checks every block of every table.
func (r *Report) tables(fs vfs.FS, dir string, done *steps) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		path := fs.PathJoin(dir, name)
		table, err := openTable(fs, path)
		if err == nil {
			err = errors.Join(table.ValidateBlockChecksums(), table.Close())
		}
		if err != nil {
			r.add(path, "", "%s", oneLine(err))
		}
		done.add(sizeOf(fs, path))
	}
	return nil
}

// openTable opens one of Pebble's tables on its own.
func openTable(fs vfs.FS, path string) (table *sstable.Reader, err error) {
	defer func() {
		if p := recover(); p != nil {
			table, err = nil, fmt.Errorf("%v", p)
		}
	}()
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	o := &pebble.Options{FS: fs}
	o.EnsureDefaults()
	table, err = sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		return nil, errors.Join(err, readable.Close())
	}
	return table, nil
}
