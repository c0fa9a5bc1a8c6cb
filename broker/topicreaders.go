package broker

import (
	"cmp"
	"slices"
)

// TopicReader is a subscription as a topic sees it.
type TopicReader struct {
	Client   string   // who it is, as [SubscribeOptions] said; may be empty
	Peer     string   // from where, likewise
	Patterns []string // what it subscribed to
	Since    Instant  // when it did
	Position uint64   // the next sequence that it will be handed, or what comes after it
	Lag      uint64   // messages that it has still to be given
	LifeLeft LifeLeft // what messages of the topic had left when it was handed them
}

// TopicReaders shows the subscriptions to a topic, those that lag the most first, at most limit of them (0: all). total
// counts all. Errors: [ErrTopicNotFound].
func (b *Broker) TopicReaders(name string, limit int) (readers []TopicReader, total int, err error) {
	t := b.lookup(name)
	if t == nil {
		return nil, 0, topicNotFound(name)
	}
	now := b.clock.Now()
	t.mu.Lock() // alone: what readers note of themselves is of one moment then
	for _, c := range t.cursors {
		position := c.pos.Load()
		readers = append(readers, TopicReader{
			Client: c.sub.client, Peer: c.sub.peer, Patterns: c.sub.patternTexts, Since: c.sub.began,
			Position: position, Lag: t.next - min(position, t.next), LifeLeft: c.life.value(now),
		})
	}
	t.mu.Unlock()
	slices.SortFunc(readers, func(x, y TopicReader) int {
		return cmp.Or(cmp.Compare(y.Lag, x.Lag), cmp.Compare(x.Since, y.Since), cmp.Compare(x.Peer, y.Peer), slices.Compare(x.Patterns, y.Patterns))
	})
	total = len(readers)
	if limit > 0 && total > limit {
		readers = readers[:limit]
	}
	return readers, total, nil
}
