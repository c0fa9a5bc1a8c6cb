package broker_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"linger/broker"
	"linger/broker/memlog"
	"linger/test/soak"
)

// TestAgainstTheModel does random things to a broker and to the model, and compares all that can be seen. LINGER_SOAK=1
// makes it long. A failure names the seed that repeats it.
func TestAgainstTheModel(t *testing.T) { testAgainstTheModel(t, open) }

// TestAgainstTheModelInLanes does so with a topic in memory beside durable ones.
func TestAgainstTheModelInLanes(t *testing.T) { testAgainstTheModel(t, openLanes) }

func testAgainstTheModel(t *testing.T, open func(rapid.TB, broker.Config, *memlog.Log) *bench) {
	for range soak.Rounds(t, 1, 200) {
		checkInBubbles(t, func(rt *rapid.T) { (&world{b: open(rt, broker.Config{}, nil)}).live(rt, nil) })
	}
}

// TestAgainstTheModelWhenNothingFitsIntoMemory is the same on a log that can load messages again, of which again and again
// none is left in memory.
func TestAgainstTheModelWhenNothingFitsIntoMemory(t *testing.T) {
	for range soak.Rounds(t, 1, 200) {
		checkInBubbles(t, func(rt *rapid.T) {
			clock := broker.NewClock(time.Now)
			log := memlog.New(memlog.Options{Clock: clock, Keep: true, Durability: broker.DurabilityFsynced})
			w := &world{b: openOn(rt, broker.Config{}, log, clock)}
			w.b.log = log
			w.live(rt, func(*rapid.T) { w.b.CoolAll() })
		})
	}
}

// TestAgainstTheModelWhenSealed is the same in memory, where messages again and again lie together in sealed chunks.
func TestAgainstTheModelWhenSealed(t *testing.T) {
	for range soak.Rounds(t, 1, 200) {
		checkInBubbles(t, func(rt *rapid.T) {
			w := &world{b: open(rt, broker.Config{}, nil)}
			w.live(rt, func(*rapid.T) { w.b.SealAll() })
		})
	}
}

// live does random things; cool, which cools or seals, is one of them if it is there.
func (w *world) live(rt *rapid.T, cool func(*rapid.T)) {
	w.model.topics = map[string]*modelTopic{}
	if w.byCells = rapid.Bool().Draw(rt, "forecast by cells"); w.byCells {
		w.b.ForecastByCells()
	}
	defer func() { w.b.Close() }()
	actions := map[string]func(*rapid.T){
		"publish": w.publish, "publish again": w.publish, "subscribe": w.subscribe, "read": w.read, "read again": w.read,
		"drain": w.drain, "close": w.closeOne, "resume": w.resume, "change": w.change, "end": w.end, "delete": w.remove,
		"drop": w.drop, "policy": w.policy, "wait": w.wait, "restart": w.restart, "": w.compare,
	}
	if cool != nil {
		actions["cool"], actions["cool again"] = cool, cool
	}
	rt.Repeat(actions)
	for len(w.readers) > 0 {
		w.drainOne(rt, w.readers[0])
		w.leave(w.readers[0])
	}
	w.compare(rt)
}

// world is a broker beside the model of it.
type world struct {
	b       *bench
	model   model
	readers []*modelReader
	left    []*modelReader // closed, with a token
	texts   int
	byCells bool // topics forecast by cells from their first message on
}

// modelTopics are the names used. Where there are two lanes, modelMemory is in memory.
var modelTopics = []string{"a", "b.x", "b.y"}

const modelMemory = "b.x"

