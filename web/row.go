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

// extension is one offer to let a message live longer.
type extension struct {
	by, amount, to string
}

// extension offers by more than the present deadline, or what the policy's maximum leaves of it.
func (m Message) extension(p Page, by time.Duration) (extension, bool) {
	to := m.Expires.Add(by)
	if !m.MaxExpires.IsZero() && to.After(m.MaxExpires) {
		to = m.MaxExpires
	}
	by = to.Sub(m.Expires).Truncate(time.Millisecond)
	if by <= 0 {
		return extension{}, false
	}
	return extension{by: p.words(by), amount: "+" + p.short(by), to: millis(to)}, true
}

// granted is the lifetime the message was published with.
func (m Message) granted() time.Duration {
	if m.Granted > 0 {
		return m.Granted
	}
	return m.Expires.Sub(m.Published)
}

func (m Message) size() int64 {
	return max(m.Size, int64(len(m.Data)))
}

// attributes are what the script reads from a row; see parts.templ.
func (m Message) attributes() templ.OrderedAttributes {
	if m.Sequence == 0 {
		return nil
	}
	a := templ.OrderedAttributes{
		{Key: "data-topic", Value: m.Topic},
		{Key: "data-seq", Value: strconv.FormatUint(m.Sequence, 10)},
		{Key: "data-published", Value: millis(m.Published)},
		{Key: "data-expires", Value: millis(m.Expires)},
		{Key: "data-granted", Value: strconv.FormatInt(m.granted().Milliseconds(), 10)},
		{Key: "data-deliveries", Value: strconv.Itoa(m.Deliveries)},
		{Key: "data-size", Value: strconv.FormatInt(m.size(), 10)},
	}
	if !m.MaxExpires.IsZero() {
		a = append(a, templ.KeyValue[string, any]{Key: "data-max", Value: millis(m.MaxExpires)})
	}
	return a
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
