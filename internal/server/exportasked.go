package server

import (
	"net/url"
	"time"

	"linger/broker"
	"linger/web"
)

// exportAsked is which messages an export has, and in which order.
type exportAsked struct {
	list   broker.ListOptions
	filter web.Filter
}

// readExport reads what an address asks for. All of it may be missing: everything retained, by topic and sequence.
//
//	in      a topic or a pattern
//	order   "soonest": next to go first, or "newest": last published first
//	from to deadlines: at or after the one, before the other
//	filter  words, as in "Filter retained"
func readExport(q url.Values) (a exportAsked, err error) {
	a.list = broker.ListOptions{Pattern: q.Get("in"), Limit: exportPage, Bytes: listBytes}
	if a.list.Pattern == "" {
		a.list.Pattern = ">"
	}
	switch order := q.Get("order"); order {
	case "":
	case "soonest":
		a.list.ByDeadline = true
	case "newest":
		a.list.Newest = true
	default:
		return a, invalid("order", "%q is none; it is soonest, newest, or nothing for that of the messages' numbers.", clipped(order))
	}
	if a.list.MinDeadline, err = deadlineAsked(q, "from"); err != nil {
		return a, err
	}
	if a.list.MaxDeadline, err = deadlineAsked(q, "to"); err != nil {
		return a, err
	}
	if a.list.MaxDeadline != 0 && a.list.MinDeadline >= a.list.MaxDeadline {
		return a, invalid("from", "%s is not before to, %s.", q.Get("from"), q.Get("to"))
	}
	a.filter = web.ReadFilter(q.Get("filter"))
	return a, nil
}

// deadlineAsked reads a time of the address. 0: there is none.
func deadlineAsked(q url.Values, name string) (broker.Instant, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.UnixMilli() <= 0 {
		return 0, invalid(name, "%q is no time; write one as 2026-11-22T14:32:37.000Z.", clipped(text))
	}
	return broker.Instant(at.UnixMilli()), nil
}

// fits says whether a message is asked for.
func (a *exportAsked) fits(p web.Page, r broker.Retained) (bool, error) {
	if len(a.filter) == 0 {
		return true, nil
	}
	m, err := messageView(r, pagePreview)
	return err == nil && a.filter.Fits(p, m), err
}