func (w *world) publish(rt *rapid.T) {
	name := rapid.SampledFrom(modelTopics).Draw(rt, "topic")
	ttl := rapid.SampledFrom([]time.Duration{0, time.Millisecond, 40 * time.Millisecond, time.Second, 5 * time.Second, 20 * time.Minute}).Draw(rt, "ttl")
	var inside []string
	for range rapid.IntRange(1, 4).Draw(rt, "count") {
		w.texts++
		inside = append(inside, "m"+strconv.Itoa(w.texts))
	}
	t := w.model.topics[name]
	if t == nil && w.b.lanes && name == modelMemory {
		w.b.createInMemory(name)
	}
	if t != nil && !t.takes(w.b.Now(), ttl, inside) {
		if r := w.b.sendTo(name, ttl, inside...); !errors.Is(r.Err, broker.ErrFull) {
			rt.Fatalf("%s is full, but: %+v", name, r)
		}
		return
	}
	r := w.b.publish(name, ttl, inside...)
	if t == nil {
		t = &modelTopic{name: name, incarnation: r.Incarnation, most: broker.DefaultTTLMax}
		w.model.topics[name] = t
		for _, reader := range w.readers {
			reader.appear(t, 1)
		}
	}
	attached := slices.ContainsFunc(w.readers, func(r *modelReader) bool { return r.at[t.incarnation] != nil })
	if err := t.publish(r, ttl, attached, inside); err != nil {
		rt.Fatal(err)
	}
	if t.exceeds(inside) {
		synctest.Wait() // more came at once than the topic holds: the rest goes behind it
	}
}

