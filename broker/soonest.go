package broker

import "cmp"

// soonest collects the first to expire, a page and one message more, without sorting all there is: of chunks that lie wholly
// before the page or behind it no run is looked at.
func soonest(topics []*topic, o *ListOptions, now Instant) []slice {
	h := pageHeap{order: bySoonest, limit: o.Limit}
	for _, t := range topics {
		wanted := func(c *chunk) bool {
			if h.full() && bySoonest(slice{t, run{deadline: c.due, first: c.first()}}, h.last()) > 0 {
				return false
			}
			a := o.After
			return a == nil || cmp.Or(cmp.Compare(c.latest, a.Deadline), cmp.Compare(t.name, a.Topic), cmp.Compare(c.last().last(), a.Sequence)) > 0
		}
		t.mu.RLock()
		t.runs.allOf(wanted, func(r *run) bool {
			if h.full() && r.deadline > h.last().run.deadline {
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
