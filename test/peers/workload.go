package main

import (
	"time"
)

// A workload is one table: the same load on several systems, and what is wanted of their ratios.
type workload struct {
	name  string // for --only
	title string
	unit  unit
	// entries are measured one after the other in each round, in an order that rotates from round to round.
	entries []entry
	warm    time.Duration
	length  time.Duration
}

// An entry is one line of it.
type entry struct {
	system *system
	// note tells entries of one system apart. May be empty.
	note  string
	job   job
	goals []goal
}

func (e *entry) name() string {
	if e.note == "" {
		return e.system.name
	}
	return e.system.name + ", " + e.note
}

// A unit is what a workload measures.
type unit struct {
	name string
	of   func(sample) float64
	less bool // the less the better
}

var (
	rate    = unit{name: "messages/s", of: func(s sample) float64 { return s.Rate }}
	median  = unit{name: "µs, median", of: func(s sample) float64 { return s.P50 }, less: true}
	tail99  = unit{name: "µs, 99th percentile", of: func(s sample) float64 { return s.P99 }, less: true}
	answers = unit{name: "answers/s", of: func(s sample) float64 { return s.Rate }}
)

// A goal wants an entry to be at least, or for units that are better when less at most, factor times the sum of
// others of the same round, each with a weight.
type goal struct {
	factor  float64 // 0: shown, not judged
	against []term
}

type term struct {
	entry  string // its name
	weight float64
}

func times(factor float64, entries ...string) goal {
	g := goal{factor: factor}
	for _, name := range entries {
		g.against = append(g.against, term{name, 1})
	}
	return g
}

// beside shows a ratio without judging it.
func beside(entries ...string) goal { return times(0, entries...) }
