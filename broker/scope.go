package broker

import (
	"cmp"
	"slices"
)

// ScopeStats are the numbers of one scope.
type ScopeStats struct {
	Totals
	Revision       uint64 // another one whenever what is retained changed
	Topics         int
	PublishedSince uint64 // messages since the watch began
	LeftOut        uint64 // of these, not previewed (so far)
	Busiest        []BusyTopic
	PublishRate    float64 // messages a second
	Forecast       []Ending
}

// BusyTopic is a topic and what it retains.
type BusyTopic struct {
	Name     string
	Retained uint64
}

// scope is one of a watcher's scopes. Its counters and births are guarded by the watcher's mu.
type scope struct {
	pattern   pattern
	published uint64  // since the watch began
	shown     uint64  // of these, previewed
	births    []birth // since the last frame; every stride-th when there are many
	stride    uint64
	runs      uint64           // published since the last frame
	begun     [maxLanes]uint64 // position of the first run published since the watch began, by lane; 0: none was
	lastShown uint64           // value of published at the last preview
	pace      pace
	rates     []rate
	gone      Counts // of topics deleted while watching
}

// rate is how much had been published when.
type rate struct {
	at        Instant
	published uint64
}

// busiestShown is how many topics are named.
const busiestShown = 6

// numbers adds up each scope.
func (w *Watcher) numbers(now Instant) []ScopeStats {
	stats := make([]ScopeStats, len(w.scopes))
	for i, s := range w.scopes {
		stats[i] = s.numbers(w.broker, now)
		w.mu.Lock()
		stats[i].PublishedSince, stats[i].LeftOut = s.published, s.published-s.shown
		stats[i].Counts.add(s.gone)
		s.rates = append(s.rates, rate{now, s.published})
		w.mu.Unlock()
		for len(s.rates) > 2 && now.Sub(s.rates[0].at) > rateOver {
			s.rates = s.rates[1:]
		}
		if first := s.rates[0]; now > first.at {
			stats[i].PublishRate = float64(stats[i].PublishedSince-first.published) / now.Sub(first.at).Seconds()
		}
	}
	return stats
}

func (s *scope) numbers(b *Broker, now Instant) ScopeStats {
	var sum ScopeStats
	type busy struct {
		BusyTopic
		activity float64
	}
	var all []busy
	ends := b.newEndings(now)
	for _, t := range b.selected(s.pattern) {
		i := s.look(t, &ends)
		sum.add(&i.Totals)
		sum.Topics++
		all = append(all, busy{BusyTopic{i.Name, i.Counts.Retained}, i.activity})
	}
	sum.Forecast = ends.all
	if s.all() {
		sum.Forecast = b.endings(now)
	}
	sum.Revision = b.revisions.Load()
	slices.SortFunc(all, func(x, y busy) int {
		return cmp.Or(-cmp.Compare(x.activity, y.activity), cmp.Compare(x.Name, y.Name))
	})
	for _, t := range all[:min(len(all), busiestShown)] {
		sum.Busiest = append(sum.Busiest, t.BusyTopic)
	}
	return sum
}

// look adds what ends when in a topic of the scope, and shows the topic at the same moment.
func (s *scope) look(t *topic, ends *endings) TopicInfo {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if !s.all() { // which is kept up as a whole
		t.forecastLocked(ends)
	}
	return t.infoLocked(ends.now)
}

func (s *scope) all() bool { return s.pattern.text == everything }
