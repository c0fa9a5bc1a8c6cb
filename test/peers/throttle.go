package main

// A throttle keeps a publisher as far ahead of the slowest reader of its topic as lagTarget allows, whatever the
// system's speed: by a window of as many messages as that reader takes in lagTarget, so that each waits about that long
// (Little's law). Without it a system without flow control would drop messages or readers, and lag would pass for speed.
//
// The reader's rate is measured from one change of the window to the next, and the window is changed once that reader has all
// that was sent under the one before: a rate that still shows an older window has it swing, and lag with it.
type throttle struct {
	board      *board
	publishers []int // at the same topic
	readers    []int
	window     uint64
	most       uint64
	changed    change
}

// A change of the window: when it was, and what the publishers had sent and the slowest reader had received by then.
type change struct {
	at             int64
	sent, received uint64
}

const firstWindow = 32

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
	received := ^uint64(0)
	for _, i := range t.readers {
		received = min(received, t.board.readers[i].received.Load())
	}
	behind := sent - min(received, sent)
	// Half of it at a time: what comes in bursts costs every system less than one message for each that was read.
	if behind <= t.window/2 {
		return max(int(t.window-behind)/len(t.publishers), 1)
	}
	if received >= t.changed.sent {
		t.adapt(change{now, sent, received})
	}
	return 0
}

// adapt is called while the window holds the publisher up.
func (t *throttle) adapt(c change) {
	if before := t.changed; before.at != 0 {
		rate := float64(c.received-before.received) / float64(max(c.at-before.at, 1))
		// Half of the way, and no further than to twice or half of what it was: a single rate is easily wrong.
		wanted := min(max(uint64(rate*float64(lagTarget)), t.window/2), 2*t.window)
		t.window = min(max((t.window+wanted+1)/2, 1), t.most)
	}
	t.changed = c
}
