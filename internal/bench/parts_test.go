package bench

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"linger/client"
)

func TestEveryChangedByteOfAMessageIsSeen(t *testing.T) {
	p := payloads{run: 7, size: 40}
	data := p.blank()
	want := stamp{stream: 3, number: 1 << 40, due: 123456789}
	p.write(data, want)
	if got, from := p.read(data); from != ours || got != want {
		t.Fatalf("%+v, %v", got, from)
	}
	for i := range data {
		for bit := range 8 {
			broken := bytes.Clone(data)
			broken[i] ^= 1 << bit
			if _, from := p.read(broken); from != damaged {
				t.Fatalf("bit %d of byte %d: %v", bit, i, from)
			}
		}
	}
	for n := range len(data) {
		if _, from := p.read(data[:n]); from != damaged {
			t.Fatalf("cut to %d bytes: %v", n, from)
		}
	}
	others := payloads{run: 8, size: 40, shared: true}
	if _, from := others.read(data); from != foreign {
		t.Errorf("another run's: %v", from)
	}
}

// What numbers says of each is what one says who remembers all of them.
func TestNumbersAgreeWithASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n numbers
		had, most := map[uint64]bool{}, -1
		for _, number := range rapid.SliceOfN(rapid.Uint64Range(0, 40), 0, 80).Draw(t, "numbers") {
			want := inOrder
			switch {
			case had[number]:
				want = doubled
			case int(number) < most:
				want = outOfOrder
			}
			if got := n.take(number); got != want {
				t.Fatalf("%d: %v, want %v", number, got, want)
			}
			had[number], most = true, max(most, int(number))
		}
		missing := 0
		for _, h := range n.holes {
			missing += int(h.last - h.first + 1)
		}
		if want := int(n.next) - len(had); missing != want {
			t.Fatalf("%d are missing, want %d", missing, want)
		}
	})
}

func TestPendingComesInTheOrderOfHandingOver(t *testing.T) {
	var p pending
	next, want := int64(0), int64(0)
	for range 2000 {
		for range rand.IntN(20) {
			p.push(handedOver{due: next})
			next++
		}
		if next > want && rand.IntN(10) == 0 {
			p.drop()
			next--
		}
		for _, m := range p.take(rand.IntN(25)) {
			if m.due != want {
				t.Fatalf("%d, want %d", m.due, want)
			}
			want++
		}
	}
	want += int64(len(p.take(1 << 20)))
	if want != next {
		t.Errorf("%d came of %d", want, next)
	}
}

