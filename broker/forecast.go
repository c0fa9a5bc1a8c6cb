package broker

import (
	"fmt"
	"slices"
	"time"
)

// Ending is what ends in one interval of a forecast.
type Ending struct {
	Messages uint64
	Bytes    uint64 // encoded, as Counts.RetainedBytes
}

// Forecast tells what of the messages alive ends when, if no lifetime is changed and nothing is evicted or deleted.
//
// Endings[i] is what has more than Stops[i] left and Stops[i+1] at most; the last is what has more left than the last
// stop. Together they are exactly what was retained. Which interval a message is counted in is exact for a topic of few
// runs. Otherwise a message that is nearer to a stop than 64 ms, or than a 48th of the time to that stop, may be counted
// on its other side.
type Forecast struct {
	Now     Instant
	Stops   []time.Duration // of [Config]; must not be changed
	Endings []Ending        // as many as there are stops
}

// Total is all that is retained.
func (f *Forecast) Total() (total Ending) {
	for _, e := range f.Endings {
		total.Messages += e.Messages
		total.Bytes += e.Bytes
	}
	return total
}

// Forecast tells what ends when in a topic, in those that match a pattern, or in all ("" or ">"). All is kept up as
// messages come and go, at a cost that depends neither on topics nor on messages; of a pattern the topics are added up.
// Errors: [ErrTopicNotFound] for a name without wildcards, [ErrInvalid].
func (b *Broker) Forecast(pattern string) (Forecast, error) {
	if pattern == "" {
		pattern = everything
	}
	var topics []*topic
	if pattern != everything {
		var err error
		if topics, err = b.topicsNamed(pattern); err != nil {
			return Forecast{}, err
		}
	}
	now := b.reclaimed()
	f := Forecast{Now: now, Stops: b.config.Stops}
	if pattern == everything {
		f.Endings = b.endings(now)
		return f, nil
	}
	sum := b.newEndings(now)
	for _, t := range topics {
		t.mu.RLock()
		t.forecastLocked(&sum)
		t.mu.RUnlock()
	}
	f.Endings = sum.all
	return f, nil
}

// Stops are the times left between which forecasts are told. They must not be changed.
func (b *Broker) Stops() []time.Duration { return b.config.Stops }

// everything is the pattern that selects all topics.
const everything = ">"

// ForecastReach is the greatest stop that a forecast may have: what ends later is counted together.
const ForecastReach = 9 * 24 * time.Hour

// validateStops refuses stops between which a forecast cannot be told.
func validateStops(stops []time.Duration) error {
	invalid := func(format string, args ...any) error {
		return &Error{Err: ErrInvalid, Field: "stops", Detail: fmt.Sprintf(format, args...)}
	}
	for i, s := range stops {
		switch {
		case i == 0 && s != 0:
			return invalid("the first is %v. A forecast begins with now, 0.", s)
		case s%time.Millisecond != 0:
			return invalid("%v is no whole number of milliseconds, as deadlines are.", s)
		case i > 0 && s <= stops[i-1]:
			return invalid("%v stands behind %v. They have to rise.", s, stops[i-1])
		case s > ForecastReach:
			return invalid("%v is beyond %v, the last that is told apart.", s, ForecastReach)
		}
	}
	return nil
}

// endings is a forecast that is being added up, as of now.
type endings struct {
	now   Instant
	stops []time.Duration
	all   []Ending
	at    int // the interval that was last added to: neighbours mostly end in one
}

func (b *Broker) newEndings(now Instant) endings {
	return endings{now: now, stops: b.config.Stops, all: make([]Ending, len(b.config.Stops))}
}

// endings is the forecast of all topics. What is past its deadline has been reclaimed.
func (b *Broker) endings(now Instant) []Ending {
	sum := b.newEndings(now)
	b.cellsMu.Lock()
	defer b.cellsMu.Unlock()
	b.cells.forecast(&sum)
	return sum.all
}

// forecastLocked adds what the topic retains. What is past its deadline has been reclaimed.
func (t *topic) forecastLocked(sum *endings) {
	if t.runs.cells != nil {
		t.runs.cells.forecast(sum)
		return
	}
	var unpacked []run
	for _, c := range t.runs.chunks {
		if sum.addWhole(c) {
			continue
		}
		runs := c.look(&unpacked)
		for i := range runs {
			if r := &runs[i]; !r.passing && r.alive(sum.now) {
				left := r.deadline.Sub(sum.now)
				sum.add(left, left, Ending{uint64(r.count), uint64(r.size)})
			}
		}
	}
}

// addWhole adds a chunk without a look at its runs, if all of them end in one interval: neighbours mostly do.
func (s *endings) addWhole(c *chunk) bool {
	least, most := c.due.Sub(s.now), c.latest.Sub(s.now)
	if c.amount.messages == 0 {
		return true // all of it passes
	}
	if least <= 0 || s.interval(least) != s.interval(most) {
		return false
	}
	s.add(most, most, Ending{uint64(c.amount.messages), uint64(c.amount.bytes)})
	return true
}

// interval is the one in which lies what has so much left, which is above 0.
func (s *endings) interval(left time.Duration) int {
	behind, _ := slices.BinarySearch(s.stops, left)
	return behind - 1
}

// endingsLocked is the topic's own forecast.
func (b *Broker) endingsLocked(t *topic, now Instant) []Ending {
	sum := b.newEndings(now)
	t.forecastLocked(&sum)
	return sum.all
}

// add adds what has from least to most left, both included and above 0. Where a stop lies between, it is shared as if it
// ended evenly over that time.
func (s *endings) add(least, most time.Duration, e Ending) {
	if s.stops[s.at] >= least || (s.at+1 < len(s.stops) && s.stops[s.at+1] < least) {
		s.at = s.interval(least)
	}
	for i := s.at; ; i++ {
		if i+1 == len(s.stops) || most <= s.stops[i+1] {
			s.all[i].Messages += e.Messages
			s.all[i].Bytes += e.Bytes
			return
		}
		share := e.share(uint64((s.stops[i+1]-least)/time.Millisecond)+1, uint64((most-least)/time.Millisecond)+1)
		s.all[i].Messages += share.Messages
		s.all[i].Bytes += share.Bytes
		e.Messages -= share.Messages
		e.Bytes -= share.Bytes
		least = s.stops[i+1] + time.Millisecond
	}
}

// share is part of whole of it, in whole messages.
func (e Ending) share(part, whole uint64) Ending {
	if e.Messages == 0 {
		return Ending{}
	}
	messages := mulDiv(e.Messages, part, whole)
	return Ending{messages, mulDiv(e.Bytes, messages, e.Messages)}
}