func (w *world) subscribe(rt *rapid.T) {
	if len(w.readers) == 4 {
		rt.Skip("enough readers")
	}
	r := &modelReader{at: map[uint64]*modelCursor{}}
	r.patterns = rapid.SampledFrom([][]string{{"a"}, {"b.x"}, {">"}, {"*", "b.*"}, {"b.*", "b.x", ">"}}).Draw(rt, "patterns")
	kinds := []broker.StartKind{broker.StartAll, broker.StartAll, broker.StartNew, broker.StartLast, broker.StartTime}
	if len(r.patterns[0]) != 1 || r.patterns[0] == "a" {
		kinds = append(kinds, broker.StartSequence)
	}
	start := broker.Start{Kind: rapid.SampledFrom(kinds).Draw(rt, "start")}
	if start.Kind == broker.StartSequence && len(r.patterns) > 1 {
		start.Kind = broker.StartAll
	}
	start.N = rapid.Uint64Range(1, 6).Draw(rt, "n")
	start.Time = w.b.Now().Add(-time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms ago")) * time.Millisecond)
	r.r = w.b.subscribe(start, r.patterns...)
	for _, t := range w.model.topics {
		if r.matches(t.name) {
			r.attach(t, start, w.b.Now())
		}
	}
	w.readers = append(w.readers, r)
}

// reader draws one.
func (w *world) reader(rt *rapid.T) *modelReader {
	if len(w.readers) == 0 {
		rt.Skip("no reader")
	}
	return rapid.SampledFrom(w.readers).Draw(rt, "reader")
}

func (w *world) read(rt *rapid.T) {
	r := w.reader(rt)
	r.r.budget = broker.Budget{Bytes: rapid.SampledFrom([]int{1, 6, 1000}).Draw(rt, "bytes"), Messages: rapid.IntRange(0, 3).Draw(rt, "messages")}
	r.r.next()
	w.check(rt, r)
}

func (w *world) drain(rt *rapid.T) { w.drainOne(rt, w.reader(rt)) }

func (w *world) drainOne(rt *rapid.T, r *modelReader) {
	r.r.budget = broker.Budget{Bytes: 1000}
	r.r.drain()
	w.check(rt, r)
	now := w.b.Now()
	for _, c := range r.at {
		for _, m := range c.topic.messages {
			if w.model.topics[c.topic.name] == c.topic && c.offered(m, now) {
				rt.Fatalf("%s: #%d was not delivered to %v, %+v", c.topic.name, m.sequence, r.patterns, *c)
			}
		}
	}
	for _, t := range w.model.deleted {
		if c := r.at[t.incarnation]; c != nil && c.handed {
			rt.Fatalf("%v was not told that %s was deleted", r.patterns, t.name)
		}
	}
}

// check takes what a reader was handed.
func (w *world) check(rt *rapid.T, r *modelReader) {
	now := w.b.Now()
	for _, reset := range r.r.resets {
		w.reset(rt, r, reset)
	}
	for _, run := range r.r.runs {
		c := r.at[run.Incarnation]
		if c == nil || c.topic.name != run.Topic {
			rt.Fatalf("a run of %s, incarnation %d, for %v", run.Topic, run.Incarnation, r.patterns)
		}
		if err := c.deliver(run, now); err != nil {
			rt.Fatal(err)
		}
	}
	r.r.runs, r.r.gaps, r.r.resets = nil, nil, nil
}

// reset takes a reset. One that comes of resuming tells of all deletions of a name meanwhile.
func (w *world) reset(rt *rapid.T, r *modelReader, reset broker.Reset) {
	told, sure := false, false
	for i, t := range w.model.deleted {
		c, away := r.at[t.incarnation], i < r.away
		if t.name != reset.Topic || c == nil || (told && !away) || (reset.Gap.Total() > 0 && away) {
			if c != nil && t.name == reset.Topic && told && !sure {
				c.handed = false // it may have been this one
			}
			continue
		}
		if end := uint64(len(t.messages) + 1); reset.Gap.Total() > 0 && !c.fresh {
			if err := c.checkGap(reset.Gap, end, w.b.Now()); err != nil {
				rt.Fatal(err)
			}
		}
		delete(r.at, t.incarnation)
		told, sure = true, sure || !away || c.handed
	}
	// Told after resuming, an earlier one without a gap may have passed for it.
	if !told && reset.Gap.Total() > 0 && r.away == 0 || reset.Reason == broker.ResetAnotherStore {
		rt.Fatalf("%v is told %+v", r.patterns, reset)
	}
}

func (w *world) leave(r *modelReader) {
	r.r.Close()
	w.readers = slices.DeleteFunc(w.readers, func(other *modelReader) bool { return other == r })
	w.left = append(w.left, r)
}

func (w *world) closeOne(rt *rapid.T) { w.leave(w.reader(rt)) }

func (w *world) resume(rt *rapid.T) {
	if len(w.left) == 0 || len(w.readers) == 4 {
		rt.Skip("nobody left")
	}
	i := rapid.IntRange(0, len(w.left)-1).Draw(rt, "reader")
	r := w.left[i]
	w.left = slices.Delete(w.left, i, i+1)
	r.r.b, r.away = w.b, len(w.model.deleted)
	r.r = r.r.resume(r.patterns...)
	for _, t := range w.model.topics {
		next := uint64(len(t.messages) + 1)
		if c := r.at[t.incarnation]; c != nil {
			c.since = next
		}
		r.appear(t, next)
	}
	for _, t := range w.model.deleted {
		if c := r.at[t.incarnation]; c != nil && t.forgotten && !slices.Contains(r.patterns, t.name) {
			c.handed = false // it may be told, and need not
		}
	}
	w.readers = append(w.readers, r)
}

// message draws one that was published.
func (w *world) message(rt *rapid.T) (*modelTopic, *modelMessage) {
	t := w.topic(rt)
	return t, rapid.SampledFrom(t.messages).Draw(rt, "message")
}

func (w *world) topic(rt *rapid.T) *modelTopic {
	name := rapid.SampledFrom(modelTopics).Draw(rt, "topic")
	t := w.model.topics[name]
	if t == nil || len(t.messages) == 0 {
		rt.Skip("no such topic")
	}
	return t
}

func (w *world) change(rt *rapid.T) {
	t, m := w.message(rt)
	w.setDeadline(rt, t, m, w.b.Now().Add(time.Duration(rapid.IntRange(-10, 9000).Draw(rt, "ms"))*time.Millisecond))
}

func (w *world) end(rt *rapid.T) {
	t, m := w.message(rt)
	w.setDeadline(rt, t, m, w.b.Now())
}

func (w *world) setDeadline(rt *rapid.T, t *modelTopic, m *modelMessage, deadline broker.Instant) {
	now := w.b.Now()
	r, err := w.b.SetDeadline(context.Background(), t.name, m.sequence, deadline, 0)
	if !m.alive(now) {
		if !errors.Is(err, broker.ErrEnded) {
			rt.Fatalf("%s #%d is dead, but: %v", t.name, m.sequence, err)
		}
		return
	}
	want := broker.SetDeadlineResult{Deadline: min(deadline, m.latest), LoweredToMaximum: deadline > m.latest}
	if err != nil || r != want {
		rt.Fatalf("%s #%d: %+v, %v, want %+v", t.name, m.sequence, r, err, want)
	}
	m.deadline = want.Deadline
	m.over = want.Deadline <= now
}

func (w *world) remove(rt *rapid.T) {
	t, m := w.message(rt)
	err := w.b.DeleteMessage(context.Background(), t.name, m.sequence)
	if alive := m.alive(w.b.Now()); alive != (err == nil) {
		rt.Fatalf("%s #%d, alive %v: %v", t.name, m.sequence, alive, err)
	}
	if err == nil {
		m.over, m.deleted = true, true
	}
}

func (w *world) drop(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "seldom") > 0 {
		rt.Skip("not this time")
	}
	t := w.topic(rt)
	now := w.b.Now()
	_, retained, _, _, _ := t.counts(now)
	if n := w.b.drop(t.name); n != retained {
		rt.Fatalf("%s: %d deleted with it, want %d", t.name, n, retained)
	}
	for _, m := range t.messages {
		if m.alive(now) {
			m.deleted = true
		}
		m.over = true
	}
	delete(w.model.topics, t.name)
	w.model.deleted = append(w.model.deleted, t)
}

