package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"

	"linger/broker"
	"linger/broker/memlog"
	"linger/broker/pebblelog"
)

// Kinds of store, as the beginnings of what --store names them by.
const (
	memoryStore = "memory:"
	fileStore   = "file:"
)

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

// store is where messages are kept. Who opens one closes it, unless a broker does.
type store struct {
	dir  string // "": memory:
	log  broker.Log
	disk *pebblelog.Log // the same; nil: memory:
}

// openStore opens what a URL names that checkStore has passed.
func openStore(url string, clock *broker.Clock, log *slog.Logger) (store, error) {
	dir, isFile := storeDir(url)
	if !isFile {
		return store{log: memlog.New(memlog.Options{Clock: clock})}, nil
	}
	disk, err := pebblelog.Open(pebblelog.Options{Dir: dir, Clock: clock, Logger: log})
	if err != nil {
		return store{}, explainStore(dir, err)
	}
	return store{dir: dir, log: disk, disk: disk}, nil
}

// broker opens a broker on the store, which is the broker's to close from then on.
func (s store) broker(ctx context.Context, c broker.Config) (*broker.Broker, error) {
	c.Log = s.log
	b, err := broker.Open(ctx, c)
	if err != nil && s.disk != nil {
		err = explainStore(s.dir, err)
	}
	if err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	return b, nil
}

// promise is what the start says of the store.
func (s store) promise() string {
	if s.disk == nil {
		return memoryStore + "   a restart empties it"
	}
	return fileStore + s.dir + "   acknowledged = on disk"
}

// explainStore says why a directory cannot be used, and the way out.
func explainStore(dir string, err error) error {
	var format *pebblelog.FormatError
	var damage *pebblelog.CorruptionError
	switch {
	case errors.Is(err, pebblelog.ErrInUse):
		return fmt.Errorf("the store %s is in use by another server; stop that one, or give this one a directory of its own: --store file:OTHER", dir)
	case errors.As(err, &format):
		return fmt.Errorf("the store %s was written by a newer Linger (format %d; this one knows up to %d); start that one, or begin another store: --store file:OTHER", dir, format.Format, format.Known)
	case errors.As(err, &damage):
		return fmt.Errorf("the store %s is %w; nothing of it was changed. Copy it before anything else, or begin another store: --store file:OTHER", dir, damage)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return fmt.Errorf("the store cannot be in %s, which is a file or lies below one; name a directory: --store file:DIR", dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the store %s cannot be written by this user (%w); let it, or name another directory: --store file:DIR", dir, cause(err))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk of the store %s is full; make room there, or name a directory elsewhere: --store file:DIR", dir)
	}
	return fmt.Errorf("the store %s: %w", dir, err)
}
