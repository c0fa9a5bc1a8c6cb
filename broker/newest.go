package broker

import (
	"cmp"
	"container/heap"
	"slices"
)

// newest collects the last published, a page and one message more, last first: by time of publication, then by topic and
// sequence, all backwards, so that pages stay the same while messages come. It looks at no topic that was not published
// to since the page's oldest, and into each no further back than that.
func newest(topics []*topic, o *ListOptions, now Instant) []slice {
	topics = slices.Clone(topics)
	newestFirst(topics)
	var h newestHeap
	messages := 0
	enough := func(published Instant) bool {
		return published < o.MinPublish || (messages > o.Limit && published < h[0].run.published)
	}
	for _, t := range topics {
		t.mu.RLock()
		done := enough(t.lastPublish)
		if !done {
			t.runs.backward(func(r *run) bool {
				if enough(r.published) {
					return false
				}
				s, ok := o.within(t, r, now)
				if !ok {
					return true
				}
				if most := uint64(o.Limit) + 1; uint64(s.run.count) > most {
					s.run = s.run.cut(s.run.last()+1-most, s.run.last())
				}
				heap.Push(&h, s)
				messages += int(s.run.count)
				for messages-int(h[0].run.count) > o.Limit {
					messages -= int(heap.Pop(&h).(slice).run.count)
				}
				return true
			})
		}
		t.mu.RUnlock()
		if done {
			break // the topics that follow were published to even earlier
		}
	}
	slices.SortFunc(h, byNewest)
	return h
}

func byNewest(x, y slice) int {
	return -cmp.Or(cmp.Compare(x.run.published, y.run.published), cmp.Compare(x.topic.name, y.topic.name), cmp.Compare(x.run.first, y.run.first))
}

// newestHeap has the first published on top.
type newestHeap []slice

func (h newestHeap) Len() int           { return len(h) }
func (h newestHeap) Less(i, j int) bool { return byNewest(h[i], h[j]) > 0 }
func (h newestHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *newestHeap) Push(x any) { *h = append(*h, x.(slice)) }

// Pop is for container/heap.
func (h *newestHeap) Pop() any {
	old := *h
	s := old[len(old)-1]
	*h = old[:len(old)-1]
	return s
}

// turn puts the messages of a run, which begin at begin, last first, and takes off those that do not belong on the page;
// false: there were some.
func (p *ListPage) turn(begin int, o *ListOptions) bool {
	added := p.Messages[begin:]
	slices.Reverse(added)
	p.Messages = p.Messages[:begin]
	for i := range added {
		p.bytes -= len(added[i].Message)
	}
	for i := range added {
		if p.full(&added[i], o) {
			return false
		}
		p.bytes += len(added[i].Message)
		p.Messages = p.Messages[:begin+i+1]
	}
	return true
}

// publishedWithin tells whether a run was published within bounds, the first included, the second not; 0: no bound.
func (r *run) publishedWithin(from, before Instant) bool {
	return r.published >= from && (before == 0 || r.published < before)
}

// publishedWithinLocked counts the messages alive that were published within bounds; 0 where there are none.
func (t *topic) publishedWithinLocked(from, before, now Instant) (n uint64) {
	if (from == 0 && before == 0) || t.lastPublish < from {
		return 0
	}
	t.runs.backward(func(r *run) bool {
		if r.publishedWithin(from, before) && !r.passing && r.alive(now) {
			n += uint64(r.count)
		}
		return r.published >= from
	})
	return n
}
