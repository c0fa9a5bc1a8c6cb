package broker

import (
	"runtime"
	"sync"
)

// turns wakes readers in the order in which they are told of something, a few at a time: who is woken wakes the next one
// when it runs. A thousand woken at once would run in the order of Go's scheduler, which is not theirs, so that one that
// was served first is served last the next time; and all of what was made ready for them would be sent after all of it was
// made ready, since gRPC's writer yields before it sends little.
//
// A turn is a permission to run, not to read or to send: who has one passes it on before it does either, and who does not
// wait in Next is given none. So nobody waits for a reader that stalls.
type turns struct {
	most int // at a time

	mu     sync.Mutex // guards what follows
	queue  []*Subscription
	head   int // of queue: who is next
	passed int // turns that are with somebody
}

// turnsPerProcessor is enough to keep every processor busy while the kernel has taken some of them away.
const turnsPerProcessor = 8

func newTurns() *turns { return &turns{most: turnsPerProcessor * runtime.GOMAXPROCS(0)} }

// add has subscriptions woken after those that were added before.
func (t *turns) add(woken []*Subscription) {
	t.mu.Lock()
	if t.head > len(t.queue)/2 {
		n := copy(t.queue, t.queue[t.head:])
		clear(t.queue[n:])
		t.queue, t.head = t.queue[:n], 0
	}
	t.queue = append(t.queue, woken...)
	more := min(t.most-t.passed, len(t.queue)-t.head)
	t.passed += more
	t.mu.Unlock()
	for range more {
		t.pass()
	}
}

// taken is called by a subscription that was given a turn and runs. While others wait it lets all that is ready to run go
// first: that is what was delivered before, on its way out.
func (t *turns) taken() {
	t.mu.Lock()
	others := t.head < len(t.queue)
	t.mu.Unlock()
	if others {
		runtime.Gosched()
	}
	t.pass()
}

// pass gives a turn to the next that waits, or back.
func (t *turns) pass() {
	for {
		t.mu.Lock()
		if t.head == len(t.queue) {
			t.passed--
			t.mu.Unlock()
			return
		}
		s := t.queue[t.head]
		t.queue[t.head] = nil
		t.head++
		t.mu.Unlock()
		if s.invite() {
			return
		}
	}
}

// What a subscription's goroutine does, as far as turns go.
const (
	busy    = iota // it runs, or sends, and will look for more by itself
	waiting        // in Next
	invited        // it was given a turn, and has not run yet
)

// invite notifies s, and reports whether it took the turn.
func (s *Subscription) invite() bool {
	s.mu.Lock()
	s.queued = false
	s.mu.Unlock()
	took := s.doing.CompareAndSwap(waiting, invited)
	s.notify()
	return took
}
