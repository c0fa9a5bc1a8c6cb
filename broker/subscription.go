package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// StartKind says where a subscription begins.
type StartKind uint8

// The places to begin.
const (
	StartAll      StartKind = iota // at everything retained
	StartNew                       // at what is published from now on
	StartLast                      // at the last N retained messages of each topic
	StartSequence                  // at a sequence of a single topic
	StartTime                      // at what was published at a time or later
	StartToken                     // where a token was given out
)

// Start says where a subscription begins.
type Start struct {
	Kind  StartKind
	N     uint64  // StartLast: how many; StartSequence: which
	Time  Instant // StartTime
	Token []byte  // StartToken
}

// SlowPolicy is what happens to a subscription that falls behind what is retained.
type SlowPolicy uint8

// The policies for slow readers.
const (
	SlowTold         SlowPolicy = iota // it is told what it missed and goes on
	SlowDisconnect                     // it ends with [ErrTooSlow]
	SlowSkipToNewest                   // it is told and goes on with the newest message
)

// SubscribeOptions say what to hand out, from where.
type SubscribeOptions struct {
	Patterns []string // 1 to [MaxPatterns]
	Start    Start
	Slow     SlowPolicy
}

// Run is messages as they are handed out: consecutive, of one topic, with one deadline.
type Run struct {
	Topic       string
	Incarnation uint64
	First       uint64
	Count       int
	PublishTime Instant
	Deadline    Instant // equal to PublishTime for now or never
	Gap         Gap     // what was missed before; First 0: nothing
	Body        []byte  // the frames; stays valid, must not be changed
}

// Budget bounds one delivery.
type Budget struct {
	Bytes    int // of bodies; one message more may be handed out
	Messages int // 0: no bound
}

// Delivery is what Next hands out.
type Delivery struct {
	Now      Instant
	Runs     []Run  // valid until the next call
	Token    []byte // resumes behind this delivery; valid until the next call
	CaughtUp bool   // all that was retained when the subscription began has been handed out; told once
	Reset    *Reset // a topic does not go on where it was
}

// ResetReason tells why a subscription cannot go on where it was.
type ResetReason uint8

// The reasons.
const (
	ResetAnotherStore   ResetReason = iota + 1 // the token is from another store; it begins at everything retained
	ResetTopicDeleted                          // the topic was deleted
	ResetNewIncarnation                        // the topic was deleted and made again since the token
)

// Reset tells that what follows does not continue what came before.
type Reset struct {
	Reason ResetReason
	Topic  string // "": all
	Gap    Gap    // what ended with the topic and was not handed out
}

// TopicIncarnation names one life of a topic.
type TopicIncarnation struct {
	Topic                     string
	Incarnation, NextSequence uint64
}

// Subscription hands out messages to one reader. Its methods belong to one goroutine; Close may come from any.
type Subscription struct {
	broker   *Broker
	patterns patterns
	slow     SlowPolicy
	start    Start  // how topics that exist are begun
	since    uint64 // position of the newest commit when it began
	origin   uint64 // the same, but of the subscription that it resumes, until what that had asked for is handed out
	hash     uint64 // of its patterns, for tokens

	ready    cursorHeap
	caughtUp bool
	missed   Gap    // why it is too slow
	next     spot   // all before it was handed out
	runs     []Run  // scratch
	wanted   []run  // scratch: what is to be loaded
	spent    int64  // bytes that were loaded for what was handed out last
	token    []byte // scratch
	resumed  []byte // the token that it resumes, until all resets that come of it are handed out
	wake     chan struct{}

	// mu guards what others write.
	mu     sync.Mutex
	told   []told
	resets []reset
	all    []*cursor
	held   int64 // bytes that were loaded and are still needed
	closed bool
}

// told says that a cursor has something to read from a position on.
type told struct {
	cursor   *cursor
	position uint64
}

// reset is a reset to be handed out, and the cursor that ends with it.
type reset struct {
	Reset
	cursor *cursor
}

