package bench

import (
	"slices"
	"sync"
	"time"
)

// seconds are the times of a load, by the second in which each message was due, counted from one instant.
type seconds struct {
	instant int64
	mu      sync.Mutex // guards everything below
	by      map[int]*times
}

func newSeconds(instant int64) *seconds { return &seconds{instant: instant, by: map[int]*times{}} }

// secondOf is in which second before (negative) or after the instant something was due.
func (s *seconds) secondOf(due int64) int {
	const second = int64(time.Second)
	n := (due - s.instant) / second
	if due < s.instant && (due-s.instant)%second != 0 {
		n--
	}
	return int(n)
}

func (s *seconds) record(batch []handedOver, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range batch {
		n := s.secondOf(m.due)
		t := s.by[n]
		if t == nil {
			t = newTimes()
			s.by[n] = t
		}
		t.record(now - m.due)
	}
}

// rows adds what an ordinary second is like, one in which so many die, and the next. begun is when the load began, whose first
// second counts for neither.
func (s *seconds) rows(r *Result, begun int64, found *Deaths) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ordinary := newTimes()
	var p99 []time.Duration
	for n, t := range s.by {
		if n < 0 && s.instant+int64(n)*int64(time.Second) >= begun+int64(time.Second) {
			ordinary.add(t)
			p99 = append(p99, t.quantile(99))
		}
	}
	slices.Sort(p99)
	if len(p99) > 0 {
		found.OrdinaryP99, found.WorstOrdinaryP99 = p99[len(p99)/2], p99[len(p99)-1]
	}
	row := func(name, label string, t *times) {
		sum := t.sum()
		r.Rows = append(r.Rows, Row{Name: name, Label: label, Messages: uint64(sum.Count), Times: sum})
	}
	row("ordinary_seconds", "  in ordinary seconds", ordinary)
	if t := s.by[0]; t != nil {
		row("death_second", "  in the second of death", t)
		found.DeathP99 = t.quantile(99)
	}
	if t := s.by[1]; t != nil {
		row("next_second", "  in the second after", t)
	}
}
