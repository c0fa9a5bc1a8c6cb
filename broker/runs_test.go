package broker

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"linger/broker/wheel"

	"pgregory.net/rapid"
)

// drawRun gives a cold run as it may follow another.
func drawRun(t *rapid.T, before run) run {
	r := run{
		first: before.last() + 1, position: before.position + 1, published: before.published, count: before.count, size: before.size,
		deadline: before.published + before.deadline - before.published,
	}
	if rapid.Bool().Draw(t, "as the one before") && before.count > 0 {
		return r
	}
	some := func(name string, most int) uint64 { return rapid.Uint64Range(0, uint64(most)).Draw(t, name) }
	r.count = 1 + uint32(some("count", 1000))
	r.size = 3*r.count + uint32(some("size", 1<<22))
	r.first += some("gap", 3) * some("gaps", math.MaxInt32)
	r.published += Instant(some("later", 1)) * Instant(some("ms", 1<<40))
	r.deadline = r.published + 1 + Instant(some("ttl", 1<<40))
	if some("part of the same", 3) == 0 && before.count > 0 {
		r.position, r.index = before.position, before.index+before.count+uint32(some("index", 9))
	} else {
		r.position += some("others", 2) * some("positions", math.MaxInt32)
	}
	return r
}

func TestPackedRunsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := []run{drawRun(t, run{published: 1_790_000_000_000})}
		for range rapid.IntRange(0, 2*chunkRuns).Draw(t, "more") {
			runs = append(runs, drawRun(t, runs[len(runs)-1]))
		}
		p := newPacked(runs, 0)
		if got := p.unpack(nil); !slices.EqualFunc(got, runs, sameRun) {
			t.Fatalf("got\n%+v, packed\n%+v", got, runs)
		}
		if p.first != runs[0].first || !sameRun(p.last, runs[len(runs)-1]) || int(p.count) != len(runs) {
			t.Fatalf("%d runs from #%d to %+v", p.count, p.first, p.last)
		}
	})
}

func sameRun(a, b run) bool {
	hot := slices.Equal(a.body, b.body)
	a.body, b.body = nil, nil
	return hot && a.first == b.first && a.position == b.position && a.published == b.published && a.deadline == b.deadline &&
		a.count == b.count && a.size == b.size && a.index == b.index && a.held == b.held && a.passing == b.passing
}

// TestRunsOfABurstTakeLittle is what the index of a log larger than memory rests on.
func TestRunsOfABurstTakeLittle(t *testing.T) {
	for what, test := range map[string]struct {
		each func(i int, r *run)
		most float64 // bytes a run
	}{
		"published in one group":         {func(int, *run) {}, 3.5},
		"one each millisecond":           {func(i int, r *run) { r.published, r.deadline = r.published+Instant(i), r.deadline+Instant(i) }, 6},
		"among others, of several sizes": {func(i int, r *run) { r.position += uint64(40 * i); r.size += uint32(i*7919) % 300 }, 9},
	} {
		runs := make([]run, chunkRuns)
		for i := range runs {
			runs[i] = run{first: 1e6 + uint64(i), position: 1e9 + uint64(i), published: 1_790_000_000_000, deadline: 1_790_000_600_000, count: 1, size: 131}
			test.each(i, &runs[i])
		}
		if got := float64(newPacked(runs, 0).cost()) / chunkRuns; got > test.most {
			t.Errorf("%s: %.2f bytes a run", what, got)
		}
	}
}

// TestSealedRunListAgainstASlice is the same with messages in memory, of which parts are sealed.
func TestSealedRunListAgainstASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Broker{wheel: wheel.New(0), cellsFrom: math.MaxInt} // cells take memory of their own: see forecastModel
		m := &listModel{b: b, l: &runList{b: b, topic: &topic{id: 7, lane: &lane{}}}, hot: true}
		m.l.topic.runs.b = b
		t.Repeat(map[string]func(*rapid.T){
			"push": m.push, "push more": m.push, "remove": m.remove, "split": m.split, "edit": m.edit, "seal": m.seal, "cut": m.cutFront,
			"": m.check,
		})
	})
}

// TestSealedMessagesLieTogether rests on what a reader gets: neighbours, to be handed out as one.
func TestSealedMessagesLieTogether(t *testing.T) {
	b := &Broker{wheel: wheel.New(0), cellsFrom: math.MaxInt} // cells take memory of their own: see forecastModel
	l := &runList{b: b, topic: &topic{id: 7, lane: &lane{}}}
	l.topic.runs.b = b
	for i := range uint64(chunkRuns + 1) {
		l.push(run{first: 1 + i, position: 1 + i, published: 1, deadline: 9000, count: 1, size: 100, held: 200, body: hotBody(1+i, 1)})
	}
	sealed := l.chunks[0]
	if sealed.packed == nil || sealed.packed.size != chunkRuns*100 || l.chunks[1].packed != nil {
		t.Fatalf("sealed %+v", sealed.packed)
	}
	if freed := -b.used.Load(); freed != chunkRuns*(100+RunOverhead-SealedOverhead) {
		t.Errorf("%d bytes were accounted less, want what was held beyond the messages, and most of what is accounted for each run", freed)
	}
	var before *run
	for p := l.seek(0); p.chunk == 0; p = l.next(p) {
		r := l.at(p)
		if before != nil && &before.body[:len(before.body)+1][len(before.body)] != &r.body[0] {
			t.Fatalf("#%d does not lie behind the one before", r.first)
		}
		before = r
	}
}

