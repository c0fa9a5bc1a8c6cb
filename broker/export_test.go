package broker

import "time"

// CoolAll has all that the log can load again go cold, and every chunk of it packed, however few runs it holds.
func (b *Broker) CoolAll() {
	b.coolTo(-1 << 62)
	for _, t := range b.allTopics() {
		t.mu.Lock()
		for _, c := range t.runs.chunks {
			t.runs.packLeast(c, 1)
		}
		t.mu.Unlock()
	}
}

// SealAll seals every chunk that is not for the log to load again, however few runs it holds.
func (b *Broker) SealAll() {
	for _, t := range b.allTopics() {
		t.mu.Lock()
		for _, c := range t.runs.chunks {
			t.runs.sealRuns(c)
		}
		t.mu.Unlock()
	}
}

// ForecastByCells has topics keep cells of their own, however few runs they have, from their next publish on.
func (b *Broker) ForecastByCells() { b.cellsFrom = 1 }

// CheckForecast compares a forecast with the times left of all that should be in it, each with its messages and bytes. exact
// says that no message may be counted on the other side of a stop.
func CheckForecast(got []Ending, stops []time.Duration, left map[time.Duration]Ending, exact bool) error {
	var all []timeLeft
	for in, e := range left {
		all = append(all, timeLeft{in, e})
	}
	return checkEndings(got, stops, all, !exact)
}

// Kept is how many runs there are yet, of which some may have to be reclaimed.
func (b *Broker) Kept() int64 { return b.runs.Load() }

// ReclaimAtOnce takes out what is past its deadline, as somebody does who waits for the room.
func (b *Broker) ReclaimAtOnce() { b.reclaimAtOnce(b.clock.Now()) }
