package broker

import (
	"runtime"
	"sync"
)

// turns hands what was published to readers in the order in which they were told of it, by a few goroutines that run
// while there is anybody to serve. A reader that waits in Next and can take more at once is handed it there and then
// ([HandOff]); any other one's goroutine is woken. So nobody waits for a reader that stalls.
type turns struct {
	most int // goroutines at a time

	mu    sync.Mutex // guards what follows
	queue []*Subscription
	head  int // of queue: who is next
	busy  int // goroutines that serve
	done  sync.WaitGroup
}

// turnsBetweenYields is how many readers are served before the writers of their connections get to run: all of what is
// made ready would otherwise be sent after all of it was made ready.
const turnsBetweenYields = 8

func newTurns() *turns { return &turns{most: runtime.GOMAXPROCS(0)} }

// add has subscriptions served after those that were added before. One alone is woken: the caller, who holds a lane, is not
// to send, and starting another goroutine to do it costs as much.
func (t *turns) add(woken []*Subscription) {
	t.mu.Lock()
	if len(woken) == 1 && t.head == len(t.queue) {
		t.mu.Unlock()
		woken[0].rouse()
		return
	}
	if t.head > len(t.queue)/2 {
		n := copy(t.queue, t.queue[t.head:])
		clear(t.queue[n:])
		t.queue, t.head = t.queue[:n], 0
	}
	t.queue = append(t.queue, woken...)
	more := min(t.most-t.busy, len(t.queue)-t.head)
	t.busy += more
	t.mu.Unlock()
	for range more {
		t.done.Go(t.serve)
	}
}

// serve serves whoever is next until there is nobody.
func (t *turns) serve() {
	for n := 1; ; n++ {
		t.mu.Lock()
		if t.head == len(t.queue) {
			t.busy--
			t.mu.Unlock()
			return
		}
		s := t.queue[t.head]
		t.queue[t.head] = nil
		t.head++
		t.mu.Unlock()
		s.serve()
		if n%turnsBetweenYields == 0 {
			runtime.Gosched()
		}
	}
}
