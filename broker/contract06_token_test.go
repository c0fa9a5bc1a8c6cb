package broker_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
	"linger/broker/memlog"
)

func TestContract06_TokenAtEveryDeliveryResumesExactly(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const all = 40
		for i := range all / 2 {
			b.publish("t"+strconv.Itoa(i%3), time.Hour, strconv.Itoa(2*i+1), strconv.Itoa(2*i+2))
		}
		want := numbered(all)
		for _, budget := range []broker.Budget{{Bytes: 1}, {Bytes: 1 << 20, Messages: 1}, {Bytes: 11}, {Bytes: 1 << 20, Messages: 3}} {
			r := b.subscribe(broker.Start{}, "*")
			var got []string
			for {
				r.budget = budget
				some, ok := r.next()
				if !ok || len(some) == 0 { // only told again that it has caught up
					break
				}
				got = append(got, some...)
				r = r.resume("*")
			}
			same(t, "got", got, want)
			r.Close()
		}
	})
}

func TestContract06_TokenFromBeforeTheFirstDelivery(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for i, test := range []struct {
			start broker.Start
			want  []string // of what was retained
		}{
			{broker.Start{}, []string{"a", "b", "c"}},
			{broker.Start{Kind: broker.StartNew}, nil},
			{broker.Start{Kind: broker.StartLast, N: 2}, []string{"b", "c"}},
			{broker.Start{Kind: broker.StartSequence, N: 4}, []string{"c"}},
			{broker.Start{Kind: broker.StartTime, Time: 1}, []string{"a", "b", "c"}},
			{broker.Start{Kind: broker.StartTime, Time: b.Now().Add(time.Hour)}, nil},
		} {
			topic := "t" + strconv.Itoa(i)
			b.publish(topic, time.Second, "dead")
			b.publish(topic, time.Minute, "a", "b", "c")
			time.Sleep(time.Second)
			r := b.subscribe(test.start, topic)
			b.publish(topic, time.Millisecond, "x", "y")
			b.publish(topic, time.Minute, "later")
			time.Sleep(time.Millisecond)
			r = r.resume(topic).resume(topic) // nothing is lost by resuming twice
			r.expect(append(test.want, "later")...)
			r.expectGap(broker.Gap{First: 5, Last: 6, Expired: 2})
			r = r.resume(topic)
			r.expect()
		}
	})
}

func TestContract06_TokenWhenAllThatWasAskedForDied(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for _, start := range []broker.Start{{}, {Kind: broker.StartLast, N: 2}, {Kind: broker.StartTime, Time: 1}} {
			b.publish("t", time.Second, "a", "b", "c")
			r := b.subscribe(start, "t")
			time.Sleep(time.Second)
			b.publish("t", time.Minute, "new")
			r = r.resume("t")
			r.expect("new")
			r.expectGap(broker.Gap{})
			r.Close()
			b.drop("t")
		}
	})
}

func TestContract06_TokenOfManyTopics(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "t.*")
		var want, got []string
		for i := range 300 {
			text := strconv.Itoa(i)
			want = append(want, text)
			b.publish("t."+strconv.Itoa(i*7%50), time.Hour, text)
			if i%3 == 0 {
				r.budget = broker.Budget{Bytes: 1 << 20, Messages: 2}
				some, _ := r.next()
				got = append(got, some...)
				r = r.resume("t.*")
			}
		}
		same(t, "got", append(got, r.drain()...), want)
	})
}

