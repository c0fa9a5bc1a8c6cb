package broker_test

import (
	"strconv"
	"testing"
	"time"

	"linger/broker"
)

func TestContract06_TokenAtEveryDeliveryResumesExactlyInLanes(t *testing.T) {
	for _, topics := range []int{4, 50} { // with more than 32 the token does not know them
		inLanes(t, broker.Config{}, func(b *bench) {
			const all = 300
			perTopic := map[string]uint64{}
			publish := func(i int) {
				name := "t." + strconv.Itoa(i*7%topics)
				if _, there := perTopic[name]; !there && i*7%topics%2 == 0 {
					b.createInMemory(name)
				}
				b.publish(name, time.Hour, strconv.Itoa(i), strconv.Itoa(i))
				perTopic[name] += 2
			}
			got := map[string]uint64{}
			r := b.subscribe(broker.Start{}, "t.*")
			for i := range all {
				publish(i)
				r.budget.Messages = 1 + i%3
				r.next()
				r = r.resume("t.*")
				r.runs = nil
			}
			// From the beginning, one at a time.
			for r = b.subscribe(broker.Start{}, "t.*"); ; r = r.resume("t.*") {
				r.budget.Messages = 1
				r.next()
				if len(r.runs) == 0 {
					break
				}
				for _, run := range r.runs {
					if run.First != got[run.Topic]+1 || run.Gap.Total() > 0 {
						t.Fatalf("%d topics, %s: #%d, gap %+v after #%d", topics, run.Topic, run.First, run.Gap, got[run.Topic])
					}
					got[run.Topic] = run.First + uint64(run.Count) - 1
				}
			}
			same(t, "got", got, perTopic)
		})
	}
}

func TestContract06_TokenAfterARestartInLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("m", time.Hour, "a", "b")
		b.publish("f", time.Hour, "x", "y")
		read, half, started := b.subscribe(broker.Start{}, ">"), b.subscribe(broker.Start{}, ">"), b.subscribe(broker.Start{Kind: broker.StartNew}, ">")
		f := b.subscribe(broker.Start{}, "f")
		read.drain()
		f.drain()
		half.budget.Messages = 1
		half.next()
		half.budget.Messages = 0
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		for _, r := range []*reader{read, half, started, f} {
			r.b = b
		}
		b.publish("m", time.Second, "gone")
		b.publish("m", time.Hour, "c")
		b.publish("f", time.Hour, "z")
		b.createInMemory("new")
		b.publish("new", time.Hour, "n")
		time.Sleep(time.Second)
		begun := []broker.Reset{{Reason: broker.ResetNewIncarnation, Topic: "m"}}
		check := func(r *reader, resets []broker.Reset, want map[string]int) {
			t.Helper()
			r.runs = nil
			got := map[string]int{}
			for _, text := range r.drain() {
				got[text]++
			}
			same(t, "got", got, want)
			same(t, "resets", r.resets, resets)
			for _, run := range r.runs {
				if run.Topic == "m" && (run.First != 2 || run.Gap.Expired != 1) {
					t.Errorf("%+v", run)
				}
				if run.Topic != "m" && run.Gap.Total() > 0 {
					t.Errorf("%+v", run)
				}
			}
		}
		check(read.resume(">"), begun, map[string]int{"c": 1, "z": 1, "n": 1})
		first := map[string]int{"c": 1, "z": 1, "n": 1, "x": 1, "y": 1}
		for _, run := range half.runs {
			for _, text := range texts(run.Body) {
				delete(first, text)
			}
		}
		check(half.resume(">"), begun, first)
		check(started.resume(">"), begun, map[string]int{"c": 1, "z": 1, "n": 1})
		check(f.resume("f"), nil, map[string]int{"z": 1})
	})
}

// A token between the resets and what follows them brings the resets again.
func TestContract06_ResetsOfARestartAreNotLost(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		names := []string{"m.1", "m.2", "m.3"}
		for _, name := range names {
			b.createInMemory(name)
			b.publish(name, time.Hour, "old")
		}
		r := b.subscribe(broker.Start{}, "m.*")
		r.drain()
		b = b.restart(broker.Config{}, 0)
		defer b.Close()
		r.b = b
		b.publish("m.2", time.Hour, "new")
		r = r.resume("m.*")
		r.next()
		r = r.resume("m.*") // one of three was told
		r.expect("new")
		if len(r.resets) != 3 {
			t.Errorf("%+v", r.resets)
		}
		r = r.resume("m.*")
		r.expect()
		if len(r.resets) != 0 {
			t.Errorf("again: %+v", r.resets)
		}
	})
}

func TestContract06_CaughtUpInBothLanes(t *testing.T) {
	inLanes(t, broker.Config{}, func(b *bench) {
		b.createInMemory("m")
		b.publish("m", time.Hour, numbered(10)...)
		b.publish("f", time.Hour, numbered(10)...)
		r := b.subscribe(broker.Start{}, ">")
		r.budget.Messages = 4
		for read := 0; read < 20; {
			if r.caughtUp > 0 {
				t.Fatalf("caught up after %d", read)
			}
			got, _ := r.next()
			read += len(got)
		}
		r.drain()
		if r.caughtUp != 1 {
			t.Errorf("told %d times", r.caughtUp)
		}
	})
}
