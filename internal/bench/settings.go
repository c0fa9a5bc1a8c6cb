package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"linger/client"
)

// Workload names what a [Bench] does.
type Workload string

// The workloads.
const (
	Publish Workload = "publish"
	Fanout  Workload = "fanout"
	Latency Workload = "latency"
	Replay  Workload = "replay"
	Expiry  Workload = "expiry"
)

// Workloads are all of them, in the order in which they are told.
func Workloads() []Workload { return []Workload{Publish, Fanout, Latency, Replay, Expiry} }

// Settings are what a workload can be told. [Defaults] has usable ones.
type Settings struct {
	// Workload is what to do.
	Workload Workload
	// Messages ends the load after so many. 0: Duration does.
	Messages int
	// Duration ends the load after so long. 0: Messages does. With replay, how long publishing and reading may take each;
	// with expiry, how long the load lasts before the messages die.
	Duration time.Duration
	// Size is a message's data in bytes; at least [SmallestSize].
	Size int
	// TTL is how long the server keeps a message.
	TTL time.Duration
	// Publishers and Subscribers are how many there are, each with its own connection.
	Publishers, Subscribers int
	// Topics is how many topics they share evenly. With expiry, those whose messages die.
	Topics int
	// Topic is the topic's name, or with several what their names begin with. Empty: bench and a random number.
	Topic string
	// Rate is messages a second, of all publishers. 0: as fast as it goes.
	Rate int
	// Batch has each publisher publish so many messages at once and wait for the answer. 0: it streams. With expiry, how many
	// messages for a topic travel together at most; 0: what the client packs.
	Batch int
	// Window bounds, in bytes, what a streaming publisher has not had answered. 0: the client's own.
	Window int
	// Lag is how far behind the slowest reader may be, without a rate, before the publishers wait.
	Lag time.Duration
	// Durability is the topics'. The zero value is the strongest that the store offers.
	Durability client.Durability
}

const (
	// mostUnlessTold ends a load that only time bounds.
	mostUnlessTold = 20_000_000
	mostClients    = 10_000
	// What no server takes more of, whatever its --max-message.
	largestSize = 16 << 20
	// The client has the same of itself; here it stands so that results tell it.
	usualWindow = 16 << 20
	// The most patterns that one subscription may have.
	mostPatterns = 64
	// The least that percentiles of single seconds are worth something for.
	leastOrdinary = 3 * time.Second
)

// Defaults are the settings of a workload unless told otherwise.
func Defaults(w Workload) Settings {
	s := Settings{
		Workload: w, Duration: 5 * time.Second, Messages: mostUnlessTold, Size: 128, TTL: 5 * time.Second,
		Publishers: 1, Topics: 1, Window: usualWindow,
	}
	switch w {
	case Fanout:
		s.Subscribers, s.Lag = 10, 50*time.Millisecond
	case Latency:
		s.Subscribers, s.Rate = 1, 1000
	case Replay:
		s.Subscribers, s.Messages, s.Duration, s.TTL = 1, 1_000_000, time.Minute, 5*time.Minute
	case Expiry:
		s.Subscribers, s.Messages, s.Topics, s.Rate = 1, 1_000_000, 10, 2000
	case Publish:
	}
	return s
}

// Quick are the settings of every workload, short.
func Quick() []Settings {
	all := make([]Settings, 0, len(Workloads()))
	for _, w := range Workloads() {
		s := Defaults(w)
		switch w {
		case Replay:
			s.Messages = 200_000
		case Expiry:
			s.Messages, s.Duration = 100_000, leastOrdinary
		case Publish, Fanout, Latency:
			s.Duration = 2 * time.Second
		}
		all = append(all, s)
	}
	return all
}

// Takes says whether a workload heeds the setting of a flag.
func (w Workload) Takes(flag string) bool {
	switch flag {
	case "subscribers":
		return w != Publish
	case "rate":
		return w != Replay
	case "batch":
		return w != Latency
	case "lag":
		return w == Fanout
	case "window":
		return w != Expiry
	}
	return true
}

// Validate says everything that is wrong with the settings, a line each.
func (s *Settings) Validate() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	within := func(flag string, n, least, most int) {
		if n < least || n > most {
			problem("--%s: %d is not between %d and %d", flag, n, least, most)
		}
	}
	if !slices.Contains(Workloads(), s.Workload) {
		problem("there is no workload %q", s.Workload)
	}
	within("messages", s.Messages, 0, 1<<40)
	if s.Size < SmallestSize || s.Size > largestSize {
		problem("--size: %d is not between %d B and %d MiB", s.Size, SmallestSize, largestSize>>20)
	}
	within("publishers", s.Publishers, 1, mostClients)
	least := 0
	if s.Workload == Replay || s.Workload == Fanout || s.Workload == Latency {
		least = 1
	}
	within("subscribers", s.Subscribers, least, mostClients)
	within("topics", s.Topics, 1, 100_000)
	within("rate", s.Rate, 0, 1e9)
	within("batch", s.Batch, 0, 10_000)
	within("window", s.Window, 0, 1<<30)
	problems = append(problems, s.bounds()...)
	if s.Batch > 0 && s.Batch*(s.Size+16) > 4<<20 {
		problem("--batch: %d messages of %d bytes are more than the 4 MiB that a request may have", s.Batch, s.Size)
	}
	if s.Subscribers > 0 && s.Topics > mostPatterns*s.Subscribers && s.Workload != Expiry {
		problem("--topics: %d; a subscriber reads %d at most, so use --subscribers %d or more", s.Topics, mostPatterns, (s.Topics+mostPatterns-1)/mostPatterns)
	}
	if strings.ContainsAny(s.Topic, "*>") {
		problem("--topic: %q is a pattern; name a topic", s.Topic)
	}
	return errors.Join(problems...)
}

// bounds says what is wrong with how long it goes on, and how long messages live.
func (s *Settings) bounds() (problems []error) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if s.Messages == 0 && s.Duration == 0 {
		problem("--messages and --duration are both 0; one of them has to end it")
	}
	switch s.Workload {
	case Latency:
		if s.Rate == 0 {
			problem("--rate: latency needs one; without, the queue in front of the server would be measured: that is what fanout shows")
		}
	case Replay, Expiry:
		if s.Messages == 0 {
			problem("--messages: %s needs a number of messages", s.Workload)
		}
		if s.TTL < time.Second {
			problem("--ttl: %s needs messages that live a second at least", s.Workload)
		}
	case Publish, Fanout:
	}
	if s.Workload == Expiry {
		if s.Duration < leastOrdinary {
			problem("--duration: %s; expiry needs %s at least of ordinary load to compare with", short(s.Duration), leastOrdinary)
		}
		if s.Rate == 0 {
			problem("--rate: expiry needs a constant load")
		}
		if s.Batch > 0 && s.Topics < 2 {
			problem("--batch: messages are kept apart by going to another topic in between; use --topics 2 or more")
		}
	}
	return problems
}

// share is which of n topics the i-th of so many publishers or readers has: the n are shared evenly, or one is shared by
// several.
func share(i, of, n int) []int {
	if of >= n {
		return []int{i % n}
	}
	var mine []int
	for t := i; t < n; t += of {
		mine = append(mine, t)
	}
	return mine
}
