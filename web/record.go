package web

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Record is the tab that tells how a topic's messages ended.
type Record struct {
	Page
	Topic Topic
	// Published = Retained + Passing + the ends.
	Published, Retained, Passing uint64
	// Ended counts by reason.
	Ended map[Reason]uint64
	// Columns are the last sixty minutes, oldest first, those without ends left out.
	Columns []RecordColumn
	// Reason is what the ledger is narrowed to; "" is all.
	Reason Reason
	// Ledger are the ends that are remembered, the newest messages first, a page of them; Next leads to the next one, "" to
	// none.
	Ledger []LedgerEntry
	Next   string
}

// Reason is why a message ended, as addresses name it.
type Reason string

// The reasons, in the order in which they are told.
const (
	Delivered   Reason = "delivered"
	Undelivered Reason = "undelivered"
	WasEvicted  Reason = "evicted"
	WasDeleted  Reason = "deleted"
	Unknown     Reason = "unknown"
	WasLost     Reason = "lost"
)

// Reasons are all there are.
var Reasons = []Reason{Delivered, Undelivered, WasEvicted, WasDeleted, Unknown, WasLost}

// seldom reasons are told only where there is something to tell.
func (r Reason) seldom() bool { return r == Unknown || r == WasLost }

// RecordColumn is what ended in a minute.
type RecordColumn struct {
	Start time.Time
	Ended map[Reason]uint64
}

// LedgerEntry is how consecutive messages ended, all alike.
type LedgerEntry struct {
	First, Last   uint64
	Reason        Reason
	Published, At time.Time
	Deliveries    int
}

func (r Record) path(reason Reason) string {
	path := TabPath(r.Topic.Name, TabRecord)
	if reason != "" {
		path += "?reason=" + url.QueryEscape(string(reason))
	}
	return path + "#ledger"
}

// told are the reasons that the equation has.
func (r Record) told() (all []Reason) {
	for _, reason := range Reasons {
		if !reason.seldom() || r.Ended[reason] > 0 {
			all = append(all, reason)
		}
	}
	return all
}

// word is what a reason is called after a number: "9,302 delivered".
func (p Page) word(r Reason) string {
	switch r {
	case Delivered:
		return p.t("record.delivered")
	case Undelivered:
		return p.t("record.undelivered")
	case WasEvicted:
		return p.t("record.evicted")
	case WasDeleted:
		return p.t("record.deleted")
	case Unknown:
		return p.t("record.unknown")
	case WasLost:
		return p.t("record.lost")
	}
	return ""
}

// fate is how the messages of an entry ended, in a few words.
func (e LedgerEntry) fate(p Page) string {
	if e.Reason == Delivered && e.Deliveries > 0 {
		return p.t("record.receivedBy", "n", e.Deliveries)
	}
	return p.word(e.Reason)
}

func (e LedgerEntry) span() string {
	if e.First == e.Last {
		return number(e.First)
	}
	return number(e.First) + "–" + strconv.FormatUint(e.Last, 10)
}

// lived is how long its messages lived. Empty: not known.
func (e LedgerEntry) lived(p Page) string {
	if e.Published.IsZero() || e.At.Before(e.Published) {
		return "–"
	}
	return p.short(tidy(e.At.Sub(e.Published)))
}

// chartBar is a rectangle of the chart, in its own units: 60 wide, 100 high.
type chartBar struct {
	class, x, y, height string
}

const chartMinutes = 60

// bars are the chart: a column for each minute, its reasons on top of each other.
func (r Record) bars() (all []chartBar) {
	tallest := uint64(1)
	for _, c := range r.Columns {
		tallest = max(tallest, c.total())
	}
	newest := r.Now.Truncate(time.Minute)
	for _, c := range r.Columns {
		ago := int(newest.Sub(c.Start) / time.Minute)
		if ago < 0 || ago >= chartMinutes {
			continue
		}
		y := 100.0
		for _, reason := range Reasons {
			n := c.Ended[reason]
			if n == 0 {
				continue
			}
			height := max(float64(n)*100/float64(tallest), 1)
			y = max(y-height, 0)
			all = append(all, chartBar{
				"end-" + string(reason), strconv.Itoa(chartMinutes - 1 - ago),
				strconv.FormatFloat(y, 'f', 2, 64), strconv.FormatFloat(height, 'f', 2, 64),
			})
		}
	}
	return all
}

func (c RecordColumn) total() (n uint64) {
	for _, ended := range c.Ended {
		n += ended
	}
	return n
}

// columnReasons are the reasons for which something ended in the minutes of the chart.
func (r Record) columnReasons() (all []Reason) {
	for _, reason := range Reasons {
		if slices.ContainsFunc(r.Columns, func(c RecordColumn) bool { return c.Ended[reason] > 0 }) {
			all = append(all, reason)
		}
	}
	return all
}

// charted is how much ended in the minutes of the chart.
func (r Record) charted() (n uint64) {
	for _, c := range r.Columns {
		n += c.total()
	}
	return n
}

// chosen marks the term by which the ledger is narrowed.
func chosen(reason, shown Reason) templ.Attributes {
	if reason == shown {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}
