package server

import (
	"context"
	"sync"
)

// budget bounds the bytes that are under way, first come first served. Safe for concurrent use.
type budget struct {
	mu      sync.Mutex // guards what is below
	free    int
	most    int
	waiting []*claim
}

type claim struct {
	size    int
	granted chan struct{}
}

func newBudget(bytes int) *budget { return &budget{free: bytes, most: bytes} }

// acquire waits for size bytes. What is larger than the whole budget gets all of it.
func (b *budget) acquire(ctx context.Context, size int) error {
	b.mu.Lock()
	size = min(size, b.most)
	if len(b.waiting) == 0 && size <= b.free {
		b.free -= size
		b.mu.Unlock()
		return nil
	}
	c := &claim{size: size, granted: make(chan struct{})}
	b.waiting = append(b.waiting, c)
	b.mu.Unlock()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
		b.withdraw(c)
		return ctx.Err()
	}
}

// release gives back what acquire took for the same size.
func (b *budget) release(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += min(size, b.most)
	b.grantLocked()
}

func (b *budget) grantLocked() {
	for len(b.waiting) > 0 && b.waiting[0].size <= b.free {
		b.free -= b.waiting[0].size
		close(b.waiting[0].granted)
		b.waiting = b.waiting[1:]
	}
}

// withdraw takes a claim back, or what it was granted meanwhile.
func (b *budget) withdraw(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.granted:
		b.free += c.size
	default:
		for i, w := range b.waiting {
			if w == c {
				b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
				break
			}
		}
	}
	b.grantLocked()
}
