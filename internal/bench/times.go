package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// What histograms tell apart: a microsecond, or 1 % of larger times, up to an hour. Each takes 25 KiB.
	shortestTime      = int64(time.Microsecond)
	longestTime       = int64(time.Hour)
	significantDigits = 2
)

// Times are a distribution of durations.
type Times struct {
	Count                    int64
	P50, P90, P99, P999, Max time.Duration
}

// times gathers durations. It may be used by several goroutines.
type times struct {
	mu   sync.Mutex // guards hist
	hist *hdrhistogram.Histogram
}

func newTimes() *times {
	return &times{hist: hdrhistogram.New(shortestTime, longestTime, significantDigits)}
}

// record notes a duration in nanoseconds; less than none, which is possible where two clocks are compared, is none.
func (t *times) record(ns int64) {
	t.mu.Lock()
	t.recordLocked(ns, 1)
	t.mu.Unlock()
}

func (t *times) recordLocked(ns, count int64) {
	_ = t.hist.RecordValues(min(max(ns, 0), longestTime), count) // refuses only what is out of bounds
}

// add adds what another one gathered.
func (t *times) add(other *times) {
	other.mu.Lock()
	copied := other.hist.Clone()
	other.mu.Unlock()
	t.mu.Lock()
	t.hist.Merge(copied)
	t.mu.Unlock()
}

// quantile returns the time below which a share of them lies, in percent.
func (t *times) quantile(percent float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.hist.ValueAtPercentile(percent))
}

// sum returns the distribution.
func (t *times) sum() Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := func(percent float64) time.Duration { return time.Duration(t.hist.ValueAtPercentile(percent)) }
	return Times{Count: t.hist.TotalCount(), P50: q(50), P90: q(90), P99: q(99), P999: q(99.9), Max: time.Duration(t.hist.Max())}
}

// stopwatch counts nanoseconds from when it was made, by the monotonic clock.
type stopwatch struct{ begun time.Time }

func (s stopwatch) now() int64 { return int64(time.Since(s.begun)) }
