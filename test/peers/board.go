package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A board is memory that the processes of one measurement share: what each publisher has sent and been answered, what
// each reader has received. The parent reads rates off it, publishers how far behind the readers are. It is an
// anonymous file, so nothing is left behind, whatever dies.
type board struct {
	file       *os.File
	mem        []byte
	phase      *atomic.Int32
	publishers []publisherCell
	readers    []readerCell
}

// The phases of a measurement, in order.
const (
	warming   int32 = iota // it runs, and nothing counts yet
	measuring              // latencies count
	stopping               // publishers end
	done                   // readers end
)

// Each cell fills a cache line, which only its owner writes.
type publisherCell struct {
	sent     atomic.Uint64
	answered atomic.Uint64
	_        [48]byte
}

type readerCell struct {
	received atomic.Uint64
	_        [56]byte
}

const lineBytes = int(unsafe.Sizeof(publisherCell{}))

// boardFD is the file descriptor under which a child process finds the board.
const boardFD = 3

func newBoard(publishers, readers int) (*board, error) {
	fd, err := unix.MemfdCreate("board", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), "board")
	if err := file.Truncate(int64((1 + publishers + readers) * lineBytes)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return mapBoard(file, publishers, readers)
}

func mapBoard(file *os.File, publishers, readers int) (*board, error) {
	mem, err := unix.Mmap(int(file.Fd()), 0, (1+publishers+readers)*lineBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	at := func(line int) unsafe.Pointer { return unsafe.Pointer(&mem[line*lineBytes]) }
	b := &board{file: file, mem: mem, phase: (*atomic.Int32)(at(0))}
	if publishers > 0 {
		b.publishers = unsafe.Slice((*publisherCell)(at(1)), publishers)
	}
	if readers > 0 {
		b.readers = unsafe.Slice((*readerCell)(at(1+publishers)), readers)
	}
	return b, nil
}

func (b *board) close() {
	_ = unix.Munmap(b.mem) // only ever refuses what is not mapped
	_ = b.file.Close()     // nothing was written through it
}

// answered and received are totals over all publishers and readers.
func (b *board) answered() (n uint64) {
	for i := range b.publishers {
		n += b.publishers[i].answered.Load()
	}
	return n
}

func (b *board) received() (n uint64) {
	for i := range b.readers {
		n += b.readers[i].received.Load()
	}
	return n
}
