package broker

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Subscription hands out messages to one reader. Its methods belong to one goroutine; Close may come from any. While that
// goroutine waits in Next another one may read in its place ([Subscription.HandOff]): what it owns is then the other one's.
type Subscription struct {
	broker   *Broker
	patterns patterns
	slow     SlowPolicy
	hash     uint64 // of its patterns, for tokens

	// For [Broker.TopicReaders]; they do not change.
	client, peer string
	patternTexts []string
	began        Instant

	parts    []part // one a lane
	turn     int    // which of them is read first, so that none waits for the others to be read out
	caughtUp bool
	missed   Gap    // why it is too slow
	runs     []Run  // scratch
	wanted   []run  // scratch: what is to be loaded
	spent    int64  // bytes that were loaded for what was handed out last
	token    []byte // scratch
	resumed  []byte // the token that it resumes, until all resets that come of it are handed out
	wake     chan struct{}
	doing    atomic.Int32 // busy, waiting, handing or wanted

	handOff    HandOff // may be nil
	handBudget Budget
	handed     chan struct{} // capacity 1: a hand-off is over that Next waits for
	brief      bool          // what would take long is left
	failed     error         // what a hand-off ended with

	// mu guards what others write.
	mu     sync.Mutex
	told   []told
	resets []reset
	all    []*cursor
	gone   []goneTopic
	held   int64 // bytes that were loaded and are still needed
	queued bool  // for a turn
	closed bool
}

// told says that a cursor has something to read from a position on.
type told struct {
	cursor   *cursor
	position uint64
}

// reset is a reset to be handed out, and what ends with it.
type reset struct {
	Reset
	cursor *cursor // nil: none
	gone   TopicID // 0: none
}

// tell is called when a cursor that waited has something to read. It reports whether s has to be given a turn.
func (s *Subscription) tell(c *cursor, position uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.told = append(s.told, told{c, position})
	if len(s.told) > 1 || s.queued {
		return false
	}
	s.queued = true
	return true
}

// reset is called when a topic ends.
func (s *Subscription) reset(r Reset, c *cursor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.resets = append(s.resets, reset{Reset: r, cursor: c})
	return true
}

func (s *Subscription) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next waits until there is something to hand out. Errors: that of ctx; [ErrTooSlow]; [ErrClosed]; [ErrStopped]; what a
// [HandOff] failed with.
//
// It waits for channels of its own alone: one that all subscriptions wait for is a lock that each takes twice a delivery.
// So [Broker.Close] notifies every one of them.
func (s *Subscription) Next(ctx context.Context, budget Budget) (Delivery, error) {
	for {
		select {
		case <-s.broker.closing:
			return Delivery{}, &Error{Err: ErrStopped, Detail: "server stopping"}
		default:
		}
		if s.failed != nil {
			return Delivery{}, s.failed
		}
		if d, ok, err := s.collect(ctx, budget); ok || err != nil {
			return d, err
		}
		if s.more() {
			continue
		}
		if err := s.wait(ctx); err != nil {
			return Delivery{}, err
		}
	}
}

