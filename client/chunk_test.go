package client

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/mem"
)

// given returns how many chunks lie on the pool's shelves, and their bytes as the pool counts them.
func (p *chunkPool) given() (n, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.shelves {
		n += len(p.shelves[i].chunks)
	}
	return n, p.bytes
}

// collectUntil collects garbage until finalizers, which run some time later, have made done true.
func collectUntil(t *testing.T, done func() bool) {
	t.Helper()
	for range 10_000 {
		runtime.GC()
		if done() {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("not after 10,000 collections")
}

// Whatever part of a response is kept stays as it is, however many others come and go, in any number of goroutines.
func TestKeptMessagesNeverChange(t *testing.T) {
	var again chunkPool
	type keep struct {
		data []byte
		fill byte
	}
	check := func(k keep) {
		if n := bytes.Count(k.data, []byte{k.fill}); n != len(k.data) {
			t.Errorf("of %d bytes of %q %d are something else", len(k.data), k.fill, len(k.data)-n)
		}
	}
	handed := make(chan keep, 8) // to whoever gets it
	var all sync.WaitGroup
	for reader := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(reader), 1))
			kept := make([]keep, 24)
			for round := range 400 {
				b := again.take(smallestChunk/2 + 1 + random.IntN(largestChunk-smallestChunk/2))
				fill := byte('a' + random.IntN(26))
				copy(b, bytes.Repeat([]byte{fill}, len(b)))
				from := random.IntN(len(b))
				k := keep{b[from : from+1+random.IntN(min(len(b)-from, 4096))], fill}
				select {
				case handed <- k:
				default:
					select {
					case other := <-handed:
						check(other)
					default:
					}
				}
				slot := &kept[random.IntN(len(kept))]
				check(*slot)
				*slot = k
				if round%50 == 0 {
					runtime.GC()
				}
			}
			for _, k := range kept {
				check(k)
			}
		})
	}
	all.Wait()
	collectUntil(t, func() bool { n, _ := again.given(); return n > 0 })
}

// Chunks come back when nothing of them is kept, those of kept messages do not, and what came back is lent again.
func TestChunksComeBack(t *testing.T) {
	var p chunkPool
	kept := make([][]byte, 3)
	for i := range 10 {
		b := p.take(20_000)
		if i < len(kept) {
			kept[i] = b[1000+i : 1001+i] // one byte holds all of its chunk
		}
	}
	collectUntil(t, func() bool { n, _ := p.given(); return n == 7 })
	for range 3 {
		runtime.GC()
	}
	if n, size := p.given(); n != 7 || size != 7*2*smallestChunk {
		t.Errorf("%d chunks, %d bytes", n, size)
	}
	b := p.take(30_000)
	if n, _ := p.given(); n != 6 || len(b) != 30_000 || cap(b) != 30_000 {
		t.Errorf("%d chunks after one was lent: %d bytes, capacity %d", n, len(b), cap(b))
	}
	runtime.KeepAlive(b)
	runtime.KeepAlive(kept)
	collectUntil(t, func() bool { n, _ := p.given(); return n == 10 })
}

// A response takes the smallest chunk that it fits into; tiny and huge ones have memory of their own.
func TestChunkSizes(t *testing.T) {
	for n, want := range map[int]int{
		smallestChunk / 2: 0, smallestChunk/2 + 1: smallestChunk, smallestChunk: smallestChunk, smallestChunk + 1: 2 * smallestChunk,
		256 << 10: largestChunk, largestChunk: largestChunk, largestChunk + 1: 0,
	} {
		var p chunkPool
		data := mem.BufferSlice{mem.SliceBuffer(make([]byte, n))}
		if b, ok := p.join(data); ok != (want > 0) || ok && len(b) != n {
			t.Errorf("%d bytes: %v, %d", n, ok, len(b))
		}
		if want == 0 {
			continue
		}
		collectUntil(t, func() bool { n, _ := p.given(); return n == 1 })
		if _, size := p.given(); size != want {
			t.Errorf("%d bytes lay in a chunk of %d, want %d", n, size, want)
		}
	}
}

// What nobody uses is bounded.
func TestChunksOnShelvesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p chunkPool
		for range 2 * poolMost / largestChunk {
			p.put(chunkSizes-1, make([]byte, largestChunk))
		}
		if n, size := p.given(); n != poolMost/largestChunk || size != n*largestChunk {
			t.Errorf("%d chunks, %d bytes", n, size)
		}
		time.Sleep(2 * tidyEvery)
	})
}

// What is not needed for a while is let go, and what is needed is not.
func TestChunksAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p chunkPool
		for range 10 {
			p.put(1, make([]byte, 2*smallestChunk))
			p.put(3, make([]byte, 8*smallestChunk))
		}
		var counts []int
		for range 3 {
			lent := [][]byte{p.fromShelf(1), p.fromShelf(1), p.fromShelf(1)}
			for _, b := range lent {
				p.put(1, b)
			}
			time.Sleep(tidyEvery)
			synctest.Wait()
			n, size := p.given()
			counts = append(counts, n, size/smallestChunk)
		}
		time.Sleep(tidyEvery)
		synctest.Wait()
		n, size := p.given()
		counts = append(counts, n, size)
		// At first all is new; then three of one size are all that is needed; then nothing is.
		if want := []int{20, 100, 3, 6, 3, 6, 0, 0}; !slices.Equal(counts, want) || p.tidying {
			t.Errorf("%d, want %d; tidying %v", counts, want, p.tidying)
		}
	})
}

// Messages of real responses, read one after another as a subscription does, keep their data.
func TestKeptResponsesNeverChange(t *testing.T) {
	r := response{}
	kept := map[string][]byte{}
	for i := range 400 {
		fill := string(rune('a' + i%26))
		read(t, &r, encoded(t, 1+i%40, strings.Repeat(fill, 300)))
		if i%7 == 0 {
			kept[fill] = r.runs[1].Messages[i%40/2].Data
		}
		clear(r.runs) // as accept does
		if i%20 == 0 {
			runtime.GC()
		}
	}
	for fill, data := range kept {
		if string(data) != strings.Repeat(fill, 300) {
			t.Errorf("a message of %q has become %q", fill, data)
		}
	}
}
