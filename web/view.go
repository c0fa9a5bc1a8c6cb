package web

import (
	"time"

	"linger/web/texts"
)

// Page is what every page carries: the clock it was rendered by, and the language it is to speak.
type Page struct {
	// Language is the language of every text.
	Language texts.Language
	// Path is the page's own address, path and query, to which the link to the other language leads. Empty: "/".
	Path string
	// Now is the server's clock at render. Every "time left" on the page is counted from it.
	Now time.Time
	// Zone is the zone in which times are written until the script rewrites them in the browser's. Nil means UTC.
	Zone *time.Location
	// Exposed says that the server listens beyond this machine without authentication; every page warns of it.
	Exposed bool
	// Drift is how far the server's clock is ahead of the wall clock (negative: behind); every page tells of it. Within a
	// second it is not worth telling: 0.
	Drift time.Duration
	// Store is how the store is; every page tells what is wrong with it.
	Store Store
	// Demo says that the demo may be played here.
	Demo bool
	// Command is what to type to run one of the program's commands against this server, with {} in place of its arguments:
	// "linger {} --server localhost:50075". Empty: "linger {}".
	Command string
}

// Store is how the store is.
type Store struct {
	// Problem says what is wrong and the way out, in a sentence. Empty: nothing.
	Problem string
	// Severe says that it is more than a warning.
	Severe bool
}

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
	// Live are the last messages published in the scope, newest first; 20 are enough. They may have ended.
	Live []Message
	// Fresh says that the server never had a message: an empty form is filled in, and the empty lists teach.
	Fresh bool
	// LastEnded is shown in place of an empty list of a topic that had messages. Nil: not remembered.
	LastEnded *End
	// Notice is one sentence above the lists about what a form just did ("#42 now goes at 14:33:07."). May be empty.
	Notice string
}

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
}

// Policy bounds what lifetime a message may ask for. The zero value stands for the server's defaults: 1 ms, 10 min, 7 d.
type Policy struct {
	Min, Default, Max time.Duration
	// RefuseZero forbids "now or never".
	RefuseZero bool
	// Rejects says that a lifetime out of bounds is refused rather than moved to the nearest bound.
	Rejects bool
}

// Form is the publish form: what stands in it, what is wrong with it, and what the last publish did.
type Form struct {
	// Topic and Message as entered; on a topic's page an empty Topic is filled in with its name.
	Topic, Message string
	// TTL is the lifetime as chosen or typed, in any writing that ParseTTL reads; kept as typed when it does not. Empty:
	// the policy's default.
	TTL string
	// Policy is the one of Topic, or the server's for a topic that does not exist.
	Policy Policy
	// MaxMessage is the greatest message the server takes, in bytes; 0 means 1 MiB.
	MaxMessage int64
	// Suggestions are topics to offer while typing, busiest first.
	Suggestions []string
	// Errors stand under their fields.
	Errors []FieldError
	// Result tells what the last publish did. Nil: nothing to tell.
	Result *Result
}

// The fields that a FieldError may name. Any other name puts the error under the whole form.
const (
	FieldTopic   = "topic"
	FieldMessage = "message"
	FieldTTL     = "ttl"
)

// FieldError is one problem of the form, told under its field.
type FieldError struct {
	// Field is one of the Field constants.
	Field string
	// Text is a sentence without the field's name: "a space at position 4. Letters, digits, _ and -, in parts joined by dots."
	Text string
}

// Result is the answer to a publish.
type Result struct {
	Topic     string
	Sequence  uint64
	Published time.Time
	// Expires is the deadline; equal to Published for "now or never".
	Expires time.Time
	// Reason says why the lifetime is not the one asked for: "not 3 d: orders allows 1 h at most". Empty: it is.
	Reason string
	// Durability is "memory" or "fsynced".
	Durability string
	// ReceivedBy counts the subscriptions that were handed it so far; negative: not known.
	ReceivedBy int
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

// EndReason says how a message ended.
type EndReason int

const (
	// EndForgotten means the server no longer remembers how.
	EndForgotten EndReason = iota
	// EndExpired means its deadline passed. Deliveries says whether anybody got it.
	EndExpired
	// EndExpiredUnknown means its deadline passed and a restart lost whether anybody got it.
	EndExpiredUnknown
	// EndEvicted means it was removed to stay within a limit.
	EndEvicted
	// EndDeleted means it was deleted, alone or with its topic.
	EndDeleted
	// EndLost means a crash lost it.
	EndLost
)

// End is how and when a message ended.
type End struct {
	Sequence uint64
	Reason   EndReason
	// Published and At are unset when forgotten.
	Published, At time.Time
	Deliveries    int
}

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

// Failure is the error page.
type Failure struct {
	Page
	// Status is the HTTP status, shown small.
	Status int
	// What went wrong, a sentence: "There is no page at /help."
	What string
	// Field names the input at fault; may be empty.
	Field string
	// Do says what to do about it, a sentence; may be empty.
	Do string
	// ID stands in the log beside the cause; may be empty.
	ID string
}

// Recovering is what there is to see while the server reads its store.
type Recovering struct {
	Page
	// Percent is how much has been read.
	Percent int
	// Known says that Percent is known: not before the store has been opened.
	Known bool
}
