package broker_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
)

func TestContract06_WhereASubscriptionBegins(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Second, "dead")           // 1
		b.publish("t", time.Hour, "a", "b", "c", "d") // 2 to 5
		b.publish("t", time.Second, "dead", "dead")   // 6, 7
		b.publish("t", time.Hour, "e")                // 8
		time.Sleep(time.Minute)
		cut := b.Now()
		b.publish("t", time.Hour, "f", "g") // 9, 10
		time.Sleep(time.Minute)
		for _, test := range []struct {
			start broker.Start
			want  string
			gap   broker.Gap
		}{
			{broker.Start{}, "a b c d e f g", broker.Gap{First: 6, Last: 7, Expired: 2}},
			{broker.Start{Kind: broker.StartNew}, "", broker.Gap{}},
			{broker.Start{Kind: broker.StartLast, N: 1}, "g", broker.Gap{}},
			{broker.Start{Kind: broker.StartLast, N: 3}, "e f g", broker.Gap{}},
			{broker.Start{Kind: broker.StartLast, N: 5}, "c d e f g", broker.Gap{First: 6, Last: 7, Expired: 2}},
			{broker.Start{Kind: broker.StartLast, N: 1 << 60}, "a b c d e f g", broker.Gap{First: 6, Last: 7, Expired: 2}},
			{broker.Start{Kind: broker.StartSequence, N: 1}, "a b c d e f g", broker.Gap{}},
			{broker.Start{Kind: broker.StartSequence, N: 4}, "c d e f g", broker.Gap{First: 6, Last: 7, Expired: 2}},
			{broker.Start{Kind: broker.StartSequence, N: 10}, "g", broker.Gap{}},
			{broker.Start{Kind: broker.StartSequence, N: 11}, "", broker.Gap{}},
			{broker.Start{Kind: broker.StartTime, Time: cut}, "f g", broker.Gap{}},
			{broker.Start{Kind: broker.StartTime, Time: cut + 1}, "", broker.Gap{}},
			{broker.Start{Kind: broker.StartTime, Time: 1}, "a b c d e f g", broker.Gap{First: 6, Last: 7, Expired: 2}},
		} {
			r := b.subscribe(test.start, "t")
			r.expect(strings.Fields(test.want)...)
			if test.start.Kind == broker.StartSequence && test.start.N == 1 {
				same(t, "gaps", r.gaps, []broker.Gap{{First: 1, Last: 1, Expired: 1}, {First: 6, Last: 7, Expired: 2}})
				r.gaps = nil
			}
			r.expectGap(test.gap)
			if r.caughtUp != 1 {
				t.Errorf("%+v: caught up %d times", test.start, r.caughtUp)
			}
			live := b.publish("t", time.Millisecond, "live")
			r.expect("live")
			if got := r.runs[len(r.runs)-1]; got.First != live.First {
				t.Errorf("%+v", got)
			}
			r.Close()
			time.Sleep(time.Millisecond)
		}
	})
}

func TestContract06_SequenceInTheFuture(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "a")
		r := b.subscribe(broker.Start{Kind: broker.StartSequence, N: 4}, "t")
		r.expect()
		if lag := b.info("t").WorstLag; lag != 0 {
			t.Errorf("%d messages behind", lag)
		}
		b.publish("t", time.Hour, "b")
		r = r.resume("t")
		r.expect()
		b.publish("t", time.Hour, "c", "d", "e")
		r.expect("d", "e")
		r.expectGap(broker.Gap{})
	})
}

func TestContract06_RefusedStarts(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for _, o := range []broker.SubscribeOptions{
			{Patterns: []string{"a.*"}, Start: broker.Start{Kind: broker.StartSequence, N: 1}},
			{Patterns: []string{"a", "b"}, Start: broker.Start{Kind: broker.StartSequence, N: 1}},
			{Patterns: []string{"a"}, Start: broker.Start{Kind: broker.StartSequence}},
			{Patterns: []string{"a"}, Start: broker.Start{Kind: broker.StartLast}},
			{},
			{Patterns: []string{"a b"}},
		} {
			_, err := b.Subscribe(o)
			if e := b.fault(err, broker.ErrInvalid); e.Field == "" || e.Detail == "" {
				t.Errorf("%+v: %+v", o, e)
			}
		}
	})
}