// spot is a place in the order of all messages: a commit, and a message within it.
type spot struct {
	position uint64
	index    uint32
}

// Subscribe begins a subscription. Errors: [ErrInvalid], [ErrBadToken].
func (b *Broker) Subscribe(o SubscribeOptions) (*Subscription, error) {
	ps, err := parsePatterns(o.Patterns)
	if err != nil {
		return nil, err
	}
	s := &Subscription{
		broker: b, patterns: ps, slow: o.Slow, start: o.Start, hash: hashPatterns(o.Patterns), wake: make(chan struct{}, 1),
	}
	var t *token
	if o.Start.Kind == StartToken {
		if t, err = s.resume(o.Start.Token); err != nil {
			return nil, err
		}
	}
	if err := s.checkStart(); err != nil {
		return nil, err
	}
	now := b.clock.Now()
	b.reclaim(now)

	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.closing:
		return nil, &Error{Err: ErrStopped, Detail: "the server is stopping."}
	default:
	}
	s.since = b.applied.Load()
	s.origin = s.since
	s.next = spot{s.since + 1, 0}
	if t != nil {
		s.next, s.origin = t.next, t.origin
		s.tellChangedLocked(t)
	}
	matching := s.matchingLocked()
	if err := b.roomForReader(len(matching)); err != nil {
		return nil, err
	}
	for _, topic := range matching {
		b.attachLocked(s, topic, func(c *cursor) { s.place(c, t, now) })
	}
	if t == nil && len(s.ready) > 0 {
		s.next = spot{0, 0}
	}
	if len(s.resets) > 0 {
		s.resumed = slices.Clone(o.Start.Token)
	}
	b.subscriptions[s] = struct{}{}
	for _, p := range ps {
		b.index.add(p, s)
	}
	return s, nil
}

// roomForReader keeps readers from taking what messages need: they may have a quarter of the memory limit.
func (b *Broker) roomForReader(topics int) error {
	limit := b.config.MemoryLimit / 4
	wanted := int64(topics) * ReaderOverhead
	if used := b.readers.Load(); b.config.MemoryLimit > 0 && used+wanted > limit {
		return &Error{Err: ErrFull, Field: "patterns", Detail: fmt.Sprintf(
			"subscriptions use %d of the %d bytes they may have, a quarter of --memory; this one matches %d topics and needs %d. Match fewer, or end others.",
			used, limit, topics, wanted)}
	}
	return nil
}

// checkStart refuses starts that make no sense.
func (s *Subscription) checkStart() error {
	invalid := func(field, detail string) error { return &Error{Err: ErrInvalid, Field: field, Detail: detail} }
	switch s.start.Kind {
	case StartSequence:
		if _, ok := s.patterns[0].literal(); !ok || len(s.patterns) > 1 {
			return invalid("start.sequence", "a sequence belongs to one topic; name a single topic without wildcards, or begin at a time.")
		}
		if s.start.N == 0 {
			return invalid("start.sequence", "sequences begin at 1.")
		}
	case StartLast:
		if s.start.N == 0 {
			return invalid("start.last", "ask for the last 1 or more, or for only what is new.")
		}
	}
	return nil
}

// matchingLocked gives the topics that the subscription is for.
func (s *Subscription) matchingLocked() []*topic {
	b := s.broker
	names := s.patterns.literals()
	var matching []*topic
	if len(names) == len(s.patterns) {
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if t := b.topics[name]; t != nil {
				matching = append(matching, t)
			}
		}
		return matching
	}
	for _, t := range b.topics {
		if s.patterns.match(t.name) {
			matching = append(matching, t)
		}
	}
	return matching
}

