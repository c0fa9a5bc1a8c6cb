package web

import (
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// rfc3339Milli is how machines read a time on the page.
const rfc3339Milli = "2006-01-02T15:04:05.000Z07:00"

// row is a message made ready for a template: every text as it will stand there.
type row struct {
	Topic, TopicPath, Title string
	Number, Sequence, Path  string
	Left, Had, Rest         string
	Dying, Extended, Open   bool // open: it had more time than the axis is long
	Published, PublishedISO string
	Fate                    string
	Body                    preview
	Now, Expires, Back      string
	ExtendBy, Amount        string // empty: it may not live longer than it does
	ExtendTo                string
	attributes              templ.OrderedAttributes
}

// blankRow is the row inside a <template>: the same markup with nothing in it yet.
var blankRow = row{
	TopicPath: "/", Path: "/", ExtendBy: " ", Had: "0%", Rest: "0%",
	attributes: Message{}.attributes(),
}

// makeRow prepares a message for a page; back is where its forms return to.
func makeRow(p Page, m Message, back string) row {
	left := m.Expires.Sub(p.Now)
	r := row{
		Topic:        m.Topic,
		TopicPath:    TopicPath(m.Topic),
		Title:        visibleLine(m.Topic),
		Number:       number(m.Sequence),
		Sequence:     strconv.FormatUint(m.Sequence, 10),
		Path:         MessagePath(m.Topic, m.Sequence),
		Left:         p.countdown(left),
		Had:          axisPercent(axisPosition(m.Expires.Sub(m.Published))),
		Rest:         axisPercent(axisPosition(left)),
		Dying:        dying(left, m.granted()),
		Extended:     m.Expires.Sub(m.Published) > m.granted(),
		Open:         m.Expires.Sub(m.Published) > week,
		Published:    p.clock(m.Published),
		PublishedISO: m.Published.UTC().Format(rfc3339Milli),
		Fate:         fate(p, m),
		Body:         previewOf(p, m.Data, m.size()),
		Now:          millis(p.Now),
		Expires:      millis(m.Expires),
		Back:         back,
		attributes:   m.attributes(),
	}
	if e, ok := m.extension(p, m.granted()); ok {
		r.ExtendBy, r.Amount, r.ExtendTo = e.by, e.amount, e.to
	}
	return r
}

func (r row) data() templ.OrderedAttributes { return r.attributes }

// fate is the right side of a live row: how long it is kept, or since when it is gone.
func fate(p Page, m Message) string {
	switch {
	case !m.Expires.After(m.Published):
		return p.t("fate.notKept")
	case !m.Expires.After(p.Now):
		return p.t("fate.gone", "time", p.clock(m.Expires))
	}
	return p.t("fate.kept", "ttl", p.short(m.Expires.Sub(m.Published)))
}

// number writes a sequence as people name it: "#42".
func number(sequence uint64) string {
	return "#" + strconv.FormatUint(sequence, 10)
}

// longer are the times that a row's menu offers to extend by.
var longer = []time.Duration{time.Minute, 10 * time.Minute, time.Hour}
