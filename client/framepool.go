package client

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// framePool is where the transport takes the buffers of received frames from. gRPC's own clears each one before it is
// used again, all 16 KiB, though what comes is written over all that will be read of it.
type framePool struct {
	frames sync.Pool // of *[]byte with frameBytes
}

// frameBytes is the largest frame that gRPC sends; frames of up to smallFrame gain nothing from being here.
const (
	frameBytes = 16 << 10
	smallFrame = 4 << 10
)

var frames = &framePool{}

// Get implements [mem.BufferPool].
func (p *framePool) Get(n int) *[]byte {
	if n <= smallFrame || n > frameBytes {
		return mem.DefaultBufferPool().Get(n)
	}
	if b, ok := p.frames.Get().(*[]byte); ok {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, frameBytes)
	return &b
}

// Put implements [mem.BufferPool].
func (p *framePool) Put(b *[]byte) {
	if cap(*b) != frameBytes {
		mem.DefaultBufferPool().Put(b)
		return
	}
	p.frames.Put(b)
}
