package broker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/logtest"
	"linger/broker/memlog"
)

func TestContract12_ProducerOfDurableTopicsIsRememberedInLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		p, other := b.producer(1), b.producer(2)
		p.ok(1, "f", "g")
		second := p.ok(2, "f")
		other.ok(1, "m")
		b = b.restart(broker.Config{}, time.Minute)
		defer b.Close()
		p.b = b
		p.expectOpen(1, 1, true)
		same(t, "an answer that was lost", p.ok(2, "f").Results, second.Results)
		p.expectOpen(2, 2, true)
		p.ok(3, "f")
		if i := b.info("f"); i.Counts.Published != 3 {
			t.Errorf("%+v", i.Counts)
		}
	})
}

func TestContract12_WhatARestartForgotIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		requests [][]string // by their topics
		answered uint64
		last     uint64 // that the store knows
	}{
		"the first answer was lost":   {[][]string{{"m"}}, 0, 1},
		"a later one was":             {[][]string{{"m"}, {"m"}, {"m"}}, 2, 1},
		"none was":                    {[][]string{{"m"}, {"m"}, {"m"}}, 3, 1},
		"of a durable topic":          {[][]string{{"m"}, {"f"}}, 1, 2},
		"between durable ones":        {[][]string{{"f"}, {"m"}, {"f"}}, 1, 3},
		"in one request with durable": {[][]string{{"f"}, {"f", "m"}}, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inLanes(t, broker.Config{}, func(b *bench) {
				b.createInMemory("m")
				p := b.producer(1)
				p.expectOpen(0, 0, true)
				for i, topics := range test.requests {
					p.ok(uint64(i+1), topics...)
				}
				durable := uint64(0)
				for _, topics := range test.requests {
					for _, topic := range topics {
						if topic == "f" {
							durable++
						}
					}
				}
				p.expectOpen(uint64(len(test.requests)), uint64(len(test.requests)), true) // another stream, not a restart
				b = b.restart(broker.Config{}, time.Minute)
				defer b.Close()
				p.b = b
				p.expectOpen(test.answered, test.last, false)
				p.expectOpen(test.last, test.last, true) // it has been told
				first := p.ok(test.last+1, "m", "f").Results
				same(t, "again", p.ok(test.last+1, "m", "f").Results, first)
				if first[0].First != 1 || first[1].First != durable+1 {
					t.Errorf("%+v", first)
				}
				b = b.restart(broker.Config{}, time.Minute)
				defer b.Close()
				p.b = b
				p.expectOpen(test.last+1, test.last+1, false)
			})
		})
	}
}

// Once told, a producer that publishes to durable topics alone is remembered exactly.
func TestContract12_ForgottenOnceIsNotForEver(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		p := b.producer(1)
		p.ok(1, "m")
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		p.b = b
		p.expectOpen(1, 1, false)
		lost := p.ok(2, "f")
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		p.b = b
		p.expectOpen(1, 1, true)
		same(t, "again", p.ok(2, "f").Results, lost.Results)
	})
}

func TestContract12_NoteIsRenewedWhileItIsNeeded(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		p := b.producer(1)
		for n := range uint64(40) {
			p.ok(n+1, "m")
			time.Sleep(time.Minute)
		}
		b = b.restart(broker.Config{}, time.Minute)
		defer b.Close()
		p.b = b
		if last, remembered := b.OpenProducer(p.id, 39); remembered || last == 0 || last > 40 {
			t.Errorf("last %d, remembered %v", last, remembered)
		}
		b = b.restart(broker.Config{}, broker.ProducerIdle)
		defer b.Close()
		p.b = b
		p.expectOpen(40, 0, false)
		p.expectOpen(0, 0, true)
	})
}

// Who opens no stream is refused what may be a repetition, and nothing else.
func TestContract12_UnaryRequestsAfterARestartInLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		p := b.producer(1)
		p.ok(1, "m")
		durable := p.ok(2, "f")
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		p.b = b
		same(t, "again", p.ok(2, "f").Results, durable.Results)
		p.ok(3, "f")
		for range 2 {
			if e := b.fault(p.send(4, "f", "m").Err, broker.ErrOutOfOrder); e.Field != "request" {
				t.Errorf("%+v", e)
			}
		}
		if i := b.info("m"); i.Counts.Published != 0 {
			t.Errorf("%+v", i)
		}
		if i := b.info("f"); i.Counts.Published != 2 {
			t.Errorf("%+v", i)
		}
		b.producer(2).ok(1, "m")
		p.expectOpen(3, 3, false)
		p.ok(4, "f", "m")
	})
}

