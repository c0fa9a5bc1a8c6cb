package web

import (
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// ticksMost is up to how many messages the horizon shows one by one, each a tick in its place; ts/horizon.ts has it too.
const ticksMost = 200

// horizonView is what ends when, drawn on the axis: a bar for each interval between two stops, or a tick for each message.
type horizonView struct {
	// Label sums it up.
	Label string
	// Bars are the heights of all 47, Ticks the places of the messages, as SVG lengths.
	Bars  []string
	Ticks []tickView
	// Each says that every message has its tick.
	Each bool
	// Rows are the numbers behind it, as a table, as of a time.
	Rows []intervalView
	AsOf string
}

type intervalView struct {
	Ending
	// Name says of which lifetimes it is.
	Name string
}

// data are the numbers as the script reads them: it begins with what was rendered.
func (v intervalView) data() templ.OrderedAttributes {
	return templ.OrderedAttributes{
		{Key: "data-after", Value: strconv.FormatInt(v.After.Milliseconds(), 10)},
		{Key: "data-messages", Value: strconv.FormatUint(v.Messages, 10)},
		{Key: "data-bytes", Value: strconv.FormatUint(v.Bytes, 10)},
	}
}

type tickView struct {
	At string
	// Soon says that it stands in the leftmost interval.
	Soon bool
}

func (n Now) horizon() horizonView {
	v := horizonView{Label: outlook(n.Page, n.Forecast), Bars: barHeights(n.Forecast), AsOf: n.clock(n.Now)}
	for _, e := range n.Forecast {
		if e.Messages > 0 {
			v.Rows = append(v.Rows, intervalView{Ending: e, Name: n.intervalName(e.After)})
		}
	}
	v.Each = n.Totals.Retained == uint64(len(n.Retained)) && len(n.Retained) <= ticksMost
	if !v.Each {
		return v
	}
	for _, m := range n.Retained {
		left := m.Expires.Sub(n.Now)
		v.Ticks = append(v.Ticks, tickView{At: axisPercent(axisPosition(left)), Soon: left <= stops[1]})
	}
	return v
}

// data marks the horizon that shows each message: the style sheet then shows ticks in place of bars.
func (h horizonView) data() templ.OrderedAttributes {
	if !h.Each {
		return nil
	}
	return templ.OrderedAttributes{{Key: "data-each", Value: ""}}
}

// barHeights are linear: the tallest bar is as high as the horizon.
func barHeights(forecast []Ending) []string {
	var counts [lastStop]uint64
	var tallest uint64
	for _, e := range forecast {
		// What is left for longer than the axis stands at its edge, as lines do.
		i := min(stopAtOrBelow(e.After), lastStop-1)
		counts[i] += e.Messages
		tallest = max(tallest, counts[i])
	}
	heights := make([]string, lastStop)
	for i, n := range counts {
		heights[i] = axisPercent(float64(n) / float64(max(tallest, 1)))
	}
	return heights
}

// intervalName names the interval that begins at a stop: "10 s to 12 s".
func (p Page) intervalName(after time.Duration) string {
	i := stopAtOrBelow(after)
	if i == lastStop {
		return p.t("intervals.beyond", "from", p.short(stops[i]))
	}
	return p.t("intervals.row", "from", p.short(stops[i]), "to", p.short(stops[i+1]))
}

// outlook sums up a forecast in a sentence: "41 retained; 12 go within a minute, the last within 3 h".
func outlook(p Page, forecast []Ending) string {
	var all, soon uint64
	var last time.Duration
	for _, e := range forecast {
		if e.Messages == 0 {
			continue
		}
		all += e.Messages
		if e.After < time.Minute {
			soon += e.Messages
		}
		last = max(last, e.After)
	}
	if all == 0 {
		return p.t("horizon.none")
	}
	end := p.t("horizon.after", "time", p.short(stops[lastStop]))
	if i := stopAtOrBelow(last); i < lastStop {
		end = p.t("horizon.within", "time", p.short(stops[i+1]))
	}
	switch {
	case all == 1:
		return p.t("horizon.one", "count", all, "end", end)
	case soon == all:
		return p.t("horizon.all", "count", all, "end", end)
	case soon == 0:
		return p.t("horizon.late", "count", all, "end", end)
	}
	return p.t("horizon.some", "all", all, "count", soon, "end", end)
}
