package broker

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"linger/broker/wheel"
	"linger/web"

	"pgregory.net/rapid"
)

// forecastModel is a list of runs with its forecasts beside a slice. Its time goes by leaps: what is dead is taken out, and
// of the rest the chunks that the wheel names are reviewed.
type forecastModel struct {
	b    *Broker
	l    *runList
	now  Instant
	runs []run
}

// TestForecastThroughAllLevels has runs come from far beyond the last stop through all levels of cells to their end, and
// asks after each step.
func TestForecastThroughAllLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &forecastModel{now: 1_790_000_000_000 + Instant(rapid.IntRange(0, 1<<30).Draw(t, "begin"))}
		m.b = &Broker{wheel: wheel.New(int64(m.now)), cellsFrom: rapid.SampledFrom([]int{1, 4, 200, math.MaxInt}).Draw(t, "cells from")}
		m.b.config.Stops = drawStops(t)
		topic := &topic{id: 7, lane: &lane{stats: LogStats{Loads: true}}}
		m.l = &topic.runs
		m.l.b, m.l.topic = m.b, topic
		t.Repeat(map[string]func(*rapid.T){
			"push": m.push, "push more": m.push, "remove": m.remove, "redate": m.redate, "split": m.split, "pack": m.pack,
			"leap": m.leap, "leap again": m.leap, "": m.check,
		})
		m.pass(ForecastReach * 100)
		m.check(t)
		if m.b.cells.sum() != (load{}) || (m.l.cells != nil && m.l.cells.sum() != (load{})) {
			t.Fatal("something is left")
		}
	})
}

// sum is all that is counted, wherever.
func (c *cells) sum() (all load) {
	for _, slots := range c.levels {
		if slots == nil {
			continue
		}
		for i := range slots {
			all.add(slots[i])
		}
	}
	all.add(c.far)
	return all
}

func drawStops(t *rapid.T) []time.Duration {
	stops := []time.Duration{0}
	for range rapid.IntRange(0, 40).Draw(t, "stops") {
		stops = append(stops, drawSpan(t, ForecastReach))
	}
	slices.Sort(stops)
	return slices.Compact(stops)
}

// drawSpan gives a time of any order of magnitude, at least 1 ms.
func drawSpan(t *rapid.T, most time.Duration) time.Duration {
	exponent := rapid.Float64Range(0, math.Log(float64(most/time.Millisecond))).Draw(t, "span")
	return time.Duration(math.Exp(exponent)) * time.Millisecond
}

func (m *forecastModel) push(t *rapid.T) {
	ttl := drawSpan(t, 60*24*time.Hour)
	later := drawSpan(t, time.Hour)
	for i := range rapid.IntRange(1, chunkRuns).Draw(t, "runs") {
		count := uint32(i%5 + 1)
		r := run{first: 1, published: m.now, deadline: m.now.Add(ttl) + Instant(i)*Instant(later.Milliseconds()/chunkRuns), count: count, size: count * uint32(i+3)}
		if i%50 == 49 {
			r.passing, r.body = true, []byte{} // what passes is never cold
		}
		if n := len(m.runs); n > 0 {
			r.first = m.runs[n-1].last() + 1
			r.position = m.runs[n-1].position + 1
		}
		m.runs = append(m.runs, r)
		m.l.push(r)
	}
}

func (m *forecastModel) draw(t *rapid.T) (int, place) {
	if len(m.runs) == 0 {
		t.Skip("nothing there")
	}
	i := rapid.IntRange(0, len(m.runs)-1).Draw(t, "which")
	return i, m.l.seek(m.runs[i].first)
}

func (m *forecastModel) remove(t *rapid.T) {
	i, p := m.draw(t)
	m.l.remove(p)
	m.runs = slices.Delete(m.runs, i, i+1)
}

func (m *forecastModel) redate(t *rapid.T) {
	i, p := m.draw(t)
	if m.runs[i].passing {
		t.Skip("it passes")
	}
	m.runs[i].deadline = m.now.Add(drawSpan(t, 60*24*time.Hour))
	m.l.redate(p, m.runs[i].deadline)
}

func (m *forecastModel) split(t *rapid.T) {
	i, p := m.draw(t)
	r := m.runs[i]
	if r.count < 2 || r.passing {
		t.Skip("not to be split")
	}
	one, rest := r.cut(r.first, r.first), r.cut(r.first+1, r.last())
	one.size = r.size / 3
	rest.size = r.size - one.size
	m.l.replace(p, one, rest)
	m.runs = slices.Replace(m.runs, i, i+1, one, rest)
}

func (m *forecastModel) pack(t *rapid.T) {
	for _, c := range m.l.chunks {
		m.l.packLeast(c, 1)
	}
}

func (m *forecastModel) leap(t *rapid.T) { m.pass(drawSpan(t, 5*24*time.Hour)) }

func (m *forecastModel) pass(d time.Duration) {
	m.now = m.now.Add(d)
	m.runs = slices.DeleteFunc(m.runs, func(r run) bool {
		dead := r.deadline <= m.now
		if dead {
			m.l.remove(m.l.seek(r.first))
		}
		return dead
	})
	var named []uint64
	for m.b.wheel.Advance(int64(m.now), 100, func(_ int64, _, sequence uint64) { named = append(named, sequence) }) {
	}
	for _, sequence := range named {
		if i := m.l.chunkOf(sequence); i < len(m.l.chunks) {
			m.l.review(m.l.chunks[i], m.now)
		}
	}
}

