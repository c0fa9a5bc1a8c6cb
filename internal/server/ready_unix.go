//go:build unix

package server

import (
	"errors"
	"io"
	"syscall"

	"google.golang.org/grpc/mem"
)

// readiness is a read that takes its buffer when there is something to read. It belongs to the goroutine that reads.
type readiness struct {
	raw  syscall.RawConn
	read func(fd uintptr) bool // made once, for allocations

	// Of the read under way: what is asked, and what came of it.
	size int
	pool mem.BufferPool
	buf  *[]byte
	n    int
	err  error
}

// ReadOnReady waits until bytes have come, and only then takes a buffer of the pool to read them into: a connection that
// is silent, as a subscriber's mostly is, holds none. gRPC looks for this method, and does the same by itself for
// connections that nobody wrapped.
func (c *connection) ReadOnReady(size int, pool mem.BufferPool) (buf *[]byte, n int, err error) {
	r := &c.ready
	if r.raw == nil {
		socket, ok := c.Conn.(syscall.Conn)
		if !ok {
			return nil, 0, errors.ErrUnsupported // never: it was accepted from a socket
		}
		if r.raw, err = socket.SyscallConn(); err != nil {
			return nil, 0, err
		}
		r.read = r.tryRead
	}
	r.size, r.pool = size, pool
	err = r.raw.Read(r.read)
	buf, n = r.buf, r.n
	if err == nil {
		err = r.err
	}
	r.pool, r.buf, r.err = nil, nil, nil
	switch {
	case err == nil && n == 0:
		err = io.EOF
	case err == nil:
		return buf, n, nil
	}
	if buf != nil {
		pool.Put(buf)
	}
	return nil, 0, err
}

// tryRead reports false when there is nothing to read yet.
func (r *readiness) tryRead(fd uintptr) bool {
	buf := r.pool.Get(r.size)
	n, err := syscall.Read(int(fd), *buf)
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), *buf)
	}
	if err != nil {
		r.pool.Put(buf)
		r.buf, r.n, r.err = nil, 0, err
		if errors.Is(err, syscall.EAGAIN) {
			r.err = nil
			return false
		}
		return true
	}
	r.buf, r.n, r.err = buf, n, nil
	return true
}
