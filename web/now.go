package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Now shows the form and the two lists for one scope: everything, a pattern, or (with Topic set) one topic.
type Now struct {
	Page
	// Pattern is the scope: ">" for everything, a pattern from ?in=, or the topic's name.
	Pattern string
	// Topic makes this a topic's page. Nil on / and /?in=PATTERN.
	Topic *Topic
	// Form is the publish form as it is to stand there.
	Form Form
	// Standard is the server's own policy, for topics that do not exist.
	Standard Policy
	// Chips are the busiest topics, busiest first; six fit.
	Chips []Chip
	// Topics counts all topics of the server.
	Topics int
	// Totals are the numbers of the scope.
	Totals Totals
	// Forecast is what of them ends when, soonest first; intervals in which nothing ends may be left out.
	Forecast []Ending
	// Retained are the messages next to go, soonest first; 50 are enough.
	Retained []Message
	// Arranged is what the list shows in their place, when a filter or another order was asked for. Nil: neither was.
	Arranged *Arranged
	// Live are the last messages published in the scope, newest first; 20 are enough. They may have ended.
	Live []Message
	// Fresh says that the server never had a message: an empty form is filled in, and the empty lists teach.
	Fresh bool
	// LastEnded is shown in place of an empty list of a topic that had messages. Nil: not remembered.
	LastEnded *End
	// Notice is one sentence above the lists about what a form just did ("#42 now goes at 14:33:07."). May be empty.
	Notice string
}

// Arranged is a list filtered, or with the newest first; ts/arrange.ts does the same.
type Arranged struct {
	// Filter is what was typed, and Newest says that the last published come first.
	Filter string
	Newest bool
	// Messages are those that fit, in order; 50 are enough. Fitting counts all that do, of so many that were Looked through.
	Messages        []Message
	Fitting, Looked int
}

// Chip links to a busy topic.
type Chip struct {
	Topic    string
	Retained uint64
}

// Totals are the numbers of a scope.
type Totals struct {
	// Retained messages, and their bytes.
	Retained, Bytes uint64
	// Gone counts the messages that ended, Undelivered those among them that no subscription ever got.
	Gone, Undelivered uint64
}

// Ending is what ends in one interval between two of Stops.
type Ending struct {
	// After is the stop with which the interval begins: its messages have more than this left, and at most the next stop.
	After time.Duration
	// Messages that end in it, and their bytes.
	Messages, Bytes uint64
}

// data is the state of the page that the script begins with; see parts.templ.
func (n Now) data(f formView) templ.OrderedAttributes {
	limit := n.Form.MaxMessage
	if limit <= 0 {
		limit = 1 << 20
	}
	a := templ.OrderedAttributes{
		{Key: "data-now", Value: millis(n.Now)},
		{Key: "data-pattern", Value: n.Pattern},
		{Key: "data-max-message", Value: strconv.FormatInt(limit, 10)},
		{Key: "data-command", Value: n.command("{}")},
	}
	if n.Topic != nil {
		a = append(a, templ.KeyValue[string, any]{Key: "data-topic", Value: n.Topic.Name})
	}
	if n.Fresh {
		a = append(a, templ.KeyValue[string, any]{Key: "data-fresh", Value: true})
	}
	a = append(a, f.Policy.data("ttl")...)
	return append(a, n.Standard.data("standard")...)
}

// path is the page's own address, to which its forms return.
func (n Now) path() string {
	switch {
	case n.Topic != nil:
		return TopicPath(n.Topic.Name)
	case n.Pattern != ">" && n.Pattern != "":
		return "/?in=" + url.QueryEscape(n.Pattern)
	}
	return "/"
}

// back is where the forms of a row lead back to: the page as it was.
func (n Now) back() string {
	q := n.arranged().query()
	if len(q) == 0 {
		return n.path()
	}
	return n.path() + "?" + q.Encode() // filter and order are a topic's alone, whose path has no query
}

// export is the address of all that the list shows, as JSON lines, in the order of the list. The script keeps it so.
func (n Now) export() string {
	q := n.arranged().query()
	q.Set("in", n.Pattern)
	if q.Get("order") == "" {
		q.Set("order", "soonest")
	}
	return "/export?" + q.Encode()
}

