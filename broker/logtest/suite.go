package logtest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"linger/broker"
)

func testOrder(t *testing.T, f Factory) {
	s := f.open(t, 0)
	if len(s.replayed()) > 0 {
		t.Errorf("an empty store brings back %+v", s.replayed())
	}
	a, b := s.topic("a"), s.topic("b")
	before := s.clock.Now()
	first := map[broker.TopicID]uint64{a: 1, b: 1}
	var last broker.Commit
	for i := range 100 {
		topic, count := a, 1+i%5
		if i%3 == 0 {
			topic = b
		}
		p := publish(topic, time.Duration(i%4)*time.Second, count)
		p.Adjustment = broker.RoundedUp
		c := s.must(p)
		if c.First != first[topic] || c.Time < before || c.Time > s.clock.Now() || c.Time < last.Time {
			t.Fatalf("%+v: want first %d", c, first[topic])
		}
		if i > 0 && c.Position != last.Position+1 {
			t.Fatalf("position %d after %d", c.Position, last.Position)
		}
		if c.TTL != p.TTL || c.Adjustment != p.Adjustment || !bytes.Equal(c.Body, p.Body) || c.Count != count || c.Topic != topic {
			t.Fatalf("%+v is not what was proposed", c)
		}
		first[topic] += uint64(count)
		last = c
	}
	if c := s.must(put2(a, "a", time.Minute)); c.First != first[a] {
		t.Errorf("a policy from #%d on, want #%d", c.First, first[a])
	}
}

// put2 proposes another policy.
func put2(t broker.TopicID, name string, most time.Duration) broker.Proposal {
	p := put(name, most)
	p.Topic = t
	p.Put.Policy.MaxMessages, p.Put.Policy.MaxBytes, p.Put.Policy.AtLimit = 1000, broker.Unlimited, broker.LimitEvictSoonest
	return p
}

func testApplied(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	const all = 200
	var answered sync.WaitGroup
	var mu sync.Mutex
	var order []uint64
	for range all {
		answered.Add(1)
		s.mu.Lock() // whoever applies from inside Append hangs here
		s.Append(publish(topic, time.Hour, 1), func(c broker.Commit, err error) {
			defer answered.Done()
			if commits := s.commits(); err != nil || commits[len(commits)-1].Position < c.Position {
				t.Errorf("answered before it is applied: %+v, %v", c, err)
			}
			mu.Lock()
			order = append(order, c.First)
			mu.Unlock()
		})
		s.mu.Unlock()
	}
	answered.Wait()
	for i, first := range order {
		if first != uint64(i+1) {
			t.Fatalf("#%d is answered at place %d", first, i)
		}
	}
	commits := s.commits()
	for i := 1; i < len(commits); i++ {
		if commits[i].Position != commits[i-1].Position+1 || commits[i].Time < commits[i-1].Time {
			t.Fatalf("%+v is applied after %+v", commits[i], commits[i-1])
		}
	}
	if len(commits) != all+1 {
		t.Errorf("%d commits are applied", len(commits))
	}
}

func testRefusals(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	c := s.must(publish(topic, time.Hour, 3))
	s.refused(put("t", time.Hour), broker.ErrTopicExists)
	s.refused(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: topic, Sequence: 3}, broker.ErrConflict)
	for _, unknown := range []broker.TopicID{topic + 1, 999} {
		s.refused(publish(unknown, time.Hour, 1), broker.ErrTopicNotFound)
		s.refused(broker.Proposal{Kind: broker.KindDeadline, Topic: unknown, Sequence: 1, Deadline: 5}, broker.ErrTopicNotFound)
	}
	if next := s.must(publish(topic, time.Hour, 1)); next.First != 4 || next.Position != c.Position+1 {
		t.Errorf("a refusal took a number: %+v after %+v", next, c)
	}
	s.must(broker.Proposal{Kind: broker.KindTopicDeleted, Topic: topic, Sequence: 5})
	for _, p := range []broker.Proposal{
		publish(topic, time.Hour, 1), put2(topic, "t", time.Hour),
		{Kind: broker.KindTopicDeleted, Topic: topic},
		{Kind: broker.KindDeleted, Topic: topic, Sequence: 1},
	} {
		s.refused(p, broker.ErrTopicNotFound)
	}
	again := s.topic("t")
	if again == topic {
		t.Errorf("the topic made again is %d again", again)
	}
	if c := s.must(publish(again, time.Hour, 1)); c.First != 1 {
		t.Errorf("%+v", c)
	}
}

