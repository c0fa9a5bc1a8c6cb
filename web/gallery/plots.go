package gallery

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lingerv1 "linger/proto/linger/v1"
)

// What becomes of a page's watch. Each plot is asked again for every attempt to come back.

var errLost = status.Error(codes.Unavailable, "connection lost")

// steadily tells the numbers, which change as messages end.
func steadily(w *watch) error {
	if err := w.begin(); err != nil {
		return err
	}
	return w.goOn(500*time.Millisecond, func(*lingerv1.WatchResponse) {})
}

// silent never says anything.
func silent(w *watch) error { return w.silence() }

// stale falls silent after its first frame.
func stale(w *watch) error {
	if w.attempt == 1 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	return w.silence()
}

// lost breaks after its first frame, for good.
func lost(w *watch) error { return w.breakOff(errLost) }

// recovering is a server that was started anew and reads its store.
func recovering(w *watch) error {
	if w.attempt == 1 {
		return lost(w)
	}
	return status.Error(codes.Unavailable, "the server is recovering: 34 % of the store is read")
}

// stopped is a server that stops.
func stopped(w *watch) error { return w.breakOff(status.Error(codes.Unavailable, "server stopping")) }

// breakOff ends with err: the first time after a frame, then at once.
func (w *watch) breakOff(err error) error {
	if w.attempt == 1 {
		if err := w.begin(); err != nil {
			return err
		}
		w.wait(200 * time.Millisecond)
	}
	return err
}

// back loses the connection for a minute, by the server's clock.
func back(w *watch) error {
	switch w.attempt {
	case 1:
		return lost(w)
	case 2:
		w.scene.leap(62 * time.Second)
		return errLost
	}
	w.extra, w.ended = 3002, 1118
	return steadily(w)
}

// restarted is a server that was down for twelve seconds.
func restarted(w *watch) error {
	switch w.attempt {
	case 1:
		return lost(w)
	case 2:
		w.scene.leap(14 * time.Second)
		return errLost
	}
	w.server, w.started, w.ended = "server-2", 2*time.Second, 31
	return steadily(w)
}

// restartedEmpty is a server with a memory store that was started anew.
func restartedEmpty(w *watch) error {
	if w.attempt == 1 {
		return lost(w)
	}
	if w.attempt == 2 {
		w.scene.forget()
	}
	w.server, w.store, w.started = "server-2", "store-2", time.Second
	return steadily(w)
}

// highRate has more messages than a page can show.
func highRate(w *watch) error {
	w.rate = 10_021
	if err := w.begin(); err != nil {
		return err
	}
	return w.goOn(100*time.Millisecond, func(f *lingerv1.WatchResponse) {
		for range 3 {
			w.published += 333
			w.leftOut += 333
			w.preview(f, w.fresh("sensors.pressure", 30*time.Second), 333, false)
		}
	})
}

// ringFull has had more messages than the page keeps. A page that is busy while they come is told of fewer than there were,
// so it goes on: sooner or later every page has all that it keeps.
func ringFull(w *watch) error {
	w.rate = 40
	w.extra = 82_061
	if err := w.begin(); err != nil {
		return err
	}
	sent := 0
	return w.goOn(250*time.Millisecond, func(f *lingerv1.WatchResponse) {
		batch := 150
		if sent >= 2100 {
			batch = 10
		}
		for range batch {
			sent++
			w.preview(f, w.fresh("sensors.pressure", 30*time.Second), 0, false)
		}
	})
}

// arriving has two messages a second.
func arriving(w *watch) error {
	w.rate = 2
	if err := w.begin(); err != nil {
		return err
	}
	return w.goOn(500*time.Millisecond, func(f *lingerv1.WatchResponse) {
		w.preview(f, w.fresh("demo.weather", 20*time.Second), 0, false)
	})
}
