package main

import "time"

// A throttle keeps a publisher as far ahead of the slowest reader of its topic as lagTarget allows, whatever the
// system's speed: by a window of messages that grows while the readers keep up and shrinks while they do not. Without
// it a system without flow control would drop messages or readers, and lag would pass for speed.
type throttle struct {
	board      *board
	publishers []int // at the same topic
	readers    []int
	window     uint64
	most       uint64
	adapted    int64
}

const (
	firstWindow = 32
	adaptEvery  = 20 * time.Millisecond
)

func newThrottle(j *job, b *board, publisher int) *throttle {
	t := &throttle{
		board:      b,
		publishers: j.share(publisher, j.Publishers),
		window:     firstWindow,
		most:       uint64(max(lagBytes/j.Size, 1)),
	}
	if j.Count == 0 { // otherwise the readers come afterwards
		t.readers = j.share(publisher, j.Readers)
	}
	return t
}

// room is how many messages this publisher may send before it asks again.
func (t *throttle) room(now int64) int {
	if len(t.readers) == 0 {
		return int(t.most)
	}
	sent := uint64(0)
	for _, i := range t.publishers {
		sent += t.board.publishers[i].sent.Load()
	}
	least, last := ^uint64(0), now
	for _, i := range t.readers {
		if n := t.board.readers[i].received.Load(); n < least {
			least, last = n, t.board.readers[i].last.Load()
		}
	}
	behind := sent - min(least, sent)
	// Half of it at a time: what comes in bursts costs every system less than one message for each that was read.
	if behind <= t.window/2 {
		return max(int(t.window-behind)/len(t.publishers), 1)
	}
	if now-t.adapted >= int64(adaptEvery) {
		t.adapted = now
		t.adapt(time.Duration(now - last))
	}
	return 0
}

// adapt is called while the window holds the publisher up, with the age of what the slowest reader has last.
func (t *throttle) adapt(lag time.Duration) {
	switch {
	case lag > lagTarget:
		t.window -= t.window / 8
	case lag > lagTarget/2:
		t.window += t.window/16 + 1
	default:
		t.window += t.window/2 + 1
	}
	t.window = min(max(t.window, 1), t.most)
}
