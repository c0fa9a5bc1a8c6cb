package server

import (
	"context"
	"sync"
	"time"
)

// minute is what a counter that only grows gained in each of the last 60 seconds. The zero value is ready. Safe for
// concurrent use.
type minute struct {
	mu    sync.Mutex // guards what is below
	began bool
	last  uint64 // what the counter was
	gains [60]uint32
	next  int // which of gains is the oldest
}

// sample is to be called once a second.
func (m *minute) sample(counter uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.began {
		m.began, m.last = true, counter
		return
	}
	m.gains[m.next] = uint32(min(counter-m.last, 1<<32-1))
	m.next = (m.next + 1) % len(m.gains)
	m.last = counter
}

// recent are the gains, oldest first.
func (m *minute) recent() []uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(append([]uint32(nil), m.gains[m.next:]...), m.gains[:m.next]...)
}

// countDelivered samples what was delivered until ctx ends.
func (s *Server) countDelivered(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		s.delivered.sample(s.metrics.Delivered.Load())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
