package broker_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"linger/broker"
)

// checkPreviews checks that what was shown and what was left out is what was published, and the pace.
func (w *watcher) checkPreviews(scope int, published uint64, perSecond int) {
	w.b.Helper()
	var shown, leftOut uint64
	var at []broker.Instant
	for _, f := range w.frames {
		for _, p := range f.Previews {
			if p.Scope != scope || p.Recent {
				continue
			}
			shown++
			leftOut += p.LeftOutBefore
			at = append(at, f.Now)
		}
	}
	s := w.stats[scope]
	if s.PublishedSince != published || shown+s.LeftOut != published || leftOut > s.LeftOut {
		w.b.Errorf("%d published: told %d, %d shown, %d left out, of which %d before shown ones", published, s.PublishedSince, shown, s.LeftOut, leftOut)
	}
	for i := perSecond; i < len(at); i++ {
		if at[i].Sub(at[i-perSecond]) < time.Second {
			w.b.Fatalf("more than %d previews in the second from %d on", perSecond, at[i-perSecond])
		}
	}
}

// checkPace checks that frames come as often as promised.
func (w *watcher) checkPace() {
	w.b.Helper()
	var lastStats broker.Instant
	for i, f := range w.frames {
		if i > 0 {
			if since := f.Now.Sub(w.frames[i-1].Now); since < 100*time.Millisecond || since > 500*time.Millisecond {
				w.b.Errorf("frame %d comes %v after the one before", i, since)
			}
		}
		if f.Stats == nil {
			continue
		}
		if lastStats != 0 && f.Now.Sub(lastStats) > 600*time.Millisecond {
			w.b.Errorf("frame %d: %v without numbers", i, f.Now.Sub(lastStats))
		}
		lastStats = f.Now
	}
}

func TestWatchShowsEverythingWhileItIsLittle(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{Scopes: []string{"a.*"}})
		var want []string
		for i := range 25 {
			want = append(want, strconv.Itoa(i))
			b.publish("a."+strconv.Itoa(i%3), time.Minute, strconv.Itoa(i))
			b.publish("b", time.Minute, "elsewhere")
		}
		w.until(time.Second)
		b.publish("a.0", 0, "passing")
		w.until(time.Second)
		var got []string
		for _, p := range w.previews {
			got = append(got, string(p.Message.Message))
		}
		same(t, "previews", got, append(want, "passing"))
		w.checkPreviews(0, 26, broker.PreviewsPerSecond)
		w.checkPace()
	})
}

func TestWatchUnderLoad(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const perSecond, seconds = 10_000, 5
		w := b.watch(broker.WatchOptions{Scopes: []string{">", "t.1", "quiet"}, PreviewsPerSecond: 99})
		loaded := make(chan struct{})
		go func() {
			defer close(loaded)
			texts := numbered(10)
			for i := range perSecond * seconds / len(texts) {
				b.publish("t."+strconv.Itoa(i%3), time.Minute, texts...)
				if i%2 == 1 {
					time.Sleep(2 * time.Millisecond)
				}
			}
		}()
		w.until((seconds + 1) * time.Second)
		<-loaded
		w.checkPace()
		w.checkPreviews(0, perSecond*seconds, broker.PreviewsPerSecond)
		w.checkPreviews(1, 16_670, broker.PreviewsPerSecond)
		w.checkPreviews(2, 0, broker.PreviewsPerSecond)
		var each []uint64 // what was left out before each preview, once it is under way
		for _, p := range w.previews {
			if p.Scope == 0 && p.Message.PublishTime > w.frames[0].Now.Add(2*time.Second) {
				each = append(each, p.LeftOutBefore)
			}
		}
		if len(each) < 20*(seconds-2) {
			t.Errorf("%d previews in %d s", len(each), seconds-2)
		}
		if least, most := slices.Min(each), slices.Max(each); least < 200 || most > 600 {
			t.Errorf("not evenly spread: %d to %d are left out between previews", least, most)
		}
	})
}

func TestWatchShowsTheNewestAfterARush(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{})
		w.until(time.Second)
		for i := range 60 {
			b.publish("t", time.Minute, strconv.Itoa(i))
			w.until(10 * time.Millisecond)
		}
		w.until(2 * time.Second)
		if n := len(w.previews); n == 0 || string(w.previews[n-1].Message.Message) != "59" {
			t.Errorf("%d previews, and the last that was published is not the last of them", n)
		}
		w.checkPreviews(0, 60, broker.PreviewsPerSecond)
		w.checkPace()
	})
}

