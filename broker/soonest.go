package broker

import "cmp"

// Due is how many messages end at one time.
type Due struct {
	Deadline Instant
	Messages uint64
}

// Soonest tells of the messages alive, in a topic, in those that match a pattern, or in all ("" or ">"), the deadlines of some
// `most` that end first, without reading one. Nothing with a deadline before `until` is missing; `until` 0: nothing at all is.
// Errors: [ErrTopicNotFound] for a name without wildcards, [ErrInvalid].
func (b *Broker) Soonest(pattern string, most int) (due []Due, until Instant, err error) {
	topics, err := b.topicsNamed(cmp.Or(pattern, everything))
	if err != nil {
		return nil, 0, err
	}
	found := soonest(topics, &ListOptions{Limit: most}, b.reclaimed())
	if messagesIn(found) > most {
		until = found[len(found)-1].run.deadline // others that have it may have been left out
	}
	for i := range found {
		r := &found[i].run
		if r.deadline == until {
			break
		}
		if len(due) == 0 || due[len(due)-1].Deadline != r.deadline {
			due = append(due, Due{Deadline: r.deadline})
		}
		due[len(due)-1].Messages += uint64(r.count)
	}
	return due, until, nil
}

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
