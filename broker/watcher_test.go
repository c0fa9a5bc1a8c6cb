package broker_test

import (
	"context"
	"time"

	"linger/broker"
)

// watcher is a watch and what it was told.
type watcher struct {
	b *bench
	*broker.Watcher
	frames   []broker.WatchFrame
	previews []broker.Preview
	ended    []broker.Ended
	changes  []broker.LifetimeChange
	stats    []broker.ScopeStats // the newest of every scope
}

func (b *bench) watch(o broker.WatchOptions) *watcher {
	b.Helper()
	w, err := b.Broker.Watch(o)
	if err != nil {
		b.Fatal(err)
	}
	return &watcher{b: b, Watcher: w}
}

// until takes frames for a while.
func (w *watcher) until(d time.Duration) {
	w.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for {
		f, err := w.Next(ctx)
		if err != nil {
			return
		}
		w.frames = append(w.frames, f)
		w.previews = append(w.previews, f.Previews...)
		w.ended = append(w.ended, f.Ended...)
		w.changes = append(w.changes, f.Changes...)
		if f.Stats != nil {
			w.stats = f.Stats
		}
	}
}
