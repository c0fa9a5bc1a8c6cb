package broker

// What publishing, clean-up and changes tell the watchers. All of it runs under topic.mu and costs one comparison when
// nobody watches.

// watchPublished tells of a run.
func (b *Broker) watchPublished(t *topic, r *run) {
	b.eachWatcher(func(w *Watcher) {
		for _, s := range w.scopes {
			if s.pattern.match(t.name) {
				s.add(t, r)
				w.notify()
			}
		}
	})
}

// add notes a run. When more come than a frame can choose from, every second is dropped, again and again, so that those
// kept stay evenly spread.
func (s *scope) add(t *topic, r *run) {
	if s.begun[t.lane.index] == 0 {
		s.begun[t.lane.index] = r.position
	}
	if s.runs%s.stride == 0 {
		if len(s.births) == birthsKept {
			for i := range birthsKept / 2 {
				s.births[i] = s.births[2*i]
			}
			clear(s.births[birthsKept/2:])
			s.births = s.births[:birthsKept/2]
			s.stride *= 2
		}
		if s.runs%s.stride == 0 {
			s.births = append(s.births, birth{t, *r, s.published})
		}
	}
	s.runs++
	s.published += uint64(r.count)
}

// watchEnded tells of an end. Neighbours that ended alike are told as one range.
func (b *Broker) watchEnded(t *topic, e Ended) {
	b.eachWatcher(func(w *Watcher) {
		if !w.watches(t) {
			return
		}
		if n := len(w.ended); n > 0 && w.ended[n-1].continues(&e) {
			w.ended[n-1].Last = e.Last
			w.ended[n-1].EndTime = max(w.ended[n-1].EndTime, e.EndTime)
			return
		}
		if len(w.ended) >= notesKept {
			w.incomplete = true
			return
		}
		w.ended = append(w.ended, e)
		w.notify()
	})
}

// continues tells whether next is the same end of the messages that follow.
func (e *Ended) continues(next *Ended) bool {
	return e.Incarnation == next.Incarnation && e.Last+1 == next.First && e.Reason == next.Reason && e.Deliveries == next.Deliveries
}

// watchChanged tells of a new deadline.
func (b *Broker) watchChanged(t *topic, c LifetimeChange) {
	b.eachWatcher(func(w *Watcher) {
		if !w.watches(t) {
			return
		}
		if len(w.changes) >= notesKept {
			w.incomplete = true
			return
		}
		w.changes = append(w.changes, c)
		w.notify()
	})
}

// watchDeleted keeps the numbers of a topic that is gone in its scopes, so that they go on adding up.
func (b *Broker) watchDeleted(t *topic) {
	b.eachWatcher(func(w *Watcher) {
		for _, s := range w.scopes {
			if s.pattern.match(t.name) {
				s.gone.add(t.counts)
				w.notify()
			}
		}
	})
}

// eachWatcher calls f with each watcher's lock held.
func (b *Broker) eachWatcher(f func(*Watcher)) {
	if b.watching.Load() == 0 {
		return
	}
	b.watchMu.RLock()
	defer b.watchMu.RUnlock()
	for w := range b.watchers {
		w.mu.Lock()
		f(w)
		w.mu.Unlock()
	}
}

func (w *Watcher) watches(t *topic) bool {
	for _, s := range w.scopes {
		if s.pattern.match(t.name) {
			return true
		}
	}
	return false
}

func (w *Watcher) notify() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
