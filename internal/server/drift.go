package server

import (
	"context"
	"log/slog"
	"time"

	"linger/broker"
)

// The server's clock does not follow a wall clock that is set while it runs (contract 5). A difference of more than
// driftTold is logged and shown; the log has it over at driftOver, so that one that wavers is not told again and again.
const (
	driftTold  = time.Second
	driftOver  = time.Second / 2
	driftEvery = time.Second
)

// drift compares the server's clock with the wall clock. Safe for concurrent use.
type drift struct {
	server func() broker.Instant
	wall   func() time.Time
}

// ahead is how far the server's clock is ahead of the wall clock; negative: behind.
func (d drift) ahead() time.Duration { return d.server().Time().Sub(d.wall()) }

// shown is ahead where that is more than people should have to know of; otherwise 0.
func (d drift) shown() time.Duration {
	if ahead := d.ahead(); ahead.Abs() > driftTold {
		return ahead
	}
	return 0
}

// driftLog logs a difference when it comes, changes by as much again, and goes. It belongs to one goroutine.
type driftLog struct {
	drift
	log  *slog.Logger
	told time.Duration // 0: none
}

// watch compares the clocks every second until ctx ends.
func (l *driftLog) watch(ctx context.Context) {
	tick := time.NewTicker(driftEvery)
	defer tick.Stop()
	for {
		l.check()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *driftLog) check() {
	ahead := l.ahead()
	switch {
	case l.told != 0 && ahead.Abs() < driftOver:
		l.told = 0
		l.log.Warn("the server's clock and the wall clock agree again")
	case ahead.Abs() > driftTold && (ahead-l.told).Abs() > driftTold:
		l.told = ahead
		l.log.Warn("the wall clock was set, and the server's clock does not follow: lifetimes are not affected",
			"server_ahead_by", ahead.Round(time.Millisecond))
	}
}
