package bench

import (
	"sync"
	"time"
)

// Progress is how far a workload is.
type Progress struct {
	// Phase says in a few words what is done at this moment.
	Phase string
	// Done and Whole are how much of it is done, in any unit. A Whole of 0 is not known.
	Done, Whole int64
	// Messages is how many this phase has dealt with, Rate how many a second of late.
	Messages uint64
	Rate     uint64
	// P99 is the 99th percentile so far; 0: none.
	P99 time.Duration
}

// phase is what is being done.
type phase struct {
	mu      sync.Mutex // guards everything below
	name    string
	begun   time.Time
	lasts   time.Duration // 0: it ends with messages
	whole   int           // messages; 0: it ends with time
	count   func() uint64
	slow    *times
	samples []sample // of late, the oldest first
}

type sample struct {
	at    time.Time
	count uint64
}

// begin begins another phase. count counts the messages that it deals with; nil: it deals with none. It lasts for so long;
// 0: nobody knows.
func (p *phase) begin(name string, count func() uint64, lasts time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.begun, p.lasts, p.whole, p.count, p.slow, p.samples = name, time.Now(), lasts, 0, count, nil, nil
	if count != nil {
		p.samples = []sample{{p.begun, count()}} // so that the first rate told is none of a moment
	}
}

// of adds how many messages the phase has to deal with, and whose percentiles are shown.
func (p *phase) of(whole int, slow *times) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole, p.slow = whole, slow
}

// recently is the time over which the rate is told.
const recently = time.Second

// Progress tells how far the workload is. It may be called while Run runs, by one goroutine.
func (b *Bench) Progress() Progress {
	p := &b.phase
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	out := Progress{Phase: p.name}
	if p.count != nil {
		out.Messages = p.count()
		p.samples = append(p.samples, sample{now, out.Messages})
		for len(p.samples) > 2 && now.Sub(p.samples[0].at) > recently {
			p.samples = p.samples[1:]
		}
		first := p.samples[0]
		if took := now.Sub(first.at); took > 0 {
			out.Rate = uint64(float64(out.Messages-min(first.count, out.Messages)) / took.Seconds())
		}
	}
	if p.slow != nil {
		out.P99 = p.slow.quantile(99)
	}
	// What comes first ends it: show what is nearer to its end.
	if p.lasts > 0 {
		out.Done, out.Whole = min(int64(now.Sub(p.begun)), int64(p.lasts)), int64(p.lasts)
	}
	if p.whole > 0 && (out.Whole == 0 || float64(out.Messages)/float64(p.whole) > float64(out.Done)/float64(out.Whole)) {
		out.Done, out.Whole = int64(out.Messages), int64(p.whole)
	}
	return out
}
