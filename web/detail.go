package web

import (
	"slices"
	"time"

	"github.com/a-h/templ"
)

// Detail is the page of one message. Exactly one of Message and End is set; neither means there never was one.
type Detail struct {
	Page
	Topic    string
	Sequence uint64
	// Message is the message, alive, with its whole data.
	Message *Message
	// End is how it ended; Reason EndForgotten when the server no longer remembers.
	End *End
	// Last is the last sequence that was used in the topic; 0: none.
	Last uint64
	// Notice is one sentence about what a form just did. May be empty.
	Notice string
	// Origin is where this page is, and GRPC where gRPC is answered, for the commands that publish the message again:
	// "http://localhost:8080" and "localhost:50074", which they are when empty.
	Origin, GRPC string
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

// extensions are the message's own lifetime once more and a few usual ones, as far as the policy allows each, the least first.
func (d Detail) extensions() []extension {
	var offers []extension
	seen := map[string]bool{}
	for _, by := range slices.Sorted(slices.Values(append([]time.Duration{d.Message.granted()}, longer...))) {
		if e, ok := d.Message.extension(d.Page, by); ok && !seen[e.to] {
			seen[e.to] = true
			offers = append(offers, e)
		}
	}
	return offers
}

// receivers says to how many the message was handed so far.
func (d Detail) receivers() string {
	if n := d.Message.Deliveries; n > 0 {
		return d.t("message.subscriptions", "count", n)
	}
	return d.t("message.nobodyYet")
}
