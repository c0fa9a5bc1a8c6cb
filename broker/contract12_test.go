package broker_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"linger/broker"
)

// producer publishes numbered requests.
type producer struct {
	b  *bench
	id broker.ProducerID
}

func (b *bench) producer(id byte) *producer { return &producer{b, broker.ProducerID{15: id}} }

// request makes one with a batch of one message for each topic.
func (p *producer) request(number uint64, topics ...string) broker.PublishRequest {
	r := broker.PublishRequest{Producer: p.id, Number: number}
	for _, topic := range topics {
		r.Batches = append(r.Batches, broker.Batch{Topic: topic, TTL: time.Hour, HasTTL: true, Count: 1, Body: frames(strconv.FormatUint(number, 10))})
	}
	return r
}

func (p *producer) send(number uint64, topics ...string) broker.PublishAnswer {
	p.b.Helper()
	return p.b.send(p.request(number, topics...))
}

// ok sends and expects everything to be committed.
func (p *producer) ok(number uint64, topics ...string) broker.PublishAnswer {
	p.b.Helper()
	a := p.send(number, topics...)
	if a.Err != nil || a.Forgotten || a.Number != number || len(a.Results) != len(topics) {
		p.b.Fatalf("request %d: %+v", number, a)
	}
	for i, r := range a.Results {
		if r.Err != nil {
			p.b.Fatalf("request %d, batch %d: %v", number, i, r.Err)
		}
	}
	return a
}

// expectOpen checks what a stream is told first.
func (p *producer) expectOpen(answered, last uint64, remembered bool) {
	p.b.Helper()
	if l, r := p.b.OpenProducer(p.id, answered); l != last || r != remembered {
		p.b.Errorf("opened with %d answered: last %d, remembered %v; want %d, %v", answered, l, r, last, remembered)
	}
}

func TestContract12_RepeatedNumberGetsItsFirstAnswer(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		p.expectOpen(0, 0, true)
		first := p.ok(1, "t", "u", "t")
		p.ok(2, "t")
		p.expectOpen(2, 2, true)
		time.Sleep(time.Second)
		for range 2 {
			again := p.ok(1, "t", "u", "t")
			same(t, "results", again.Results, first.Results)
		}
		b.producer(2).ok(1, "t") // another producer's numbers are its own
		if i := b.info("t"); i.Counts.Published != 4 {
			t.Errorf("%+v", i.Counts)
		}
		b.subscribe(broker.Start{}, "t").expect("1", "1", "2", "1")
	})
}

func TestContract12_SkippingAheadIsRefused(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		for _, number := range []uint64{2, 5, 1 << 63} {
			a := p.send(number, "t")
			if e := b.fault(a.Err, broker.ErrOutOfOrder); e.Field != "request" || a.Results != nil {
				t.Errorf("%+v", a)
			}
		}
		p.ok(1, "t")
		b.fault(p.send(3, "t").Err, broker.ErrOutOfOrder)
		p.ok(2, "t")
		if i := b.info("t"); i.Counts.Published != 2 {
			t.Errorf("%+v", i.Counts)
		}
	})
}

func TestContract12_LastAnswersAreKept(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		const all = broker.AnswersKept + 10
		for number := uint64(1); number <= all; number++ {
			p.ok(number, "t")
		}
		for number := uint64(1); number <= all; number++ {
			a := p.send(number, "t")
			if forgotten := number <= 10; a.Err != nil || a.Forgotten != forgotten || (a.Results == nil) != forgotten {
				t.Fatalf("request %d: %+v", number, a)
			}
			if !a.Forgotten && a.Results[0].First != number {
				t.Fatalf("request %d: %+v", number, a)
			}
		}
		if i := b.info("t"); i.Counts.Published != all {
			t.Errorf("%+v", i.Counts)
		}
	})
}