func TestAPaceIsTheSameHoweverLateOneIs(t *testing.T) {
	clock := stopwatch{time.Now().Add(-time.Hour)} // everything is due
	const second = int64(time.Second)
	a, b := newPace(clock, second, 1000, 10, 0, 2), newPace(clock, second, 1000, 10, 1, 2)
	for n, want := range []int64{0, 20, 40} {
		due, ok := a.wait(t.Context(), n)
		if !ok || due != second+want*int64(time.Millisecond) {
			t.Errorf("batch %d of the first is due at %s", n, time.Duration(due))
		}
		due, ok = b.wait(t.Context(), n)
		if !ok || due != second+(want+10)*int64(time.Millisecond) {
			t.Errorf("batch %d of the second is due at %s", n, time.Duration(due))
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	far := newPace(clock, int64(2*time.Hour), 1, 1, 0, 1)
	if _, ok := far.wait(ended, 0); ok {
		t.Error("a wait that was ended is over")
	}
}

func TestTimesAreRightToOnePercent(t *testing.T) {
	h := newTimes()
	for i := range 10_000 {
		h.record(int64(i+1) * int64(time.Microsecond) * 10)
	}
	h.record(-5)
	h.record(int64(100 * time.Hour)) // counts as an hour
	sum := h.sum()
	near := func(what string, got, want time.Duration) {
		if d := got - want; d < -want/100 || d > want/100 {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	near("p50", sum.P50, 50*time.Millisecond)
	near("p90", sum.P90, 90*time.Millisecond)
	near("p99", sum.P99, 99*time.Millisecond)
	near("p99.9", sum.P999, 99900*time.Microsecond)
	near("max", sum.Max, time.Hour)
	if sum.Count != 10_002 {
		t.Errorf("%d recorded", sum.Count)
	}
	twice := newTimes()
	twice.add(h)
	twice.add(h)
	if got := twice.sum(); got.Count != 2*sum.Count || got.P99 != sum.P99 {
		t.Errorf("added to itself: %+v", got)
	}
}

func TestSecondsBeginAtTheInstant(t *testing.T) {
	s := newSeconds(int64(10*time.Second + 500*time.Millisecond))
	for due, want := range map[time.Duration]int{
		10500 * time.Millisecond: 0, 11499 * time.Millisecond: 0, 11500 * time.Millisecond: 1,
		10499 * time.Millisecond: -1, 9500 * time.Millisecond: -1, 9499 * time.Millisecond: -2,
	} {
		if got := s.secondOf(int64(due)); got != want {
			t.Errorf("%s is in second %d, want %d", due, got, want)
		}
	}
	ack := func(at, took time.Duration) { s.record([]handedOver{{due: int64(at)}}, int64(at+took)) }
	ack(8*time.Second, time.Hour) // in the load's first second
	ack(9*time.Second, time.Millisecond)
	ack(10*time.Second, 2*time.Millisecond)
	ack(10600*time.Millisecond, 8*time.Millisecond)
	var r Result
	var found Deaths
	s.rows(&r, int64(8*time.Second), &found)
	if len(r.Rows) != 2 || r.Rows[0].Times.Count != 1 || r.Rows[1].Times.Count != 1 {
		t.Fatalf("%+v", r.Rows)
	}
	near := func(got, want time.Duration) bool { return got >= want && got < want+want/50 }
	if !near(found.DeathP99, 8*time.Millisecond) || !near(found.OrdinaryP99, 2*time.Millisecond) {
		t.Errorf("%+v", found)
	}
}

func TestDeadlinesAreFoundBySequence(t *testing.T) {
	var d deadlines
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for _, a := range []client.Ack{
		{Sequence: 11, Count: 5, ExpireTime: at(2)}, {Sequence: 1, Count: 3, ExpireTime: at(1)}, {Sequence: 16, Count: 1, ExpireTime: at(3)},
	} {
		d.add(a)
	}
	known := d.sorted()
	for seq, want := range map[uint64]int64{1: 1, 3: 1, 4: 0, 10: 0, 11: 2, 15: 2, 16: 3, 17: 0} {
		got, ok := known.of(seq)
		if ok != (want != 0) || (ok && !got.Equal(at(want))) {
			t.Errorf("#%d: %v, %v", seq, got, ok)
		}
	}
}

// A gap explains what did not come; what it says was lost stays lost.
func TestWhatTheServerToldIsNotLost(t *testing.T) {
	b := New(Defaults(Fanout), nil)
	to := new(topic)
	to.acked.Store(100)
	to.handed.Store(100)
	r := &reader{bench: b, topics: []*topic{to}, streams: map[uint32]*numbers{}, times: newTimes()}
	r.event(client.Gap{Expired: 10, Evicted: 5, Lost: 2})
	r.event(client.Expired{FirstSequence: 18, LastSequence: 20})
	run := &client.Run{}
	for i := range uint64(80) {
		data := b.payloads.blank()
		b.payloads.write(data, stamp{number: 20 + i})
		run.Messages = append(run.Messages, client.Message{Data: data})
	}
	r.event(run)
	want := Counts{Delivered: 80, Expired: 10, Evicted: 5, DeadOnArrival: 3, Lost: 2}
	if got := r.total(true); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := r.total(false).Lost; got != 0 {
		t.Errorf("%d lost of what was not waited for", got)
	}
	if got := r.behind(); got != 2 {
		t.Errorf("%d behind", got)
	}
}

func TestProgressShowsWhatEndsFirst(t *testing.T) {
	b := New(Defaults(Publish), nil)
	count := uint64(30)
	b.phase.begin("publishing", func() uint64 { return count }, time.Hour)
	b.phase.of(100, nil)
	if p := b.Progress(); p.Done != 30 || p.Whole != 100 || p.Messages != 30 || p.Phase != "publishing" {
		t.Errorf("by messages: %+v", p)
	}
	b.phase.of(0, nil)
	if p := b.Progress(); p.Whole != int64(time.Hour) {
		t.Errorf("by time: %+v", p)
	}
	b.phase.begin("connecting", nil, 0)
	if p := b.Progress(); p.Whole != 0 || p.Messages != 0 {
		t.Errorf("with no end known: %+v", p)
	}
}

func TestTheDeadAreGoneFromMemoryWhateverTheLoadTakes(t *testing.T) {
	at := time.Unix(100, 0)
	d := &deaths{at: at, memoryBefore: 1 << 20, memoryFull: 101 << 20, found: Deaths{GoneFromMemory: -1}}
	d.remember(at.Add(-time.Second), 103<<20)
	d.remember(at.Add(-time.Millisecond), 105<<20)
	d.remember(at.Add(100*time.Millisecond), 60<<20)
	if d.found.GoneFromMemory != -1 {
		t.Errorf("half of them are gone, %s after the deadline", d.found.GoneFromMemory)
	}
	d.remember(at.Add(600*time.Millisecond), 15<<20)
	d.remember(at.Add(1100*time.Millisecond), 5<<20)
	if d.found.GoneFromMemory != 600*time.Millisecond {
		t.Errorf("gone %s after the deadline", d.found.GoneFromMemory)
	}
	few := &deaths{at: at, memoryBefore: 1 << 20, memoryFull: 2 << 20, found: Deaths{GoneFromMemory: -1}}
	few.remember(at, 2<<20)
	if few.found.GoneFromMemory != 0 {
		t.Error("too few tell something")
	}
}
