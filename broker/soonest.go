package broker

import "cmp"

// soonest collects the first to expire, a page and one message more, without sorting all there is.
func soonest(topics []*topic, o *ListOptions, now Instant) []slice {
	h := pageHeap{order: bySoonest, limit: o.Limit}
	for _, t := range topics {
		t.mu.RLock()
		wanted := func(due Instant) bool { return !h.full() || due <= h.last().run.deadline }
		t.runs.allDue(wanted, func(r *run) bool {
			if !wanted(r.deadline) {
				return true
			}
			if s, ok := o.within(t, r, now); ok {
				h.add(s)
			}
			return true
		})
		t.mu.RUnlock()
	}
	return h.sorted()
}

func bySoonest(x, y slice) int {
	return cmp.Or(cmp.Compare(x.run.deadline, y.run.deadline), cmp.Compare(x.topic.name, y.topic.name), cmp.Compare(x.run.first, y.run.first))
}
