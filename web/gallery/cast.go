package gallery

import (
	"slices"
	"sort"
	"time"

	"linger/web"
)

// cast is what a scene has: what is on the page, and what is further down. It is copied, so its lists are never changed in
// place.
type cast struct {
	web.Now
	// total messages are retained, in the order in which they go. Retained has the first of them, the others are made.
	total int
	// highest is the greatest sequence of the list; those that are made go on from there.
	highest uint64
}

// castOf goes on with more messages where a page says that there are more than it shows.
func castOf(n web.Now) cast {
	c := cast{Now: n, total: len(n.Retained)}
	for _, m := range n.Retained {
		if m.Sequence < 1<<53 { // scripts count no further; the long page goes beyond
			c.highest = max(c.highest, m.Sequence)
		}
	}
	if most := int(n.Totals.Retained); c.total > 0 {
		c.total = max(c.total, most)
	}
	return c
}

// message is the nth to go.
func (c cast) message(n int) web.Message {
	if n < len(c.Retained) {
		return c.Retained[n]
	}
	m := c.Retained[len(c.Retained)-1]
	further := n - len(c.Retained) + 1
	m.Sequence = c.highest + uint64(further)
	m.Expires = m.Expires.Add(time.Duration(further) * 40 * time.Millisecond)
	return m
}

// gone is how many messages have reached their deadline.
func (c cast) gone(now time.Time) int {
	return sort.Search(c.total, func(i int) bool { return c.message(i).Expires.After(now) })
}

// last is the highest sequence of a topic.
func (c cast) last(topic string) (highest uint64) {
	for _, m := range c.Retained {
		if m.Topic == topic {
			highest = max(highest, m.Sequence)
		}
	}
	return highest
}

// add takes a message in.
func (c *cast) add(m web.Message) {
	c.total++
	c.Totals.Retained++
	c.Totals.Bytes += uint64(len(m.Data))
	c.Retained = soonestFirst(append(slices.Clone(c.Retained), m))
	c.Chips = slices.Clone(c.Chips)
	for i := range c.Chips {
		if c.Chips[i].Topic == m.Topic {
			c.Chips[i].Retained++
			return
		}
	}
	c.Topics++
	c.Chips = append(c.Chips, web.Chip{Topic: m.Topic, Retained: 1})
}

// move gives a message another deadline, and tells the one it had; false: there is no such message.
func (c *cast) move(topic string, sequence uint64, to time.Time) (from time.Time, ok bool) {
	is := func(m web.Message) bool { return m.Topic == topic && m.Sequence == sequence }
	i := slices.IndexFunc(c.Retained, is)
	if i < 0 {
		return from, false
	}
	from = c.Retained[i].Expires
	c.Retained = slices.Clone(c.Retained)
	c.Retained[i].Expires = to
	c.Retained = soonestFirst(c.Retained)
	return from, true
}

func soonestFirst(messages []web.Message) []web.Message {
	slices.SortStableFunc(messages, func(a, b web.Message) int { return a.Expires.Compare(b.Expires) })
	return messages
}