func TestContract06_NoGapAndNoRepeatBetweenRetainedAndLive(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const all = 3000
		texts := numbered(all)
		stop := make(chan struct{})
		go func() {
			defer close(stop)
			for _, text := range texts {
				b.publish("t", time.Hour, text)
			}
		}()
		var readers []*reader
		for begun := 0; ; begun++ {
			select {
			case <-stop:
			default:
				if begun < 50 {
					readers = append(readers, b.subscribe(broker.Start{}, "t"))
				}
				continue
			}
			break
		}
		readers = append(readers, b.subscribe(broker.Start{}, ">"))
		for _, r := range readers {
			r.expect(texts...)
			r.expectGap(broker.Gap{})
			if r.caughtUp != 1 {
				t.Errorf("caught up %d times", r.caughtUp)
			}
		}
	})
}

func TestContract06_CaughtUpAfterWhatWasRetained(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("a", time.Hour, "1", "2", "3")
		b.publish("b", time.Hour, "4")
		r := b.subscribe(broker.Start{}, ">")
		r.budget.Messages = 2
		b.publish("a", time.Hour, "5")
		for i, want := range []string{"1 2", "3 4", "5"} {
			got, _ := r.next()
			if strings.Join(got, " ") != want || (r.caughtUp == 1) != (i >= 1) {
				t.Errorf("delivery %d: %q, caught up %d times", i, got, r.caughtUp)
			}
		}
	})
}

func TestContract06_PatternsHoldPerTopic(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for i := range 4 {
			for _, topic := range []string{"a.x", "a.y", "b"} {
				b.publish(topic, time.Hour, topic+strconv.Itoa(i))
			}
			time.Sleep(time.Second)
		}
		cut := b.Now() - 1500
		b.subscribe(broker.Start{Kind: broker.StartLast, N: 1}, "a.*", "b").expect("a.x3", "a.y3", "b3")
		b.subscribe(broker.Start{Kind: broker.StartTime, Time: cut}, "a.>").expect("a.x3", "a.y3")
		b.subscribe(broker.Start{Kind: broker.StartLast, N: 2}, "a.y", "a.x").expect("a.x2", "a.y2", "a.x3", "a.y3")
		r := b.subscribe(broker.Start{Kind: broker.StartNew}, ">", "a.*", "*.z", "a.z", "b") // b and a.z match several times
		b.publish("b", time.Hour, "once")
		b.publish("a.z", time.Hour, "first", "second") // a topic that appears
		b.publish("c", time.Hour, "third")
		r.expect("once", "first", "second", "third")
		if n := b.info("a.z").Subscriptions; n != 3 { // with the first two above
			t.Errorf("%d subscriptions", n)
		}
	})
}

func TestContract06_OrderWithinEachTopic(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, ">")
		r.budget = broker.Budget{Bytes: 40}
		const topics, each = 40, 50
		for i := range each {
			for topic := range topics {
				b.publish("t"+strconv.Itoa(topic), time.Hour, strconv.Itoa(i+1), "x")
			}
			if i%7 == 3 {
				r.next()
			}
		}
		if got := r.drain(); len(got) == 0 {
			t.Error("nothing is left to read")
		}
		next := map[string]uint64{}
		for _, run := range r.runs {
			if run.First != next[run.Topic]+1 || run.Gap.Total() != 0 {
				t.Fatalf("%s: #%d after #%d", run.Topic, run.First, next[run.Topic])
			}
			next[run.Topic] = run.First + uint64(run.Count) - 1
		}
		for topic, last := range next {
			if last != 2*each {
				t.Errorf("%s ends with #%d", topic, last)
			}
		}
	})
}

func TestContract06_EveryDeliveryCarriesDeadlineAndClock(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		sent := b.publish("t", time.Minute, "a", "b")
		b.extend("t", 2, sent.PublishTime.Add(time.Hour))
		r := b.subscribe(broker.Start{}, "t")
		time.Sleep(5 * time.Second)
		d, err := r.Next(t.Context(), r.budget)
		if err != nil || d.Now != sent.PublishTime+5000 || len(d.Token) == 0 || len(d.Runs) != 2 {
			t.Fatalf("%+v, %v", d, err)
		}
		if d.Runs[0].Deadline != sent.Deadline || d.Runs[1].Deadline != sent.PublishTime.Add(time.Hour) || d.Runs[1].PublishTime != sent.PublishTime {
			t.Errorf("%+v", d.Runs)
		}
	})
}

func TestContract06_CloseWakesWhoWaits(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t")
		r.drain()
		ended := make(chan error, 1)
		go func() {
			_, err := r.Next(context.Background(), broker.Budget{})
			ended <- err
		}()
		synctest.Wait()
		r.Close()
		if err := <-ended; !errors.Is(err, broker.ErrClosed) {
			t.Errorf("%v", err)
		}
		if _, err := r.Next(context.Background(), broker.Budget{}); !errors.Is(err, broker.ErrClosed) {
			t.Errorf("after it: %v", err)
		}
	})
}
