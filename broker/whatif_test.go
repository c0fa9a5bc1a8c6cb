package broker_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
)

// recount is a topic as somebody with all the time in the world would have noted it: every message ever published.
type recount struct {
	b        *bench
	messages []*noted
	readers  []*reader
}

type noted struct {
	sequence  uint64
	published broker.Instant
	size      uint64
	first     broker.Instant // when the first subscription was handed it; 0: none was
	ended     broker.Instant // when it ended; 0: it lives
}

// TestWhatIfAgainstARecount publishes, reads and ends messages at random, and compares what-ifs with one that looks at every
// message.
func TestWhatIfAgainstARecount(t *testing.T) {
	checkInBubbles(t, func(rt *rapid.T) {
		w := &recount{b: open(rt, broker.Config{}, nil)}
		defer func() { w.b.Close() }()
		time.Sleep(time.Duration(rapid.IntRange(0, 20_000).Draw(rt, "begin")) * time.Millisecond)
		w.publish(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"publish": w.publish, "publish again": w.publish, "subscribe": w.subscribe, "read": w.read, "read more": w.read,
			"leave": w.leave, "end": w.end, "wait": w.wait, "wait again": w.wait, "": w.compare,
		})
	})
}

func (w *recount) publish(rt *rapid.T) {
	ttl := rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, 12 * time.Second, time.Hour}).Draw(rt, "ttl")
	texts := numbered(rapid.IntRange(1, 5).Draw(rt, "count"))
	r := w.b.publish("t", ttl, texts...)
	for i, text := range texts {
		if ttl > 0 {
			w.messages = append(w.messages, &noted{sequence: r.First + uint64(i), published: r.PublishTime, size: uint64(len(frames(text)))})
		}
	}
}

func (w *recount) subscribe(rt *rapid.T) {
	if len(w.readers) == 5 {
		rt.Skip("enough readers")
	}
	start := broker.Start{Kind: rapid.SampledFrom([]broker.StartKind{broker.StartAll, broker.StartNew, broker.StartLast}).Draw(rt, "start"), N: 2}
	w.readers = append(w.readers, w.b.subscribe(start, "t"))
}

func (w *recount) read(rt *rapid.T) {
	if len(w.readers) == 0 {
		rt.Skip("no reader")
	}
	r := rapid.SampledFrom(w.readers).Draw(rt, "reader")
	r.budget = broker.Budget{Bytes: 1000, Messages: rapid.IntRange(0, 4).Draw(rt, "messages")}
	r.next()
	for _, run := range r.runs {
		for _, m := range w.messages {
			if m.first == 0 && run.First <= m.sequence && m.sequence < run.First+uint64(run.Count) {
				m.first = w.b.Now()
			}
		}
	}
	r.runs = nil
}

func (w *recount) leave(rt *rapid.T) {
	if len(w.readers) == 0 {
		rt.Skip("no reader")
	}
	w.readers[0].Close()
	w.readers = w.readers[1:]
}

func (w *recount) end(rt *rapid.T) {
	if len(w.messages) == 0 {
		rt.Skip("no message")
	}
	m := rapid.SampledFrom(w.messages).Draw(rt, "message")
	if err := w.b.DeleteMessage(context.Background(), "t", m.sequence); err != nil && !errors.Is(err, broker.ErrEnded) {
		rt.Fatal(err)
	}
}

func (w *recount) wait(rt *rapid.T) {
	time.Sleep(time.Duration(rapid.SampledFrom([]int{1, 30, 999, 1000, 4321, 20_000, 150_000}).Draw(rt, "ms")) * time.Millisecond)
}

// compare asks for several lifetimes: whole seconds, and some that are told apart.
func (w *recount) compare(rt *rapid.T) {
	w.note(rt)
	for _, ttl := range []time.Duration{10 * time.Millisecond, time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour} {
		got, err := w.b.WhatIf("t", ttl)
		if err != nil {
			rt.Fatal(err)
		}
		if want := w.recount(got, ttl); got != want {
			rt.Fatalf("with %v:\n got %+v\nwant %+v", ttl, got, want)
		}
	}
}

// note asks the broker when messages ended.
func (w *recount) note(rt *rapid.T) {
	for _, m := range w.messages {
		if m.ended != 0 {
			continue
		}
		_, end, err := w.b.Get("t", m.sequence)
		if err != nil {
			rt.Fatal(err)
		}
		if end != nil {
			m.ended = end.EndTime
		}
	}
}

// recount looks at every message. When it began is the broker's to say.
func (w *recount) recount(got broker.WhatIf, ttl time.Duration) broker.WhatIf {
	const slice = 10_000
	now := w.b.Now()
	begins := max((now/1000-599)*1000, w.b.info("t").Created)
	want := broker.WhatIf{Now: now, Since: begins, TTL: ttl, Growing: ttl > now.Sub(begins)}
	inWindow := slices.DeleteFunc(slices.Clone(w.messages), func(m *noted) bool { return m.published < (now/1000-599)*1000 })
	for _, m := range inWindow {
		want.Published++
		want.PublishedBytes += m.size
	}
	lives := (ttl + time.Second - 1).Truncate(time.Second)
	for _, latest := range inWindow { // it is most when something has come
		at := latest.published / 1000 * 1000
		var messages, bytes uint64
		for _, m := range inWindow {
			if second := m.published / 1000 * 1000; second <= at && second.Add(lives) > at {
				messages++
				bytes += m.size
			}
		}
		want.Most, want.MostBytes = max(want.Most, messages), max(want.MostBytes, bytes)
	}
	// Slices of ten seconds are looked at whole.
	whole := slices.DeleteFunc(inWindow, func(m *noted) bool { return m.published/slice*slice < (now/1000-599)*1000 })
	judged := slices.DeleteFunc(slices.Clone(whole), func(m *noted) bool { return (m.published/slice*slice + slice).Add(ttl) > now })
	if len(judged) == 0 {
		judged, want.AtLeast = whole, true
	}
	for _, m := range judged {
		want.Judged++
		switch {
		case m.first != 0 && m.first.Sub(m.published) < ttl:
			want.Delivered++
		case m.first == 0 && m.ended != 0 && m.ended.Sub(m.published) < ttl:
			want.AtLeast = true
		case m.first != 0 && m.first.Sub(m.published) >= 10*time.Minute && ttl > 10*time.Minute:
			want.AtLeast = true
		}
	}
	if want.Delivered == want.Judged {
		want.AtLeast = false
	}
	return want
}
