package broker

import (
	"math"
	"time"
)

// Expiry is decided where messages are handed out, by comparing deadlines. What is here only reclaims: the wheel says
// in which chunks a run is due, and each is taken out of its topic and its end recorded. It also says in which chunks runs
// have come so near to their end that they are to be counted anew for the forecasts.

// chunksInSlice is how many chunks of runs are looked at before others are let in.
const chunksInSlice = 16

// dueChunk names a chunk in which a run may be due, or to be counted anew: it holds the first run that ends at or behind the sequence.
type dueChunk struct {
	topic    TopicID
	sequence uint64
}

// schedule has the wheel come to a chunk.
func (b *Broker) schedule(at Instant, t TopicID, sequence uint64) {
	b.wheelMu.Lock()
	b.wheel.Add(int64(at), uint64(t), sequence)
	b.wheelMu.Unlock()
	if int64(at) < b.sweepAt.Load() {
		b.wakeSweeper()
	}
}

func (b *Broker) wakeSweeper() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// Where a great deal dies at one instant, who takes it out rests after each slice: otherwise it would have a processor to
// itself until all is done, and publishers, who have to be quick, wait for one. It rests no longer than restsMost times,
// so that what is dead is soon gone from every count.
const (
	restAfter = 2                      // full slices; little is taken out without a rest
	rest      = 500 * time.Microsecond // a slice takes 0.3 ms
	restsMost = 600
)

// reclaimed takes out all that is dead, in its time, and tells when: as of then counts are exact. The caller holds no lock.
func (b *Broker) reclaimed() Instant {
	b.reclaim(b.clock.Now())
	now := b.clock.Now()
	b.reclaimAtOnce(now) // what fell due while that rested
	return now
}

// reclaim takes out all that is past its deadline, in its time. The caller holds no lock.
func (b *Broker) reclaim(now Instant) {
	for full, more := 0, true; more; {
		var chunks int
		if chunks, more = b.reclaimSlice(now); chunks == chunksInSlice {
			full++ // others were mostly spent on moving deadlines in the wheel
		}
		switch {
		case !more:
		case chunks == chunksInSlice && full > restAfter && full <= restAfter+restsMost:
			time.Sleep(rest)
		default:
			yield()
		}
	}
}

// reclaimAtOnce is reclaim without rests: where somebody waits for the room that it makes, or little is left.
func (b *Broker) reclaimAtOnce(now Instant) {
	for {
		if _, more := b.reclaimSlice(now); !more {
			return
		}
		yield()
	}
}

// reclaimSlice takes out some of what is past its deadline. It tells in how many chunks it looked, and whether there is
// more to do.
func (b *Broker) reclaimSlice(now Instant) (chunks int, more bool) {
	b.reclaimMu.Lock()
	defer b.reclaimMu.Unlock()
	b.due = b.due[:0]
	b.wheelMu.Lock()
	more = b.wheel.Advance(int64(now), chunksInSlice, func(_ int64, id, sequence uint64) {
		b.due = append(b.due, dueChunk{TopicID(id), sequence})
	})
	b.wheelMu.Unlock()
	b.reclaimDue(now)
	return len(b.due), more
}

// reclaimDue ends what is due in the chunks of b.due, holding a topic's lock for neighbours of one topic at once.
func (b *Broker) reclaimDue(now Instant) {
	for i := 0; i < len(b.due); {
		id := b.due[i].topic
		t := b.lookupID(id)
		if t != nil {
			t.mu.Lock()
		}
		for ; i < len(b.due) && b.due[i].topic == id; i++ {
			if t != nil {
				b.visitLocked(t, t.runs.chunkOf(b.due[i].sequence), now)
			}
		}
		if t != nil {
			t.isFrozen = false
			t.mu.Unlock()
		}
	}
	b.coolIfFull() // what was looked into is to be packed again
}

// visitLocked does in a chunk what it is time for: it counts its runs anew for the forecasts, and ends those that are due.
func (b *Broker) visitLocked(t *topic, chunk int, now Instant) {
	l := &t.runs
	if chunk == len(l.chunks) {
		return // it is gone
	}
	l.review(l.chunks[chunk], now)
	if l.chunks[chunk].due > now {
		return
	}
	if !t.isFrozen {
		t.freezeLocked()
	}
	b.expireChunkLocked(t, chunk, now, &b.unpacked)
}

