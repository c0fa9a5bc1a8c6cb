package broker

import (
	"context"
	"fmt"
)

// part is a subscription's place in one lane.
type part struct {
	lane   *lane
	start  Start      // how topics that exist are begun
	since  uint64     // position of the newest commit when the subscription began
	origin uint64     // the same, but of the subscription that it resumes, until what that had asked for is handed out
	limit  uint64     // position up to which it was told of all, when it last looked
	next   spot       // all before it was handed out
	ready  cursorHeap // those that have something to read
}

// spot is a place in the order of a lane's messages: a commit, and a message within it.
type spot struct {
	position uint64
	index    uint32
}

// early tells that what had been asked for at the beginning is not all handed out.
func (p *part) early() bool { return p.next.position <= p.origin }

// caughtUp tells that what was retained at the beginning is all handed out.
func (p *part) caughtUp() bool { return p.next.position > p.since }

// settle notes that all up to the limit was handed out but what is ready.
func (p *part) settle() {
	p.next = spot{p.limit + 1, 0}
	if len(p.ready) > 0 && p.ready[0].key <= p.limit {
		p.next = spot{p.ready[0].key, p.ready[0].cursor.index}
	}
}

// read takes from the topics of one lane in the order of their commits.
func (s *Subscription) read(ctx context.Context, p *part, rd *reading) error {
	rd.limit = p.limit
	for len(p.ready) > 0 && !rd.full() && p.ready[0].key <= p.limit {
		c := p.ready.pop()
		until := p.limit
		if len(p.ready) > 0 {
			until = min(until, p.ready[0].key)
		}
		state := c.read(rd, until)
		if s.brief && (state == atDead || state == atCold || state == atSkip) {
			p.ready.push(c)
			return nil
		}
		switch state {
		case atEnd:
		case atLimit:
			p.ready.push(c)
		case atDead:
			c.topic.mu.Lock()
			s.broker.expireFromLocked(c.topic, c.pos.Load(), rd.now)
			c.topic.mu.Unlock()
			p.ready.push(c)
		case atCold:
			err := s.loadAhead(ctx, c)
			p.ready.push(c)
			if err != nil && len(rd.runs) == 0 {
				return err
			}
			if err != nil {
				return nil // first what was taken; then it is tried again
			}
		case atSkip:
			c.topic.mu.Lock()
			c.skipLocked(rd.now, p.limit)
			c.topic.mu.Unlock()
			p.ready.push(c)
		case tooSlow:
			return &Error{Err: ErrTooSlow, Detail: fmt.Sprintf("fell behind what %s retains: missed %d messages, #%d to #%d, and asked to be disconnected then.", c.topic.name, s.missed.Total(), s.missed.First, s.missed.Last)}
		}
	}
	return nil
}
