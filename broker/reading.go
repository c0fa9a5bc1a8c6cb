package broker

// reading is the state of one Next: what was collected, and what may be added.
type reading struct {
	now     Instant
	limit   uint64 // of the lane: hand out nothing behind this position
	bytes   int    // what may still be added
	count   int    // messages that may still be added; 0: no bound
	bounded bool   // count is a bound
	runs    []Run
	from    []byte // the body of the newest run, and
	behind  []byte // what lies behind it in memory
	handed  handed
}

// full tells that nothing more may be added.
func (rd *reading) full() bool { return rd.bytes <= 0 || (rd.bounded && rd.count <= 0) }

// handed is what was handed out and is not yet noted: neighbours that were published at one time with one deadline, as
// those mostly are that are read at once.
type handed struct {
	published, deadline Instant
	passing             bool
	at                  uint64 // where the reader had been before
	from, to            uint64 // the sequences in [from, to)
}

// hand adds messages to what is handed out: to the run before, where they continue it and lie behind it in memory, as
// what was loaded together does.
func (c *cursor) hand(rd *reading, r *run, from uint64, count int, body []byte) {
	t := c.topic
	if n := len(rd.runs); n > 0 && len(rd.behind) > 0 && &rd.behind[0] == &body[0] && c.gap.Total() == 0 {
		before := &rd.runs[n-1]
		if before.Incarnation == t.incarnation && before.First+uint64(before.Count) == from && before.PublishTime == r.published && before.Deadline == r.deadline {
			size := len(before.Body) + len(body)
			before.Body = rd.from[:size:size]
			before.Count += count
			rd.behind = rd.behind[len(body):]
			return
		}
	}
	rd.from, rd.behind = body, body[len(body):cap(body)]
	rd.runs = append(rd.runs, Run{
		Topic: t.name, Incarnation: t.incarnation, First: from, Count: count,
		PublishTime: r.published, Deadline: r.deadline, Gap: c.gap, Body: body[:len(body):len(body)],
	})
}

// tally counts messages of a run, from sequence from on, with those that were handed out before and are like them. So what
// has to be noted is noted once for all of them.
func (c *cursor) tally(rd *reading, r *run, from uint64, count uint32) {
	n := &rd.handed
	if at := c.pos.Load(); n.to != from || at != from || n.published != r.published || n.deadline != r.deadline || n.passing != r.passing {
		c.noteLocked(rd)
		*n = handed{published: r.published, deadline: r.deadline, passing: r.passing, at: at, from: from}
	}
	n.to = from + uint64(count)
}

// noteLocked notes what was handed out: how old it was, if nobody had been handed it before, and what it had left.
func (c *cursor) noteLocked(rd *reading) {
	n := &rd.handed
	if n.from == n.to {
		return
	}
	firsts := uint32(0)
	if h := c.topic.history; h != nil {
		firsts = h.claim(n.at, n.from, n.to)
	}
	if !n.passing {
		if c.life == nil {
			c.life = &lifeTally{}
		}
		c.life.add(rd.now, n.deadline.Sub(rd.now), n.deadline.Sub(n.published), uint32(n.to-n.from))
		if firsts > 0 {
			c.topic.history.handed(n.published, rd.now, firsts)
		}
	}
	*n = handed{}
}
