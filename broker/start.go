package broker

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

// check refuses starts that make no sense.
func (s Start) check(ps patterns) error {
	invalid := func(field, detail string) error { return &Error{Err: ErrInvalid, Field: field, Detail: detail} }
	switch s.Kind {
	case StartSequence:
		if _, ok := ps[0].literal(); !ok || len(ps) > 1 {
			return invalid("start.sequence", "a sequence belongs to one topic; name a single topic without wildcards, or begin at a time.")
		}
		if s.N == 0 {
			return invalid("start.sequence", "sequences begin at 1.")
		}
	case StartLast:
		if s.N == 0 {
			return invalid("start.last", "ask for the last 1 or more, or for only what is new.")
		}
	}
	return nil
}

// place sets where a cursor begins in a topic that exists. The caller holds topic.mu alone.
func (s *Subscription) place(c *cursor, resumed *token, now Instant) {
	t := c.topic
	if resumed == nil {
		c.place(c.begin(s.parts[t.lane.index].start, 0, now))
		return
	}
	at := &resumed.parts[t.lane.index]
	if !at.valid {
		c.place(1) // a restart began the topic anew: from its first message on
		return
	}
	if known, ok := resumed.topics[t.id]; ok {
		if c.fresh = known.fresh; known.fresh {
			c.asked = known.asked
		}
		c.place(known.sequence)
		return
	}
	sequence := at.sequenceIn(t)
	if at.early() {
		// The token is from before the subscription had caught up: what it had not asked for stays out.
		c.asked = at.askedIn(t)
		sequence = max(sequence, min(c.asked, c.begin(at.start, at.origin, now)))
	}
	c.place(sequence)
}

// begin is where a new subscription would begin, looking only at what was committed up to origin (0: all).
func (c *cursor) begin(start Start, origin uint64, now Instant) uint64 {
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
	t.runs.backward(func(r *run) bool {
		if r.passing || !r.alive(now) || (origin > 0 && r.position > origin) {
			return true
		}
		take := min(n, uint64(r.count))
		from = r.last() + 1 - take
		n -= take
		return n > 0
	})
	return from
}
