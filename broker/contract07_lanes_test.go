package broker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract07_LongWayInOneLaneDoesNotHideTheOther(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("f", time.Hour, numbered(1000)...)
		r := b.subscribe(broker.Start{}, ">")
		r.budget.Messages = 1
		b.publish("m", time.Hour, "now")
		for range 2 {
			r.next()
		}
		seen := false
		for _, run := range r.runs {
			seen = seen || run.Topic == "m"
		}
		if !seen {
			t.Error("a message in memory waits for all that is stored")
		}
	})
}

// promptLog has applied that a topic is made before it returns to who proposed that.
type promptLog struct{ *memlog.Log }

func (l promptLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindTopicPut {
		l.Combine(p, done)
		return
	}
	l.Log.Append(p, done)
}

// Who was away when a memory topic was made is told of all that ended in it, also of what the topic has forgotten, however
// soon the topic's log had it.
func TestContract07_GapInAMemoryTopicMadeMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		memory := promptLog{memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		b := openOn(t, broker.Config{MemoryLog: memory}, memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced}), clock)
		defer b.Close()
		r := b.subscribe(broker.Start{}, "t.*")
		r.expect()
		r.Close()
		b.createInMemory("t.m")
		const ended = 3000
		for range ended {
			b.publish("t.m", time.Second, "a")
		}
		time.Sleep(2 * time.Second)
		r = r.resume("t.*")
		b.publish("t.m", time.Hour, "b")
		r.expect("b")
		r.expectGap(broker.Gap{First: 1, Last: ended, Expired: ended})
	})
}
