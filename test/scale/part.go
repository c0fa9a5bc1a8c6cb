package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"linger/client"
)

// A part measures what belongs together, and adds a line for each goal.
type part struct {
	name  string // for -only
	title string
	run   func(*harness) error
}

var parts = []part{
	{"memory-singles", "bytes beyond the message, of 10 M that were published one by one", memorySingles},
	{"memory-batches", "the same in batches of 100", memoryBatches},
	{"memory-topics", "bytes of a topic, of 100,000 with a message each", memoryTopics},
	{"memory-streams", "bytes of an idle stream, of 10,000; what these compute", idleStreams},
	{"memory-conns", "bytes of a connection after traffic, of 1,000", idleConnections},
	{"memory-unread", "bytes of a publish stream that is sent to and not read, of 64", unreadStreams},
	{"idle", "what an idle server with 1 M messages computes", idleMessages},
	{"expiry", "publishing while 1 M messages die at one instant", massExpiry},
	{"collector", "publishing while the garbage collector runs over 10 M messages", collector},
	{"growth-topics", "time for a message: 10 and 1,000 topics", growthTopics},
	{"growth-retained", "time for a message: 1,000 and 10 M retained", growthRetained},
	{"growth-readers", "the server's CPU for a delivery: 10 and 1,000 readers", growthReaders},
	{"catch-up", "a reader of > on 100,000 topics", catchUp},
	{"reconnect", "1,000 clients that connect at once", reconnect},
	{"wheel", "deadlines, and many at one instant", wheelBenchmarks},
	{"patterns", "10,000 patterns and 100,000 topics that have nothing to do with each other", patternBenchmarks},
	{"slow", "publishing beside 100 readers that stall", slowReaders},
}

// A line is what was found about one goal.
type line struct {
	part, what string
	unit       string
	found      float64
	most       float64 // 0: shown, not judged
	note       string
}

func (l line) met() bool { return l.found <= l.most }

func (l line) verdict() string {
	switch {
	case l.most == 0:
		return ""
	case l.met():
		return fmt.Sprintf("≤ %s: met", figure(l.most))
	}
	return fmt.Sprintf("≤ %s: MISSED", figure(l.most))
}

func (l line) String() string {
	return fmt.Sprintf("%s %s %12s %-8s %-18s %s", pad(l.part, 16), pad(l.what, 58), figure(l.found), l.unit, l.verdict(), l.note)
}

// harness is what the parts share.
type harness struct {
	ctx     context.Context
	self    string // this program,
	linger  string // and the one that it measures
	profile string // a folder for profiles, or "",
	trace   string // and one for execution traces
	part    string // that is being measured
	shown   int
	lines   []line
	servers []*server
	clients []*client.Client
}

// goal notes what was found where at most so much was wanted.
func (h *harness) goal(what string, found float64, unit string, most float64, note string, args ...any) {
	h.lines = append(h.lines, line{h.part, what, unit, found, most, fmt.Sprintf(note, args...)})
}

// tell notes what was found where nothing was wanted.
func (h *harness) tell(what string, found float64, unit, note string, args ...any) {
	h.goal(what, found, unit, 0, note, args...)
}

func (h *harness) print(out io.Writer) {
	for _, l := range h.lines {
		fmt.Fprintln(out, l)
	}
}

// end ends all that was started.
func (h *harness) end() {
	h.hangUp()
	for i := len(h.servers) - 1; i >= 0; i-- {
		h.servers[i].stop()
	}
	h.servers = nil
}

// hangUp ends all connections.
func (h *harness) hangUp() {
	for _, c := range h.clients {
		_ = c.Close() // nothing is under way on it any more
	}
	h.clients = nil
}

// figure writes a number with three significant digits at least, thousands apart.
func figure(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
