package broker_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/memlog"
)

func TestContract12_ProducerSurvivesARestart(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		first := p.ok(1, "t", "u")
		p.ok(2, "t")
		third := p.ok(3, "t", "t")
		b = b.restart(broker.Config{}, time.Minute)
		p.b = b
		same(t, "an answer from before", p.ok(1, "t", "u").Results, first.Results)
		p.expectOpen(2, 2, true) // the third answer was lost: it is sent again
		same(t, "the lost answer", p.ok(3, "t", "t").Results, third.Results)
		p.expectOpen(3, 3, true)
		p.ok(4, "t")
		b = b.restart(broker.Config{}, time.Minute)
		p.b = b
		p.expectOpen(4, 4, true) // it has all answers
		p.ok(5, "t")
		if i := b.info("t"); i.Counts.Published != 6 {
			t.Errorf("%+v", i.Counts)
		}
		b = b.restart(broker.Config{}, broker.ProducerIdle)
		p.b = b
		p.expectOpen(5, 0, false)
		b.Close()
	})
}

// What a full log refuses uses up a number that is not stored. A crash loses nothing else by that: what follows is sent
// again, and its outcome is known.
func TestContract12_RefusedByAFullLogBeforeACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		log := &filling{Log: memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
		b := openOn(t, broker.Config{}, log, clock)
		p := b.producer(1)
		p.ok(1, "t")
		log.full.Store(true)
		for n := range uint64(3) {
			b.fault(p.send(2+n, "t").Results[0].Err, broker.ErrFull)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		clock = broker.NewClock(time.Now)
		b = openOn(t, broker.Config{}, log.Reopen(clock), clock)
		p.b = b
		p.expectOpen(4, 4, true)
		if first := p.ok(5, "t").Results[0].First; first != 2 {
			t.Errorf("#%d", first)
		}
		p.expectOpen(5, 5, true)
		b.Close()
	})
}

// filling is a log that becomes full.
type filling struct {
	*memlog.Log
	full atomic.Bool
}

func (l *filling) Append(p broker.Proposal, done func(broker.Commit, error)) {
	if p.Kind == broker.KindPublished && l.full.Load() {
		done(broker.Commit{}, &broker.Error{Err: broker.ErrFull})
		return
	}
	l.Log.Append(p, done)
}

func (l *filling) Combine(p broker.Proposal, done func(broker.Commit, error)) { l.Append(p, done) }

func TestContract12_ProducerOutlivesItsMessages(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		r := p.request(1, "t", "u", "gone")
		r.Batches[0].TTL, r.Batches[1].TTL = time.Second, 0
		first := b.send(r)
		time.Sleep(time.Minute)
		b.drop("gone")
		b = b.restart(broker.Config{}, time.Minute)
		p.b = b
		p.expectOpen(0, 0, true) // a lost answer is sent again
		again := b.send(r)
		first.Results[2].Incarnation = 0 // of a topic that is no more
		same(t, "results", again.Results, first.Results)
		p.expectOpen(1, 1, true)
		for _, topic := range []string{"t", "u"} {
			if i := b.info(topic); i.Counts.Published != 1 {
				t.Errorf("%s: %+v", topic, i.Counts)
			}
		}
		_, err := b.Topic("gone")
		b.fault(err, broker.ErrTopicNotFound)
		b.Close()
	})
}

func TestContract12_PartlyCommittedRequestAfterARestart(t *testing.T) {
	fate := map[int]logtest.Fate{1: logtest.VanishesInDoubt}
	synctest.Test(t, func(t *testing.T) {
		late := logtest.NewLate(logtest.LateOptions{Clock: broker.NewClock(time.Now), Fate: func(p broker.Proposal) logtest.Fate {
			if p.Kind != broker.KindPublished {
				return logtest.Commits
			}
			return fate[p.Batch]
		}})
		b := openOn(t, broker.Config{}, late.Node(), broker.NewClock(time.Now))
		p := b.producer(1)
		a := p.send(1, "t", "u", "t")
		if a.Results[0].First != 1 || a.Results[2].First != 2 {
			t.Errorf("%+v", a)
		}
		b.fault(a.Results[1].Err, broker.ErrUnknownOutcome)
		p.expectOpen(0, 0, true)
		b.Close()
		fate = nil
		b = openOn(t, broker.Config{}, late.Node(), broker.NewClock(time.Now))
		p.b = b
		p.expectOpen(0, 0, true)
		again := p.ok(1, "t", "u", "t")
		same(t, "what was committed", again.Results[0], a.Results[0])
		same(t, "what was committed", again.Results[2], a.Results[2])
		p.expectOpen(1, 1, true)
		p.ok(2, "t")
		b.subscribe(broker.Start{}, "t").expect("1", "1", "2")
		b.subscribe(broker.Start{}, "u").expect("1")
		b.Close()
		late.Close()
	})
}

func TestContract12_RefusedRequestIsTriedAgainAfterARestart(t *testing.T) {
	inBubble(t, broker.Config{MemoryLimit: 3 * broker.TopicOverhead}, func(b *bench) {
		p := b.producer(1)
		r := p.request(1, "t")
		r.Batches[0].Body = frames(string(make([]byte, 2*broker.TopicOverhead)))
		b.fault(b.send(r).Results[0].Err, broker.ErrFull)
		b = b.restart(broker.Config{}, 0) // and the answer was lost
		p.b = b
		if a := b.send(r); a.Forgotten || a.Err != nil || len(a.Results) != 1 || a.Results[0].First != 1 {
			t.Errorf("%+v", a)
		}
		b.Close()
	})
}

func TestContract12_OutcomeInDoubt(t *testing.T) {
	for _, fate := range []logtest.Fate{logtest.CommitsInDoubt, logtest.VanishesInDoubt} {
		now := logtest.Commits
		o := logtest.LateOptions{Delay: delay(50 * time.Millisecond), Fate: func(broker.Proposal) logtest.Fate { return now }}
		inLateBubble(t, o, func(b *bench) {
			p := b.producer(1)
			p.ok(1, "t")
			now = fate
			b.fault(p.send(2, "t").Results[0].Err, broker.ErrUnknownOutcome)
			p.expectOpen(1, 1, true)
			for range 3 { // sent again and again, it is published once
				p.send(2, "t")
			}
			now = logtest.Commits
			a := p.ok(2, "t")
			same(t, "first", a.Results[0].First, uint64(2))
			p.expectOpen(2, 2, true)
			p.ok(3, "t")
			b.subscribe(broker.Start{}, "t").expect("1", "2", "3")
			b.producer(2).ok(1, "t")
		})
	}
}

func TestContract12_ProducerInDoubtIsForgottenToo(t *testing.T) {
	now := logtest.VanishesInDoubt
	inLateBubble(t, logtest.LateOptions{Fate: func(p broker.Proposal) logtest.Fate {
		if p.Kind == broker.KindPublished {
			return now
		}
		return logtest.Commits
	}}, func(b *bench) {
		p := b.producer(1)
		b.fault(p.send(1, "t").Results[0].Err, broker.ErrUnknownOutcome)
		time.Sleep(broker.ProducerIdle)
		now = logtest.Commits
		b.fault(p.send(2, "t").Err, broker.ErrOutOfOrder)
		p.ok(1, "t")
	})
}