func testPlace(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	s.must(publish(topic, time.Hour, 2))
	at := func(sequence uint64, deadline broker.Instant) broker.Proposal {
		p := publish(topic, time.Hour, 3)
		p.Sequence, p.Deadline = sequence, deadline
		return p
	}
	deadline := s.clock.Now().Add(time.Hour + 7*time.Millisecond)
	c := s.must(at(10, deadline))
	if c.First != 10 || c.Expires() != deadline || c.Sequence != 0 || c.Deadline != 0 {
		t.Errorf("%+v: want #10 to live until %d", c, deadline)
	}
	s.refused(at(12, 0), broker.ErrConflict)
	s.refused(at(0, s.clock.Now()), broker.ErrDeadlinePassed)
	if c := s.must(at(13, 0)); c.First != 13 || c.TTL != time.Hour {
		t.Errorf("%+v: want #13", c)
	}
	if c := s.must(at(0, 0)); c.First != 16 {
		t.Errorf("%+v: want #16", c)
	}
	s.must(publish(topic, 0, 1))
	if c := s.must(at(1000, deadline)); c.First != 1000 || c.Position != 7 {
		t.Errorf("%+v: want #1000, and no position for what was refused", c)
	}
	if f.Forgets {
		return
	}
	s.close()
	again := f.open(t, 0)
	var lived []uint64
	for _, c := range again.replayed() {
		if c.Kind == broker.KindPublished {
			lived = append(lived, c.First)
		}
		if c.First == 10 && c.Expires() != deadline {
			t.Errorf("%+v after %v", c, deadline)
		}
	}
	if want := []uint64{1, 10, 13, 16, 1000}; !slices.Equal(lived, want) {
		t.Errorf("%v come back, want %v", lived, want)
	}
	if c := again.must(publish(topic, time.Hour, 1)); c.First != 1003 {
		t.Errorf("%+v: want #1003", c)
	}
}

func testConcurrent(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	const proposers, each = 8, 200
	var all sync.WaitGroup
	for i := range proposers {
		all.Go(func() {
			var answered sync.WaitGroup
			var last uint64 // done runs one at a time
			for n := range each {
				answered.Add(1)
				s.Append(once(publish(topic, time.Hour, 2), byte(i+1), uint64(n+1), 0), func(c broker.Commit, err error) {
					defer answered.Done()
					if err != nil || c.First <= last || c.Request != uint64(n+1) {
						t.Errorf("%+v after #%d: %v", c, last, err)
					}
					last = c.First
				})
			}
			answered.Wait()
		})
	}
	all.Wait()
	if c := s.must(publish(topic, time.Hour, 1)); c.First != 2*proposers*each+1 {
		t.Errorf("%+v", c)
	}
}

func testClose(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	answers := make(chan error, 100)
	for range cap(answers) {
		s.Append(publish(topic, time.Hour, 1), func(_ broker.Commit, err error) { answers <- err })
	}
	s.close()
	committed := 0
	for range cap(answers) {
		select {
		case err := <-answers:
			if err == nil {
				committed++
			} else if !errors.Is(err, broker.ErrStopped) {
				t.Error(err)
			}
		default:
			t.Fatal("a proposal is not answered though the log is closed")
		}
	}
	if n := len(s.commits()) - 1; n != committed {
		t.Errorf("%d are applied, %d answered as committed", n, committed)
	}
	s.refused(publish(topic, time.Hour, 1), broker.ErrStopped)
}

func testLoad(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	p := publish(topic, time.Hour, 5)
	c := s.must(p)
	if body, err := s.Load(context.Background(), broker.Ref{Position: c.Position, Topic: topic}); err == nil {
		if !bytes.Equal(body, p.Body) {
			t.Errorf("loaded %q", body)
		}
	} else if !f.Forgets || !errors.Is(err, broker.ErrNotStored) {
		t.Error(err)
	}
	passing := s.must(publish(topic, 0, 1))
	for _, position := range []uint64{passing.Position, c.Position + 1000} {
		if _, err := s.Load(context.Background(), broker.Ref{Position: position, Topic: topic}); !errors.Is(err, broker.ErrNotStored) {
			t.Errorf("position %d: %v", position, err)
		}
	}
}

func testStats(t *testing.T, f Factory) {
	s := f.open(t, 0)
	stats := s.Stats()
	if stats.Store == "" || stats.Durability == broker.DurabilityDefault {
		t.Errorf("%+v", stats)
	}
	s.close()
	again := f.open(t, 0)
	if same := again.Stats().Store == stats.Store; same == f.Forgets {
		t.Errorf("store %s after %s", again.Stats().Store, stats.Store)
	}
}
