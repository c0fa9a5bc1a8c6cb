package wheel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

const year = int64(365 * 24 * 60 * 60 * 1000)

func collect(w *Wheel, now int64) []int64 {
	var got []int64
	for w.Advance(now, 7, func(deadline int64, _, _ uint64) { got = append(got, deadline) }) {
	}
	return got
}

func TestDueToTheMillisecond(t *testing.T) {
	const start = 1_790_000_000_000
	for _, after := range []int64{1, 2, 63, 64, 65, 4095, 4096, 600_000, 7 * 24 * 3600_000, year, 10 * year, 300 * year} {
		w := New(start)
		w.Add(start+after, 1, 2)
		if got := collect(w, start+after-1); got != nil {
			t.Errorf("%d ms: due a millisecond early", after)
		}
		if got := collect(w, start+after); len(got) != 1 {
			t.Errorf("%d ms: not due", after)
		}
		if next, ok := w.Next(); ok || w.Len() != 0 {
			t.Errorf("%d ms: next %d, len %d when empty", after, next, w.Len())
		}
	}
}

func TestAllOfTimeFits(t *testing.T) {
	deadlines := []int64{math.MinInt64, -1, 0, 1, year, math.MaxInt64 - 1, math.MaxInt64}
	w := New(math.MinInt64)
	for _, d := range slices.Backward(deadlines) {
		w.Add(d, 0, 0)
	}
	if got := collect(w, math.MaxInt64); !slices.Equal(got, deadlines) {
		t.Errorf("got %d", got)
	}
}

func TestSameDeadlineInTheOrderAdded(t *testing.T) {
	w := New(0)
	for i := range uint64(1000) {
		w.Add(1_000_000, i, 0)
	}
	var next uint64
	for w.Advance(2_000_000, 10, func(_ int64, a, _ uint64) {
		if a != next {
			t.Fatalf("got %d, want %d", a, next)
		}
		next++
	}) {
	}
}

func TestLateEntriesComeWithTheNextAdvance(t *testing.T) {
	w := New(1000)
	w.Add(1500, 0, 0)
	w.Add(400, 0, 0)
	w.Add(300, 0, 0)
	if next, ok := w.Next(); next != 300 || !ok {
		t.Errorf("next is %d", next)
	}
	if got := collect(w, 999); got != nil {
		t.Errorf("a step back gave %d", got)
	}
	if got := collect(w, 1000); !slices.Equal(got, []int64{400, 300}) {
		t.Errorf("got %d", got)
	}
	if next, _ := w.Next(); next > 1500 || next < 1000 {
		t.Errorf("next is %d", next)
	}
}

func TestDueMayAdd(t *testing.T) {
	w := New(0)
	w.Add(10, 0, 0)
	var got []int64
	again := func(deadline int64, _, _ uint64) {
		got = append(got, deadline)
		if len(got) < 4 {
			w.Add(deadline+5*int64(len(got)%2), 0, 0)
		}
	}
	for w.Advance(100, 1, again) {
	}
	if !slices.Equal(got, []int64{10, 15, 15, 20}) {
		t.Errorf("got %d", got)
	}
}

// Whoever sleeps until Next and then advances must arrive at the deadline, in few steps.
func TestNextConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.Int64Range(0, 100*year).Draw(t, "now")
		deadline := now + rapid.Int64Range(1, 20*year).Draw(t, "after")
		w := New(now)
		w.Add(deadline, 0, 0)
		for steps := 0; w.Len() > 0; steps++ {
			next, ok := w.Next()
			if !ok || next > deadline || next <= now || steps == levels {
				t.Fatalf("step %d at %d: next is %d, the deadline is %d", steps, now, next, deadline)
			}
			now = next
			w.Advance(now, math.MaxInt, func(int64, uint64, uint64) {})
		}
		if now != deadline {
			t.Fatalf("due at %d, the deadline is %d", now, deadline)
		}
	})
}

// A model is a sorted slice beside a wheel, and checks every call against it.
type model struct {
	t interface {
		Helper()
		Fatalf(string, ...any)
	}
	w       *Wheel
	now     int64
	id      uint64
	entries []modelEntry // by when
}

type modelEntry struct {
	deadline int64
	when     uint64 // the deadline, or the time that the wheel had come to when it was added
	id       uint64
}

func (m *model) add(deadline int64) {
	m.id++
	e := modelEntry{deadline, max(order(deadline), m.w.at), m.id}
	i, _ := slices.BinarySearchFunc(m.entries, e.when+1, func(e modelEntry, when uint64) int {
		if e.when < when {
			return -1
		}
		return 1
	})
	m.entries = slices.Insert(m.entries, i, e)
	m.w.Add(deadline, m.id, ^m.id)
}

func (m *model) advance(by int64, most int) (more bool) {
	m.t.Helper()
	m.now += by
	calls := 0
	more = m.w.Advance(m.now, most, func(deadline int64, a, b uint64) {
		calls++
		i := slices.IndexFunc(m.entries, func(e modelEntry) bool { return e.id == a })
		switch {
		case i < 0 || m.entries[i].deadline != deadline || b != ^a:
			m.t.Fatalf("due was called for %d, %d, %d, which is not there", deadline, a, b)
		case deadline > m.now:
			m.t.Fatalf("%d came due at %d", deadline, m.now)
		case m.entries[i].when != m.entries[0].when:
			m.t.Fatalf("%d came due before %d", deadline, m.entries[0].deadline)
		}
		m.entries = slices.Delete(m.entries, i, i+1)
	})
	if calls > most {
		m.t.Fatalf("due was called %d times, at most %d were asked for", calls, most)
	}
	if !more && len(m.entries) > 0 && m.entries[0].deadline <= m.now {
		m.t.Fatalf("%d did not come due at %d", m.entries[0].deadline, m.now)
	}
	return more
}