func (w *world) policy(rt *rapid.T) {
	t := w.topic(rt)
	most := rapid.SampledFrom([]time.Duration{3 * time.Second, time.Minute, time.Hour}).Draw(rt, "most")
	p := broker.Policy{
		Max: most, AtLimit: broker.LimitRule(rapid.IntRange(0, 3).Draw(rt, "at limit")),
		MaxMessages: rapid.SampledFrom([]int64{0, 1, 2, 6}).Draw(rt, "most messages"),
		MaxBytes:    rapid.SampledFrom([]int64{0, 0, 3, 12, 40}).Draw(rt, "most bytes"),
	}
	if _, err := w.b.SetPolicy(context.Background(), t.name, p); err != nil {
		rt.Fatal(err)
	}
	t.most, t.limits = most, p
}

func (w *world) wait(rt *rapid.T) {
	time.Sleep(rapid.SampledFrom([]time.Duration{time.Millisecond, 39 * time.Millisecond, time.Second - time.Millisecond, time.Second, 3 * time.Second}).Draw(rt, "time"))
	if rapid.Bool().Draw(rt, "clean up first") {
		synctest.Wait()
	}
}

func (w *world) restart(rt *rapid.T) {
	for len(w.readers) > 0 {
		w.leave(w.readers[0])
	}
	w.b = w.b.restart(broker.Config{}, rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(rt, "down"))
	if w.byCells {
		w.b.ForecastByCells()
	}
	w.model.restart(w.b.Now())
	if t := w.model.topics[modelMemory]; t != nil && w.b.lanes {
		w.model.deleted = append(w.model.deleted, t)
		w.model.topics[modelMemory] = &modelTopic{name: modelMemory, incarnation: w.b.info(modelMemory).Incarnation, most: t.most, limits: t.limits}
	}
}

// compare looks at everything.
func (w *world) compare(rt *rapid.T) {
	now := w.b.Now()
	page, err := w.b.List(broker.ListOptions{Pattern: ">", Limit: 1 << 20})
	if err != nil {
		rt.Fatal(err)
	}
	var listed []string
	for _, m := range page.Messages {
		listed = append(listed, fmt.Sprintf("%s #%04d %s until %d at most %d, delivered to %d", m.Topic, m.Sequence, m.Message, m.Deadline, m.MaxDeadline, m.Deliveries))
	}
	slices.Sort(listed)
	if want := w.model.list(now); !slices.Equal(listed, want) {
		rt.Fatalf("listed\n%q, want\n%q", listed, want)
	}
	w.comparePages(rt, page.Messages)
	w.compareForecasts(rt)
	for name, t := range w.model.topics {
		published, retained, passing, deleted, evicted := t.counts(now)
		i, err := w.b.Topic(name)
		c := i.Counts
		if err != nil || c.Published != published || c.Retained != retained || c.Passing != passing || c.Ended.Total() != published-retained-passing || c.Ended.Deleted < deleted || c.Ended.Evicted < evicted {
			rt.Fatalf("%s: %+v, %v, want %d published, %d retained, %d passing, %d deleted, %d evicted", name, c, err, published, retained, passing, deleted, evicted)
		}
		var next broker.Instant
		for _, m := range t.messages {
			if m.alive(now) && (next == 0 || m.deadline < next) {
				next = m.deadline
			}
		}
		if i.NextDeadline != next {
			rt.Fatalf("%s: next deadline %d, want %d", name, i.NextDeadline, next)
		}
		w.compareForecast(rt, i.Forecast, func(n string) bool { return n == name }, !w.byCells)
		for _, m := range t.messages {
			w.compareEnd(rt, t, m, now)
		}
	}
	w.b.checkMemory(1 << 20)
}

