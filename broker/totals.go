package broker

// Totals are the numbers of a topic, or of several together.
type Totals struct {
	Counts        Counts
	Subscriptions int     // of several topics: each counted once a topic
	WorstLag      uint64  // messages that the slowest of these has still to be given
	NextDeadline  Instant // earliest among what is alive; 0: nothing is
	LastPublish   Instant // 0: never
	LastEnd       Instant // when the last message that ended did so; 0: none did
}

func (s *Totals) add(o *Totals) {
	s.Counts.add(o.Counts)
	s.Subscriptions += o.Subscriptions
	s.WorstLag = max(s.WorstLag, o.WorstLag)
	if o.NextDeadline != 0 && (s.NextDeadline == 0 || o.NextDeadline < s.NextDeadline) {
		s.NextDeadline = o.NextDeadline
	}
	s.LastPublish, s.LastEnd = max(s.LastPublish, o.LastPublish), max(s.LastEnd, o.LastEnd)
}

func (t *topic) totalsLocked(now Instant) Totals {
	return Totals{
		Counts: t.counts, Subscriptions: len(t.cursors), WorstLag: t.lagLocked(), NextDeadline: t.nextDeadlineLocked(now),
		LastPublish: t.lastPublish, LastEnd: t.lastEnd,
	}
}
