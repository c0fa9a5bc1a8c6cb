package broker

// alike is neighbouring runs that were published, and end, at the same time, as messages do that were published one by one
// in a burst: what their end takes is done once for all of them.
type alike struct {
	one      run    // the first of them
	last     uint64 // sequence of the last message
	runs     int64
	cost     int64
	messages load
}

// begin makes it a single run.
func (a *alike) begin(r *run) {
	*a = alike{one: *r, last: r.last(), runs: 1, cost: r.cost(), messages: load{int64(r.count), int64(r.size)}}
}

// join adds a run, if it is like the others.
func (a *alike) join(r *run) bool {
	if a.runs == 0 || r.first != a.last+1 || r.published != a.one.published || r.deadline != a.one.deadline || r.passing != a.one.passing {
		return false
	}
	a.last = r.last()
	a.runs++
	a.cost += r.cost()
	a.messages.add(load{int64(r.count), int64(r.size)})
	return true
}

// endLocked records how the messages of a run, taken out already, ended. For an expiry, reason is ExpiredUndelivered;
// what was delivered is told from the readers' positions, which a restart forgets.
func (b *Broker) endLocked(t *topic, r *run, reason EndReason, at Instant) {
	b.used.Add(-r.cost())
	b.runs.Add(-1)
	b.recordEndLocked(t, r, r.last(), reason, at)
	t.forgetChangesLocked(r)
	b.endedLocked(t)
	b.releaseLocked(t, r)
}

// endAlikeLocked records that the time of runs that are alike, and still stand in their chunk, has come.
func (b *Broker) endAlikeLocked(t *topic, c *chunk, a *alike) {
	if a.runs == 0 {
		return
	}
	b.used.Add(-a.cost)
	b.runs.Add(-a.runs)
	if r := &a.one; !r.passing {
		t.runs.uncount(c, r.deadline, a.messages)
	}
	b.recordEndLocked(t, &a.one, a.last, ExpiredUndelivered, a.one.until())
}

// recordEndLocked records how the messages from r's first to last ended: those of r and of neighbours that are like it.
func (b *Broker) recordEndLocked(t *topic, r *run, last uint64, reason EndReason, at Instant) {
	if reason == ExpiredUndelivered && b.replaying.Load() {
		reason = ExpiredUnknown
	}
	for sequence := r.first; sequence <= last; {
		deliveries, until := t.deliveriesLocked(sequence, r.passing)
		until = min(until, last)
		why := reason
		if reason == ExpiredUndelivered && deliveries > 0 {
			why = ExpiredDelivered
		}
		t.counts.Ended.add(why, until-sequence+1)
		t.ends.record(sequence, until, why, r.published, at, deliveries)
		e := Ended{
			Topic: t.name, Incarnation: t.incarnation, First: sequence, Last: until,
			Reason: why, PublishTime: r.published, EndTime: at, Deliveries: deliveries,
		}
		b.endedInHistoryLocked(t, &e, r.passing)
		b.watchEnded(t, e)
		sequence = until + 1
	}
	t.lastEnd = max(t.lastEnd, at)
}

// endedLocked forgets what nobody will ask for any more once messages have ended.
func (b *Broker) endedLocked(t *topic) {
	if t.runs.runs == 0 {
		t.emptySince = t.lastEnd
		t.past.trim(t.next)
	} else {
		t.past.trim(t.runs.oldest())
	}
	if t.ends.len() > endsKept+endsKept/4 {
		t.ends.trim(endsKept)
	}
	b.revisions.Add(1)
}

// forgetChangesLocked lets go of what is noted of a message whose lifetime was changed, or is being: it is a run of its own.
func (t *topic) forgetChangesLocked(r *run) {
	if len(t.held) > 0 {
		delete(t.held, r.first)
	}
	if len(t.granted) > 0 {
		delete(t.granted, r.first)
	}
}

// releaseLocked tells the log when all of a commit's messages have ended.
func (b *Broker) releaseLocked(t *topic, r *run) {
	if r.passing {
		return
	}
	if left, split := t.pieces[r.position]; split {
		if left > r.count {
			t.pieces[r.position] = left - r.count
			return
		}
		delete(t.pieces, r.position)
	}
	t.lane.log.Release(Ref{Position: r.position, Topic: t.id})
}
