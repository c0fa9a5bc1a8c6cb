package broker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/memlog"
)

const lateBy = 200 * time.Millisecond // twice: until it is ordered, and until the broker is told

// setting is a change of lifetime that is on its way.
type setting struct {
	answered chan struct{}
	result   broker.SetDeadlineResult
	err      error
}

func (s *setting) done() bool {
	synctest.Wait()
	select {
	case <-s.answered:
		return true
	default:
		return false
	}
}

func (b *bench) setLater(topic string, sequence uint64, deadline broker.Instant) *setting {
	s := &setting{answered: make(chan struct{})}
	go func() {
		s.result, s.err = b.SetDeadline(context.Background(), topic, sequence, deadline, 0)
		close(s.answered)
	}()
	synctest.Wait()
	return s
}

func TestContract08_ExtensionHoldsFromAcceptance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := logtest.NewLate(logtest.LateOptions{Clock: broker.NewClock(time.Now), Delay: delay(lateBy)})
		b := openOn(t, broker.Config{}, late.Node(), broker.NewClock(time.Now))
		sent := b.publish("t", time.Second, "a", "b") // told when 400 ms old
		for b.Now() < sent.Deadline-50 {
			time.Sleep(time.Millisecond)
		}
		b.list("t")
		change := b.setLater("t", 2, sent.PublishTime.Add(time.Minute))
		for i := range 8 { // over the old deadline and up to the commit
			if got := b.list("t"); got[len(got)-1] != "b" || change.done() {
				t.Fatalf("%d: listed %v, done: %v", i, got, change.done())
			}
			b.subscribe(broker.Start{Kind: broker.StartLast, N: 1}, "t").expect("b")
			time.Sleep(lateBy / 4)
		}
		time.Sleep(lateBy)
		if !change.done() || change.err != nil || change.result.Deadline != sent.PublishTime.Add(time.Minute) {
			t.Errorf("%+v", change)
		}
		b.checkCounts()
		b.Close()

		// Whoever reads the log from the beginning finds the same.
		b = openOn(t, broker.Config{}, late.Node(), broker.NewClock(time.Now))
		same(t, "listed", b.list("t"), []string{"b"})
		b.Close()
		late.Close()
	})
}

func TestContract08_ShorteningHoldsFromTheCommit(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(lateBy)}, func(b *bench) {
		b.publish("t", time.Minute, "a")
		change := b.setLater("t", 1, b.Now())
		time.Sleep(lateBy)
		same(t, "listed", b.list("t"), []string{"a"})
		b.subscribe(broker.Start{}, "t").expect("a")
		time.Sleep(lateBy)
		synctest.Wait()
		same(t, "listed", b.list("t"), []string(nil))
		<-change.answered // with the commit, or told a delay after it
		if change.err != nil {
			t.Errorf("%+v", change)
		}
		b.subscribe(broker.Start{}, "t").expect()
	})
}

func TestContract08_EveryAcceptedExtensionHolds(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(lateBy)}, func(b *bench) {
		sent := b.publish("t", time.Second, "a")
		soon, long := sent.PublishTime.Add(1500*time.Millisecond), sent.PublishTime.Add(time.Minute)
		first := b.setLater("t", 1, soon)
		for b.Now() < sent.Deadline {
			same(t, "listed", b.list("t"), []string{"a"})
			time.Sleep(50 * time.Millisecond)
		}
		if !first.done() || first.err != nil {
			t.Errorf("%+v", first)
		}
		for b.Now() < soon-10 {
			time.Sleep(time.Millisecond)
		}
		one, two, longest := b.setLater("t", 1, soon+20), b.setLater("t", 1, soon+10), b.setLater("t", 1, long)
		for range 20 { // the first two are committed, and would be over, before the longest is
			same(t, "listed", b.list("t"), []string{"a"})
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		for i, change := range []*setting{one, two, longest} {
			if !change.done() {
				t.Errorf("%d: %+v", i, change)
			}
		}
	})
}