// arranged is Arranged, or that nothing was asked for.
func (n Now) arranged() Arranged {
	if n.Arranged == nil {
		return Arranged{}
	}
	return *n.Arranged
}

// query is what was asked for as an address has it; ts/filter.ts writes the same.
func (a Arranged) query() url.Values {
	q := url.Values{}
	if a.Filter != "" {
		q.Set("filter", a.Filter)
	}
	if a.Newest {
		q.Set("order", "newest")
	}
	return q
}

// listed are the messages that the list shows.
func (n Now) listed() []Message {
	if n.Arranged != nil {
		return n.Arranged.Messages
	}
	return n.Retained
}

// noneFits says that nothing of what there is fits the filter, of how many; empty: something does, or nothing was asked.
func (n Now) noneFits() string {
	a := n.arranged()
	switch {
	case a.Filter == "" || a.Fitting > 0 || n.Totals.Retained == 0:
		return ""
	case uint64(a.Looked) < n.Totals.Retained:
		return n.t("filter.noneOfPart", "count", a.Looked, "all", n.Totals.Retained)
	}
	return n.t("filter.none", "count", n.Totals.Retained)
}

// filling is n's Page, on which the lists take what room the window has.
func (n Now) filling() Page {
	n.Page.fills = true
	return n.Page
}

// here is the section of the bar in which the page stands.
func (n Now) here() string {
	if n.Topic != nil {
		return "/topics"
	}
	return "/"
}

func (n Now) row(m Message) row { return makeRow(n.Page, m, n.back()) }

// title begins with the number, so that a row of tabs can be read.
func (n Now) title() string {
	t := Count(n.Totals.Retained)
	if n.Topic != nil || n.Pattern != ">" {
		t += " · " + visibleLine(n.Pattern)
	}
	return t + " — Linger"
}

func (n Now) heading() string {
	if n.Pattern == ">" {
		return n.t("now.all")
	}
	return n.t("now.some", "name", visibleLine(n.Pattern))
}

// retainedSub says what part of the whole the list shows.
func (n Now) retainedSub() string {
	switch a := n.arranged(); {
	case a.Filter != "" && uint64(a.Looked) < n.Totals.Retained:
		return n.t("filter.someOfPart", "count", a.Fitting, "loaded", a.Looked, "all", n.Totals.Retained)
	case a.Filter != "":
		return n.t("filter.some", "count", a.Fitting, "all", a.Looked)
	case a.Newest && uint64(len(a.Messages)) < n.Totals.Retained:
		return n.t("retained.newestOf", "shown", len(a.Messages), "count", n.Totals.Retained)
	case a.Newest:
		return n.t("retained.newest")
	}
	if shown := len(n.Retained); uint64(shown) < n.Totals.Retained {
		return n.t("retained.part", "shown", shown, "count", n.Totals.Retained)
	}
	return n.t("retained.soonest")
}

// retainedEmpty is what stands in place of an empty list.
func (n Now) retainedEmpty() templ.Component {
	if n.Pattern == ">" || n.Fresh || n.Topic != nil && !n.Topic.Known {
		return n.rich("retained.empty")
	}
	here := n.rich("retained.emptyHere", "name", name(n.Pattern))
	if n.LastEnded == nil {
		return here
	}
	last := n.rich("retained.last", "number", number(n.LastEnded.Sequence), "time", moment(n.Page, n.LastEnded.At))
	return templ.Join(here, templ.Raw(" "), last)
}

// subscribe is the command that shows in a terminal what the page shows.
func (n Now) subscribe() string {
	if n.Topic != nil {
		return n.command("sub " + n.Topic.Name)
	}
	return n.command("sub '" + n.Pattern + "'")
}

// shownChips are as many as fit in a line.
func (n Now) shownChips() []Chip {
	return n.Chips[:min(len(n.Chips), 6)]
}

func (n Now) allTopics() string {
	if n.Topics == 0 {
		return n.t("now.noTopics")
	}
	return n.t("now.topics", "count", n.Topics)
}
