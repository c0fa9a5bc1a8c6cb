package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Topic is a topic's name and what it promises.
type Topic struct {
	// Name is the topic's name.
	Name string
	// Known says that the topic exists. A page of one that does not says that the first publish makes it.
	Known bool
	// Policy is what its messages may ask for.
	Policy Policy
	// Subscriptions that would get a message published now.
	Subscriptions int
	// Room is how much of its limits is used.
	Room Room
}

// Room is what a topic holds, and what it may hold at most; a limit of 0 is none.
type Room struct{ Messages, MaxMessages, Bytes, MaxBytes uint64 }

// crowded is the share of a limit, in percent, from which a topic is nearly full.
const crowded = 90

// nearly says how full a topic is that is nearly full: "92 % of 10,000 messages". Empty for others. The script says the same
// (ts/room.ts).
func (r Room) nearly(p Page) string {
	var messages, bytes float64 // in percent
	if r.MaxMessages > 0 {
		messages = 100 * float64(r.Messages) / float64(r.MaxMessages)
	}
	if r.MaxBytes > 0 {
		bytes = 100 * float64(r.Bytes) / float64(r.MaxBytes)
	}
	percent := strconv.Itoa(int(min(100, max(messages, bytes))))
	switch {
	case max(messages, bytes) < crowded:
		return ""
	case messages >= bytes:
		return p.t("room.messages", "percent", percent, "limit", Count(r.MaxMessages))
	}
	return p.t("room.bytes", "percent", percent, "limit", Bytes(r.MaxBytes))
}

// promise says in one line what a topic's messages may ask for and who is listening.
func (t Topic) promise(p Page) string {
	if !t.Known {
		return p.t("topic.unknown")
	}
	return p.t("topic.promise", "keeps", t.Policy.keeps(p), "count", t.Subscriptions)
}

// Tab is one of the pages that a topic has.
type Tab string

// The tabs: what stands behind the topic's path.
const (
	TabMessages    Tab = ""
	TabSubscribers Tab = "subscribers"
	TabPolicy      Tab = "policy"
	TabRecord      Tab = "record"
)

// TabPath is the address of a topic's tab. A message's address has a number in its place.
func TabPath(topic string, tab Tab) string {
	if tab == TabMessages {
		return TopicPath(topic)
	}
	return TopicPath(topic) + "/" + string(tab)
}

// tabLink marks the tab that is shown.
func tabLink(tab, shown Tab) templ.Attributes {
	if tab == shown {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// tabTitle is what a tab of a topic is called in the browser.
func (p Page) tabTitle(tab, topic string) string {
	return tab + " · " + visibleLine(topic) + " — Linger"
}

// Subscribers is the tab that shows who subscribes to a topic.
type Subscribers struct {
	Page
	Topic Topic
	// Rows are the subscriptions, those that lag the most first; Total counts all of them.
	Rows  []Subscriber
	Total int
}

// Subscriber is one subscription to a topic.
type Subscriber struct {
	// Client is what it calls itself; may be empty. Peer is its network address.
	Client, Peer string
	// Patterns are what it subscribed to.
	Patterns []string
	// Since is when it did.
	Since time.Time
	// Position is the sequence that it is handed next, Lag how many messages it has still to be given.
	Position, Lag uint64
	// LifeLeft is what messages had left of their lifetimes on arrival. Nil: none arrived of late.
	LifeLeft *LifeLeft
}

// who is what stands for a subscriber: the first word of its name. Libraries add theirs behind it.
func (s Subscriber) who(p Page) string {
	if name, _, _ := strings.Cut(s.Client, " grpc-"); name != "" {
		return visibleLine(name)
	}
	return p.t("subs.nameless")
}

func (s Subscriber) patterns() string { return visibleLine(strings.Join(s.Patterns, " ")) }

// LifeLeft is what messages had left of their lifetimes on arrival, in thousandths of them.
type LifeLeft struct {
	// Median is what at least one half had left, told in steps.
	Median int
	// Worst is the least that one had left, and WorstLeft how long that was.
	Worst     int
	WorstLeft time.Duration
}

// dyingShare is the share of its life, in thousandths, below which a message is dying.
const dyingShare = 100

// share writes thousandths as percent; what is less than one keeps its fraction.
func (p Page) share(thousandths int) string {
	if thousandths > 0 && thousandths < 10 {
		return p.t("short.percent", "percent", strconv.FormatFloat(float64(thousandths)/10, 'f', 1, 64))
	}
	return p.t("short.percent", "percent", strconv.Itoa(thousandths/10))
}

// lifeBar is a share as the width of a bar.
func lifeBar(thousandths int) string { return strconv.Itoa(thousandths/10) + "%" }
