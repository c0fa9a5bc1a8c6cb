package broker

import "slices"

// Record is how the messages of a topic's incarnation have ended.
type Record struct {
	Topic TopicInfo // its counts add up: Published = Retained + Passing + Ended
	Now   Instant
	// Minutes are those of the last [RecordReach] in which messages ended, oldest first, as far as there is memory for them.
	Minutes []EndsIn
	// Remembered is how many ranges of messages the ledger holds.
	Remembered int
}

// EndsIn counts what ended in a stretch of time, [RecordStep] wide.
type EndsIn struct {
	Start Instant
	Ended Ends
}

// Record shows how the messages of a topic ended, as of one moment. Errors: [ErrTopicNotFound].
func (b *Broker) Record(name string) (Record, error) {
	t := b.lookup(name)
	if t == nil {
		return Record{}, topicNotFound(name)
	}
	now := b.reclaimed()
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := Record{Topic: t.infoLocked(now), Now: now, Remembered: t.ends.len()}
	if t.history != nil {
		for _, c := range t.history.ends.from(slotOf(now, RecordStep) - endCells + 1) {
			r.Minutes = append(r.Minutes, EndsIn{slotStart(c.slot, RecordStep), c.value})
		}
	}
	return r, nil
}

// LedgerOptions say which ends to show.
type LedgerOptions struct {
	Reasons []EndReason // none: all
	Before  uint64      // only messages below this sequence; 0: all
	Limit   int         // ranges in the page, 1 or more
}

// Ledger shows the ends that are remembered, as ranges of messages that ended alike, the newest messages first. more tells
// that there are others, below the last one's First. Errors: [ErrTopicNotFound].
func (b *Broker) Ledger(name string, o LedgerOptions) (page []Ended, more bool, err error) {
	t := b.lookup(name)
	if t == nil {
		return nil, false, topicNotFound(name)
	}
	b.reclaimed()
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.ends.backward(o.Before, func(r *endRange) bool {
		if len(o.Reasons) > 0 && !slices.Contains(o.Reasons, r.reason) {
			return true
		}
		if more = len(page) == o.Limit; more {
			return false
		}
		e := Ended{
			Topic: t.name, Incarnation: t.incarnation, First: r.first, Last: r.last, Reason: r.reason,
			PublishTime: r.published, EndTime: r.ended, Deliveries: r.deliveries,
		}
		if o.Before != 0 {
			e.Last = min(e.Last, o.Before-1)
		}
		page = append(page, e)
		return true
	})
	return page, more, nil
}

// backward calls f for each range below a sequence (0: all), the newest messages first, until it returns false.
func (l *endLog) backward(before uint64, f func(*endRange) bool) {
	for _, chunk := range slices.Backward(l.chunks) {
		for i := range slices.Backward(chunk) {
			if before != 0 && chunk[i].first >= before {
				continue
			}
			if !f(&chunk[i]) {
				return
			}
		}
	}
}
