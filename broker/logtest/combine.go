package logtest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linger/broker"
)

// combine proposes as a broker does that holds no lock: on this goroutine, if the log can.
func (s *session) combine(p broker.Proposal, done func(broker.Commit, error)) {
	if c, ok := s.Log.(broker.Combiner); ok {
		c.Combine(p, done)
		return
	}
	s.Append(p, done)
}

// testCombined has many propose at once, some of them lending their goroutine, and some from within an answer. Whoever does
// the log's work: a proposer's order holds, and what is answered is applied.
func testCombined(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	const proposers, each = 8, 200
	var all, answered sync.WaitGroup
	for i := range proposers {
		all.Go(func() {
			var last atomic.Uint64
			check := func(c broker.Commit, err error) {
				defer answered.Done()
				commits := s.commits()
				if err != nil || c.First <= last.Load() || commits[len(commits)-1].Position < c.Position {
					t.Errorf("%+v after #%d, with %d applied: %v", c, last.Load(), len(commits), err)
				}
				last.Store(c.First)
			}
			for n := range each {
				propose := s.combine
				if n%4 == i%4 {
					propose = s.Append
				}
				answered.Add(1)
				propose(publish(topic, time.Hour, 1), func(c broker.Commit, err error) {
					if n%10 == 0 {
						answered.Add(1)
						s.combine(publish(topic, 0, 1), func(_ broker.Commit, err error) {
							defer answered.Done()
							if err != nil {
								t.Error(err)
							}
						})
					}
					check(c, err)
				})
			}
		})
	}
	all.Wait()
	answered.Wait()
	if c := s.must(publish(topic, time.Hour, 1)); c.First != proposers*(each+each/10)+1 {
		t.Errorf("%+v", c)
	}
	for i, c := range s.commits()[1:] {
		if c.First != uint64(i+1) {
			t.Fatalf("#%d is applied at place %d", c.First, i+1)
		}
	}
}

// testCloseCombined closes the log under those who lend it their goroutine.
func testCloseCombined(t *testing.T, f Factory) {
	s := f.open(t, 0)
	topic := s.topic("t")
	var proposers sync.WaitGroup
	var committed atomic.Int64
	var begun sync.WaitGroup
	for range 4 {
		begun.Add(1)
		proposers.Go(func() {
			var stopped atomic.Bool
			for n := 0; !stopped.Load(); n++ {
				var answered sync.WaitGroup
				answered.Add(1)
				s.combine(publish(topic, time.Hour, 1), func(_ broker.Commit, err error) {
					defer answered.Done()
					switch {
					case err == nil:
						committed.Add(1)
					case !errors.Is(err, broker.ErrStopped):
						t.Error(err)
						fallthrough
					default:
						stopped.Store(true)
					}
				})
				answered.Wait()
				if n == 0 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	s.close()
	applied := len(s.commits()) - 1
	proposers.Wait()
	if n := len(s.commits()) - 1; n != applied || int64(n) != committed.Load() {
		t.Errorf("%d are applied, %d of them before the close was over; %d answered as committed", n, applied, committed.Load())
	}
}
