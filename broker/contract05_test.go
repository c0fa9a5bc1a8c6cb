package broker_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract05_TimeNeverRunsBackwards(t *testing.T) {
	var wall atomic.Int64
	wall.Store(1_000_000)
	clock := broker.NewClock(func() time.Time { return time.UnixMilli(wall.Load()) })
	last := clock.Now()
	if last != 1_000_000 {
		t.Errorf("not the wall clock's: %d", last)
	}
	for i, step := range []int64{5, -3, -1_000_000, 1_000_010, 1, -500, 499, 2} {
		wall.Add(step)
		if i == 5 {
			clock.NotBefore(1_000_100)
		}
		now := clock.Now()
		if now < last {
			t.Errorf("step %d: %d after %d", i, now, last)
		}
		last = now
	}
	clock.NotBefore(500) // the past moves nothing
	if now := clock.Now(); now != last {
		t.Errorf("%d after %d", now, last)
	}
	before := clock.Now()
	wall.Add(250)
	if passed := clock.Now() - before; passed != 250 {
		t.Errorf("after being moved, the clock does not keep the pace: %d in 250", passed)
	}
}

func TestContract05_StepBackWithinARunRevivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var step atomic.Int64
		clock := broker.NewClock(func() time.Time { return time.Now().Add(time.Duration(step.Load())) })
		b := openOn(t, broker.Config{}, memlog.New(memlog.Options{Clock: clock}), clock)
		defer b.Close()
		b.publish("t", time.Second, "a")
		time.Sleep(time.Second)
		b.Now() // somebody saw that time
		step.Store(int64(-time.Hour))
		same(t, "listed", b.list("t"), []string(nil))
		b.subscribe(broker.Start{}, "t").expect()
		first, second := b.publish("t", time.Minute, "b"), b.publish("t", time.Minute, "c")
		if second.PublishTime < first.PublishTime {
			t.Errorf("published at %d after %d", second.PublishTime, first.PublishTime)
		}
	})
}

// restartAt closes the broker and opens another one on the same log, with a wall clock that differs.
func (b *bench) restartAt(wall time.Duration) *bench {
	b.Helper()
	if err := b.Close(); err != nil {
		b.Fatal(err)
	}
	clock := broker.NewClock(func() time.Time { return time.Now().Add(wall) })
	log := b.log.Reopen(clock)
	next := openOn(b.TB, broker.Config{}, log, clock)
	next.log = log
	return next
}

func TestContract05_RestartWithTheClockBack(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Second, "dead")
		b.publish("t", 10*time.Second, "alive")
		published := b.publish("t", time.Minute, "long").PublishTime
		time.Sleep(5 * time.Second)
		b.Stats()
		closed := b.Now()
		b = b.restartAt(-24 * time.Hour)
		if now := b.Now(); now < closed-1000 || now > closed {
			t.Errorf("time went from %d to %d", closed, now)
		}
		same(t, "listed", b.list("t"), []string{"alive", "long"})
		if r := b.publish("t", time.Second, "new"); r.PublishTime < published {
			t.Errorf("published at %d after %d", r.PublishTime, published)
		}
		time.Sleep(6 * time.Second) // five of its ten are over, and up to one was not stored
		same(t, "listed", b.list("t"), []string{"long"})
		time.Sleep(time.Minute)
		b = b.restartAt(-48 * time.Hour)
		same(t, "listed", b.list("t"), []string(nil))
		b.Close()
	})
}

func TestContract05_RestartWithTheClockForward(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Minute, "short")
		b.publish("t", 2*time.Hour, "long")
		b = b.restartAt(time.Hour)
		same(t, "listed", b.list("t"), []string{"long"})
		b.subscribe(broker.Start{}, "t").expect("long")
		c := b.info("t").Counts
		if c.Ended.ExpiredUnknown != 1 {
			t.Errorf("%+v", c)
		}
		b.Close()
	})
}

func TestContract05_WhatExpiredWhileDownStaysDead(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Minute, "a")
		b.publish("t", time.Hour, "b")
		b = b.restart(broker.Config{}, time.Minute)
		b.subscribe(broker.Start{Kind: broker.StartSequence, N: 1}, "t").expect("b")
		b = b.restartAt(-time.Minute) // and however the clock is set
		same(t, "listed", b.list("t"), []string{"b"})
		b.Close()
	})
}

func TestContract05_IdleBrokerStoresTheTimeEachSecond(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for i := range 40 {
			r := b.publish("t", time.Hour, "a")
			idle := 10*time.Second + time.Duration(i)*53*time.Millisecond
			time.Sleep(idle)
			synctest.Wait()
			stored := b.log.Time()
			if behind := b.Now().Sub(stored); behind > time.Second+10*time.Millisecond {
				t.Errorf("after %v: the time stored is %v behind, published %v ago", idle, behind, b.Now().Sub(r.PublishTime))
			}
		}
		b.drop("t")
		time.Sleep(2 * time.Second)
		stored := b.log.Time()
		time.Sleep(time.Hour)
		if b.log.Time() != stored {
			t.Error("the time is stored although nothing is alive")
		}
	})
}
