package web

import (
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// Message is a message as the pages show it: whole on its own page, a preview in lists.
type Message struct {
	Topic     string
	Sequence  uint64
	Published time.Time
	// Expires is the deadline now.
	Expires time.Time
	// Granted is the lifetime it was published with; 0 means Expires - Published. Extending gives it once more.
	Granted time.Duration
	// MaxExpires is the latest deadline it may be given. The zero time: no bound known.
	MaxExpires time.Time
	// Key is the ordering key; may be empty.
	Key string
	// Attributes in the order of their keys.
	Attributes []Attribute
	// Data is the payload, or its beginning when Size is greater than its length.
	Data []byte
	// Size is the length of the whole payload; 0 means len(Data).
	Size int64
	// Deliveries counts the subscriptions that were handed it.
	Deliveries int
}

// Attribute is one of a message's attributes.
type Attribute struct {
	Key, Value string
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

// dumpNote says what a dump shows, and that it does not show everything.
func (m Message) dumpNote(p Page) string {
	if shown := min(len(m.Data), dumpBytes); int64(shown) < m.size() {
		return p.t("payload.part", "size", Count(m.size())+" B", "shown", Size(int64(shown)))
	}
	return p.t("payload.whole", "size", Count(m.size())+" B")
}
