package server

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"linger/broker"
)

// answering is the sending side of a stream that notes what it is given, and whether two send at once.
type answering struct {
	mu   sync.Mutex
	sent []uint64
	held chan struct{} // sending waits for it; nil: it does not
	fail error
}

func (s *answering) transmit(p *pending) error {
	if !s.mu.TryLock() {
		panic("two send at once")
	}
	defer s.mu.Unlock()
	if s.held != nil {
		<-s.held
	}
	s.sent = append(s.sent, p.answer.Number)
	return s.fail
}

func (s *answering) check(t *testing.T, want ...uint64) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) != len(want) {
		t.Fatalf("%v are sent, want %v", s.sent, want)
	}
	for i := range want {
		if s.sent[i] != want[i] {
			t.Fatalf("%v are sent, want %v", s.sent, want)
		}
	}
}

// What is answered before it is added is sent by whoever adds it; what is answered later, by the one that waits, in order.
func TestAnswersGoOutInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &answering{}
		a := newAnswers(out.transmit)
		p := make([]*pending, 6)
		for i := range p {
			p[i] = &pending{}
		}
		answer := func(i int) { a.answer(p[i], broker.PublishAnswer{Number: uint64(i)}) }
		add := func(i int) {
			if err := a.add(p[i]); err != nil {
				t.Error(err)
			}
		}
		answer(1)
		add(1)
		out.check(t, 1) // nobody else is there yet

		ended := make(chan error, 1)
		go func() { ended <- a.send(t.Context()) }()
		add(2)
		add(3)
		answer(3)
		synctest.Wait()
		out.check(t, 1)
		answer(2)
		synctest.Wait()
		out.check(t, 1, 2, 3)
		answer(5)
		add(4)
		add(5)
		a.end(nil)
		synctest.Wait()
		out.check(t, 1, 2, 3)
		answer(4)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		out.check(t, 1, 2, 3, 4, 5)
	})
}

// A stream that ends sends what is answered by then, and nothing later.
func TestAnswersEndWithTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &answering{held: make(chan struct{})}
		a := newAnswers(out.transmit)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.send(ctx) }()
		p := []*pending{{}, {}, {}, {}}
		for i := range p[:3] {
			a.answer(p[i], broker.PublishAnswer{Number: uint64(i)})
		}
		go func() { _ = a.add(p[0]) }() // and is held up
		synctest.Wait()
		_ = a.add(p[1])
		cancel()
		synctest.Wait()
		_ = a.add(p[2])
		_ = a.add(p[3])
		close(out.held)
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		out.check(t, 0, 1, 2)
		a.answer(p[3], broker.PublishAnswer{Number: 3})
		if err := a.add(&pending{answered: true}); !errors.Is(err, context.Canceled) {
			t.Errorf("added to an ended stream: %v", err)
		}
		out.check(t, 0, 1, 2)
	})
}

// A stream that cannot be written to ends, whoever found out; what the client did wrong ends it after the answers.
func TestAnswersTellWhyTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, wrong := errors.New("the client is gone"), errors.New("the client did something wrong")
		out := &answering{fail: gone}
		a := newAnswers(out.transmit)
		ended := make(chan error, 1)
		go func() { ended <- a.send(t.Context()) }()
		err := a.add(&pending{answered: true})
		if !errors.Is(err, gone) {
			t.Error(err)
		}
		a.end(err)
		if err := <-ended; !errors.Is(err, gone) {
			t.Error(err)
		}

		out = &answering{}
		a = newAnswers(out.transmit)
		go func() { ended <- a.send(t.Context()) }()
		p := &pending{}
		_ = a.add(p)
		a.end(wrong)
		synctest.Wait()
		out.check(t)
		a.answer(p, broker.PublishAnswer{Number: 7})
		if err := <-ended; !errors.Is(err, wrong) {
			t.Error(err)
		}
		out.check(t, 7)
	})
}

// No more requests are read than may wait.
func TestAnswersBoundTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &answering{}
		a := newAnswers(out.transmit)
		go func() { _ = a.send(t.Context()) }()
		first := &pending{}
		_ = a.add(first)
		for range publishWindow - 1 {
			if err := a.await(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = a.add(&pending{})
		}
		room := make(chan error, 1)
		go func() { room <- a.await(t.Context()) }()
		synctest.Wait()
		if len(room) > 0 {
			t.Fatal("there is room beyond the window")
		}
		a.answer(first, broker.PublishAnswer{})
		if err := <-room; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		_ = a.add(&pending{})
		cancel()
		if err := a.await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("waited beyond the stream's end: %v", err)
		}
		a.end(nil)
	})
}
