package server

import (
	"context"
	"sync"
	"sync/atomic"

	"linger/broker"
)

// producerStreams keeps each producer to one stream. A client that lost its connection opens a new one while the server
// may still be reading what the old one had sent; side by side, two readers could hand the broker one producer's requests
// out of order. So the newer stream takes over, and the older one ends. Safe for concurrent use.
type producerStreams struct {
	mu   sync.Mutex // guards what is below
	open map[broker.ProducerID]*turn
}

// turn is whose turn it is to publish for one producer.
type turn struct {
	streams int // that use this turn; guarded by producerStreams.mu
	owner   atomic.Pointer[producerStream]
	handing sync.Mutex // held while a request is handed to the broker
}

type producerStream struct {
	turn *turn
	end  context.CancelCauseFunc // ends the stream
}

// enter makes the caller's stream, which end ends, the producer's. leave must be called.
func (p *producerStreams) enter(id broker.ProducerID, end context.CancelCauseFunc) (s *producerStream, leave func()) {
	p.mu.Lock()
	if p.open == nil {
		p.open = map[broker.ProducerID]*turn{}
	}
	t := p.open[id]
	if t == nil {
		t = &turn{}
		p.open[id] = t
	}
	t.streams++
	p.mu.Unlock()

	s = &producerStream{turn: t, end: end}
	if old := t.owner.Swap(s); old != nil {
		old.end(errTakenOver)
	}
	t.handing.Lock()   // what the old one is just handing over comes first
	t.handing.Unlock() //nolint:staticcheck // nothing to do but to have waited
	return s, func() { p.leave(id, t) }
}

func (p *producerStreams) leave(id broker.ProducerID, t *turn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.streams--; t.streams == 0 {
		delete(p.open, id)
	}
}

// hand calls publish unless another stream has taken over.
func (s *producerStream) hand(publish func()) error {
	s.turn.handing.Lock()
	defer s.turn.handing.Unlock()
	if s.turn.owner.Load() != s {
		return errTakenOver
	}
	publish()
	return nil
}
