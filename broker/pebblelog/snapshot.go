package pebblelog

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// snapshotName is the directory, inside the log's own, in which a snapshot lies while it is read: on the same file system,
// so that tables are linked and not copied. The next opening removes what a crash leaves of it.
const snapshotName = "SNAPSHOT"

// ErrSnapshotOpen is returned when a snapshot is asked for while another one is not closed.
var ErrSnapshotOpen = errors.New("another snapshot is open")

// Snapshot is a copy of a store as it stood at one moment, as an archive. Its tables take no space until the log lets go of
// them; then they do, until Close.
type Snapshot struct {
	fs    vfs.FS
	dir   string
	files []snapshotFile
	size  int64
	made  time.Time
	done  func()
}

// snapshotFile is a file of a snapshot, of which so much goes into the archive.
type snapshotFile struct {
	name string
	size int64
}

// Snapshot copies the store as it stands, while the log goes on: all that was acknowledged before the call is in it. There is
// one at a time. When ctx ends before a disk that is full or stuck has let the copy be made, it is left behind, and removed
// when it is there. Errors: [ErrSnapshotOpen], [broker.ErrStopped], ctx's, and those of the file system.
func (l *Log) Snapshot(ctx context.Context) (*Snapshot, error) {
	if !l.begin() {
		return nil, l.stoppedError()
	}
	if !l.snapshot.TryLock() {
		l.parts.Done()
		return nil, ErrSnapshotOpen
	}
	s := &Snapshot{fs: l.options.FS, dir: l.options.FS.PathJoin(l.options.Dir, snapshotName), made: time.Now(), done: l.snapshot.Unlock}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	made := make(chan error)
	go func() {
		defer l.parts.Done()
		err := s.make(l)
		select {
		case made <- err:
		case <-ctx.Done():
			_ = s.Close() // nobody is left to be told
		}
	}()
	select {
	case err := <-made:
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.failing:
		return nil, l.stoppedError()
	}
}

// begin counts something that uses the store, for Close to wait for. False: the log is closed.
func (l *Log) begin() bool {
	return l.queue.whileOpen(func() { l.parts.Add(1) })
}

func (s *Snapshot) make(l *Log) error {
	if err := s.fs.RemoveAll(s.dir); err != nil {
		return err
	}
	if err := l.Checkpoint(s.dir); err != nil {
		return err
	}
	return s.list()
}

// list finds the files. The fence goes last: without it what was unpacked so far is no store.
func (s *Snapshot) list() error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return err
	}
	var last []snapshotFile
	for _, name := range names {
		f := snapshotFile{name: name}
		if f.size, err = s.sizeOf(name); err != nil {
			return err
		}
		s.size += tarBlock + (f.size+tarBlock-1)/tarBlock*tarBlock
		if name == fenceName {
			last = append(last, f)
			continue
		}
		s.files = append(s.files, f)
	}
	if last == nil {
		return fmt.Errorf("the copy in %s has no %s", s.dir, fenceName)
	}
	s.files = append(s.files, last...)
	s.size += 2 * tarBlock // the end of the archive
	return nil
}

// sizeOf is how long a file is; of a WAL, without the zeros that it is lengthened by.
func (s *Snapshot) sizeOf(name string) (int64, error) {
	path := s.fs.PathJoin(s.dir, name)
	if strings.HasSuffix(name, walSuffix) {
		return writtenOf(s.fs, path)
	}
	info, err := s.fs.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// tarBlock is what everything in an archive is a multiple of.
const tarBlock = 512

// Size is how long the archive will be, in bytes.
func (s *Snapshot) Size() int64 { return s.size }

// WriteTo writes the archive: a tar file of what belongs into a directory of its own. It implements [io.WriterTo].
func (s *Snapshot) WriteTo(to io.Writer) (int64, error) {
	counted := &counter{w: to}
	archive := tar.NewWriter(counted)
	for _, f := range s.files {
		if err := s.add(archive, f); err != nil {
			return counted.n, err
		}
	}
	err := archive.Close()
	return counted.n, err
}

func (s *Snapshot) add(archive *tar.Writer, of snapshotFile) (err error) {
	f, err := s.fs.Open(s.fs.PathJoin(s.dir, of.name), vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = archive.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: of.name, Size: of.size, Mode: 0o600, ModTime: s.made.Truncate(time.Second), Format: tar.FormatUSTAR,
	})
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(onlyWriter{archive}, io.LimitReader(f, of.size), make([]byte, 256<<10))
	return err
}

// onlyWriter hides that a tar.Writer can read by itself, which would be in smaller pieces.
type onlyWriter struct{ io.Writer }

// Close gives up the copy.
func (s *Snapshot) Close() error {
	defer s.done()
	return s.fs.RemoveAll(s.dir)
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