// expireChunkLocked ends what is due in a chunk, if it is time to look. What is packed is unpacked into scratch where it can be.
func (b *Broker) expireChunkLocked(t *topic, chunk int, now Instant, scratch *[]run) {
	l := &t.runs
	c := l.chunks[chunk]
	if c.due > now {
		return // that was done
	}
	if c.sealed() || (c.packed != nil && c.latest <= now) { // nothing of it needs to be changed, or not much
		b.expirePackedLocked(t, chunk, now, scratch)
		return
	}
	l.thaw(c)
	next := b.endRunsLocked(t, c, c.runs, now)
	l.dropDue(c, now)
	b.endedLocked(t)
	c.due = math.MaxInt64
	if len(c.runs) > 0 {
		l.wake(c, next)
	}
	l.tidy(chunk)
}

// expirePackedLocked ends what is due in a chunk that is sealed, or otherwise packed and all due.
func (b *Broker) expirePackedLocked(t *topic, chunk int, now Instant, scratch *[]run) {
	l := &t.runs
	c := l.chunks[chunk]
	runs := c.look(scratch)
	b.used.Add(c.packed.saves())
	next := b.endRunsLocked(t, c, runs, now)
	c.due = math.MaxInt64
	if next == math.MaxInt64 { // mostly, as neighbours mostly end together
		l.fewer(len(runs))
		l.discard(chunk)
	} else {
		l.dropSealed(c, runs, func(r *run) bool { return r.until() <= now })
		l.wake(c, next)
		l.tidy(chunk)
	}
	clear(runs) // let go of the messages
	b.endedLocked(t)
}

// endRunsLocked ends those of a chunk's runs that are due, which stay where they are, and tells when the next one is.
func (b *Broker) endRunsLocked(t *topic, c *chunk, runs []run, now Instant) (next Instant) {
	next = math.MaxInt64
	var ended alike
	for i := range runs {
		r := &runs[i]
		if until := r.until(); until > now {
			next = min(next, until)
			continue
		}
		t.uncountLocked(r)
		t.forgetChangesLocked(r)
		b.releaseLocked(t, r)
		if !ended.join(r) {
			b.endAlikeLocked(t, c, &ended)
			ended.begin(r)
		}
	}
	b.endAlikeLocked(t, c, &ended)
	return next
}

// expireLocked ends the run at p because its time has come.
func (b *Broker) expireLocked(t *topic, p place, now Instant) {
	r := t.takeOutLocked(p)
	b.endLocked(t, &r, ExpiredUndelivered, min(r.until(), now))
}

// expireFromLocked ends the dead runs that a reader met at sequence, so that what it passes over is counted as not
// delivered to it.
func (b *Broker) expireFromLocked(t *topic, sequence uint64, now Instant) {
	t.freezeLocked()
	defer func() { t.isFrozen = false }()
	var unpacked []run
	for range chunksInSlice {
		p := t.runs.seek(sequence)
		r := t.runs.at(p)
		if r == nil || r.until() > now {
			return
		}
		b.expireChunkLocked(t, p.chunk, now, &unpacked)
	}
}

// boundPassingLocked keeps what passes through a topic within its bound, ending the oldest first.
func (b *Broker) boundPassingLocked(t *topic, now Instant) {
	if len(t.cursors) == 0 {
		// Nobody to offer it to: it ends at once (contract 3).
		b.endPassingLocked(t, now, func() bool { return true })
		return
	}
	b.endPassingLocked(t, now, func() bool { return t.passingBytes > PassingBytes })
}

// endPassingLocked ends passing runs, oldest first, while the condition holds.
func (b *Broker) endPassingLocked(t *topic, now Instant, while func() bool) {
	for t.counts.Passing > 0 && while() {
		p := t.runs.seek(t.passingFrom)
		for r := t.runs.at(p); r != nil && !r.passing; r = t.runs.at(p) {
			p = t.runs.next(p)
		}
		t.passingFrom = t.runs.at(p).first
		r := t.takeOutLocked(p)
		b.endLocked(t, &r, ExpiredUndelivered, now)
	}
}
