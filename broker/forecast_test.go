package broker_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
)

// testStops are what forecasts of the tests are told between.
var testStops = []time.Duration{
	0, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour,
}

// compareForecast compares a forecast with the model.
func (w *world) compareForecast(rt *rapid.T, got []broker.Ending, selects func(string) bool, exact bool) {
	now := w.b.Now()
	left := map[time.Duration]broker.Ending{}
	for name, t := range w.model.topics {
		for _, m := range t.messages {
			if selects(name) && m.alive(now) {
				in := m.deadline.Sub(now)
				left[in] = broker.Ending{Messages: left[in].Messages + 1, Bytes: left[in].Bytes + uint64(len(frames(m.text)))}
			}
		}
	}
	if err := broker.CheckForecast(got, testStops, left, exact); err != nil {
		rt.Fatalf("forecast %+v: %v", got, err)
	}
}

// compareForecasts compares those of several topics.
func (w *world) compareForecasts(rt *rapid.T) {
	for pattern, selects := range map[string]func(string) bool{
		"": func(string) bool { return true }, "b.*": func(name string) bool { return strings.HasPrefix(name, "b.") },
	} {
		f, err := w.b.Forecast(pattern)
		if err != nil {
			rt.Fatal(err)
		}
		w.compareForecast(rt, f.Endings, selects, pattern != "" && !w.byCells)
	}
}

func TestForecastOfATopic(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("a", 1500*time.Millisecond, "1", "22")
		b.publish("a", 1800*time.Millisecond, "3")
		b.publish("a", 5*24*time.Hour, "4")
		b.publish("b.x", time.Millisecond, "5")
		want := func(pattern string, messages ...uint64) {
			t.Helper()
			f, err := b.Forecast(pattern)
			if err != nil {
				t.Fatal(err)
			}
			var got []uint64
			for _, e := range f.Endings {
				got = append(got, e.Messages)
			}
			same(t, "forecast of "+pattern, got, messages)
		}
		want("a", 0, 3, 0, 0, 0, 0, 0, 0, 1)
		want("*", 0, 3, 0, 0, 0, 0, 0, 0, 1)
		want("b.*", 1, 0, 0, 0, 0, 0, 0, 0, 0)
		want(">", 1, 3, 0, 0, 0, 0, 0, 0, 1)
		want("", 1, 3, 0, 0, 0, 0, 0, 0, 1)
		same(t, "bytes", b.info("a").Forecast[1], broker.Ending{Messages: 3, Bytes: uint64(len(frames("1", "22", "3")))})
		b.extend("a", 2, b.Now().Add(30*time.Second))
		want("a", 0, 2, 0, 0, 1, 0, 0, 0, 1)
		time.Sleep(500 * time.Millisecond)
		want("a", 1, 1, 0, 0, 1, 0, 0, 0, 1) // exactly a second left is within it
		time.Sleep(500 * time.Millisecond)
		want("a", 2, 0, 0, 0, 1, 0, 0, 0, 1)
		want(">", 2, 0, 0, 0, 1, 0, 0, 0, 1)
		time.Sleep(500 * time.Millisecond)
		want("a", 1, 0, 0, 0, 1, 0, 0, 0, 1)
		want(">", 1, 0, 0, 0, 1, 0, 0, 0, 1)
		b.drop("a")
		want(">", 0, 0, 0, 0, 0, 0, 0, 0, 0)

		_, err := b.Forecast("a")
		b.fault(err, broker.ErrTopicNotFound)
		_, err = b.Forecast("a..b")
		b.fault(err, broker.ErrInvalid)
	})
}

func TestWhatEndsFirst(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		type due struct {
			after    time.Duration
			messages uint64
		}
		want := func(pattern string, most int, until time.Duration, all ...due) {
			t.Helper()
			got, end, err := b.Soonest(pattern, most)
			if err != nil {
				t.Fatal(err)
			}
			var told []due
			for _, d := range got {
				told = append(told, due{d.Deadline.Sub(b.Now()), d.Messages})
			}
			same(t, "soonest of "+pattern, told, all)
			if until != 0 {
				until = b.Now().Add(until).Sub(0)
			}
			same(t, "until", end.Sub(0), until)
		}
		want("", 10, 0)
		b.publish("a", 3*time.Second, "1", "22")
		b.publish("a", time.Second, "3")
		b.publish("b.x", 3*time.Second, "5")
		b.publish("b.x", 4*time.Second, "6")
		want("a", 10, 0, due{time.Second, 1}, due{3 * time.Second, 2})
		want(">", 10, 0, due{time.Second, 1}, due{3 * time.Second, 3}, due{4 * time.Second, 1})
		want("", 5, 0, due{time.Second, 1}, due{3 * time.Second, 3}, due{4 * time.Second, 1})
		// Of the last deadline that is found, more may have been left out.
		want("", 4, 4*time.Second, due{time.Second, 1}, due{3 * time.Second, 3})
		want("", 3, 3*time.Second, due{time.Second, 1})
		want("", 1, 3*time.Second, due{time.Second, 1})
		want("b.*", 1, 4*time.Second, due{3 * time.Second, 1})
		b.extend("a", 3, b.Now().Add(5*time.Second))
		time.Sleep(3 * time.Second)
		want("", 10, 0, due{time.Second, 1}, due{2 * time.Second, 1})

		_, _, err := b.Soonest("c", 10)
		b.fault(err, broker.ErrTopicNotFound)
		_, _, err = b.Soonest("a..b", 10)
		b.fault(err, broker.ErrInvalid)
	})
}

