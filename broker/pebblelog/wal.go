package pebblelog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// walSuffix is what names of WALs end with.
const walSuffix = ".log"

// walBlock is what records of a WAL never cross: where one can be taken up again behind something damaged.
const walBlock = 32 << 10

// A WAL that is written for the first time is lengthened beforehand: a file that does not grow is synced in two thirds of
// the time, as its length need not be synced with it. Behind what was written there are zeros then, as there is the rest of
// an older one in a WAL that is written over. Pebble takes either for the end, unless something behind it says that all
// before had been synced.

// writtenLength is how much of a WAL was written, to the end of a block: a record may end in zeros, but does not begin with them.
func writtenLength(wal io.Reader) (length int64, err error) {
	var zeros, block [walBlock]byte
	for end := int64(0); ; {
		n, err := io.ReadFull(wal, block[:])
		end += int64(n)
		if !bytes.Equal(block[:n], zeros[:n]) {
			length = end
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return length, nil
		case err != nil:
			return length, err
		}
	}
}

// begins tells whether there is a chunk of the WAL with a number where one of its blocks begins. Otherwise nothing can be read
// from there on: in what is left of an older WAL no block has one. Pebble's reader finds the same, but looks through all that
// follows before it says so.
func begins(block []byte, number uint64) bool {
	const (
		kindAt, numberAt, end = 6, 7, 11 // in a chunk's header, behind its checksum and length
		unnumbered, kinds     = 4, 12    // kinds of chunks: the first ones have no number, 0 is none
	)
	if len(block) < numberAt || block[kindAt] == 0 || block[kindAt] > kinds {
		return false
	}
	return block[kindAt] <= unnumbered || (len(block) >= end && binary.LittleEndian.Uint32(block[numberAt:]) == uint32(number))
}

// writtenOf is how much of the WAL with a path was written.
func writtenOf(fs vfs.FS, path string) (length int64, err error) {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writtenLength(f)
}
