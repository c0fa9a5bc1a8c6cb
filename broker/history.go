package broker

import (
	"sync"
	"time"
	"unsafe"
)

// What happened in a topic of late is kept in cells of time, for what-ifs and for the chart of its record: how much was
// published in each second, how old it was when the first subscription was handed it, and how messages ended in each minute.
// It is noted for each run that comes or ends, and for each time that a reader looks, never for each message or delivery.
// A topic has it from its first message on, and as much of it as happens there; see decision 24.
const (
	// WhatIfReach is how far back what-ifs look.
	WhatIfReach = 10 * time.Minute
	// RecordReach is how far back the chart of ends looks: as long as ends are remembered.
	RecordReach = endsKeptFor
	// RecordStep is the width of its columns.
	RecordStep = time.Minute
	// HistoryBytes is the memory that all of this takes at most, of all topics together, or a sixteenth of the memory limit,
	// if that is less. When it is used up, topics remember less far back, and those that are new to it not at all, until
	// others have had nothing to remember for some time.
	HistoryBytes = 16 << 20

	arrivalStep = time.Second
	ageStep     = 10 * time.Second

	arrivalCells = int64(WhatIfReach / arrivalStep)
	ageCells     = int64(WhatIfReach / ageStep)
	endCells     = int64(RecordReach / RecordStep)
)

// history is what happened in a topic of late. topic.mu guards it, held alone, but for what its own lock guards.
type history struct {
	since    Instant // all that was published from then on is in it, as far as the cells reach
	arrivals timeCells[arrival]
	ends     timeCells[Ends]

	// mu guards what readers write while they share topic.mu; who holds that alone meets none of them.
	mu     sync.Mutex
	ages   timeCells[ages]
	firsts firsts
}

// arrival is what was published in a second and not only passed.
type arrival struct {
	bytes    uint64
	messages uint32
}

// historyBytes is the memory of one without cells.
const historyBytes = int64(unsafe.Sizeof(history{}))

// takeHistory takes memory for what happened of late, if there is some left.
func (b *Broker) takeHistory(size int64) bool {
	limit := int64(HistoryBytes)
	if b.config.MemoryLimit > 0 {
		limit = min(limit, b.config.MemoryLimit/16)
	}
	if b.histories.Add(size) <= limit {
		return true
	}
	b.histories.Add(-size)
	return false
}

// arrivedLocked notes what is about to be appended.
func (b *Broker) arrivedLocked(t *topic, r *run) {
	if b.replaying.Load() {
		return // of what is replayed nobody knows whether it was delivered
	}
	h := b.historyLocked(t)
	if h == nil || r.passing {
		return
	}
	a, dropped := h.arrivals.at(slotOf(r.published, arrivalStep), arrivalCells, b.takeHistory)
	h.lostUpTo(dropped, arrivalStep)
	if a != nil {
		a.messages += r.count
		a.bytes += uint64(r.size)
	}
	g, dropped := h.ages.at(slotOf(r.published, ageStep), ageCells, b.takeHistory)
	h.lostUpTo(dropped, ageStep)
	if g != nil {
		g.messages += r.count
	}
}

// handed notes how old messages were when the first subscription was handed them. The caller shares topic.mu.
func (h *history) handed(published, now Instant, count uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.ages.find(slotOf(published, ageStep)); g != nil {
		g.counts[ageIndex(now.Sub(published))] += count
	}
}

// endedInHistoryLocked notes how messages of a run ended.
func (b *Broker) endedInHistoryLocked(t *topic, e *Ended, passing bool) {
	if t.deleted {
		return
	}
	h := b.historyLocked(t)
	if h == nil {
		return
	}
	if ends, _ := h.ends.at(slotOf(e.EndTime, RecordStep), endCells, b.takeHistory); ends != nil {
		ends.add(e.Reason, e.Last-e.First+1)
	}
	if e.Deliveries > 0 || passing {
		return
	}
	if g := h.ages.find(slotOf(e.PublishTime, ageStep)); g != nil {
		g.endedUnread(e.EndTime.Sub(e.PublishTime))
	}
}

// historyLocked gives a topic's history, and makes one if there is room. nil: there is none.
func (b *Broker) historyLocked(t *topic) *history {
	if t.history == nil && !t.deleted && b.takeHistory(historyBytes) {
		t.history = &history{since: b.knownSinceLocked(t)}
		t.history.firsts.frontier.Store(t.next)
	}
	return t.history
}

// knownSinceLocked is from when on all that was published is known, without any note: nothing was, since the last message.
// What was published before a restart is not known, unless the topic is younger.
func (b *Broker) knownSinceLocked(t *topic) Instant {
	since := t.lastPublish + 1
	if t.created < b.opened {
		since = max(since, b.opened)
	}
	return since
}

// lostUpTo notes that a stretch is no longer known, 0 that none was lost.
func (h *history) lostUpTo(slot int64, width time.Duration) {
	if slot != 0 {
		h.since = max(h.since, slotStart(slot+1, width))
	}
}

// forgetHistoryLocked gives back the memory of what is too long ago.
func (b *Broker) forgetHistoryLocked(t *topic, now Instant) {
	h := t.history
	if h == nil {
		return
	}
	freed := h.arrivals.shrink(slotOf(now, arrivalStep) - arrivalCells - 1)
	freed += h.ages.shrink(slotOf(now, ageStep) - ageCells - 1)
	freed += h.ends.shrink(slotOf(now, RecordStep) - endCells)
	if h.arrivals.bytes()+h.ages.bytes()+h.ends.bytes() == 0 {
		freed += historyBytes
		t.history = nil
	}
	b.histories.Add(-freed)
}

// dropHistoryLocked forgets all of it, with its topic.
func (b *Broker) dropHistoryLocked(t *topic) {
	if h := t.history; h != nil {
		b.histories.Add(-(historyBytes + h.arrivals.bytes() + h.ages.bytes() + h.ends.bytes()))
		t.history = nil
	}
}