func TestNowOrNeverIsNoForecast(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		r := b.subscribe(broker.Start{}, "a")
		defer r.Close()
		b.publish("a", 0, "1")
		f, _ := b.Forecast(">")
		same(t, "total", f.Total(), broker.Ending{})
		time.Sleep(broker.PassingTime)
		f, _ = b.Forecast(">")
		same(t, "total", f.Total(), broker.Ending{})
	})
}

// TestForecastOfATopicThatGrows crosses the bounds between asking the runs and asking the cells, in both directions.
func TestForecastOfATopicThatGrows(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		begin := b.Now()
		var until []broker.Instant
		before := b.Stats().MemoryUsed
		for i := range 5000 {
			ttl := time.Duration(1+i) * 7 * time.Millisecond
			b.publish("a", ttl, "m")
			until = append(until, begin.Add(ttl))
		}
		for range 40 {
			time.Sleep(time.Second)
			now := b.Now()
			left := map[time.Duration]broker.Ending{}
			for _, deadline := range until {
				if deadline > now {
					left[deadline.Sub(now)] = broker.Ending{Messages: 1, Bytes: uint64(len(frames("m")))}
				}
			}
			if err := broker.CheckForecast(b.info("a").Forecast, testStops, left, len(left) < 100); err != nil {
				t.Fatal(err)
			}
		}
		if used := b.Stats().MemoryUsed - before; used > broker.TopicOverhead {
			t.Errorf("%d bytes are still accounted", used)
		}
	})
}

// TestWatchTellsTheForecast asks for what the page draws twice a second.
func TestWatchTellsTheForecast(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("a", 4*time.Second, "1", "2")
		b.publish("b.x", 4*time.Second, "3")
		w := b.watch(broker.WatchOptions{Scopes: []string{">", "a", "b.>"}})
		defer w.Close()
		w.until(time.Second)
		for i, want := range []uint64{3, 2, 1} {
			if got := w.stats[i].Forecast[2].Messages; got != want || w.stats[i].Counts.Retained != want {
				t.Errorf("scope %d: %d of %+v, want %d", i, got, w.stats[i], want)
			}
		}
		w.until(4 * time.Second)
		same(t, "forecast at the end", w.stats[0].Forecast, make([]broker.Ending, len(testStops)))
	})
}

func TestStopsAreChecked(t *testing.T) {
	for what, stops := range map[string][]time.Duration{
		"a forecast that does not begin with now": {time.Second},
		"stops that do not rise":                  {0, time.Second, time.Second},
		"stops between deadlines":                 {0, time.Microsecond},
		"stops beyond the reach":                  {0, broker.ForecastReach + time.Millisecond},
	} {
		if _, err := broker.Open(context.Background(), broker.Config{Stops: stops}); err == nil || !strings.HasPrefix(err.Error(), "stops") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestForecastAfterARestart counts what a replay brings back, also by cells of the topic's own.
func TestForecastAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, broker.Config{}, nil)
		for range 5000 {
			b.publish("a", 70*time.Second, "m")
		}
		b.publish("a", time.Second, "short")
		b = b.restart(broker.Config{}, 62*time.Second)
		defer b.Close()
		for _, got := range [][]broker.Ending{b.info("a").Forecast, forecastOf(b, ">")} {
			same(t, "after the restart", got[4], broker.Ending{})
			same(t, "after the restart", got[3], broker.Ending{Messages: 5000, Bytes: 5000 * uint64(len(frames("m")))})
		}
	})
}

func forecastOf(b *bench, pattern string) []broker.Ending {
	b.Helper()
	f, err := b.Forecast(pattern)
	if err != nil {
		b.Fatal(err)
	}
	return f.Endings
}
