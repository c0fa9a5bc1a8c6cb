package broker_test

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// checkMemory checks the bound of contract 4: live are the bytes of what is alive, each run with its overhead.
func (b *bench) checkMemory(runs int) {
	b.Helper()
	s := b.Stats()
	live := int64(s.Counts.RetainedBytes) + int64(runs)*broker.RunOverhead
	if most := 2*live + int64(s.Topics)*broker.TopicOverhead + int64(s.Subscriptions)*broker.ReaderOverhead; s.MemoryUsed > most {
		b.Errorf("%d bytes are used for %d live ones in %d runs; at most %d", s.MemoryUsed, live, runs, most)
	}
}

func TestContract04_MemoryOfFewLongLivesAmongManyShortOnes(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		const all = 20_000
		text := strings.Repeat("x", 100)
		for i := range all {
			ttl := time.Second
			if i%100 == 50 {
				ttl = time.Hour
			}
			b.publish("t", ttl, text)
		}
		b.checkMemory(all)
		time.Sleep(time.Second)
		b.checkMemory(all / 100)
		if c := b.info("t").Counts; c.Retained != all/100 {
			t.Errorf("%+v", c)
		}
	})
}

func TestContract04_MemoryOfPartsOfABatch(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		texts := make([]string, 10_000)
		for i := range texts {
			texts[i] = strings.Repeat("x", 90)
		}
		b.publish("extended", time.Minute, texts...)
		b.publish("deleted", time.Hour, texts...)
		runs := 2
		for sequence := uint64(7); sequence < 10_000; sequence += 625 {
			b.extend("extended", sequence, b.Now().Add(2*time.Hour))
			b.checkMemory(runs + 2)
			b.remove("deleted", sequence)
			b.checkMemory(runs + 3)
			runs += 3
		}
		time.Sleep(time.Minute)
		if c := b.info("extended").Counts; c.Retained != 16 {
			t.Errorf("%+v", c)
		}
		b.checkMemory(16 + 17)
		time.Sleep(time.Hour)
		b.checkMemory(16)
		time.Sleep(time.Hour)
		b.checkMemory(0)
		if used := b.Stats().MemoryUsed; used != 2*broker.TopicOverhead {
			t.Errorf("%d bytes are used", used)
		}
	})
}

func TestContract04_MemoryOfABatchOfWhichOneIsLeft(t *testing.T) {
	inBubble(t, broker.Config{}, func(b *bench) {
		b.publish("t", time.Hour, numbered(1000)...)
		for sequence := uint64(1000); sequence > 1; sequence-- {
			b.remove("t", sequence)
			b.checkMemory(1)
		}
		same(t, "listed", b.list("t"), []string{"1"})
	})
}

// TestContract04_AccountedMemoryIsTheTruth compares with the heap: what is accounted must be what is taken, or the bound
// says nothing. Of what lies together most that ends early leaves its place empty; see seal.go.
func TestContract04_AccountedMemoryIsTheTruth(t *testing.T) {
	for what, test := range map[string]struct {
		long func(i int) bool // whether a message lives on
	}{
		"one in 128":     {func(i int) bool { return i%128 == 127 }},
		"more than half": {func(i int) bool { return i%128 < 66 }},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := broker.NewClock(time.Now)
				b := openOn(t, broker.Config{}, memlog.New(memlog.Options{Clock: clock}), clock)
				defer b.Close()
				before := heap()
				text := strings.Repeat("x", 200)
				for i := range 60_000 {
					ttl := time.Second
					if test.long(i) {
						ttl = time.Hour
					}
					b.publish("t", ttl, text)
				}
				check := func(when string, slack int64) {
					t.Helper()
					used := b.Stats().MemoryUsed
					if taken := heap() - before; taken > 2*used+slack {
						t.Errorf("%s: %d bytes are accounted, %d taken", when, used, taken)
					}
				}
				check("all alive", 0)
				time.Sleep(2 * time.Second)
				check("some alive", 2<<20) // the ends that are remembered
			})
		})
	}
}

// TestContract04_ChangedDeadlinesTakeNoMemory looks at the heap too: nothing of this is accounted.
func TestContract04_ChangedDeadlinesTakeNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := broker.NewClock(time.Now)
		b := openOn(t, broker.Config{}, memlog.New(memlog.Options{Clock: clock}), clock)
		defer b.Close()
		b.publish("t", time.Hour, "changed")
		before := heap()
		const changes = 30_000
		for i := range changes {
			b.extend("t", 1, b.Now().Add(2*time.Hour+time.Duration(i)*100*time.Millisecond))
		}
		time.Sleep(2 * time.Minute)
		if taken := heap() - before; taken > 400<<10 {
			t.Errorf("%d bytes are taken after %d changes", taken, changes)
		}
		time.Sleep(2*time.Hour + (changes-1)*100*time.Millisecond - 2*time.Minute - time.Millisecond)
		same(t, "listed", b.list("t"), []string{"changed"})
		time.Sleep(time.Millisecond)
		same(t, "listed", b.list("t"), []string(nil))
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
