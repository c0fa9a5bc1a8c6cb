package server

import (
	"cmp"
	"context"
	"sync"

	"linger/broker"
	lingerv1 "linger/proto/linger/v1"
)

// publishWindow is how many requests of one stream may wait for their answers; the client learns it by not being read.
// Less than the answers that the broker keeps, so that a client that reconnects finds all of them.
const publishWindow = 256

// answers are those of one publish stream, which go out in the order of its requests, by one sender at a time. Two may send:
// the goroutine that reads requests, when the log was done with one before it could read on, and one that waits for all
// others. So for one request at a time, of a topic in memory, nobody is woken. Make one with newAnswers.
type answers struct {
	transmit func(*pending) error
	ready    chan struct{} // capacity 1: there may be something for the one that waits
	room     chan struct{} // capacity 1: there may be room for another request

	mu      sync.Mutex // guards what is below
	idle    sync.Cond  // nobody sends
	waiting []*pending // in order; the first is sent next
	sending bool       // somebody sends, and goes on to what is answered meanwhile
	ended   bool       // no request will come
	why     error      // with ended: nil if the client wants no more
	failure error      // why nothing more is sent
}

// pending is a request whose answer is awaited.
type pending struct {
	answer   broker.PublishAnswer
	opened   *lingerv1.PublishOpened // for the request that opens a stream, which the broker never sees
	answered bool                    // guarded by answers.mu
}

func newAnswers(transmit func(*pending) error) *answers {
	a := &answers{transmit: transmit, ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	a.idle.L = &a.mu
	return a
}

// await waits for room for another request, which add is called for next.
func (a *answers) await(ctx context.Context) error {
	for {
		a.mu.Lock()
		n := len(a.waiting)
		a.mu.Unlock()
		if n < publishWindow {
			return nil
		}
		select {
		case <-a.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answer notes what a request is answered. Before add, whoever adds it sends that; it must not block.
func (a *answers) answer(p *pending, answer broker.PublishAnswer) {
	a.mu.Lock()
	p.answer, p.answered = answer, true
	wake := !a.sending && len(a.waiting) > 0 && a.waiting[0] == p
	a.mu.Unlock()
	if wake {
		signal(a.ready)
	}
}

// add puts a request behind all others, and sends what is answered.
func (a *answers) add(p *pending) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(a.waiting, p)
	return a.sendLocked()
}

// end notes that no request will come, and why.
func (a *answers) end(why error) {
	a.mu.Lock()
	a.ended, a.why = true, why
	a.mu.Unlock()
	signal(a.ready)
}

// send sends what is answered until all is and no request will come, or ctx ends. What is answered by then is still sent,
// so that clients need not ask again when the server stops. Nothing is sent once it has returned.
func (a *answers) send(ctx context.Context) error {
	for {
		a.mu.Lock()
		err := a.sendLocked()
		over := a.ended && len(a.waiting) == 0
		why := a.why
		a.mu.Unlock()
		if err != nil || over {
			return cmp.Or(err, why)
		}
		if _, _, err := receive(ctx, a.ready); err != nil {
			return a.leave(err)
		}
		a.mu.Lock()
		alone := len(a.waiting) <= 1
		a.mu.Unlock()
		readersFirst(alone)
	}
}

// leave sends what is answered, and has nobody send any more.
func (a *answers) leave(why error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.sending {
		a.idle.Wait()
	}
	if err := a.sendLocked(); err != nil {
		return err
	}
	a.failure = why
	return why
}

// sendLocked sends what is answered, unless somebody else is at it.
func (a *answers) sendLocked() error {
	if a.sending {
		return nil // of a failure that one is told
	}
	a.sending = true
	for a.failure == nil && len(a.waiting) > 0 && a.waiting[0].answered {
		p := a.waiting[0]
		a.waiting[0] = nil
		a.waiting = a.waiting[1:]
		a.mu.Unlock()
		err := a.transmit(p)
		signal(a.room)
		a.mu.Lock()
		a.failure = err
	}
	a.sending = false
	a.idle.Signal()
	return a.failure
}

// signal wakes whoever waits at a channel of capacity 1, or the next who does.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
