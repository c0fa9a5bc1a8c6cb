package broker

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// How a watch is paced.
const (
	frameEvery = 100 * time.Millisecond // at most one frame in this time
	statsEvery = 500 * time.Millisecond // and one with numbers at least this often
	rateOver   = 10 * time.Second       // the publish rate is told over this time

	MaxScopes         = 16 // of one watch
	PreviewsPerSecond = 30 // at most, and the default
	MaxRecent         = 100

	notesKept  = 4096 // ends, and changes, that a frame may hold
	birthsKept = 256  // published runs from which a frame's previews are chosen
)

// WatchOptions say what to look at.
type WatchOptions struct {
	Scopes            []string // topics or patterns, at most [MaxScopes]; none: everything
	PreviewsPerSecond int      // a scope; 0: [PreviewsPerSecond]
	Recent            int      // begin with so many of the last messages of each scope that are alive
}

// WatchFrame is what happened since the last one.
type WatchFrame struct {
	Now        Instant
	Previews   []Preview
	Ended      []Ended
	Changes    []LifetimeChange
	Stats      []ScopeStats // of every scope, each 500 ms; else nil
	Incomplete bool         // too much ended or changed to be told: look again
}

// Watcher looks on. Next belongs to one goroutine; Close may come from any.
type Watcher struct {
	broker    *Broker
	scopes    []*scope
	perSecond int
	lastFrame Instant
	lastStats Instant
	first     bool
	recent    int
	wake      chan struct{}

	// mu guards what publishing and clean-up write. It is taken inside topic.mu.
	mu         sync.Mutex
	ended      []Ended
	changes    []LifetimeChange
	incomplete bool
}

// Watch begins to look on. Watching is no delivery. Errors: [ErrInvalid].
func (b *Broker) Watch(o WatchOptions) (*Watcher, error) {
	if len(o.Scopes) == 0 {
		o.Scopes = []string{">"}
	}
	if len(o.Scopes) > MaxScopes {
		return nil, &Error{Err: ErrInvalid, Field: "scopes", Detail: "at most 16 at once. Watch fewer, or a pattern that holds them."}
	}
	w := &Watcher{
		broker: b, perSecond: min(cmp.Or(o.PreviewsPerSecond, PreviewsPerSecond), PreviewsPerSecond),
		recent: min(o.Recent, MaxRecent), first: true, wake: make(chan struct{}, 1),
	}
	for _, s := range o.Scopes {
		p, err := parsePattern(s)
		if err != nil {
			return nil, err
		}
		w.scopes = append(w.scopes, &scope{pattern: p, stride: 1})
	}
	select {
	case <-b.closing:
		return nil, &Error{Err: ErrStopped, Detail: "the server is stopping."}
	default:
	}
	b.watchMu.Lock()
	b.watchers[w] = struct{}{}
	b.watching.Store(int32(len(b.watchers)))
	b.watchMu.Unlock()
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() {
	b := w.broker
	b.watchMu.Lock()
	delete(b.watchers, w)
	b.watching.Store(int32(len(b.watchers)))
	b.watchMu.Unlock()
}

// Next waits for a frame: as soon as something happened, at most ten a second, and at least each 500 ms with the numbers.
// Errors: that of ctx; [ErrStopped].
func (w *Watcher) Next(ctx context.Context) (WatchFrame, error) {
	for !w.first {
		now := w.broker.clock.Now()
		due := w.lastStats.Add(statsEvery).Sub(now)
		wake := w.wake
		if rest := w.lastFrame.Add(frameEvery).Sub(now); rest > 0 {
			wake, due = nil, min(due, rest)
			if !w.pending() && due == rest {
				wake, due = w.wake, w.lastStats.Add(statsEvery).Sub(now)
			}
		} else if w.pending() {
			break
		}
		if due <= 0 {
			break
		}
		timer := time.NewTimer(due)
		select {
		case <-timer.C:
		case <-wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return WatchFrame{}, ctx.Err()
		case <-w.broker.closing:
			timer.Stop()
			return WatchFrame{}, &Error{Err: ErrStopped, Detail: "server stopping"}
		}
	}
	select {
	case <-w.broker.closing:
		return WatchFrame{}, &Error{Err: ErrStopped, Detail: "server stopping"}
	default:
	}
	return w.frame(), nil
}

// pending tells whether something happened since the last frame.
func (w *Watcher) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ended) > 0 || len(w.changes) > 0 || w.incomplete {
		return true
	}
	return slices.ContainsFunc(w.scopes, func(s *scope) bool { return len(s.births) > 0 })
}

// frame puts together what happened.
func (w *Watcher) frame() WatchFrame {
	now := w.broker.reclaimed()
	f := WatchFrame{Now: now}
	w.mu.Lock()
	f.Ended, w.ended = w.ended, nil
	f.Changes, w.changes = w.changes, nil
	f.Incomplete, w.incomplete = w.incomplete, false
	births := make([][]birth, len(w.scopes))
	for i, s := range w.scopes {
		births[i], s.births = s.births, nil
		s.stride, s.runs = 1, 0
	}
	w.mu.Unlock()
	if w.first {
		f.Previews = w.recentPreviews(now)
	}
	for i, s := range w.scopes {
		before := len(f.Previews)
		f.Previews = w.previews(f.Previews, i, s, births[i], now)
		if len(births[i]) > 0 && len(f.Previews) == before {
			w.keepNewest(s, births[i][len(births[i])-1], now)
		}
	}
	if w.first || now.Sub(w.lastStats) >= statsEvery {
		f.Stats = w.numbers(now)
		w.lastStats = now
	}
	w.lastFrame, w.first = now, false
	return f
}