func TestContract06_TokenThatNoLongerFits(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "a", "b")
		b.publish("u", time.Hour, "x")
		read := func(patterns ...string) *reader {
			r := b.subscribe(broker.Start{}, patterns...)
			r.drain()
			return r
		}
		expectReset := func(r *reader, reason broker.ResetReason, topic string, want ...string) {
			t.Helper()
			r.expect(want...)
			same(t, "resets", r.resets, []broker.Reset{{Reason: reason, Topic: topic}})
			r.resets = nil
		}
		deleted, made, twice, wild, gone := read("t"), read("t"), read("t"), read(">"), read("*")
		deleted.Close()
		made.Close()
		twice.Close()
		wild.Close()
		b.drop("t")
		expectReset(gone.resume("*"), broker.ResetTopicDeleted, "t")
		deleted = deleted.resume("t")
		expectReset(deleted, broker.ResetTopicDeleted, "t")
		deleted = deleted.resume("t")
		deleted.expect()
		same(t, "resets after a reset", deleted.resets, []broker.Reset(nil))

		b.publish("t", time.Hour, "c")
		expectReset(made.resume("t"), broker.ResetNewIncarnation, "t", "c")
		b.drop("t")
		b.publish("t", time.Hour, "d")
		expectReset(twice.resume("t"), broker.ResetNewIncarnation, "t", "d")
		expectReset(wild.resume(">"), broker.ResetNewIncarnation, "t", "d")

		kept, remade, lost := read("u"), read("t"), read("t") // before a restart
		b.drop("t")
		b.publish("t", time.Hour, "e")
		store := b
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		for _, r := range []*reader{kept, remade, lost} {
			r.b = b
		}
		kept = kept.resume("u")
		b.publish("u", time.Hour, "y")
		expectReset(remade.resume("t"), broker.ResetNewIncarnation, "t", "e")
		kept.expect("y")
		same(t, "resets", kept.resets, []broker.Reset(nil))
		b.drop("t")
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		lost.b = b
		expectReset(lost.resume("t"), broker.ResetTopicDeleted, "t")

		another := open(t, broker.Config{}, nil)
		defer another.Close()
		another.publish("u", time.Hour, "z")
		kept.b = another
		expectReset(kept.resume("u"), broker.ResetAnotherStore, "", "z")
		store.Close()
	})
}

// A topic that was deleted before a restart and is made again when its reader of a pattern is back: the reader is told before
// the first message, however often it resumed meanwhile, and once.
func TestContract06_TokenOfATopicMadeAgainAfterARestart(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "a", "b")
		b.publish("u", time.Hour, "x")
		all, some := b.subscribe(broker.Start{}, ">", "*"), b.subscribe(broker.Start{}, "u.*", "u")
		all.drain()
		some.drain()
		b.drop("t")
		store := b
		defer store.Close()
		b = b.restart(broker.Config{}, 0)
		defer func() { b.Close() }()
		all.b, some.b = b, b
		all = all.resume(">", "*")
		all.expect()
		b.publish("u", time.Hour, "y")
		all.expect("y")
		again := b
		defer again.Close()
		b = b.restart(broker.Config{}, 0)
		all.b, some.b = b, b
		all, some = all.resume(">", "*"), some.resume("u.*", "u")
		all.expect()
		some.expect("y")
		same(t, "resets of a topic that is not there", all.resets, []broker.Reset(nil))

		b.publish("t", time.Hour, "c")
		want := []broker.Reset{{Reason: broker.ResetNewIncarnation, Topic: "t"}}
		all.token = slices.Clone(all.Token())
		unread := all.resume(">", "*") // before the reset was handed out
		unread.expect("c")
		same(t, "resets", unread.resets, want)
		b.drop("t")
		unread.expect()
		b.publish("t", time.Hour, "d")
		unread.resets = nil
		unread.expect("d")
		unread = unread.resume(">", "*")
		unread.expect()
		same(t, "resets after the reset", unread.resets, []broker.Reset(nil))
		some.expect()
		same(t, "resets of others", some.resets, []broker.Reset(nil))
	})
}

func TestContract06_ResetOfATopicMadeAgainWakesItsReader(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, "a")
		r := b.subscribe(broker.Start{}, ">", "*")
		r.drain()
		b.drop("t")
		store := b
		defer store.Close()
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		r.b = b
		r = r.resume(">", "*")
		r.expect()
		told := make(chan *broker.Reset, 1)
		go func() { // ends with the broker at the latest
			d, err := r.Next(context.Background(), r.budget)
			if err != nil {
				t.Error(err)
			}
			told <- d.Reset
		}()
		synctest.Wait()
		b.create("t", broker.Policy{})
		synctest.Wait()
		select {
		case got := <-told:
			same(t, "reset", got, &broker.Reset{Reason: broker.ResetNewIncarnation, Topic: "t"})
		default:
			t.Fatal("its reader waits")
		}
		b.publish("t", time.Hour, "b")
		r.expect("b")
		same(t, "more resets", r.resets, []broker.Reset(nil))
		r = r.resume(">", "*")
		r.expect()
		same(t, "resets after the reset", r.resets, []broker.Reset(nil))
	})
}

