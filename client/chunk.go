package client

import (
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"

	"google.golang.org/grpc/mem"
)

// chunkPool has the memory that larger responses are copied into, and lends it again once nothing of it is reached any
// more. A program may keep what it is handed, all of it or one message's data, for as long as it likes and need not give it
// back: so it is the garbage collector that tells, by a finalizer. Each slice of a chunk keeps all of it from the collector,
// as it does with any memory. Why this pays, and what it costs: docs/decisions/0026-memory-comes-back-by-finalizers.md.
//
// May be used by any goroutine.
type chunkPool struct {
	mu      sync.Mutex // guards what is below
	shelves [chunkSizes]shelf
	bytes   int  // of all chunks on shelves
	tidying bool // tidy is due
}

// shelf has chunks of one size that nobody uses.
type shelf struct {
	chunks [][]byte
	spare  int // the fewest that there were since the pool was last tidied
}

// Chunks are of five sizes, each twice the one before; what fits into half the smallest has memory of its own. They are
// a little larger than powers of two, since responses are: the server makes them of up to 256 KiB of messages and what is
// told of these, and a message of 16 KiB has a few bytes around it, too.
const (
	chunkSizes    = 5
	smallestChunk = 18 << 10
	largestChunk  = smallestChunk << (chunkSizes - 1)
)

const (
	// poolMost is how many bytes a process holds at most that nobody uses. Readers use up what is there and make 4 MiB anew, at
	// least, before the next collection, so it is in what relation memory is used again: 8 MiB did not do for a dozen readers.
	poolMost = 32 << 20
	// tidyEvery is how often what was not needed in the meantime is let go: all of it, once nothing is received, after two of these.
	tidyEvery = 2 * time.Second
)

// chunks is that of the process: collections are the process's, too.
var chunks chunkPool

// join gives a copy of data in one piece, and false if its size is none for chunks.
func (p *chunkPool) join(data mem.BufferSlice) ([]byte, bool) {
	n := data.Len()
	if n <= smallestChunk/2 || n > largestChunk {
		return nil, false
	}
	b := p.take(n)
	data.CopyTo(b)
	return b, true
}

// take gives n bytes of whatever content.
func (p *chunkPool) take(n int) []byte {
	size := 0
	for n > smallestChunk<<size {
		size++
	}
	chunk := p.fromShelf(size)
	if chunk == nil {
		chunk = make([]byte, smallestChunk<<size)
	}
	runtime.SetFinalizer(unsafe.SliceData(chunk), func(first *byte) {
		p.put(size, unsafe.Slice(first, smallestChunk<<size))
	})
	return chunk[:n:n]
}

func (p *chunkPool) fromShelf(size int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.shelves[size]
	last := len(s.chunks) - 1
	if last < 0 {
		return nil
	}
	chunk := s.chunks[last]
	s.chunks[last], s.chunks = nil, s.chunks[:last]
	s.spare = min(s.spare, last)
	p.bytes -= len(chunk)
	return chunk
}

// put takes back a chunk that nothing else reaches, unless there are enough of them.
func (p *chunkPool) put(size int, chunk []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes+len(chunk) > poolMost {
		return
	}
	p.bytes += len(chunk)
	s := &p.shelves[size]
	s.chunks = append(s.chunks, chunk)
	if !p.tidying {
		p.tidying = true
		time.AfterFunc(tidyEvery, p.tidy)
	}
}

// tidy lets go of what was not needed since the last time.
func (p *chunkPool) tidy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for size := range p.shelves {
		s := &p.shelves[size]
		s.chunks = slices.Delete(s.chunks, 0, s.spare)
		p.bytes -= s.spare * smallestChunk << size
		s.spare = len(s.chunks)
	}
	if p.tidying = p.bytes > 0; p.tidying {
		time.AfterFunc(tidyEvery, p.tidy)
	}
}
