package broker

// Tally is how the messages of a topic had ended when its log was closed.
type Tally struct {
	Ended  Ends
	Unused uint64 // numbers below the next that no message ever had: a repair of the log passes some over
}

// close closes the lane's log, and has it keep how messages ended, if it can.
func (l *lane) close() error {
	if log, ok := l.log.(Keeper); ok {
		return log.CloseWith(l.tallies)
	}
	return l.log.Close()
}

// tallies tells how the messages of each of the lane's topics have ended.
func (l *lane) tallies() map[TopicID]Tally {
	b := l.broker
	b.reclaimAtOnce(b.clock.Now())
	all := map[TopicID]Tally{}
	for _, t := range b.allTopics() {
		if t.lane != l {
			continue
		}
		t.mu.RLock()
		all[t.id] = Tally{t.counts.Ended, t.unused}
		t.mu.RUnlock()
	}
	return all
}

// applyTally takes how messages had ended in an earlier run, from a replay.
func (b *Broker) applyTally(c *Commit) {
	t := b.lookupID(c.Topic)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recallLocked(*c.Tally)
}

// recallLocked counts as a tally says, and as unknown what has ended since, or is still to be replayed. A message that was
// lost as damaged may be there again: it is found damaged again when it is read.
func (t *topic) recallLocked(known Tally) {
	n := t.counts
	alive, ended := n.Retained+n.Passing, known.Ended.Total()
	if known.Unused > n.Published || alive > n.Published-known.Unused {
		return // it is not this topic's
	}
	n.Published -= known.Unused
	if back := alive + ended; back > n.Published {
		back -= n.Published
		if back > known.Ended.Lost {
			return
		}
		known.Ended.Lost -= back
		ended -= back
	}
	n.Ended = known.Ended
	n.Ended.ExpiredUnknown += n.Published - alive - ended
	t.counts, t.unused = n, known.Unused
}