func TestContract06_TokenOfOtherPatternsIsRefused(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		token := b.subscribe(broker.Start{}, "a", "b").token
		for _, patterns := range [][]string{{"b", "a"}, {"a", "b", "a"}} {
			b.subscribe(broker.Start{Kind: broker.StartToken, Token: token}, patterns...)
		}
		for _, o := range []broker.SubscribeOptions{
			{Patterns: []string{"a"}, Start: broker.Start{Kind: broker.StartToken, Token: token}},
			{Patterns: []string{"a", "b"}, Start: broker.Start{Kind: broker.StartToken, Token: token[1:]}},
			{Patterns: []string{"a", "b"}, Start: broker.Start{Kind: broker.StartToken}},
		} {
			_, err := b.Subscribe(o)
			b.fault(err, broker.ErrBadToken)
		}
	})
}

func TestContract06_EveryLaterMessageOnceWhateverHappens(t *testing.T) {
	testEveryLaterMessageOnce(t, open)
}

func TestContract06_EveryLaterMessageOnceInLanes(t *testing.T) {
	testEveryLaterMessageOnce(t, openLanes)
}

func testEveryLaterMessageOnce(t *testing.T, open func(rapid.TB, broker.Config, *memlog.Log) *bench) {
	checkInBubbles(t, func(rt *rapid.T) {
		b := open(rt, broker.Config{}, nil)
		defer func() { b.Close() }()
		if b.lanes {
			b.createInMemory("b.x")
		}
		topics := []string{"a", "b.x", "b.y"}[:rapid.IntRange(1, 3).Draw(rt, "topics")]
		r := b.subscribe(broker.Start{}, ">")
		next := map[string]uint64{}
		for _, topic := range topics {
			next[topic] = 1
		}
		check := func() {
			for _, run := range r.runs {
				if run.First != next[run.Topic]+run.Gap.Total() || (run.Gap.Total() > 0 && run.Gap.First != next[run.Topic]) {
					rt.Fatalf("%s: #%d with gap %+v follows #%d", run.Topic, run.First, run.Gap, next[run.Topic]-1)
				}
				next[run.Topic] = run.First + uint64(run.Count)
			}
			r.runs = nil
		}
		ttl := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 3 * time.Second, time.Hour})
		rt.Repeat(map[string]func(*rapid.T){
			"publish": func(rt *rapid.T) {
				b.publish(rapid.SampledFrom(topics).Draw(rt, "topic"), ttl.Draw(rt, "ttl"), numbered(rapid.IntRange(1, 5).Draw(rt, "n"))...)
			},
			"wait": func(*rapid.T) { time.Sleep(time.Second) },
			"read": func(rt *rapid.T) {
				r.budget.Messages = rapid.IntRange(1, 4).Draw(rt, "messages")
				r.next()
				check()
			},
			"resume": func(*rapid.T) { r = r.resume(">") },
			"restart": func(rt *rapid.T) {
				r.Close()
				b = b.restart(broker.Config{}, 0)
				r.b = b
				r = r.resume(">")
				if _, used := next["b.x"]; used && b.lanes {
					next["b.x"] = 1 // another incarnation
				}
			},
		})
		r.budget.Messages = 0
		r.drain()
		check()
		for _, topic := range topics {
			if i, err := b.Topic(topic); err == nil && i.Counts.Retained > 0 && len(b.list(topic)) > 0 {
				page, _ := b.List(broker.ListOptions{Pattern: topic, Limit: 1 << 20})
				if last := page.Messages[len(page.Messages)-1].Sequence; next[topic] <= last {
					rt.Fatalf("%s: #%d was never handed out", topic, last)
				}
			}
		}
	})
}
