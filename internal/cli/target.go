package cli

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"linger/client"
)

// target is where a backup goes. take reads the archive to its end, and leaves nothing behind when that fails.
type target interface {
	take(archive io.Reader) error
}

// newTarget says at once what is wrong with where a backup is to go.
func newTarget(to string, stdout io.Writer) (target, error) {
	if to == "-" {
		return streamTarget{stdout}, nil
	}
	info, err := os.Lstat(to)
	exists := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if strings.HasSuffix(to, ".tar") && (!exists || !info.IsDir()) {
		if exists {
			return nil, fmt.Errorf("%s exists; a backup replaces nothing: name another file", to)
		}
		return fileTarget(to), nil
	}
	if !exists {
		return &dirTarget{path: to, made: true}, nil
	}
	entries, err := os.ReadDir(to)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is no directory that can be read; a backup goes into a new or empty directory, or a new file FILE.tar: %w", to, err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s is not empty; a backup goes into a new or empty directory", to)
	}
	return &dirTarget{path: to}, nil
}

// streamTarget passes the archive on. Whether it is whole, its reader learns from the exit status.
type streamTarget struct{ w io.Writer }

func (t streamTarget) take(archive io.Reader) error {
	_, err := io.CopyBuffer(onlyWriter{t.w}, archive, make([]byte, backupPiece))
	return err
}

// onlyWriter hides other abilities of a writer.
type onlyWriter struct{ io.Writer }

// backupPiece is how much is copied at a time, in bytes.
const backupPiece = 256 << 10

// fileTarget is a tar file. It has its name when it is whole and on the disk.
type fileTarget string

func (t fileTarget) take(archive io.Reader) (err error) {
	f, err := os.CreateTemp(filepath.Dir(string(t)), filepath.Base(string(t))+".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = io.CopyBuffer(onlyWriter{f}, archive, make([]byte, backupPiece))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), string(t)); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(string(t)))
}

// dirTarget is a directory, new or empty. It is a store once it has its fence, which is written last, when the archive has
// come whole and all else is on the disk.
type dirTarget struct {
	path  string
	made  bool // it is new
	files []string
	fence []byte
}

// fenceFile is the file without which a directory is no store.
const fenceFile = "FENCE"

func (t *dirTarget) take(archive io.Reader) (err error) {
	if t.made {
		if err := os.MkdirAll(t.path, 0o700); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.remove())
		}
	}()
	if err := t.unpack(archive); err != nil {
		return err
	}
	// Only the end of the archive tells that it is whole.
	if _, err := io.Copy(io.Discard, archive); err != nil {
		return err
	}
	if t.fence == nil {
		return fmt.Errorf("%w: it has no %s", client.ErrNotWhole, fenceFile)
	}
	if err := syncDirectory(t.path); err != nil {
		return err
	}
	if err := t.write(fenceFile, strings.NewReader(string(t.fence))); err != nil {
		return err
	}
	return errors.Join(syncDirectory(t.path), syncDirectory(filepath.Dir(filepath.Clean(t.path))))
}

// unpack writes the files of the archive, but for the fence.
func (t *dirTarget) unpack(archive io.Reader) error {
	for entries := tar.NewReader(archive); ; {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		// What a server sends decides nothing about other places of this machine.
		case header.Typeflag != tar.TypeReg || header.Name == "." || header.Name != filepath.Base(header.Name) || !filepath.IsLocal(header.Name):
			return fmt.Errorf("%w: it holds %q, which is no plain file", client.ErrNotWhole, header.Name)
		}
		if header.Name == fenceFile {
			t.fence, err = io.ReadAll(io.LimitReader(entries, 64<<10))
		} else {
			err = t.write(header.Name, entries)
		}
		if err != nil {
			return err
		}
	}
}

// write writes one file, to the disk.
func (t *dirTarget) write(name string, from io.Reader) error {
	path := filepath.Join(t.path, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	t.files = append(t.files, path)
	_, err = io.CopyBuffer(onlyWriter{f}, from, make([]byte, backupPiece))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// remove takes away what was written.
func (t *dirTarget) remove() error {
	var err error
	for _, path := range t.files {
		err = errors.Join(err, os.Remove(path))
	}
	if t.made {
		err = errors.Join(err, os.Remove(t.path))
	}
	return err
}

// syncDirectory has the names in a directory last.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
