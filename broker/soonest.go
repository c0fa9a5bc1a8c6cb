package broker

import (
	"cmp"
	"container/heap"
	"slices"
)

// soonest collects the first to expire, a page and one message more, without sorting all there is.
func soonest(topics []*topic, o *ListOptions, now Instant) []slice {
	var h soonestHeap
	messages := 0
	for _, t := range topics {
		t.mu.RLock()
		wanted := func(due Instant) bool { return messages <= o.Limit || due <= h[0].run.deadline }
		t.runs.allDue(wanted, func(r *run) bool {
			if messages > o.Limit && r.deadline > h[0].run.deadline {
				return true
			}
			s, ok := o.within(t, r, now)
			if !ok {
				return true
			}
			heap.Push(&h, s)
			messages += int(s.run.count)
			for messages-int(h[0].run.count) > o.Limit {
				messages -= int(heap.Pop(&h).(slice).run.count)
			}
			return true
		})
		t.mu.RUnlock()
	}
	slices.SortFunc(h, bySoonest)
	return h
}

func bySoonest(x, y slice) int {
	return cmp.Or(cmp.Compare(x.run.deadline, y.run.deadline), cmp.Compare(x.topic.name, y.topic.name), cmp.Compare(x.run.first, y.run.first))
}

// soonestHeap has the last to expire on top.
type soonestHeap []slice

func (h soonestHeap) Len() int           { return len(h) }
func (h soonestHeap) Less(i, j int) bool { return bySoonest(h[i], h[j]) > 0 }
func (h soonestHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *soonestHeap) Push(x any) { *h = append(*h, x.(slice)) }

// Pop is for container/heap.
func (h *soonestHeap) Pop() any {
	old := *h
	s := old[len(old)-1]
	*h = old[:len(old)-1]
	return s
}
