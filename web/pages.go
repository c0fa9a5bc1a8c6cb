package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// script is the bundle's entry. Pages work without it.
const script = "dist/main.js"

// current marks the link to the page that is shown.
func current(here, path string) templ.Attributes {
	if here == path {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
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
	return append(a, f.Policy.data()...)
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

// here is the section of the bar in which the page stands.
func (n Now) here() string {
	if n.Topic != nil {
		return "/topics"
	}
	return "/"
}

func (n Now) row(m Message) row { return makeRow(n.Page, m, n.path()) }

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
		return "Now: all topics"
	}
	return "Now: " + visibleLine(n.Pattern)
}

// retainedSub says what part of the whole the list shows.
func (n Now) retainedSub() string {
	if shown := len(n.Retained); uint64(shown) < n.Totals.Retained {
		return fmt.Sprintf("the %s next to go of %s", Count(shown), Count(n.Totals.Retained))
	}
	return "next to go first"
}

// retainedEmpty is what stands in place of an empty list.
func (n Now) retainedEmpty() string {
	if n.Pattern == ">" || n.Fresh || n.Topic != nil && !n.Topic.Known {
		return "Nothing retained. Publish something: it stands here until its time is up."
	}
	text := "Nothing retained in " + visibleLine(n.Pattern) + "."
	if n.LastEnded != nil {
		text += " Last message " + number(n.LastEnded.Sequence) + " ended " + n.clock(n.LastEnded.At) + "."
	}
	return text
}

// subscribe is the command that shows in a terminal what the page shows.
func (n Now) subscribe() string {
	if n.Topic != nil {
		return n.command("sub " + n.Topic.Name)
	}
	return n.command("sub '" + n.Pattern + "'")
}

// command is a command that works on this server.
func (p Page) command(args string) string {
	return strings.Replace(cmp.Or(p.Command, "linger {}"), "{}", args, 1)
}

// promise says in one line what a topic's messages may ask for and who is listening.
func (t Topic) promise() string {
	if !t.Known {
		return "does not exist yet; the first message makes it"
	}
	return "keeps " + t.Policy.keeps() + " · " + plural(Count(t.Subscriptions), "subscriber")
}

// shownChips are as many as fit in a line.
func (n Now) shownChips() []Chip {
	return n.Chips[:min(len(n.Chips), 6)]
}

func allTopics(n int) string {
	if n == 0 {
		return "No topics"
	}
	if n == 1 {
		return "All topics"
	}
	return "All " + Count(n) + " topics"
}

func (t Topics) count() string {
	if t.Total > len(t.Rows) {
		return Count(len(t.Rows)) + " of " + Count(t.Total)
	}
	return Count(t.Total)
}

func (r TopicRow) nextToGo(now time.Time) string {
	if r.NextExpires.IsZero() {
		return "–"
	}
	return Countdown(r.NextExpires.Sub(now))
}

func (d Detail) row() row {
	return makeRow(d.Page, *d.Message, MessagePath(d.Topic, d.Sequence))
}

func (d Detail) title() string {
	return number(d.Sequence) + " · " + visibleLine(d.Topic) + " — Linger"
}

// lifetime says how long the message lives in all, and whether that was changed.
func (d Detail) lifetime() string {
	m := *d.Message
	all := m.Expires.Sub(m.Published)
	text := Short(all) + " after it was published"
	if granted := m.granted(); granted != all {
		text += " (at first " + Short(granted) + ")"
	}
	return text
}

// extensions are the message's own lifetime once more and a few usual ones, as far as the policy allows each.
func (d Detail) extensions() []extension {
	var offers []extension
	seen := map[string]bool{}
	for _, by := range []time.Duration{d.Message.granted(), time.Minute, 10 * time.Minute, time.Hour} {
		if e, ok := d.Message.extension(by); ok && !seen[e.to] {
			seen[e.to] = true
			offers = append(offers, e)
		}
	}
	return offers
}

// epitaph says how a message ended, or that there never was one.
func (d Detail) epitaph() string {
	n := number(d.Sequence)
	switch {
	case d.End == nil && d.Last == 0:
		return "No " + n + " yet; nothing was published to " + visibleLine(d.Topic) + "."
	case d.End == nil:
		return "No " + n + " yet; the last is " + number(d.Last) + "."
	case d.End.Reason == EndForgotten:
		return n + " has ended; Linger no longer remembers how."
	}
	text := n
	if lived := d.End.At.Sub(d.End.Published).Truncate(time.Millisecond); !d.End.Published.IsZero() && lived > 0 {
		text += " lived " + Short(lived) + ","
	}
	text += " " + d.End.Reason.verb() + " " + d.clock(d.End.At)
	if d.End.Reason == EndExpiredUnknown {
		return text + "; whether anybody received it was lost in a restart."
	}
	return text + ", received by " + receivers(d.End.Deliveries) + "."
}

// verb says what happened, before the time at which it did.
func (r EndReason) verb() string {
	switch r {
	case EndEvicted:
		return "evicted to stay within a limit"
	case EndDeleted:
		return "deleted"
	case EndLost:
		return "lost in a crash"
	}
	return "gone"
}

func receivers(n int) string {
	if n <= 0 {
		return "nobody"
	}
	return Count(n)
}

func subscriptions(n int) string {
	if n <= 0 {
		return "nobody yet"
	}
	return plural(Count(n), "subscription")
}

// dumpNote says that a dump does not show everything.
func dumpNote(m Message) string {
	if shown := min(len(m.Data), dumpBytes); int64(shown) < m.size() {
		return "; the first " + Size(int64(shown)) + " are shown"
	}
	return ""
}

func (f Failure) title() string {
	if f.Status == http.StatusNotFound {
		return "Not found — Linger"
	}
	return "Not done — Linger"
}

// heading begins with the field at fault: "Topic: a space at position 4."
func (f Failure) heading() string {
	if f.Field == "" || f.What == "" {
		return f.What
	}
	field, what := []byte(f.Field), []byte(f.What)
	if c := field[0]; c >= 'a' && c <= 'z' {
		field[0] -= 'a' - 'A'
	}
	// A capital that only begins the sentence, as in "A space", not one of a name.
	if c := what[0]; c >= 'A' && c <= 'Z' && len(what) > 1 && (what[1] == ' ' || what[1] >= 'a' && what[1] <= 'z') {
		what[0] += 'a' - 'A'
	}
	return string(field) + ": " + string(what)
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

func percent(n int) string { return strconv.Itoa(n) }