func TestContract12_ForgottenTenMinutesAfterLastUse(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p, q := b.producer(1), b.producer(2)
		p.ok(1, "t")
		q.ok(1, "t")
		for range 3 { // every use counts
			time.Sleep(broker.ProducerIdle - time.Second)
			p.expectOpen(1, 1, true)
		}
		time.Sleep(broker.ProducerIdle - time.Millisecond)
		p.ok(1, "t")
		time.Sleep(broker.ProducerIdle)
		p.expectOpen(1, 0, false)
		q.expectOpen(0, 0, true)
		b.fault(q.send(2, "t").Err, broker.ErrOutOfOrder) // nothing is resent silently
		p.ok(1, "t")
		if i := b.info("t"); i.Counts.Published != 3 {
			t.Errorf("%+v", i.Counts)
		}
	})
}

func TestContract12_CommittedInOrder(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		answered := make(chan uint64, 300)
		for number := uint64(1); number <= 300; number++ { // all at once, and new topics on the way
			b.Publish(context.Background(), p.request(number, "t", "t"+strconv.FormatUint(number/50, 10)), func(a broker.PublishAnswer) {
				answered <- a.Number
			})
		}
		for want := uint64(1); want <= 300; want++ {
			if number := <-answered; number != want {
				t.Fatalf("%d is answered before %d", number, want)
			}
		}
		b.subscribe(broker.Start{}, "t").expect(numbered(300)...)
	})
}

func TestContract12_BatchCommitsWholeOrNotAtAll(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.create("strict", broker.Policy{Max: time.Minute, Reject: true})
		p := b.producer(1)
		r := p.request(1, "t", "strict", "a b", "t", "t")
		refused := errors.New("refused by the caller")
		r.Batches[3].Err, r.Batches[3].FailedMessage = refused, 7
		first := b.send(r)
		if first.Err != nil || len(first.Results) != 5 {
			t.Fatalf("%+v", first)
		}
		b.fault(first.Results[1].Err, broker.ErrTTLRejected)
		b.fault(first.Results[2].Err, broker.ErrInvalid)
		if bad := first.Results[3]; !errors.Is(bad.Err, refused) || bad.FailedMessage != 7 || first.Results[1].FailedMessage != -1 {
			t.Errorf("%+v", first.Results)
		}
		if first.Results[0].First != 1 || first.Results[4].First != 2 {
			t.Errorf("%+v", first.Results)
		}
		same(t, "the same again", b.send(r).Results, first.Results)
		p.ok(2, "t")
		if i := b.info("strict"); i.NextSequence != 1 {
			t.Errorf("%+v", i)
		}
		b.subscribe(broker.Start{}, "t").expect("1", "1", "2")
	})
}

func TestContract12_RequestWithoutAMessageUsesItsNumber(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		if a := p.send(1, "a b"); a.Err != nil || len(a.Results) != 1 || a.Results[0].Err == nil {
			t.Errorf("%+v", a)
		}
		if a := p.send(2); a.Err != nil || len(a.Results) != 0 {
			t.Errorf("%+v", a)
		}
		p.expectOpen(2, 2, true)
		p.ok(3, "t")
	})
}

func TestContract12_AnswersWhileTheFirstIsUnderWay(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		answers := make(chan broker.PublishAnswer, 3)
		for range 3 {
			b.Publish(context.Background(), p.request(1, "t"), func(a broker.PublishAnswer) { answers <- a })
		}
		synctest.Wait()
		for range 3 {
			if a := <-answers; a.Err != nil || a.Results[0].First != 1 {
				t.Errorf("%+v", a)
			}
		}
		if i := b.info("t"); i.Counts.Published != 1 {
			t.Errorf("%+v", i.Counts)
		}
	})
}

// An answer is kept long after its messages are gone, and must not hold them in memory.
func TestContract12_AnswersHoldNoMessages(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		p := b.producer(1)
		publish := func() weak.Pointer[byte] {
			r := p.request(1, "t")
			r.Batches[0].TTL, r.Batches[0].Body = time.Second, frames(strings.Repeat("x", 1000))
			b.send(r)
			return weak.Make(&r.Batches[0].Body[0])
		}
		body := publish()
		time.Sleep(2 * time.Second)
		b.drop("t")
		runtime.GC()
		if body.Value() != nil {
			t.Error("a message that expired is still in memory")
		}
		if a := p.ok(1, "t"); a.Results[0].First != 1 {
			t.Errorf("the answer was not kept: %+v", a)
		}
	})
}