func (m *model) check() {
	m.t.Helper()
	next, ok := m.w.Next()
	if m.w.Len() != len(m.entries) || ok != (len(m.entries) > 0) {
		m.t.Fatalf("len %d, next %v, want %d", m.w.Len(), ok, len(m.entries))
	}
	for _, e := range m.entries {
		if next > e.deadline {
			m.t.Fatalf("next is %d, a deadline is %d", next, e.deadline)
		}
	}
	for i := range m.w.levels {
		for j, q := range m.w.levels[i].slots {
			if (q.head != nil) != (m.w.levels[i].used>>j&1 == 1) || (q.head == nil) != (q.tail == nil) {
				m.t.Fatalf("level %d, slot %d: marked wrongly", i, j)
			}
		}
	}
}

func TestAgainstASortedSlice(t *testing.T) {
	spans := []int64{2, 100, 5000, 1_000_000, year, 20 * year}
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.Int64Range(-year, 100*year).Draw(t, "start")
		m := &model{t: t, w: New(now), now: now}
		span := func(t *rapid.T) int64 { return rapid.SampledFrom(spans).Draw(t, "span") }
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				m.add(m.now + rapid.Int64Range(-5, span(t)).Draw(t, "after"))
			},
			"add many": func(t *rapid.T) {
				deadline := m.now + rapid.Int64Range(-5, span(t)).Draw(t, "after")
				for i := range rapid.Int64Range(1, 300).Draw(t, "n") {
					m.add(deadline + i%3)
				}
			},
			"advance": func(t *rapid.T) {
				m.advance(rapid.Int64Range(0, span(t)).Draw(t, "by"), rapid.IntRange(1, 200).Draw(t, "most"))
			},
			"advance to the end": func(t *rapid.T) {
				for m.advance(0, 50) {
				}
			},
			"": func(t *rapid.T) { m.t = t; m.check() },
		})
	})
}

func FuzzWheel(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 1, 255, 255, 0, 0})
	f.Add([]byte{2, 0, 0, 0, 64, 3, 0, 0, 1, 64})
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := &model{t: t, w: New(0)}
		ops = ops[:min(len(ops), 2000)] // checking takes time in the square of it
		for ; len(ops) >= 5; ops = ops[5:] {
			n := int64(binary.LittleEndian.Uint32(ops[1:]))
			switch kind := ops[0]; kind % 4 {
			case 0:
				m.add(m.now + n)
			case 1:
				m.add(m.now + n<<(kind>>2%16) - 3)
			case 2:
				m.advance(n<<(kind>>2%8), 1+int(kind>>2))
			default:
				m.advance(n%128, 1+int(kind>>2))
			}
			m.check()
		}
		for by := int64(1 << 60); m.advance(by, 100); by = 0 {
		}
		m.check()
		if len(m.entries) > 0 {
			t.Fatalf("%d entries left", len(m.entries))
		}
	})
}

func TestMemory(t *testing.T) {
	if size := unsafe.Sizeof(chunk{}) + 8; size != 3072 { // the allocator adds a word
		t.Errorf("a chunk takes %d bytes, which is not a size class", size)
	}
	const n = 1 << 20
	before := heap()
	w := New(0)
	for i := range uint64(n) {
		w.Add(1+rand.Int64N(7*24*3600_000), i, 0)
	}
	if each := (heap() - before) / n; each > 40 {
		t.Errorf("%d bytes an entry", each)
	}
	for w.Advance(8*24*3600_000, 10_000, func(int64, uint64, uint64) {}) {
	}
	if left := heap() - before; left > 1<<20 {
		t.Errorf("%d bytes are left when all is due", left)
	}
	runtime.KeepAlive(w)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSteadyFlowAllocatesNothing(t *testing.T) {
	w := New(0)
	now := int64(0)
	step := func() {
		for range 100 {
			w.Add(now+50, 0, 0)
		}
		now++
		for w.Advance(now, 1000, func(int64, uint64, uint64) {}) {
		}
	}
	for range 1000 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n > 0 {
		t.Errorf("%v allocations a millisecond", n)
	}
}

// Add and drain ten million entries: ns/op is for one entry, both ways.
func BenchmarkTenMillion(b *testing.B) {
	for b.Loop() {
		const n = 10_000_000
		w := New(0)
		for i := range uint64(n) {
			w.Add(int64(i*7919%600_000), i, 0)
		}
		for w.Advance(600_000, 10_000, func(int64, uint64, uint64) {}) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e7, "ns/entry")
}

func BenchmarkAdd(b *testing.B) {
	w := New(0)
	var x uint64
	for b.Loop() {
		x = x*6364136223846793005 + 1442695040888963407
		w.Add(int64(x>>34), x, 0) // up to 12 days
		if w.Len() == 10_000_000 {
			w = New(0)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	w := New(0)
	w.Add(10*year, 0, 0)
	for b.Loop() {
		w.Next()
	}
}