// compareEnd looks at how a message ended.
func (w *world) compareEnd(rt *rapid.T, t *modelTopic, m *modelMessage, now broker.Instant) {
	_, ended, err := w.b.Get(t.name, m.sequence)
	if err != nil || (ended == nil) != m.alive(now) {
		rt.Fatalf("%s #%d: %+v, %v", t.name, m.sequence, ended, err)
	}
	if ended == nil || m.before {
		return
	}
	want := broker.ExpiredUndelivered
	switch {
	case m.deleted:
		want = broker.Deleted
	case m.evicted:
		want = broker.Evicted
	case m.deliveries > 0:
		want = broker.ExpiredDelivered
	}
	if ended.Reason != want || ended.Deliveries != m.deliveries {
		rt.Fatalf("%s #%d ended %+v, want %v and %d deliveries", t.name, m.sequence, *ended, want, m.deliveries)
	}
}

// comparePages reads all in small pages, in each order.
func (w *world) comparePages(rt *rapid.T, all []broker.Retained) {
	soonest := slices.SortedStableFunc(slices.Values(all), func(x, y broker.Retained) int { return cmp.Compare(x.Deadline, y.Deadline) })
	newest := slices.SortedStableFunc(slices.Values(all), func(x, y broker.Retained) int { return cmp.Compare(x.PublishTime, y.PublishTime) })
	slices.Reverse(newest)
	for order, want := range map[string][]broker.Retained{"by sequence": all, "by deadline": soonest, "newest": newest} {
		w.comparePagesOf(rt, order, broker.ListOptions{ByDeadline: order == "by deadline", Newest: order == "newest"}, want, len(all), 0)
	}
	if len(all) > 0 {
		// Of the same, what was published from one of them on, and before another.
		from := newest[rapid.IntRange(0, len(newest)-1).Draw(rt, "published from")].PublishTime
		before := newest[rapid.IntRange(0, len(newest)-1).Draw(rt, "published before")].PublishTime
		within := slices.DeleteFunc(slices.Clone(newest), func(m broker.Retained) bool { return m.PublishTime < from || m.PublishTime >= before })
		w.comparePagesOf(rt, "published within", broker.ListOptions{Newest: true, MinPublish: from, MaxPublish: before}, within, len(all), len(within))
	}
}

func (w *world) comparePagesOf(rt *rapid.T, order string, o broker.ListOptions, want []broker.Retained, retained, within int) {
	var got []broker.Retained
	o.Pattern, o.Limit = ">", 3
	for more := true; more; {
		page, err := w.b.List(o)
		if err != nil || len(page.Messages) > 3 || int(page.Retained) != retained || int(page.RetainedWithin) != within {
			rt.Fatalf("%s: %+v, %v", order, page, err)
		}
		got = append(got, page.Messages...)
		if more = page.More; more {
			last := page.Messages[len(page.Messages)-1]
			o.After = &broker.ListPosition{Topic: last.Topic, Sequence: last.Sequence, Deadline: last.Deadline, Published: last.PublishTime}
		}
	}
	if !slices.EqualFunc(got, want, func(x, y broker.Retained) bool { return x.Topic == y.Topic && x.Sequence == y.Sequence }) {
		rt.Fatalf("%s: %d messages in another order than all %d at once", order, len(got), len(want))
	}
}
