package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"linger/web/texts"
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

// export is the address of all that is retained in the scope, as JSON lines, in the order of the list. The script adds what
// the list is narrowed to.
func (n Now) export() string { return "/export?in=" + url.QueryEscape(n.Pattern) + "&order=soonest" }

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
		return n.t("now.all")
	}
	return n.t("now.some", "name", visibleLine(n.Pattern))
}

// retainedSub says what part of the whole the list shows.
func (n Now) retainedSub() string {
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

// command is a command that works on this server.
func (p Page) command(args string) string {
	return strings.Replace(cmp.Or(p.Command, "linger {}"), "{}", args, 1)
}

// promise says in one line what a topic's messages may ask for and who is listening.
func (t Topic) promise(p Page) string {
	if !t.Known {
		return p.t("topic.unknown")
	}
	return p.t("topic.promise", "keeps", t.Policy.keeps(p), "count", t.Subscriptions)
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

// problemOf ties a field to the sentence that says what is wrong with it.
func problemOf(text, id string) templ.Attributes {
	if text == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": id, "autofocus": true}
}

func (d Detail) row() row {
	return makeRow(d.Page, *d.Message, MessagePath(d.Topic, d.Sequence))
}

func (d Detail) title() string {
	return number(d.Sequence) + " · " + visibleLine(d.Topic) + " — Linger"
}

// deadline tells, with the time at which it is, how long the message lives in all, and whether that was changed.
func (d Detail) deadline(at templ.Component) templ.Component {
	all, granted := d.Message.Expires.Sub(d.Message.Published), d.Message.granted()
	if granted != all {
		return d.rich("message.changed", "time", at, "all", d.short(all), "first", d.short(granted))
	}
	return d.rich("message.deadline", "time", at, "all", d.short(all))
}

// extensions are the message's own lifetime once more and a few usual ones, as far as the policy allows each.
func (d Detail) extensions() []extension {
	var offers []extension
	seen := map[string]bool{}
	for _, by := range []time.Duration{d.Message.granted(), time.Minute, 10 * time.Minute, time.Hour} {
		if e, ok := d.Message.extension(d.Page, by); ok && !seen[e.to] {
			seen[e.to] = true
			offers = append(offers, e)
		}
	}
	return offers
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

// receivers says to how many the message was handed so far.
func (d Detail) receivers() string {
	if n := d.Message.Deliveries; n > 0 {
		return d.t("message.subscriptions", "count", n)
	}
	return d.t("message.nobodyYet")
}

// dumpNote says what a dump shows, and that it does not show everything.
func (m Message) dumpNote(p Page) string {
	if shown := min(len(m.Data), dumpBytes); int64(shown) < m.size() {
		return p.t("payload.part", "size", Count(m.size())+" B", "shown", Size(int64(shown)))
	}
	return p.t("payload.whole", "size", Count(m.size())+" B")
}

func (f Failure) title() string {
	if f.Status == http.StatusNotFound {
		return f.Page.title("failure.notFound")
	}
	return f.Page.title("failure.notDone")
}

// heading begins with the field at fault: "Topic: a space at position 4."
func (f Failure) heading() string {
	if f.Field == "" || f.What == "" {
		return f.What
	}
	what := []byte(f.What)
	// A capital that only begins the sentence, as in "A space", not one of a name.
	if c := what[0]; c >= 'A' && c <= 'Z' && len(what) > 1 && (what[1] == ' ' || what[1] >= 'a' && what[1] <= 'z') {
		what[0] += 'a' - 'A'
	}
	return f.t("failure.field", "field", f.field(), "what", string(what))
}

// field is the name of the input at fault as people read it.
func (f Failure) field() string {
	switch f.Field {
	case FieldTopic:
		return f.t("form.topic")
	case FieldMessage:
		return f.t("form.message")
	case FieldTTL:
		return f.t("form.ttl")
	case "in":
		return f.t("failure.pattern")
	case "sequence":
		return f.t("failure.sequence")
	}
	field := []byte(f.Field)
	if c := field[0]; c >= 'a' && c <= 'z' {
		field[0] -= 'a' - 'A'
	}
	return string(field)
}

// statusText is the status with its name, which is English.
func (f Failure) statusText() string {
	if text := http.StatusText(f.Status); text != "" && f.Language == texts.English {
		return strconv.Itoa(f.Status) + " " + text
	}
	return strconv.Itoa(f.Status)
}

func percent(n int) string { return strconv.Itoa(n) }