// TestSmallChunksAreJoined rests on memory: a chunk takes some hundred bytes, whatever is left in it.
func TestSmallChunksAreJoined(t *testing.T) {
	const chunks = 40
	for what, order := range map[string]func(i int) int{
		"the oldest first": func(i int) int { return i },
		"the newest first": func(i int) int { return chunks - 1 - i },
	} {
		t.Run(what, func(t *testing.T) {
			b := &Broker{wheel: wheel.New(0), cellsFrom: math.MaxInt}
			l := &runList{b: b, topic: &topic{id: 7, lane: &lane{}}}
			l.topic.runs.b = b
			for i := range uint64(chunks * chunkRuns) {
				l.push(run{first: 1 + i, position: 1 + i, published: 1, deadline: 9000, count: 1, size: 100, held: 200, body: hotBody(1+i, 1)})
			}
			for i := range chunks { // of each chunk the last run is left
				for k := range uint64(chunkRuns - 1) {
					_, p := l.find(uint64(order(i)*chunkRuns) + 1 + k)
					l.remove(p)
				}
			}
			if len(l.chunks) > 3 || l.runs != chunks {
				t.Errorf("%d runs lie in %d chunks", l.runs, len(l.chunks))
			}
		})
	}
}

// hotBody is frames of 100 bytes that say of which messages they are.
func hotBody(first uint64, count int) []byte {
	var body []byte
	for i := range count {
		size := 100/count - 2
		if i == 0 {
			size += 100 % count
		}
		body = append(body, 0x42, byte(size))
		body = append(body, bytes.Repeat([]byte{byte(first + uint64(i))}, size)...)
	}
	return body
}

// listModel is a list beside a slice.
type listModel struct {
	b     *Broker
	l     *runList
	runs  []run
	wheel []scheduled // what the wheel was given so far
	hot   bool        // runs have their messages in memory
	ended int64       // sealed runs that were taken out, whose end has not been accounted
}

type scheduled struct {
	at       Instant
	sequence uint64
}

// TestRunListAgainstASlice does random things to a list, of which parts are packed, and compares.
func TestRunListAgainstASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Broker{wheel: wheel.New(0), cellsFrom: math.MaxInt} // cells take memory of their own: see forecastModel
		m := &listModel{b: b, l: &runList{b: b, topic: &topic{id: 7, lane: &lane{stats: LogStats{Loads: true}}}}}
		m.l.topic.runs.b = b
		t.Repeat(map[string]func(*rapid.T){
			"push": m.push, "push more": m.push, "remove": m.remove, "split": m.split, "edit": m.edit, "pack": m.pack, "cut": m.cutFront,
			"": m.check,
		})
	})
}

func (m *listModel) push(t *rapid.T) {
	for range rapid.IntRange(1, 2*chunkRuns).Draw(t, "runs") {
		r := run{first: 1, position: 1, published: 1, deadline: 1000, count: 8, size: 100}
		if n := len(m.runs); n > 0 {
			r.first, r.position = m.runs[n-1].last()+1, m.runs[n-1].position+1
		}
		r.deadline += Instant(r.first * 7919 % 5000)
		if m.hot {
			r.body, r.held = hotBody(r.first, int(r.count)), r.size
		}
		m.runs = append(m.runs, r)
		m.l.push(r)
	}
}

func (m *listModel) draw(t *rapid.T) (int, place) {
	if len(m.runs) == 0 {
		t.Skip("nothing there")
	}
	i := rapid.IntRange(0, len(m.runs)-1).Draw(t, "which")
	return i, m.l.seek(m.runs[i].first)
}

// ends notes that the run at p is no longer in the list.
func (m *listModel) ends(p place) {
	if m.l.at(p).sealed {
		m.ended++
	}
}

func (m *listModel) remove(t *rapid.T) {
	i, p := m.draw(t)
	m.ends(p)
	m.l.remove(p)
	m.runs = slices.Delete(m.runs, i, i+1)
}

// cutFront removes many from the front, as expiry does.
func (m *listModel) cutFront(t *rapid.T) {
	n := rapid.IntRange(0, len(m.runs)).Draw(t, "n")
	for range n {
		m.ends(place{})
		m.l.remove(place{})
	}
	m.runs = slices.Delete(m.runs, 0, n)
}

func (m *listModel) split(t *rapid.T) {
	i, p := m.draw(t)
	r := m.runs[i]
	if r.count < 2 {
		t.Skip("a single message")
	}
	at := r.first + rapid.Uint64Range(1, uint64(r.count)-1).Draw(t, "at")
	parts := []run{r.cut(r.first, at-1), r.cut(at, r.last())}
	if m.hot {
		for i := range parts {
			parts[i].body, parts[i].held = slices.Clone(parts[i].body), parts[i].size
		}
	}
	m.ends(p)
	m.l.replace(p, parts...)
	m.runs = slices.Replace(m.runs, i, i+1, parts...)
}