// attachLocked gives s a place in t, unless it has one, and decides with place where. The caller holds b.mu alone. Only
// from Subscribe may t hold messages: the heap belongs to the subscription's goroutine.
func (b *Broker) attachLocked(s *Subscription, t *topic, place func(*cursor)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.cursors {
		if c.sub == s {
			return // overlapping patterns deliver once
		}
	}
	c := &cursor{topic: t, sub: s, named: slices.Contains(s.patterns.literals(), t.name), since: t.next, asked: t.next}
	place(c)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.all = append(s.all, c)
	}
	s.mu.Unlock()
	if closed {
		return
	}
	t.cursors[c] = struct{}{}
	b.readers.Add(ReaderOverhead)
	if r := t.runs.at(t.runs.seek(c.pos.Load())); r != nil {
		c.key, c.index = r.position, r.index
		s.ready.push(c)
		return
	}
	t.waiting = append(t.waiting, c)
}

// place sets where a cursor begins in a topic that exists. The caller holds topic.mu alone.
func (s *Subscription) place(c *cursor, resumed *token, now Instant) {
	t := c.topic
	if resumed == nil {
		c.place(s.begin(c, s.start, 0, now))
		return
	}
	if at, known := resumed.topics[t.id]; known {
		if c.fresh = at.fresh; at.fresh {
			c.asked = at.asked
		}
		c.place(at.sequence)
		return
	}
	sequence := resumed.sequenceIn(t)
	if resumed.next.position <= resumed.origin {
		// The token is from before the subscription had caught up: what it had not asked for stays out.
		c.asked = resumed.askedIn(t)
		sequence = max(sequence, min(c.asked, s.begin(c, resumed.start, resumed.origin, now)))
	}
	c.place(sequence)
}

// begin is where a new subscription would begin, looking only at what was committed up to origin (0: all).
func (s *Subscription) begin(c *cursor, start Start, origin uint64, now Instant) uint64 {
	t := c.topic
	c.fresh = true
	switch start.Kind {
	case StartNew:
		c.fresh = false
		return c.asked
	case StartSequence:
		c.fresh = false
		return start.N
	case StartLast:
		return t.lastAliveLocked(start.N, origin, now)
	case StartTime:
		if r := t.runs.at(t.runs.search(func(r *run) bool { return r.published >= start.Time })); r != nil {
			return r.first
		}
		return t.next
	}
	if r := t.runs.at(place{}); r != nil {
		return r.first
	}
	return t.next
}

// lastAliveLocked is the sequence from which on n messages are alive, of those committed up to origin (0: all).
func (t *topic) lastAliveLocked(n, origin uint64, now Instant) uint64 {
	from := t.next
	for i := len(t.runs.chunks) - 1; i >= 0 && n > 0; i-- {
		for j := len(t.runs.chunks[i]) - 1; j >= 0 && n > 0; j-- {
			r := &t.runs.chunks[i][j]
			if r.passing || !r.alive(now) || (origin > 0 && r.position > origin) {
				continue
			}
			take := min(n, uint64(r.count))
			from = r.last() + 1 - take
			n -= take
		}
	}
	return from
}

// tell is called when a cursor that waited has something to read. It reports whether s has to be notified.
func (s *Subscription) tell(c *cursor, position uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.told = append(s.told, told{c, position})
	return len(s.told) == 1
}

// reset is called when a topic ends.
func (s *Subscription) reset(r Reset, c *cursor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.resets = append(s.resets, reset{r, c})
	return true
}

func (s *Subscription) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next waits until there is something to hand out. Errors: that of ctx; [ErrTooSlow]; [ErrStopped].
func (s *Subscription) Next(ctx context.Context, budget Budget) (Delivery, error) {
	for {
		select {
		case <-s.broker.closing:
			return Delivery{}, &Error{Err: ErrStopped, Detail: "server stopping"}
		default:
		}
		if d, ok, err := s.collect(ctx, budget); ok || err != nil {
			return d, err
		}
		if len(s.ready) > 0 && !s.broker.notifyAt(s, s.ready[0].key) {
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return Delivery{}, ctx.Err()
		case <-s.broker.closing:
		}
	}
}

