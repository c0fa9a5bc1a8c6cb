package broker_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract10_CountsOfManyLanesAddUp(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		w, err := b.Watch(broker.WatchOptions{Scopes: []string{">"}, Recent: 10})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for i := range 10 {
			b.publish([]string{"m", "f"}[i%2], time.Hour, strconv.Itoa(i))
			time.Sleep(time.Millisecond)
		}
		frame, err := w.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var previewed []string
		for _, p := range frame.Previews {
			previewed = append(previewed, string(p.Message.Message))
		}
		late, err := b.Watch(broker.WatchOptions{Recent: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer late.Close()
		frame, err = late.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var recent []string
		for _, p := range frame.Previews {
			recent = append(recent, string(p.Message.Message))
		}
		same(t, "the last four, of both lanes", recent, []string{"6", "7", "8", "9"})
		if len(previewed) != 10 {
			t.Errorf("previewed %q", previewed)
		}
		b.drop("m")
		s := b.Stats()
		if s.Counts.Published != 10 || s.Counts.Retained != 5 || s.Counts.Ended.Deleted != 5 {
			t.Errorf("%+v", s.Counts)
		}
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		if s := b.Stats(); s.Counts.Published != 5 || s.Counts.Retained != 5 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// gatedLog holds back what is proposed while its gate is shut.
type gatedLog struct {
	broker.Log
	mu   sync.Mutex
	shut bool
	held []func()
}

func (l *gatedLog) Append(p broker.Proposal, done func(broker.Commit, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		l.held = append(l.held, func() { l.Log.Append(p, done) })
		return
	}
	l.Log.Append(p, done)
}

func (l *gatedLog) set(shut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = shut
	for _, hold := range l.held {
		hold()
	}
	l.held = nil
}

func TestContract10_DeletedInOneLaneWhilePublishedInTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		gate := &gatedLog{Log: memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		b := openOn(t, broker.Config{MemoryLog: gate}, memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced}), clock)
		defer b.Close()
		b.createInMemory("t")
		before := b.publish("t", time.Hour, "a")
		r := b.subscribe(broker.Start{}, "t")
		r.expect("a")

		gate.set(true)
		p := b.producer(1)
		answers := make(chan broker.PublishAnswer, 1)
		b.Publish(context.Background(), p.request(1, "t", "f"), func(a broker.PublishAnswer) { answers <- a })
		if n := b.drop("t"); n != 1 {
			t.Errorf("%d deleted", n)
		}
		b.publish("t", time.Hour, "durable") // made again, in the store
		gate.set(false)
		a := <-answers
		b.fault(a.Results[0].Err, broker.ErrTopicNotFound)
		if a.Results[1].Err != nil {
			t.Errorf("%+v", a)
		}
		same(t, "again", b.send(p.request(1, "t", "f")).Results, a.Results)
		r.expect("durable")
		same(t, "resets", r.resets, []broker.Reset{{Reason: broker.ResetTopicDeleted, Topic: "t"}})
		b.checkCounts()
		if s := b.Stats(); s.Counts.Published != 3 || s.Counts.Retained != 2 || s.Pending != 0 {
			t.Errorf("%+v after %+v", s, before)
		}
		time.Sleep(time.Hour)
		if used := b.Stats().MemoryUsed; used > 2*broker.TopicOverhead+broker.ReaderOverhead+2048 {
			t.Errorf("%d bytes are used", used)
		}
	})
}
