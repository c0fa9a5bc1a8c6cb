package main

import (
	"testing"
	"time"
)

// Whatever a system's speed, and when it changes: once the window has found it, the slowest reader is behind by what is
// aimed at, and never by as much as readers may be.
func TestThrottleHoldsTheLag(t *testing.T) {
	for _, perSecond := range []float64{500, 10_000, 300_000} {
		s := newThrottled(t)
		s.run(3*time.Second, perSecond) // the window opens
		for _, speed := range []float64{1, 0.5, 1} {
			s.run(time.Second, speed*perSecond) // it follows
			least, most := s.run(2*time.Second, speed*perSecond)
			if least < lagTarget/4 || most > 2*lagTarget {
				t.Errorf("%v messages a second at %v of it: %v to %v behind, %v aimed at", perSecond, speed, least, most, lagTarget)
			}
		}
	}
}

// What others at the topic have sent counts, and so does each reader.
func TestThrottleIsOfItsTopic(t *testing.T) {
	s := newThrottled(t)
	if got := s.throttle.room(1); got != firstWindow/2 {
		t.Errorf("room for %d at first, two publishers", got)
	}
	s.board.publishers[1].sent.Store(firstWindow)
	s.board.readers[0].received.Store(firstWindow)
	if got := s.throttle.room(1); got != 0 {
		t.Errorf("room for %d while a reader has nothing of a window that is sent", got)
	}
}

// A throttled is a system of one speed with two publishers and two readers, one of which gets everything at once, and a
// clock of its own.
type throttled struct {
	board     *board
	throttle  *throttle
	now       int64
	published []int64 // when; by message
	received  float64
}

func newThrottled(t *testing.T) *throttled {
	b, err := newBoard(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	j := &job{Publishers: 2, Readers: 2, Topics: 1, Size: small}
	return &throttled{board: b, throttle: newThrottle(j, b, 0), now: 1}
}

// run lets it work for so long at so many messages a second, and tells how far the slow reader was behind.
func (s *throttled) run(length time.Duration, perSecond float64) (least, most time.Duration) {
	least = length
	for until := s.now + int64(length); s.now < until; s.now += int64(nap) {
		for credit := s.throttle.room(s.now); credit > 0; credit = s.throttle.room(s.now) {
			for range credit {
				s.published = append(s.published, s.now)
			}
			s.board.publishers[0].sent.Store(uint64(len(s.published)))
		}
		s.board.readers[0].received.Store(uint64(len(s.published)))
		before := int(s.received)
		s.received = min(s.received+perSecond*nap.Seconds(), float64(len(s.published)))
		for _, at := range s.published[before:int(s.received)] {
			lag := time.Duration(s.now - at)
			least, most = min(least, lag), max(most, lag)
		}
		s.board.readers[1].received.Store(uint64(s.received))
	}
	return least, most
}