func TestContract08_OneOfTwoThatCompareAtOnceConflicts(t *testing.T) {
	inLateBubble(t, logtest.LateOptions{Delay: delay(lateBy)}, func(b *bench) {
		sent := b.publish("t", time.Hour, "a")
		var errs [2]error // who is answered first is chance
		var answered sync.WaitGroup
		for i := range errs { // both shorten, and both see the deadline that they expect
			answered.Go(func() {
				_, errs[i] = b.SetDeadline(context.Background(), "t", 1, sent.PublishTime.Add(time.Duration(i+1)*time.Minute), sent.Deadline)
			})
			synctest.Wait()
		}
		answered.Wait()
		if errs[0] != nil {
			t.Error(errs[0])
		}
		b.fault(errs[1], broker.ErrConflict)
		if m, _, err := b.Get("t", 1); err != nil || m.Deadline != sent.PublishTime.Add(time.Minute) {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestContract08_ExtensionInDoubtHoldsWhileItMayAppear(t *testing.T) {
	for fate, want := range map[logtest.Fate][]string{logtest.CommitsInDoubt: {"a"}, logtest.VanishesInDoubt: nil} {
		now := logtest.Commits
		inLateBubble(t, logtest.LateOptions{Delay: delay(lateBy), Fate: func(p broker.Proposal) logtest.Fate {
			if p.Kind == broker.KindDeadline {
				return now
			}
			return logtest.Commits
		}}, func(b *bench) {
			sent := b.publish("t", 900*time.Millisecond, "a")
			now = fate
			_, err := b.SetDeadline(context.Background(), "t", 1, sent.PublishTime.Add(time.Minute), 0)
			b.fault(err, broker.ErrUnknownOutcome)
			time.Sleep(sent.Deadline.Sub(b.Now()))
			same(t, "listed while it may appear", b.list("t"), []string{"a"})
			time.Sleep(time.Second)
			same(t, "listed", b.list("t"), want)
			time.Sleep(time.Minute)
			same(t, "listed", b.list("t"), []string(nil))
		})
	}
	inLateBubble(t, logtest.LateOptions{Delay: delay(lateBy)}, func(b *bench) {
		sent := b.publish("t", time.Second, "a")
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_, err := b.SetDeadline(ctx, "t", 1, sent.PublishTime.Add(time.Minute), 0)
		b.fault(err, broker.ErrUnknownOutcome)
		time.Sleep(2 * time.Second)
		same(t, "listed", b.list("t"), []string{"a"})
	})
}

var errDisk = errors.New("the disk is gone")

// failingLog refuses changes of lifetime.
type failingLog struct{ broker.Log }

func (l failingLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindDeadline {
		done(broker.Commit{}, errDisk)
		return
	}
	l.Log.Append(p, done)
}

func TestContract08_FailedExtensionHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		b := openOn(t, broker.Config{}, failingLog{memlog.New(memlog.Options{Clock: clock})}, clock)
		defer b.Close()
		sent := b.publish("t", time.Second, "a", "b")
		_, err := b.SetDeadline(context.Background(), "t", 2, sent.PublishTime.Add(time.Minute), 0)
		if !errors.Is(err, errDisk) {
			t.Error(err)
		}
		if m, _, _ := b.Get("t", 2); m.Deadline != sent.Deadline {
			t.Errorf("%+v", m)
		}
		time.Sleep(time.Second)
		same(t, "listed", b.list("t"), []string(nil))
	})
}

func TestContract08_AnnouncedToWatchers(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		sent := b.publish("t", time.Minute, "a", "b")
		w := b.watch(broker.WatchOptions{Scopes: []string{"t"}})
		other := b.watch(broker.WatchOptions{Scopes: []string{"u"}})
		longer, shorter := sent.PublishTime.Add(time.Hour), sent.PublishTime.Add(time.Second)
		b.extend("t", 2, longer)
		b.extend("t", 1, shorter)
		w.until(time.Second)
		other.until(time.Second)
		same(t, "changes", w.changes, []broker.LifetimeChange{
			{Topic: "t", Incarnation: sent.Incarnation, Sequence: 2, Deadline: longer, Previous: sent.Deadline},
			{Topic: "t", Incarnation: sent.Incarnation, Sequence: 1, Deadline: shorter, Previous: sent.Deadline},
		})
		same(t, "changes elsewhere", other.changes, []broker.LifetimeChange(nil))
	})
}
