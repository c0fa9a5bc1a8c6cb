package logtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linger/broker"
)

// Factory opens one store again and again. A store is used by one log at a time.
type Factory struct {
	// Open makes a log on what the one before it, which is closed by then, has left. The test opens and closes it.
	Open func(t testing.TB, clock *broker.Clock) broker.Log
	// Forgets is true for a store that leaves nothing: each log begins empty.
	Forgets bool
}

// Run checks that a log keeps what [broker.Log] promises. make gives a new and empty store.
func Run(t *testing.T, makeStore func(t *testing.T) Factory) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Factory)
	}{
		{"Order", testOrder},
		{"Applied", testApplied},
		{"Refusals", testRefusals},
		{"Place", testPlace},
		{"Concurrent", testConcurrent},
		{"Combined", testCombined},
		{"Close", testClose},
		{"CloseCombined", testCloseCombined},
		{"Load", testLoad},
		{"Stats", testStats},
		{"Reopen", testReopen},
		{"ReopenTopics", testReopenTopics},
		{"ReopenProducers", testReopenProducers},
		{"ReopenEvicted", testReopenEvicted},
		{"ReopenTime", testReopenTime},
		{"LikeTheModel", testLikeTheModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, makeStore(t)) })
	}
}

// session is one opened log and what it told.
type session struct {
	testing.TB
	broker.Log
	clock   *broker.Clock
	busy    atomic.Bool // a commit is being applied
	mu      sync.Mutex
	applied []broker.Commit // the replay and what came after
	replay  int             // of these
	closed  bool
}

// open opens the store; the wall clock may differ.
func (f Factory) open(t testing.TB, wall time.Duration) *session {
	t.Helper()
	clock := broker.NewClock(func() time.Time { return time.Now().Add(wall) })
	s := &session{TB: t, Log: f.Open(t, clock), clock: clock}
	if err := s.Open(context.Background(), s.apply); err != nil {
		t.Fatal(err)
	}
	s.replay = len(s.commits())
	t.Cleanup(func() {
		if !s.closed {
			s.close()
		}
	})
	return s
}

func (s *session) apply(c broker.Commit) {
	if s.busy.Swap(true) {
		s.Error("two commits are applied at once")
	}
	defer s.busy.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied = append(s.applied, c)
}

func (s *session) commits() []broker.Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]broker.Commit(nil), s.applied...)
}

// replayed is what the store brought back, without the time at its end. A body that was left for later is loaded.
func (s *session) replayed() []broker.Commit {
	s.Helper()
	var all []broker.Commit
	for _, c := range s.commits()[:s.replay] {
		if c.Kind == broker.KindClock {
			continue
		}
		if c.Kind == broker.KindPublished && c.Body == nil && c.Size > 0 {
			body, err := s.Load(context.Background(), broker.Ref{Position: c.Position, Topic: c.Topic})
			if err != nil || len(body) != c.Size {
				s.Fatalf("%+v comes back, but loads as %q, %v", c, body, err)
			}
			c.Body = body
		}
		all = append(all, c)
	}
	return all
}

func (s *session) close() {
	s.Helper()
	s.closed = true
	if err := s.Close(); err != nil {
		s.Error(err)
	}
}

// append proposes and waits.
func (s *session) append(p broker.Proposal) (broker.Commit, error) {
	s.Helper()
	type answer struct {
		c   broker.Commit
		err error
	}
	answers := make(chan answer, 2)
	s.Append(p, func(c broker.Commit, err error) { answers <- answer{c, err} })
	a := <-answers
	return a.c, a.err
}

// must proposes what has to be committed.
func (s *session) must(p broker.Proposal) broker.Commit {
	s.Helper()
	c, err := s.append(p)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// refused proposes what must not be.
func (s *session) refused(p broker.Proposal, want error) {
	s.Helper()
	if c, err := s.append(p); !errors.Is(err, want) {
		s.Errorf("%+v: got %+v, %v, want: %v", p, c, err, want)
	}
}

// topic makes one.
func (s *session) topic(name string) broker.TopicID {
	s.Helper()
	c := s.must(put(name, time.Hour))
	return broker.TopicID(c.Position)
}

// put proposes a topic.
func put(name string, most time.Duration) broker.Proposal {
	return broker.Proposal{Kind: broker.KindTopicPut, Put: broker.TopicPut{
		Name: name, Incarnation: 7, Created: 1, Durability: broker.DurabilityMemory,
		Policy: broker.Policy{Min: time.Millisecond, Default: time.Second, Max: most},
	}}
}

// publish proposes count messages of one byte.
func publish(t broker.TopicID, ttl time.Duration, count int) broker.Proposal {
	p := broker.Proposal{Kind: broker.KindPublished, Topic: t, Count: count, TTL: ttl}
	for i := range count {
		p.Body = append(p.Body, 0x42, 1, byte('a'+i%26))
	}
	p.Size = len(p.Body)
	return p
}

// once makes a proposal part of a numbered request.
func once(p broker.Proposal, producer byte, request uint64, batch int) broker.Proposal {
	p.Producer, p.Request, p.Batch = broker.ProducerID{producer}, request, batch
	return p
}
