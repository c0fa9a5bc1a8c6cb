package broker

import (
	"cmp"
	"slices"
)

// newest collects the last published, a page and one message more, last first: by time of publication, then by topic and
// sequence, all backwards, so that pages stay the same while messages come. It looks at no topic that was not published
// to since the page's oldest, and into each from the page's newest no further back than that.
func newest(topics []*topic, o *ListOptions, now Instant) []slice {
	topics = slices.Clone(topics)
	newestFirst(topics)
	h := pageHeap{order: byNewest, limit: o.Limit}
	enough := func(published Instant) bool {
		return published < o.MinPublish || (h.full() && published < h.last().run.published)
	}
	for _, t := range topics {
		shown := func(r *run) bool { // on a page before this one
			a := o.After
			return a != nil && cmp.Or(cmp.Compare(r.published, a.Published), cmp.Compare(t.name, a.Topic), cmp.Compare(r.first, a.Sequence)) >= 0
		}
		t.mu.RLock()
		done := enough(t.lastPublish)
		if !done {
			t.runs.backwardFrom(shown, func(r *run) bool {
				if enough(r.published) || h.full() && byNewest(slice{t, *r}, h.last()) > 0 {
					return false
				}
				s, ok := o.within(t, r, now)
				if !ok {
					return true
				}
				if most := uint64(o.Limit) + 1; uint64(s.run.count) > most {
					s.run = s.run.cut(s.run.last()+1-most, s.run.last())
				}
				h.add(s)
				return true
			})
		}
		t.mu.RUnlock()
		if done {
			break // the topics that follow were published to even earlier
		}
	}
	return h.sorted()
}

func byNewest(x, y slice) int {
	return -cmp.Or(cmp.Compare(x.run.published, y.run.published), cmp.Compare(x.topic.name, y.topic.name), cmp.Compare(x.run.first, y.run.first))
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
