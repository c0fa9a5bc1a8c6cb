package broker

import (
	"context"
	"errors"
)

// A reader that comes to cold runs has those it will be handed next loaded, without any lock, and is handed what is still
// alive of them when it looks again.

const (
	// AheadBytes is how much a subscription loads at a time of what is only in the log, over all its topics; what is left
	// of a single run may be more. When all subscriptions together hold more than a quarter of the memory limit, each is
	// left with scarceBytes, or a single message that is longer.
	AheadBytes  = 128 << 10
	scarceBytes = 16 << 10
	aheadRuns   = 256
	// Bodies smaller than this are copied, one behind the other, so that they keep nothing else alive, and leave together.
	ownBytes = 32 << 10
	// coldLoads is how many readers load at a time.
	coldLoads = 8
)

// ahead is what a cursor has loaded and not been handed yet.
type ahead struct {
	runs []loadedRun // in order; reused
	next int         // in runs
	body []byte      // the frames of what is left
	held int64       // bytes of memory that it keeps alive
}

// loadedRun is part of a cold run. Its frames are the next size bytes of the body.
type loadedRun struct {
	position    uint64
	first, last uint64
	size        int
}

// from gives r's frames from a sequence on, and up to which; nil: they are not here.
func (a *ahead) from(r *run, sequence uint64) (body []byte, last uint64) {
	for ; a.next < len(a.runs); a.next++ {
		l := &a.runs[a.next]
		switch {
		case l.last < sequence:
			a.body = a.body[l.size:] // ended since
			continue
		case l.position != r.position || l.first > sequence:
			return nil, 0
		}
		a.skip(int(sequence - l.first))
		last = min(l.last, r.last())
		if last == l.last {
			return a.body[:l.size], last
		}
		return a.body[:skipFrames(a.body, int(last-sequence+1))], last
	}
	return nil, 0
}

// skip takes the first n frames of the next run, not all of it, out.
func (a *ahead) skip(n int) {
	if n > 0 {
		a.taken(n, skipFrames(a.body, n))
	}
}

// taken notes that n frames of so many bytes were handed out of the next run.
func (a *ahead) taken(n, size int) {
	l := &a.runs[a.next]
	l.first += uint64(n)
	l.size -= size
	a.body = a.body[size:]
	if l.first > l.last {
		a.next++
	}
}

// empty tells that nothing is left.
func (a *ahead) empty() bool { return a.next == len(a.runs) }

// dropAhead lets go of what c has loaded.
func (c *cursor) dropAhead() {
	c.sub.spent += c.ahead.held
	c.ahead = ahead{runs: c.ahead.runs[:0]}
}

// bodyFrom gives a run's frames from a sequence on, and up to which; nil: they have to be loaded, and the subscription's
// wanted says which. The caller shares topic.mu.
func (c *cursor) bodyFrom(rd *reading, p place, from uint64) (body []byte, last uint64) {
	r := c.topic.runs.at(p)
	if !r.cold() {
		if c.ahead.runs != nil {
			c.dropAhead()
			c.ahead.runs = nil
		}
		return r.body[c.inside.offset(r, from):], r.last()
	}
	if body, last = c.ahead.from(r, from); body != nil {
		return body, last
	}
	c.dropAhead()
	c.want(rd, p, from)
	return nil, 0
}

// want lists the cold runs from p on that are worth loading together.
func (c *cursor) want(rd *reading, p place, from uint64) {
	s := c.sub
	s.wanted = s.wanted[:0]
	room := s.room() / (len(s.parts[c.topic.lane.index].ready) + 1)
	for ; len(s.wanted) < aheadRuns; p = c.topic.runs.next(p) {
		r := c.topic.runs.at(p)
		if r == nil || !r.cold() || r.position > rd.limit {
			return
		}
		if rd.now >= r.until() {
			continue
		}
		if size := int(r.size); len(s.wanted) > 0 && (size > room || size >= ownBytes) {
			return
		}
		room -= int(r.size)
		s.wanted = append(s.wanted, r.cut(max(from, r.first), r.last()))
	}
}

// room is how many bytes s may load now.
func (s *Subscription) room() int {
	if b := s.broker; b.config.MemoryLimit > 0 && b.loaded.Load() > b.config.MemoryLimit/4 {
		return scarceBytes
	}
	return AheadBytes
}

// loadAhead loads what c has to hand out next. Only its own reader waits for that.
func (s *Subscription) loadAhead(ctx context.Context, c *cursor) error {
	b := s.broker
	done, err := b.loading(ctx)
	if err != nil {
		return err
	}
	defer done()
	a := ahead{runs: c.ahead.runs[:0]}
	scarce := s.room() == scarceBytes
	for i := range s.wanted {
		r := &s.wanted[i]
		body, err := b.load(ctx, c.topic, r)
		if errors.Is(err, errGone) {
			continue // the next look finds what comes behind it
		}
		if err != nil {
			if !a.empty() {
				break // told when it is its turn
			}
			return err
		}
		last := r.last()
		if scarce && len(body) > scarceBytes {
			n, size := framesWithin(body, scarceBytes, 0)
			body, last = append(make([]byte, 0, size), body[:size]...), r.first+uint64(n)-1
		}
		a.runs = append(a.runs, loadedRun{r.position, r.first, last, len(body)})
		if len(body) >= ownBytes || last < r.last() {
			a.body = append(a.body, body...)
			if len(a.runs) == 1 {
				a.body = body
			}
			break
		}
		if a.body == nil {
			a.body = make([]byte, 0, sizeOf(s.wanted[i:]))
		}
		a.body = append(a.body, body...)
	}
	a.held = int64(cap(a.body))
	c.ahead = a
	s.hold(a.held)
	return nil
}

// sizeOf is how many bytes runs have, or more.
func sizeOf(runs []run) (n int) {
	for i := range runs {
		n += int(runs[i].size)
	}
	return n
}

// hold accounts for memory that what was loaded takes, until it was handed out and the next is asked for.
func (s *Subscription) hold(bytes int64) {
	if bytes == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.held += bytes
		s.broker.loaded.Add(bytes)
	}
}

// loading waits until few enough others load.
func (b *Broker) loading(ctx context.Context) (done func(), err error) {
	select {
	case b.loads <- struct{}{}:
		return func() { <-b.loads }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