func (m *listModel) edit(t *rapid.T) {
	i, p := m.draw(t)
	deadline := Instant(rapid.IntRange(1, 7000).Draw(t, "deadline"))
	m.l.redate(p, deadline)
	m.runs[i].deadline = deadline
}

func (m *listModel) pack(t *rapid.T) {
	if len(m.l.chunks) > 0 {
		m.l.packLeast(m.l.chunks[rapid.IntRange(0, len(m.l.chunks)-1).Draw(t, "chunk")], rapid.IntRange(1, packRuns).Draw(t, "least"))
	}
}

func (m *listModel) seal(t *rapid.T) {
	if len(m.l.chunks) > 0 {
		m.l.sealRuns(m.l.chunks[rapid.IntRange(0, len(m.l.chunks)-1).Draw(t, "chunk")])
	}
}

func (m *listModel) check(t *rapid.T) {
	var got []run
	m.l.all(func(r *run) bool { got = append(got, *r); return true })
	if !slices.EqualFunc(got, m.runs, sameRun) || m.l.runs != len(m.runs) {
		t.Fatalf("%d runs, %d counted, want %d", len(got), m.l.runs, len(m.runs))
	}
	got = got[:0]
	m.l.backward(func(r *run) bool { got = append(got, *r); return true })
	slices.Reverse(got)
	if !slices.EqualFunc(got, m.runs, sameRun) {
		t.Fatal("backward differs")
	}
	i := 0
	for p := m.l.seek(0); m.l.at(p) != nil; p = m.l.next(p) {
		if !sameRun(*m.l.at(p), m.runs[i]) {
			t.Fatalf("run %d differs", i)
		}
		i++
	}
	if i != len(m.runs) {
		t.Fatalf("%d of %d runs one after the other", i, len(m.runs))
	}
	if i > 0 && m.l.oldest() != m.runs[0].first {
		t.Fatalf("the oldest is #%d", m.l.oldest())
	}
	m.checkSearch(t)
	m.checkChunks(t)
}

func (m *listModel) checkSearch(t *rapid.T) {
	sequence := rapid.Uint64Range(0, 1+8*uint64(len(m.runs))).Draw(t, "sequence")
	want := slices.IndexFunc(m.runs, func(r run) bool { return r.last() >= sequence })
	r, p := m.l.find(sequence)
	switch at := m.l.at(p); {
	case (want < 0) != (at == nil), want >= 0 && !sameRun(*at, m.runs[want]):
		t.Fatalf("#%d: sought %+v", sequence, at)
	case (r != nil) != (want >= 0 && m.runs[want].first <= sequence):
		t.Fatalf("#%d: found %+v", sequence, r)
	}
}

// checkChunks checks what memory and expiry rest on.
func (m *listModel) checkChunks(t *rapid.T) {
	m.b.wheel.Advance(math.MaxInt64, math.MaxInt, func(at int64, _, sequence uint64) {
		m.wheel = append(m.wheel, scheduled{Instant(at), sequence})
	})
	looked := map[*chunk]Instant{} // when the wheel comes to it
	for _, s := range m.wheel {
		if i := m.l.chunkOf(s.sequence); i < len(m.l.chunks) {
			c := m.l.chunks[i]
			if at, there := looked[c]; !there || s.at < at {
				looked[c] = s.at
			}
		}
	}
	used := m.ended * (SealedOverhead - RunOverhead)
	for _, c := range m.l.chunks {
		runs := c.runs
		if c.packed != nil {
			runs = c.packed.unpack(nil)
			used -= c.packed.saves()
		}
		for i := range runs {
			if runs[i].sealed {
				used += SealedOverhead - RunOverhead
			}
		}
		if len(runs) == 0 || len(runs) > chunkRuns || c.gone || (c.packed != nil && (c.heap != 0 || c.runs != nil)) {
			t.Fatalf("a chunk of %d runs, gone %t, in the heap %d", len(runs), c.gone, c.heap)
		}
		whole, latest := load{}, Instant(0)
		for i := range runs {
			whole.add(load{int64(runs[i].count), int64(runs[i].size)})
			latest = max(latest, runs[i].deadline)
		}
		if c.amount != whole || c.latest < latest {
			t.Fatalf("a chunk counts %+v until %d, and has %+v until %d", c.amount, c.latest, whole, latest)
		}
		for i := range runs {
			if at, there := looked[c]; !there || at > runs[i].until() || c.due > runs[i].until() {
				t.Fatalf("#%d ends at %d; the chunk is due at %d, looked at at %d (%t)", runs[i].first, runs[i].until(), c.due, at, there)
			}
		}
	}
	if got := m.b.used.Load(); got != used {
		t.Fatalf("%d bytes are accounted, want %d", got, used)
	}
}
