package broker

import (
	"cmp"
	"context"
	"slices"
)

// Preview is a message as it was published.
type Preview struct {
	Scope         int // index in the options
	Message       Retained
	LeftOutBefore uint64 // messages of the scope between the last preview and this one
	Recent        bool   // published before the watch began
}

// birth is a run that was published.
type birth struct {
	topic *topic
	run   run
	at    uint64 // the scope's published before it
}

// previews chooses, evenly spread, as many of the messages published as the pace lets through.
func (w *Watcher) previews(out []Preview, index int, s *scope, births []birth, now Instant) []Preview {
	var messages uint64
	for i := range births {
		messages += uint64(births[i].run.count)
	}
	show, before := s.pace.allow(now, w.perSecond, messages), len(out)
	// The show-th of the messages is always the newest; the others lie at even steps before it.
	seen, next := uint64(0), uint64(1)
	for i := range births {
		e := &births[i]
		if now < e.run.until() {
			for ; next <= show; next++ {
				place := next*messages/show - 1
				if place >= seen+uint64(e.run.count) {
					break
				}
				out = append(out, w.preview(index, s, e, uint32(place-seen)))
			}
		}
		for seen += uint64(e.run.count); next <= show && next*messages/show-1 < seen; next++ {
			// dead already: left out
		}
	}
	s.pace.note(now, len(out)-before)
	return out
}

// keepNewest leaves the newest message of a frame that showed none to the next one: after a rush the last that came is
// shown, with what was left out before it.
func (w *Watcher) keepNewest(s *scope, e birth, now Instant) {
	if now >= e.run.until() {
		return
	}
	last := e.run.last()
	newest := birth{e.topic, e.run.cut(last, last), e.at + uint64(e.run.count) - 1}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.births = append([]birth{newest}, s.births...)
}

// preview shows one message of a run.
func (w *Watcher) preview(index int, s *scope, e *birth, offset uint32) Preview {
	r := &e.run
	message, _ := frameAt(r.body[skipFrames(r.body, int(offset)):])
	at := e.at + uint64(offset)
	before := at - s.lastShown
	s.lastShown = at + 1
	w.mu.Lock()
	s.shown++
	w.mu.Unlock()
	return Preview{Scope: index, LeftOutBefore: before, Message: e.topic.retained(r, r.first+uint64(offset), message)}
}

// retained describes a message without counting deliveries.
func (t *topic) retained(r *run, sequence uint64, message []byte) Retained {
	t.mu.RLock()
	defer t.mu.RUnlock()
	one := t.retainedLocked(r)
	one.Sequence, one.Message = sequence, message
	return one
}

// recentPreviews shows the last messages of each scope that are alive.
func (w *Watcher) recentPreviews(now Instant) (out []Preview) {
	if w.recent == 0 {
		return nil
	}
	for index, s := range w.scopes {
		topics := w.broker.selected(s.pattern)
		newestFirst(topics)
		topics = topics[:min(len(topics), w.recent)] // the last messages are in the topics published to last
		var last []slice
		for _, t := range topics {
			t.mu.RLock()
			from := t.lastAliveLocked(uint64(w.recent), 0, now)
			for p := t.runs.seek(from); t.runs.at(p) != nil; p = t.runs.next(p) {
				if r := t.runs.at(p); !r.passing && r.alive(now) {
					last = append(last, slice{t, r.cut(max(from, r.first), r.last())})
				}
			}
			t.mu.RUnlock()
		}
		w.mu.Lock()
		begun := s.begun // as of now: what is in last and was published since the watch began, it knows
		w.mu.Unlock()
		last = slices.DeleteFunc(last, func(l slice) bool {
			first := begun[l.topic.lane.index]
			return first != 0 && l.run.position >= first
		})
		slices.SortFunc(last, slice.byAge)
		var found []Preview
		for _, l := range last {
			body, err := w.broker.load(context.Background(), l.topic, &l.run)
			if err != nil {
				continue // it ended, or whoever reads it will be told
			}
			for sequence := l.run.first; sequence <= l.run.last(); sequence++ {
				var message []byte
				message, body = frameAt(body)
				found = append(found, Preview{Scope: index, Recent: true, Message: l.topic.retained(&l.run, sequence, message)})
			}
		}
		out = append(out, found[max(0, len(found)-w.recent):]...)
	}
	return out
}

// byAge orders parts of runs by when they were published, and within one lane as they were committed.
func (s slice) byAge(o slice) int {
	return cmp.Or(
		cmp.Compare(s.run.published, o.run.published), cmp.Compare(s.topic.lane.index, o.topic.lane.index),
		cmp.Compare(s.run.position, o.run.position), cmp.Compare(s.run.index, o.run.index))
}

// newestFirst orders topics by when they were last published to.
func newestFirst(topics []*topic) {
	type newest struct {
		*topic
		at   Instant
		lane int
		last uint64
	}
	all := make([]newest, len(topics))
	for i, t := range topics {
		t.mu.RLock()
		all[i] = newest{t, t.lastPublish, t.lane.index, t.lastPosition}
		t.mu.RUnlock()
	}
	slices.SortFunc(all, func(x, y newest) int {
		return -cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.lane, y.lane), cmp.Compare(x.last, y.last))
	})
	for i := range all {
		topics[i] = all[i].topic
	}
}
