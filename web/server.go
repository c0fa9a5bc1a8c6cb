package web

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Server is how the server is.
type Server struct {
	Page
	// Version is the program's, Commit what it was built from (may be empty), Go what it was built with.
	Version, Commit, Go string
	// Started is when it began to serve.
	Started time.Time
	// Ahead is how far its clock is ahead of the wall clock (negative: behind), however little.
	Ahead time.Duration
	// StoreURL is where messages are kept: "file:linger-data", "memory:". Empty: not told.
	StoreURL string
	// Disk is what the store takes. Nil: it is in memory, and a restart empties it.
	Disk   *Disk
	Memory Memory
	// What there is.
	Topics, Subscriptions, Watchers int
	Totals                          Totals
	// WorstLag counts the messages that the slowest subscriber has still to be given.
	WorstLag uint64
	// Published are messages published, Delivered those handed to subscribers, each once for each of them.
	Published, Delivered Flow
	// Streams are those that are open, by kind; kinds without any are left out.
	Streams []Streams
	// Ports are where the server is reached.
	Ports []Port
	// Browser counts the connections that the browser that asks has, as far as that can be told; 0: it cannot.
	Browser int
	// Events are the newest of what it told its log, the newest first.
	Events []Event
}

// Memory is what is accounted of the server's memory, in bytes.
type Memory struct {
	// Messages, with their index, and what readers have beside them, are bounded by Limit together. 0: without a limit.
	Messages, Readers, Limit int64
	// History is what topics remember of late, which has a bound of its own.
	History int64
}

// Disk is what the store takes of its disk, in bytes.
type Disk struct {
	Used, Limit int64
	// Free is what is free on the disk; 0: not known.
	Free int64
}

// Flow is what passed in all, and in each of the last 60 seconds, oldest first.
type Flow struct {
	Total  uint64
	Recent []uint32
}

// StreamKind is what a stream is for.
type StreamKind string

// The kinds of stream.
const (
	StreamsPublish   StreamKind = "publish"
	StreamsSubscribe StreamKind = "subscribe"
	StreamsWatch     StreamKind = "watch"
	StreamsExercise  StreamKind = "exercise"
)

// Streams are the open ones of a kind.
type Streams struct {
	Kind StreamKind
	Open int64
}

// Port is where a service is reached, and how many connections are open of the most there may be.
type Port struct {
	Service, Addr string
	Open, Most    int
}

// Severity is how bad an event is.
type Severity int

// From good to bad.
const (
	SeverityNote Severity = iota
	SeverityWarning
	SeverityError
)

// Event is something that the server told its log, in the log's words.
type Event struct {
	// At is when, by the wall clock; the last time, if it was told more often.
	At       time.Time
	Severity Severity
	Text     string
	// Times is how often it was told in a row.
	Times int
}

// browserMost is how many connections a browser opens to one server over HTTP/1.1.
const browserMost = 6

func (s Server) memoryUsed() int64 { return s.Memory.Messages + s.Memory.Readers }

// used writes how much of a limit is used: "1.2 MiB of 512 MiB".
func (p Page) used(used, limit int64) string {
	if limit <= 0 {
		return Size(used)
	}
	return p.t("server.of", "used", Size(used), "limit", Size(limit))
}

// filled is the width of a bar that stands for a part; what is not nothing can be seen.
func filled(part, whole int64) string {
	if part <= 0 || whole <= 0 {
		return "0%"
	}
	percent := 100 * float64(min(part, whole)) / float64(whole)
	return strconv.FormatFloat(max(percent, 0.5), 'f', 1, 64) + "%"
}

// nearlyFull tells whether nine tenths are used.
func nearlyFull(used, limit int64) bool { return limit > 0 && used >= limit/10*9 }

// perSecond is the mean of the last minute.
func (f Flow) perSecond() float64 {
	sum := 0.0
	for _, n := range f.Recent {
		sum += float64(n)
	}
	return sum / float64(max(len(f.Recent), 1))
}

// uptime is how long the server has been serving, in its two greatest units, so that it is short.
func (s Server) uptime() string {
	d := max(s.Now.Sub(s.Started), 0)
	switch {
	case d >= day:
		d = d.Truncate(time.Hour)
	case d >= time.Hour:
		d = d.Truncate(time.Minute)
	default:
		d = d.Truncate(time.Second)
	}
	if d == 0 {
		return s.t("short.second", "count", "0")
	}
	return s.short(d)
}

// promise is what an acknowledgement means here.
func (s Server) promise() string {
	if s.Disk == nil {
		return s.t("server.inMemory")
	}
	return s.t("server.onDisk")
}

// agreement tells how the server's clock stands to the wall clock.
func (s Server) agreement() string {
	return cmp.Or(s.driftText(), s.t("server.agrees", "by", s.short(max(s.Ahead.Abs(), time.Millisecond))))
}

// streams lists the kinds that are open: "2 subscribing, 1 watching".
func (s Server) streams() string {
	var parts []string
	for _, one := range s.Streams {
		switch one.Kind {
		case StreamsPublish:
			parts = append(parts, s.t("server.publishing", "count", one.Open))
		case StreamsSubscribe:
			parts = append(parts, s.t("server.subscribing", "count", one.Open))
		case StreamsWatch:
			parts = append(parts, s.t("server.watching", "count", one.Open))
		case StreamsExercise:
			parts = append(parts, s.t("server.exercising", "count", one.Open))
		}
	}
	if len(parts) == 0 {
		return s.t("server.noStreams")
	}
	return strings.Join(parts, " · ")
}

// browser tells how many of its connections this browser has in use.
func (s Server) browser() string {
	if s.Browser > browserMost {
		return s.t("server.browsers", "count", s.Browser)
	}
	return s.t("server.browser", "count", s.Browser, "most", browserMost)
}

func (e Event) severity(p Page) string {
	switch e.Severity {
	case SeverityError:
		return p.t("server.error")
	case SeverityWarning:
		return p.t("server.warning")
	}
	return p.t("server.note")
}

// name is the severity to the style sheet.
func (e Event) name() string {
	return [...]string{"note", "warning", "error"}[e.Severity]
}
