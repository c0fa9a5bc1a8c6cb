package broker

// Counts of one incarnation of a topic, or sums of them. Published = Retained + Passing + Ended.Total() (contract 10).
type Counts struct {
	Published     uint64 // messages ever published
	Retained      uint64 // messages alive
	RetainedBytes uint64 // of these, with their frames
	Passing       uint64 // "now or never" messages that may still be on their way
	Ended         Ends
}

func (c *Counts) add(o Counts) {
	c.Published += o.Published
	c.Retained += o.Retained
	c.RetainedBytes += o.RetainedBytes
	c.Passing += o.Passing
	c.Ended.ExpiredDelivered += o.Ended.ExpiredDelivered
	c.Ended.ExpiredUndelivered += o.Ended.ExpiredUndelivered
	c.Ended.ExpiredUnknown += o.Ended.ExpiredUnknown
	c.Ended.Evicted += o.Ended.Evicted
	c.Ended.Deleted += o.Ended.Deleted
	c.Ended.Lost += o.Ended.Lost
}

// Stats are the broker's numbers.
type Stats struct {
	MemoryUsed int64 // retained memory as it is accounted, in bytes
	// MemoryReaders is what of these readers have, beside what messages may: for their places, up to a quarter of the
	// limit, and as much for what was loaded for them; see [AheadBytes] for what happens then.
	MemoryReaders int64
	MemoryHistory int64 // for what topics remember of late, beside MemoryUsed; at most [HistoryBytes]
	MemoryLimit   int64 // 0: none
	Topics        int
	Subscriptions int
	Watchers      int
	Counts        Counts // of all topics, those that are gone included
	WorstLag      uint64 // messages that the slowest reader has still to be given
	Pending       int    // proposals not yet committed
}

// Stats counts, exactly as of now.
func (b *Broker) Stats() Stats {
	b.reclaimed()
	readers := b.readers.Load() + b.loaded.Load()
	s := Stats{
		MemoryUsed: b.used.Load() + readers, MemoryReaders: readers, MemoryHistory: b.histories.Load(), MemoryLimit: b.config.MemoryLimit,
		Watchers: int(b.watching.Load()), Pending: int(b.pending.Load()),
	}
	b.mu.RLock()
	s.Topics, s.Subscriptions, s.Counts = len(b.topics), len(b.subscriptions), b.gone
	b.mu.RUnlock()
	for _, t := range b.allTopics() {
		t.mu.RLock()
		s.Counts.add(t.counts)
		s.WorstLag = max(s.WorstLag, t.lagLocked())
		t.mu.RUnlock()
	}
	return s
}

// StoreStats tells what the store promises and holds, and how it is, as of now.
func (b *Broker) StoreStats() LogStats { return b.lanes[storeLane].log.Stats() }

// EverPublished tells whether the store ever had a message.
func (b *Broker) EverPublished() bool {
	for _, t := range b.allTopics() {
		t.mu.RLock()
		some := t.next > 1
		t.mu.RUnlock()
		if some {
			return true
		}
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.gone.Published > 0
}
