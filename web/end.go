package web

import (
	"time"

	"github.com/a-h/templ"
)

// EndReason says how a message ended.
type EndReason int

const (
	// EndForgotten means the server no longer remembers how.
	EndForgotten EndReason = iota
	// EndExpired means its deadline passed. Deliveries says whether anybody got it.
	EndExpired
	// EndExpiredUnknown means its deadline passed and a restart lost whether anybody got it.
	EndExpiredUnknown
	// EndEvicted means it was removed to stay within a limit.
	EndEvicted
	// EndDeleted means it was deleted, alone or with its topic.
	EndDeleted
	// EndLost means a crash lost it.
	EndLost
)

// End is how and when a message ended.
type End struct {
	Sequence uint64
	Reason   EndReason
	// Published and At are unset when forgotten.
	Published, At time.Time
	Deliveries    int
}

// epitaph says how a message ended, or that there never was one.
func (d Detail) epitaph() templ.Component {
	n, end := number(d.Sequence), d.End
	switch {
	case end == nil && d.Last == 0:
		return d.rich("epitaph.neverAny", "number", n, "topic", name(d.Topic))
	case end == nil:
		return d.rich("epitaph.never", "number", n, "last", number(d.Last))
	case end.Reason == EndForgotten:
		return d.rich("epitaph.forgotten", "number", n)
	}
	lived := end.At.Sub(end.Published).Truncate(time.Millisecond)
	fate, told := d.fate(*end), !end.Published.IsZero() && lived > 0
	switch {
	case end.Reason == EndExpiredUnknown && told:
		return d.rich("epitaph.livedUnknown", "number", n, "lived", d.short(lived), "fate", fate)
	case end.Reason == EndExpiredUnknown:
		return d.rich("epitaph.unknown", "number", n, "fate", fate)
	case end.Deliveries <= 0 && told:
		return d.rich("epitaph.livedNobody", "number", n, "lived", d.short(lived), "fate", fate)
	case end.Deliveries <= 0:
		return d.rich("epitaph.nobody", "number", n, "fate", fate)
	case told:
		return d.rich("epitaph.livedKnown", "number", n, "lived", d.short(lived), "fate", fate, "count", end.Deliveries)
	}
	return d.rich("epitaph.known", "number", n, "fate", fate, "count", end.Deliveries)
}

// fate says what happened, and when.
func (d Detail) fate(end End) templ.Component {
	at := moment(d.Page, end.At)
	switch end.Reason {
	case EndEvicted:
		return d.rich("epitaph.evicted", "time", at)
	case EndDeleted:
		return d.rich("fate.deleted", "time", at)
	case EndLost:
		return d.rich("epitaph.lost", "time", at)
	}
	return d.rich("fate.gone", "time", at)
}
