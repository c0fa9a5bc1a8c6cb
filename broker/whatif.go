package broker

import (
	"time"
)

// WhatIf tells what a topic would have held, had each of its messages been kept for a certain time. It rests on what was
// published in the last [WhatIfReach], or since Since.
type WhatIf struct {
	Now, Since Instant
	TTL        time.Duration

	// Published is what was published since then, but for "now or never".
	Published, PublishedBytes uint64
	// Most is the most messages that would have been retained at the end of any second, MostBytes the most bytes: of those
	// published since Since, with the lifetime rounded up to whole seconds. Growing says that it is longer than the time since
	// Since: nothing would have ended yet, and more would come.
	Most, MostBytes uint64
	Growing         bool

	// Judged are the messages of which it is known whether a subscription would have been handed them in time, Delivered
	// those that would have been. AtLeast says that there may be more of these: some ended, undelivered, before their
	// time would have come, or none is that old yet, or the lifetime lies between two of the ages that are told apart.
	Judged, Delivered uint64
	AtLeast           bool
}

// WhatIf tells what a topic would have held with a lifetime. Errors: [ErrTopicNotFound], [ErrInvalid].
func (b *Broker) WhatIf(name string, ttl time.Duration) (WhatIf, error) {
	if ttl < time.Millisecond || ttl > TTLCeiling {
		return WhatIf{}, &Error{Err: ErrInvalid, Field: "ttl", Detail: "what-ifs are for lifetimes from 1ms to 10 years; \"now or never\" retains nothing."}
	}
	t := b.lookup(name)
	if t == nil {
		return WhatIf{}, topicNotFound(name)
	}
	now := b.reclaimed() // what ended has been counted as such
	t.mu.Lock()
	defer t.mu.Unlock()
	first := slotOf(now, arrivalStep) - arrivalCells + 1
	known := slotStart(first, arrivalStep)
	h := t.history
	if h == nil {
		known = max(known, b.knownSinceLocked(t))
	} else {
		known = max(known, h.since)
	}
	w := WhatIf{Now: now, Since: max(known, t.created), TTL: ttl}
	if h != nil {
		w.retain(h.arrivals.from(slotOf(known, arrivalStep)))
		w.judge(h.ages.from(slotOf(known-1, ageStep) + 1))
	}
	return w, nil
}

// retain adds up what would have been there at the end of each second.
func (w *WhatIf) retain(cells []timeCell[arrival]) {
	seconds := int64((w.TTL + arrivalStep - 1) / arrivalStep)
	var messages, bytes uint64
	oldest := 0
	for i := range cells {
		c := &cells[i]
		for ; cells[oldest].slot <= c.slot-seconds; oldest++ {
			messages -= uint64(cells[oldest].value.messages)
			bytes -= cells[oldest].value.bytes
		}
		messages += uint64(c.value.messages)
		bytes += c.value.bytes
		w.Published += uint64(c.value.messages)
		w.PublishedBytes += c.value.bytes
		w.Most, w.MostBytes = max(w.Most, messages), max(w.MostBytes, bytes)
	}
	w.Growing = w.TTL > w.Now.Sub(w.Since)
}

// judge counts what would have been delivered in time, of what is old enough to tell; if nothing is, of all.
func (w *WhatIf) judge(cells []timeCell[ages]) {
	old := cells
	for n := len(old); n > 0 && slotStart(old[n-1].slot+1, ageStep).Add(w.TTL) > w.Now; n-- {
		old = old[:n-1]
	}
	if len(old) == 0 {
		old, w.AtLeast = cells, true
	}
	for i := range old {
		a := &old[i].value
		delivered, exact := a.before(w.TTL)
		w.Judged += uint64(a.messages)
		w.Delivered += delivered
		if !exact || (a.unread != 0 && int64(a.unread) < w.TTL.Milliseconds()) {
			w.AtLeast = true
		}
	}
	if w.Delivered == w.Judged {
		w.AtLeast = false
	}
}