// collect hands out what there is, without waiting.
func (s *Subscription) collect(ctx context.Context, budget Budget) (Delivery, bool, error) {
	// First the limit, then what was told: all that happened up to the limit has been told by then.
	limit := s.broker.applied.Load()
	s.mu.Lock()
	for _, t := range s.told {
		if t.cursor.topic != nil {
			t.cursor.key, t.cursor.index = t.position, 0
			s.ready.push(t.cursor)
		}
	}
	clear(s.told)
	s.told = s.told[:0]
	resets := len(s.resets)
	s.mu.Unlock()
	if resets > 0 { // before what follows it
		if resets == 1 {
			s.settle(limit) // the token is behind the reset, too
		}
		return Delivery{Now: s.broker.clock.Now(), Reset: s.takeReset(), Token: s.Token()}, true, nil
	}

	s.hold(-s.spent)
	s.spent = 0
	rd := reading{now: s.broker.clock.Now(), limit: limit, bytes: max(budget.Bytes, 1), count: budget.Messages, bounded: budget.Messages > 0, runs: s.runs[:0]}
	if err := s.read(ctx, &rd); err != nil {
		return Delivery{}, false, err
	}
	s.runs = rd.runs
	d := Delivery{Now: rd.now, Runs: rd.runs}
	s.settle(limit)
	switch {
	case !s.caughtUp && s.next.position > s.since:
		s.caughtUp, d.CaughtUp = true, true
	case len(d.Runs) == 0:
		return Delivery{}, false, nil
	}
	d.Token = s.Token()
	return d, true, nil
}

// settle notes that all up to limit was handed out but what is ready.
func (s *Subscription) settle(limit uint64) {
	s.next = spot{limit + 1, 0}
	if len(s.ready) > 0 && s.ready[0].key <= limit {
		s.next = spot{s.ready[0].key, s.ready[0].index}
	}
}

// takeReset hands out the oldest reset.
func (s *Subscription) takeReset() *Reset {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.resets[0]
	s.resets = slices.Delete(s.resets, 0, 1)
	if len(s.resets) == 0 {
		s.resumed = nil
	}
	if r.cursor != nil {
		s.all = slices.DeleteFunc(s.all, func(c *cursor) bool { return c == r.cursor })
	}
	return &r.Reset
}

// read takes from the topics in the order of their commits.
func (s *Subscription) read(ctx context.Context, rd *reading) error {
	for len(s.ready) > 0 && !rd.full() && s.ready[0].key <= rd.limit {
		c := s.ready.pop()
		until := rd.limit
		if len(s.ready) > 0 {
			until = min(until, s.ready[0].key)
		}
		switch c.read(rd, until) {
		case atEnd:
		case atLimit:
			s.ready.push(c)
		case atDead:
			c.topic.mu.Lock()
			s.broker.expireFromLocked(c.topic, c.pos.Load(), rd.now)
			c.topic.mu.Unlock()
			s.ready.push(c)
		case atCold:
			if err := s.loadAhead(ctx, c); err != nil {
				return err
			}
			s.ready.push(c)
		case atSkip:
			c.topic.mu.Lock()
			c.skipLocked(rd.now, rd.limit)
			c.topic.mu.Unlock()
			s.ready.push(c)
		case tooSlow:
			return &Error{Err: ErrTooSlow, Detail: fmt.Sprintf("fell behind what %s retains: missed %d messages, #%d to #%d, and asked to be disconnected then.", c.topic.name, s.missed.Total(), s.missed.First, s.missed.Last)}
		}
	}
	return nil
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

// Close ends the subscription. What it was handed stays counted.
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
		if _, attached := c.topic.cursors[c]; attached {
			c.leave()
			c.topic.dropWaiting(c)
			b.readers.Add(-ReaderOverhead)
		}
		c.topic.mu.Unlock()
	}
}

// dropWaiting takes a cursor out of those that wait. The caller holds topic.mu alone.
func (t *topic) dropWaiting(c *cursor) {
	if i := slices.Index(t.waiting, c); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
}