// What the store could not note is not published.
func TestContract12_StoreInDoubtKeepsMemoryTopicsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fate := logtest.Commits
		clock := broker.NewClock(time.Now)
		late := logtest.NewLate(logtest.LateOptions{Clock: clock, Durability: broker.DurabilityFsynced, Fate: func(p broker.Proposal) logtest.Fate {
			if p.Kind == broker.KindProducer {
				return fate
			}
			return logtest.Commits
		}})
		lanes := func() broker.Config {
			return broker.Config{MemoryLog: memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		}
		b := openOn(t, lanes(), late.Node(), clock)
		b.createInMemory("m")
		p := b.producer(1)
		fate = logtest.VanishesInDoubt
		b.fault(p.send(1, "m").Results[0].Err, broker.ErrUnknownOutcome)
		if i := b.info("m"); i.Counts.Published != 0 {
			t.Errorf("%+v", i)
		}
		fate = logtest.Commits
		if r := p.ok(1, "m").Results[0]; r.First != 1 {
			t.Errorf("%+v", r)
		}
		p.ok(2, "m")
		b.subscribe(broker.Start{}, "m").expect("1", "2")
		b.Close()
		b = openOn(t, lanes(), late.Node(), clock)
		p.b = b
		p.expectOpen(2, 1, false)
		b.Close()
		late.Close()
	})
}

// The store's answer to a request is awaited, and then what was committed in memory is not committed again.
func TestContract12_DoubtInOneLaneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fate := logtest.Commits
		clock := broker.NewClock(time.Now)
		late := logtest.NewLate(logtest.LateOptions{Clock: clock, Durability: broker.DurabilityFsynced, Fate: func(p broker.Proposal) logtest.Fate {
			if p.Kind == broker.KindPublished {
				return fate
			}
			return logtest.Commits
		}})
		b := openOn(t, broker.Config{MemoryLog: memlog.New(memlog.Options{Clock: clock, Adopt: true})}, late.Node(), clock)
		b.createInMemory("m")
		p := b.producer(1)
		for n, in := range []logtest.Fate{logtest.VanishesInDoubt, logtest.CommitsInDoubt} {
			number := uint64(n + 1)
			fate = in
			a := p.send(number, "m", "f", "m")
			b.fault(a.Results[1].Err, broker.ErrUnknownOutcome)
			fate = logtest.Commits
			again := p.ok(number, "m", "f", "m")
			same(t, "in memory", again.Results[0], a.Results[0])
			same(t, "in memory", again.Results[2], a.Results[2])
			if again.Results[1].First != number {
				t.Errorf("%+v", again.Results[1])
			}
		}
		if i := b.info("m"); i.Counts.Published != 4 {
			t.Errorf("%+v", i.Counts)
		}
		b.Close()
		late.Close()
	})
}

func TestContract12_NoteIsGivenUpWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		gate := &gatedLog{Log: memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})}
		b := openOn(t, broker.Config{MemoryLog: memlog.New(memlog.Options{Clock: clock, Adopt: true})}, gate, clock)
		b.createInMemory("m")
		gate.set(true)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		answers := make(chan broker.PublishAnswer, 1)
		p := b.producer(1)
		b.Publish(ctx, p.request(1, "m"), func(a broker.PublishAnswer) { answers <- a })
		gate.set(false) // the number is used up all the same, and stored before it is answered
		b.fault((<-answers).Results[0].Err, broker.ErrUnknownOutcome)
		if i := b.info("m"); i.Counts.Published != 0 {
			t.Errorf("%+v", i)
		}
		p.ok(1, "m")
		b.subscribe(broker.Start{}, "m").expect("1")
		b.Close()
	})
}

// What the topic never took is not taken for committed when the request is sent again.
func TestContract12_DoubtWhileTheMemoryTopicGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fate := logtest.Commits
		clock := broker.NewClock(time.Now)
		late := logtest.NewLate(logtest.LateOptions{Clock: clock, Durability: broker.DurabilityFsynced, Fate: func(p broker.Proposal) logtest.Fate {
			if p.Kind == broker.KindPublished {
				return fate
			}
			return logtest.Commits
		}})
		gate := &gatedLog{Log: memlog.New(memlog.Options{Clock: clock, Adopt: true})}
		b := openOn(t, broker.Config{MemoryLog: gate}, late.Node(), clock)
		b.createInMemory("t")
		p := b.producer(1)
		gate.set(true)
		fate = logtest.VanishesInDoubt
		answers := make(chan broker.PublishAnswer, 1)
		b.Publish(context.Background(), p.request(1, "t", "f"), func(a broker.PublishAnswer) { answers <- a })
		b.drop("t")
		gate.set(false)
		a := <-answers
		b.fault(a.Results[0].Err, broker.ErrTopicNotFound)
		b.fault(a.Results[1].Err, broker.ErrUnknownOutcome)
		fate = logtest.Commits
		p.ok(1, "t", "f")
		for _, topic := range []string{"t", "f"} {
			same(t, topic, b.list(topic), []string{"1"})
		}
		b.Close()
		late.Close()
	})
}
