package bench

import (
	"time"
)

const (
	gaugeEvery = time.Millisecond
	// A reader's speed is its average over about ten times as long.
	speedEvery = 10 * time.Millisecond
	speedShare = 0.1
	// So much may be on its way to a reader whose speed is not known.
	leastAhead = 64
)

// A gauge sees to it that publishers without a rate to keep wait while a reader of their topic would need longer than Lag for what
// is on its way. Otherwise what waits would grow for as long as the load lasts, and its age would pass for latency.
type gauge struct {
	bench *Bench
	speed []float64 // of each reader, in messages a second
	had   []uint64  // what each had when its speed was looked at last
	at    int64     // when that was
	end   chan struct{}
	done  chan struct{}
}

// holdBack has publishers wait for readers, until released.
func (b *Bench) holdBack() (release func()) {
	if b.settings.Rate > 0 || b.settings.Lag <= 0 {
		return func() {}
	}
	g := &gauge{
		bench: b, speed: make([]float64, len(b.readers)), had: make([]uint64, len(b.readers)), at: b.clock.now(),
		end: make(chan struct{}), done: make(chan struct{}),
	}
	go g.run()
	return func() {
		close(g.end)
		<-g.done
		for _, t := range b.topics {
			t.hold.Store(false)
		}
	}
}

func (g *gauge) run() {
	defer close(g.done)
	tick := time.NewTicker(gaugeEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.end:
			return
		case <-tick.C:
		}
		now := g.bench.clock.now()
		if took := now - g.at; took >= int64(speedEvery) {
			g.measure(time.Duration(took))
			g.at = now
		}
		g.look()
	}
}

// measure notes how fast each reader is. One that has everything shows nothing but how fast the publishers are.
func (g *gauge) measure(took time.Duration) {
	for i, r := range g.bench.readers {
		had := r.handled.Load()
		now := float64(had-g.had[i]) / took.Seconds()
		if r.behind() > 0 || now > g.speed[i] {
			g.speed[i] += speedShare * (now - g.speed[i])
		}
		g.had[i] = had
	}
}

// look has those publishers wait who have a reader that is too far behind.
func (g *gauge) look() {
	late := map[*topic]bool{}
	for i, r := range g.bench.readers {
		ahead := max(uint64(g.speed[i]*g.bench.settings.Lag.Seconds()), leastAhead)
		if r.behind() <= ahead {
			continue
		}
		for _, t := range r.topics {
			late[t] = true
		}
	}
	for _, t := range g.bench.topics {
		t.hold.Store(late[t])
	}
}