// wait waits until s is notified.
func (s *Subscription) wait(ctx context.Context) (err error) {
	s.doing.Store(waiting)
	select {
	case <-s.wake:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.back()
	return err
}

// more tells that a commit which was seen while it was being applied is there by now; otherwise s will be notified of it.
func (s *Subscription) more() bool {
	for i := range s.parts {
		if p := &s.parts[i]; len(p.ready) > 0 && !p.lane.notifyAt(s, p.ready[0].key) {
			return true
		}
	}
	return false
}

// collect hands out what there is, without waiting.
func (s *Subscription) collect(ctx context.Context, budget Budget) (Delivery, bool, error) {
	resets, closed := s.listen()
	switch {
	case closed:
		return Delivery{}, false, &Error{Err: ErrClosed}
	case resets > 0: // before what follows it
		if resets == 1 { // the token is behind the reset, too
			for i := range s.parts {
				s.parts[i].settle()
			}
		}
		return Delivery{Now: s.broker.clock.Now(), Reset: s.takeReset(), Token: s.Token()}, true, nil
	}

	s.hold(-s.spent)
	s.spent = 0
	if s.caughtUp && !s.ready() {
		for i := range s.parts {
			s.parts[i].settle()
		}
		return Delivery{}, false, nil // without a look at the clock, as after nearly every delivery to a reader at the end
	}
	rd := reading{now: s.broker.clock.Now(), bytes: max(budget.Bytes, 1), count: budget.Messages, bounded: budget.Messages > 0, runs: s.runs[:0]}
	for i := range s.parts {
		if err := s.read(ctx, &s.parts[(s.turn+i)%len(s.parts)], &rd); err != nil {
			return Delivery{}, false, err
		}
	}
	s.turn++
	s.runs = rd.runs
	d := Delivery{Now: rd.now, Runs: rd.runs}
	caughtUp := true
	for i := range s.parts {
		s.parts[i].settle()
		caughtUp = caughtUp && s.parts[i].caughtUp()
	}
	switch {
	case !s.caughtUp && caughtUp:
		s.caughtUp, d.CaughtUp = true, true
	case len(d.Runs) == 0:
		return Delivery{}, false, nil
	}
	d.Token = s.Token()
	return d, true, nil
}

// ready tells that there is something to read.
func (s *Subscription) ready() bool {
	for i := range s.parts {
		if p := &s.parts[i]; len(p.ready) > 0 && p.ready[0].key <= p.limit {
			return true
		}
	}
	return false
}

// listen takes what the subscription was told, and counts the resets that are to be handed out.
func (s *Subscription) listen() (resets int, closed bool) {
	// First the limits, then what was told: all that happened up to a limit has been told by then.
	for i := range s.parts {
		s.parts[i].limit = s.parts[i].lane.applied.Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.told {
		t.cursor.key, t.cursor.index = t.position, 0
		s.parts[t.cursor.topic.lane.index].ready.push(t.cursor)
	}
	clear(s.told)
	s.told = s.told[:0]
	return len(s.resets), s.closed
}

// takeReset hands out the oldest reset.
func (s *Subscription) takeReset() *Reset {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.resets) == 0 {
		return nil // closed meanwhile
	}
	r := s.resets[0]
	s.resets = slices.Delete(s.resets, 0, 1)
	if len(s.resets) == 0 {
		s.resumed = nil
	}
	if r.gone != 0 {
		s.gone = slices.DeleteFunc(s.gone, func(g goneTopic) bool { return g.id == r.gone })
	}
	if r.cursor != nil {
		s.all = slices.DeleteFunc(s.all, func(c *cursor) bool { return c == r.cursor })
	}
	return &r.Reset
}

// Topics are those that were named without wildcards and exist.
func (s *Subscription) Topics() []TopicIncarnation {
	var named []TopicIncarnation
	s.mu.Lock()
	all := slices.Clone(s.all)
	s.mu.Unlock()
	for _, c := range all {
		if c.named {
			c.topic.mu.RLock()
			named = append(named, TopicIncarnation{c.topic.name, c.topic.incarnation, c.topic.next})
			c.topic.mu.RUnlock()
		}
	}
	slices.SortFunc(named, func(x, y TopicIncarnation) int { return strings.Compare(x.Topic, y.Topic) })
	return named
}

// Close ends the subscription, and a Next that waits. What it was handed stays counted.
func (s *Subscription) Close() {
	b := s.broker
	b.mu.Lock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		b.mu.Unlock()
		return
	}
	s.closed = true
	all := s.all
	s.all, s.told, s.resets = nil, nil, nil
	b.loaded.Add(-s.held)
	s.mu.Unlock()
	delete(b.subscriptions, s)
	for _, p := range s.patterns {
		b.index.remove(p, s)
	}
	b.mu.Unlock()
	for _, c := range all {
		c.topic.mu.Lock()
		if c.topic.cursors.has(c) {
			c.leave()
			c.topic.dropWaiting(c)
			b.readers.Add(-ReaderOverhead)
		}
		c.topic.mu.Unlock()
	}
	s.notify()
}

// dropWaiting takes a cursor out of those that wait. The caller holds topic.mu alone.
func (t *topic) dropWaiting(c *cursor) {
	if i := slices.Index(t.waiting, c); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
}
