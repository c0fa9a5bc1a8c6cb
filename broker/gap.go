package broker

// A Gap says what became of the messages First to Last that a reader was not given, in numbers by reason (contract 7).
// The sum is always exact: it is how many there were.
type Gap struct {
	First, Last uint64
	Expired     uint64
	Evicted     uint64
	Deleted     uint64
	Lost        uint64
	Forgotten   uint64 // ended for reasons no longer remembered
	Skipped     uint64 // alive, but the reader asked to skip to the newest
}

// Total is how many messages are missing; 0 means that there is no gap.
func (g Gap) Total() uint64 {
	return g.Expired + g.Evicted + g.Deleted + g.Lost + g.Forgotten + g.Skipped
}

// add counts n messages that ended for a reason, NotEnded being one that is no longer remembered.
func (g *Gap) add(r EndReason, n uint64) {
	switch {
	case r.expired():
		g.Expired += n
	case r == Evicted:
		g.Evicted += n
	case r == Deleted:
		g.Deleted += n
	case r == Lost:
		g.Lost += n
	default:
		g.Forgotten += n
	}
}

// join adds the gap that follows directly.
func (g Gap) join(next Gap) Gap {
	if g.Total() == 0 {
		return next
	}
	g.Last = next.Last
	g.Expired += next.Expired
	g.Evicted += next.Evicted
	g.Deleted += next.Deleted
	g.Lost += next.Lost
	g.Forgotten += next.Forgotten
	g.Skipped += next.Skipped
	return g
}