func TestWatchBurstAfterSilence(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{})
		total := uint64(0)
		for _, n := range []int{1, 30, 31, 5000, 7, 29, 1000, 1000, 0, 3} {
			w.until(700 * time.Millisecond)
			if n > 0 {
				b.publish("t", time.Minute, numbered(n)...)
			}
			total += uint64(n)
		}
		w.until(2 * time.Second)
		w.checkPreviews(0, total, broker.PreviewsPerSecond)
		w.checkPace()
	})
}

func TestWatchBeginsWithRecentMessages(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("a", time.Minute, "1", "2")
		b.publish("b", time.Minute, "3")
		b.publish("a", time.Second, "dead")
		b.publish("b", time.Minute, "4", "5")
		time.Sleep(time.Second)
		w := b.watch(broker.WatchOptions{Scopes: []string{">", "a"}, Recent: 4})
		b.publish("a", time.Minute, "new") // before the first frame
		w.until(time.Second)
		got := map[int][]string{}
		for _, p := range w.previews {
			text := string(p.Message.Message)
			if p.Recent {
				text = "(" + text + ")"
			}
			got[p.Scope] = append(got[p.Scope], text)
		}
		same(t, "previews", got, map[int][]string{0: {"(2)", "(3)", "(4)", "(5)", "new"}, 1: {"(1)", "(2)", "new"}})
		w.checkPreviews(0, 1, broker.PreviewsPerSecond)
	})
}

func TestWatchIsNeverSilent(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{})
		w.until(5 * time.Second)
		if n := len(w.frames); n < 10 || n > 12 {
			t.Errorf("%d frames in 5 s", n)
		}
		w.checkPace()
		for range 100 { // ends and births at all times
			b.publish("t", 130*time.Millisecond, "x")
			w.until(17 * time.Millisecond)
		}
		w.until(time.Second)
		w.checkPace()
		w.checkPreviews(0, 100, broker.PreviewsPerSecond)
	})
}

func TestWatchNumbers(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{Scopes: []string{"a.>", "none"}})
		b.subscribe(broker.Start{}, "a.*")
		for range 20 {
			b.publish("a.x", 90*time.Second, "m")
			w.until(100 * time.Millisecond)
		}
		sent := b.publish("a.y", time.Minute, "m", "m")
		w.until(600 * time.Millisecond)
		s := w.stats[0]
		if s.Topics != 2 || s.Subscriptions != 2 || s.WorstLag != 20 || s.NextDeadline != sent.Deadline || s.LastPublish != sent.PublishTime || s.Counts.Retained != 22 {
			t.Errorf("%+v", s)
		}
		if s.PublishRate < 7 || s.PublishRate > 11 {
			t.Errorf("%.1f messages a second", s.PublishRate)
		}
		same(t, "busiest", s.Busiest, []broker.BusyTopic{{Name: "a.x", Retained: 20}, {Name: "a.y", Retained: 2}})
		same(t, "of nothing", w.stats[1].Counts, broker.Counts{})
		w.until(time.Second)
		before := w.stats[0].Revision
		w.until(time.Second)
		if w.stats[0].Revision != before {
			t.Error("another revision although nothing changed")
		}
		b.remove("a.y", 1)
		w.until(time.Second)
		if w.stats[0].Revision == before {
			t.Error("the same revision after a deletion")
		}
	})
}

func TestWatchThatCannotTellAllSaysSo(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		w := b.watch(broker.WatchOptions{})
		w.until(time.Millisecond)
		for i := range 10_000 {
			b.publish("t", time.Hour, "x")
			if i%2 == 0 {
				b.remove("t", uint64(i+1))
			}
		}
		w.until(time.Second)
		if f := w.frames[1]; !f.Incomplete || len(f.Ended) == 0 {
			t.Errorf("incomplete: %v, %d ends", f.Incomplete, len(f.Ended))
		}
		if s := w.stats[0]; s.Counts.Ended.Deleted != 5000 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

func TestWatchRefusesWhatMakesNoSense(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		for _, o := range []broker.WatchOptions{{Scopes: []string{"a b"}}, {Scopes: make([]string, broker.MaxScopes+1)}} {
			_, err := b.Broker.Watch(o)
			b.fault(err, broker.ErrInvalid)
		}
		w := b.watch(broker.WatchOptions{})
		w.until(time.Second)
		b.Close()
		if _, err := w.Next(context.Background()); err == nil {
			t.Error("a watch goes on without its broker")
		}
		_, err := b.Broker.Watch(broker.WatchOptions{})
		b.fault(err, broker.ErrStopped)
	})
}
