package pebblelog

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatVersion is the version of everything that this package writes. A change that older code would misread raises it.
const formatVersion = 2

// fenceName is the file that says what must be in the directory, whatever Pebble finds there.
const fenceName = "FENCE"

// fence is a statement about the store that does not depend on Pebble's own files: they can be cut short without Pebble
// noticing. See doc.go.
type fence struct {
	format int
	store  string // identifies the store
	group  uint64 // this group was synced, and so were all before it
	clean  bool   // the log was closed, and group is the last there is
	copied bool   // of another store, and not opened since: see [Log.adopt]
}

func (f *fence) encode() []byte {
	b := fmt.Appendf(nil, "linger log\nformat %d\nstore %s\ngroup %d\nclean %t\n", f.format, f.store, f.group, f.clean)
	if f.copied {
		b = append(b, copiedLine...)
	}
	return fmt.Appendf(b, "sum %08x\n", crc32.Checksum(b, castagnoli))
}

func (f *fence) decode(b []byte) error {
	// The version is read before the sum is trusted: another one may sum otherwise.
	if _, err := fmt.Sscanf(string(b), "linger log\nformat %d\n", &f.format); err != nil {
		return errFormat
	}
	if f.format != formatVersion {
		return nil
	}
	i := bytes.LastIndex(b, []byte("sum "))
	if i < 0 {
		return errFormat
	}
	var sum uint32
	if _, err := fmt.Sscanf(string(b[i:]), "sum %08x\n", &sum); err != nil || sum != crc32.Checksum(b[:i], castagnoli) {
		return errSum
	}
	_, err := fmt.Sscanf(string(b), "linger log\nformat %d\nstore %s\ngroup %d\nclean %t\n", &f.format, &f.store, &f.group, &f.clean)
	if err != nil {
		return errFormat
	}
	if _, err := hex.DecodeString(f.store); err != nil {
		return errFormat
	}
	f.copied = bytes.HasSuffix(b[:i], []byte(copiedLine))
	return nil
}

const copiedLine = "copied true\n"

// newStoreID names a store.
func newStoreID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// readFence reads a directory's fence; os.ErrNotExist where there is none.
func readFence(fs vfs.FS, dir string) (fence, error) {
	var f fence
	path := fs.PathJoin(dir, fenceName)
	file, err := fs.Open(path)
	if err != nil {
		return f, err
	}
	b, err := io.ReadAll(io.LimitReader(file, 4096))
	if err := errors.Join(err, file.Close()); err != nil {
		return f, err
	}
	if err := f.decode(b); err != nil {
		return f, &CorruptionError{File: path, Err: err}
	}
	if f.format != formatVersion {
		return f, &FormatError{Format: f.format, Known: formatVersion}
	}
	return f, nil
}

// write replaces the fence: a crash leaves the old one or the new one.
func (f *fence) write(fs vfs.FS, dir string) error {
	path, next := fs.PathJoin(dir, fenceName), fs.PathJoin(dir, fenceName+".new")
	file, err := fs.Create(next, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(f.encode())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := fs.Rename(next, path); err != nil {
		return err
	}
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// groups is what the group records of a store say.
type groups struct {
	oldest, newest uint64 // numbers; newest below oldest: there is none
	newestRecord   groupRecord
}

// readGroups walks over the group records, which must be dense. A gap means that something between has gone with them.
func readGroups(db *pebble.DB) (groups, error) {
	var s groups
	value, closer, err := db.Get(keyOldestGroup)
	if errors.Is(err, pebble.ErrNotFound) {
		return s, &CorruptionError{Err: errors.New("the store does not say where it begins")}
	}
	if err != nil {
		return s, corruption(err)
	}
	b, err := unsealed(value, keyOldestGroup)
	r := reader{b: b}
	s.oldest = r.uint()
	if err := errors.Join(err, r.err(), closer.Close()); err != nil {
		return s, &CorruptionError{Err: fmt.Errorf("where the store begins: %w", err)}
	}
	s.newest = s.oldest - 1
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: key(spaceGroups, s.oldest), UpperBound: spaceEnd(spaceGroups)})
	if err != nil {
		return s, corruption(err)
	}
	for iter.First(); iter.Valid() && err == nil; iter.Next() {
		err = s.next(iter.Key(), iter.Value())
	}
	if err := errors.Join(corruption(iter.Error()), corruption(iter.Close())); err != nil {
		return s, err
	}
	return s, err
}

func (s *groups) next(k, value []byte) error {
	n, ok := numberOf(k, 9)
	if !ok || n != s.newest+1 {
		return &CorruptionError{Err: fmt.Errorf("commits are missing: group %d is followed by %d", s.newest, n)}
	}
	before := s.newestRecord
	if err := s.newestRecord.decode(k, value); err != nil {
		return &CorruptionError{Err: fmt.Errorf("group %d: %w", n, err)}
	}
	if s.newestRecord.first <= before.last || s.newestRecord.time < before.time {
		return &CorruptionError{Err: fmt.Errorf("group %d does not follow the one before it", n)}
	}
	s.newest = n
	return nil
}

// check compares a fence with the groups that are there.
func (f *fence) check(s groups) error {
	switch {
	case s.newest < f.group:
		return &CorruptionError{Err: fmt.Errorf("the newest commits are missing: group %d was synced, %d is the last that is left", f.group, s.newest)}
	case f.clean && s.newest != f.group:
		return &CorruptionError{Err: fmt.Errorf("the log was closed with group %d, but there is a %d", f.group, s.newest)}
	}
	return nil
}

// checkBeforeOpen opens the store for reading only and checks that all of it is there: an opening for writing would
// delete the files that a damaged MANIFEST does not name.
func checkBeforeOpen(f *fence, dir string, o *pebble.Options) (err error) {
	desc, err := pebble.Peek(dir, o.FS)
	switch {
	case err != nil:
		return corruption(err)
	case !desc.Exists && f.group == 0:
		return nil // the first opening was cut off
	case !desc.Exists:
		return &CorruptionError{File: dir, Err: errors.New("the store's tables are not there, or its marker file is lost")}
	}
	readOnly := *o
	readOnly.ReadOnly = true
	db, err := openPebble(dir, &readOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := readGroups(db)
	if err != nil {
		if f.group == 0 && emptyStore(db) {
			return nil // the first opening was cut off
		}
		return err
	}
	return f.check(s)
}

// emptyStore tells whether nothing was ever written.
func emptyStore(db *pebble.DB) bool {
	iter, err := db.NewIter(nil)
	if err != nil {
		return false
	}
	defer func() { _ = iter.Close() }()
	return !iter.First() && iter.Error() == nil
}

// openPebble opens and dresses errors. Pebble panics on some damage instead of telling it.
func openPebble(dir string, o *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, &CorruptionError{File: dir, Err: fmt.Errorf("%v", p)}
		}
	}()
	db, err = pebble.Open(dir, o)
	if err == nil {
		return db, nil
	}
	err = corruption(err)
	var damage *CorruptionError
	var errno syscall.Errno
	// What neither the disk nor the system says is Pebble's: a file that is not as another one tells. Not all of it is
	// marked as damage.
	if !errors.As(err, &damage) && (errors.Is(err, os.ErrNotExist) || !errors.As(err, &errno)) {
		err = &CorruptionError{File: dir, Err: err}
	}
	return nil, err
}
