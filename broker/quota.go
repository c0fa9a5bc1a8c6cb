package broker

// load is messages and their bytes.
type load struct{ messages, bytes int64 }

func (l *load) add(o load) { l.messages, l.bytes = l.messages+o.messages, l.bytes+o.bytes }

func (l *load) sub(o load) { l.messages, l.bytes = l.messages-o.messages, l.bytes-o.bytes }

// need is how much room is missing. Memory is as the broker accounts it.
type need struct {
	load
	memory int64
}

func (n *need) met() bool { return n.messages <= 0 && n.bytes <= 0 && n.memory <= 0 }

// quota is what counts for a topic's limits beside what it retains. topic.mu guards it.
type quota struct {
	coming  load // messages on their way into the topic
	leaving load // retained messages that are on their way out of it

	marked  map[uint64]marked // which these are, by the last message of their run
	upTo    uint64            // all that is retained up to this sequence is on its way out
	soonest *deadlineHeap     // what expires soonest; nil until that is asked
}

// stake is what a proposal counts for until it is committed. It travels with the proposal inside the process; a replay
// has none, and that of another broker is not minded.
type stake struct {
	of       *load // what comes into its topic; names the topic
	coming   load  // what a publish brings
	freed    int64 // memory that an eviction gives back, in bytes
	redeemed bool  // it counts no more; guarded by topic.mu
}

// owns tells whether a stake is in this quota.
func (q *quota) owns(s *stake) bool { return s != nil && s.of == &q.coming }

// redeemLocked ends what a proposal of this broker counts for.
func (b *Broker) redeemLocked(t *topic, s *stake) {
	if !t.quota.owns(s) || s.redeemed {
		return
	}
	s.redeemed = true
	t.quota.coming.sub(s.coming)
	b.leaving.Add(-s.freed)
}

// redeem is redeemLocked for a proposal that was answered.
func (b *Broker) redeem(t *topic, s *stake) {
	if s == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b.redeemLocked(t, s)
}

// excessLocked is how much more a topic would hold than it may, if all that is on its way were there, and add as well.
func (t *topic) excessLocked(p *Policy, add load) (n need) {
	q := &t.quota
	if p.MaxMessages > 0 {
		n.messages = int64(t.counts.Retained) - q.leaving.messages + add.messages - p.MaxMessages
	}
	if p.MaxBytes > 0 {
		n.bytes = int64(t.counts.RetainedBytes) - q.leaving.bytes + add.bytes - p.MaxBytes
	}
	return n
}