func (m *forecastModel) check(t *rapid.T) {
	m.pass(0) // what was pushed as if long ago is reviewed
	for _, c := range m.l.chunks {
		m.checkReview(t, c)
	}
	var left []timeLeft
	for _, r := range m.runs {
		if !r.passing {
			left = append(left, timeLeft{r.deadline.Sub(m.now), Ending{uint64(r.count), uint64(r.size)}})
		}
	}
	stops := m.b.config.Stops
	if err := checkEndings(m.b.endings(m.now), stops, left, true); err != nil {
		t.Fatalf("of all: %v", err)
	}
	if err := checkEndings(m.b.endingsLocked(m.l.topic, m.now), stops, left, m.l.cells != nil); err != nil {
		t.Fatalf("of the topic: %v", err)
	}
}

// checkReview checks that nothing is counted in cells too wide, and that what will be comes up before.
func (m *forecastModel) checkReview(t *rapid.T, c *chunk) {
	runs := c.runs
	if c.packed != nil {
		runs = c.packed.unpack(nil)
	}
	if c.review <= m.now {
		t.Fatalf("a chunk was to be reviewed at %d, it is %d", c.review, m.now)
	}
	for _, r := range runs {
		if at := reviewOf(r.deadline, levelOf(r.deadline, c.leveled)); !r.passing && c.review > at {
			t.Fatalf("#%d is to be counted anew at %d, its chunk is reviewed at %d; it is %d", r.first, at, c.review, m.now)
		}
	}
}

// timeLeft is messages and when they end.
type timeLeft struct {
	in time.Duration
	of Ending
}

// checkEndings compares a forecast with what there is: of all exactly, and at each stop what ends before it, give or take
// what is as near to the stop as a forecast may be mistaken, if it may.
func checkEndings(got []Ending, stops []time.Duration, left []timeLeft, mistaken bool) error {
	within := func(in time.Duration) (sum Ending) {
		for _, l := range left {
			if l.in <= in {
				sum.Messages += l.of.Messages
				sum.Bytes += l.of.Bytes
			}
		}
		return sum
	}
	if len(got) != len(stops) {
		return fmt.Errorf("%d intervals, %d stops", len(got), len(stops))
	}
	var sum Ending
	for i, e := range got {
		sum.Messages += e.Messages
		sum.Bytes += e.Bytes
		upTo, slack := time.Duration(math.MaxInt64), time.Duration(0)
		if i+1 < len(stops) {
			upTo = stops[i+1]
			if mistaken {
				slack = max(64*time.Millisecond, upTo/48)
			}
		}
		least, most := within(upTo-slack), within(upTo)
		if slack > 0 {
			most = within(upTo + slack)
		}
		if sum.Messages < least.Messages || sum.Messages > most.Messages || sum.Bytes < least.Bytes || sum.Bytes > most.Bytes {
			return fmt.Errorf("within %v end %+v, want %+v to %+v", upTo, sum, least, most)
		}
	}
	return nil
}

// TestCellsAreNarrowBesideIntervals is what the pages' scale may expect.
func TestCellsAreNarrowBesideIntervals(t *testing.T) {
	stops := web.Stops()
	if err := validateStops(stops); err != nil {
		t.Fatal(err)
	}
	const now = Instant(1_790_000_000_000)
	for i := range len(stops) - 1 {
		for _, in := range []time.Duration{stops[i] + time.Millisecond, stops[i+1]} {
			level := levelOf(now.Add(in), now)
			width := time.Millisecond << cellShift(level)
			if interval := stops[i+1] - stops[i]; level == cellLevels || 9*width > interval {
				t.Errorf("what ends in %v is counted in %v, of an interval of %v", in, width, interval)
			}
		}
	}
}

func TestShareIsExact(t *testing.T) {
	for _, c := range []struct{ n, part, whole, want uint64 }{
		{10, 0, 7, 0},
		{10, 7, 7, 10},
		{3, 1, 2, 2},
		{1, 1, 3, 0},
		{1, 2, 3, 1},
		{math.MaxUint64, 1, 2, 1 << 63},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64},
		{math.MaxUint64 / 3, 2, 3, (math.MaxUint64/3*2 + 1) / 3},
	} {
		if got := mulDiv(c.n, c.part, c.whole); got != c.want {
			t.Errorf("%d × %d / %d is %d, want %d", c.n, c.part, c.whole, got, c.want)
		}
	}
}

// BenchmarkForecastUpkeep is what the forecasts add to a run: where it is published and where it ends, and where its chunk is
// counted anew, twice in the life of one that has ten minutes. An operation is a run.
func BenchmarkForecastUpkeep(b *testing.B) {
	const now = 1_790_000_000_000
	for what, from := range map[string]int{"few runs": math.MaxInt, "many runs": 1} {
		br := &Broker{wheel: wheel.New(now), cellsFrom: from}
		topic := &topic{id: 7, lane: &lane{}}
		l := &topic.runs
		l.b, l.topic = br, topic
		for i := range chunkRuns {
			l.push(run{first: uint64(i + 1), published: now, deadline: now + 600_000, count: 1, size: 131})
		}
		c := l.chunks[0]
		b.Run(what+"/publish and end", func(b *testing.B) {
			r := c.runs[0]
			for b.Loop() {
				l.enter(c, &r)
				l.leave(c, &r)
			}
		})
		b.Run(what+"/count anew", func(b *testing.B) {
			at := [2]Instant{now, now + 590_000}
			for i := 0; i < b.N; i += chunkRuns {
				l.relevel(c, at[i/chunkRuns%2])
			}
		})
	}
}
