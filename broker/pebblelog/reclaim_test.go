package pebblelog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
)

// TestContract4ExtendedPinsNothing extends a few of many messages; the others' space comes back, theirs stays readable.
func TestContract4ExtendedPinsNothing(t *testing.T) {
	dir := t.TempDir()
	o := pebblelog.Options{Dir: dir, MemTable: 1 << 20}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	body := strings.Repeat("x", 8<<10)
	extended := map[uint64]bool{}
	for i := range 600 {
		c := h.mustCommit(t, published(id, time.Hour, body))
		if i%150 == 75 {
			extended[c.Position] = true
			h.mustCommit(t, broker.Proposal{
				Kind: broker.KindDeadline, Topic: id, Published: c.Position, Sequence: c.First, Deadline: c.Time.Add(24 * time.Hour),
			})
		}
	}
	for _, c := range h.applied {
		if c.Kind == broker.KindPublished && !extended[c.Position] {
			h.Release(broker.Ref{Position: c.Position, Topic: id})
		}
	}
	deadline := time.Now().Add(2 * time.Minute)
	for h.Stored() > 1200<<10 /* the block that is being filled stays whole */ {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are kept for %d messages", h.Stored(), len(extended))
		}
		time.Sleep(10 * time.Millisecond)
	}
	for position := range extended {
		if b, err := h.Load(context.Background(), broker.Ref{Position: position, Topic: id}); err != nil || string(b) != body {
			t.Errorf("extended at %d: %d bytes, %v", position, len(b), err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, o)
	defer again.Close()
	if n := again.Recovered().Messages; n < uint64(len(extended)) || n > 200 { // a release is not synced
		t.Errorf("%d messages after a restart", n)
	}
}

// TestContract11RewrittenOverRestart has blocks written again with what lives of them, which is not where their records
// begin, and restarts: it is there, and once it is let go, it stays away.
func TestContract11RewrittenOverRestart(t *testing.T) {
	o := pebblelog.Options{Dir: t.TempDir()}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	var committed sync.WaitGroup
	for range 2000 { // without waiting, so that records hold many
		committed.Add(1)
		h.Append(published(id, time.Hour, strings.Repeat("x", 2<<10)), func(_ broker.Commit, err error) {
			if err != nil {
				t.Error(err)
			}
			committed.Done()
		})
	}
	committed.Wait()
	release := func(all []broker.Commit, kept func(i int) bool) (rest []broker.Commit) {
		var refs []broker.Ref
		for i, c := range all {
			switch {
			case c.Kind != broker.KindPublished:
			case kept(i):
				rest = append(rest, c)
			default:
				refs = append(refs, broker.Ref{Position: c.Position, Topic: id})
			}
		}
		h.Release(refs...)
		return rest
	}
	kept := release(h.applied, func(i int) bool { return i%40 == 13 })
	eventually(t, func() bool { return h.Stored() < 1200<<10 }) // one block is still being filled
	for range 2 {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h = open(t, o) // and load each
		for _, c := range kept {
			if body, err := h.Load(context.Background(), broker.Ref{Position: c.Position, Topic: id}); err != nil || len(body) != 2<<10 {
				t.Fatalf("%d of %d: %d bytes, %v", c.Position, len(kept), len(body), err)
			}
		}
	}
	release(kept, func(int) bool { return false })
	eventually(t, func() bool { return h.Stored() == 0 })
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open(t, o)
	defer h.Close()
	if n := h.Recovered().Messages; n != 0 {
		t.Errorf("%d messages came back", n)
	}
}

// TestContract4SpaceBehindExtended has all die but a message that was extended, and lies before them in their class: their
// space on the disk comes back, and it stays readable.
func TestContract4SpaceBehindExtended(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: dir})
	defer h.Close()
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	body := strings.Repeat("x", 32<<10)
	kept := h.mustCommit(t, published(id, time.Hour, body))
	h.mustCommit(t, broker.Proposal{
		Kind: broker.KindDeadline, Topic: id, Published: kept.Position, Sequence: kept.First, Deadline: kept.Time.Add(24 * time.Hour),
	})
	var committed sync.WaitGroup
	for range 2500 {
		committed.Add(1)
		h.Append(published(id, time.Hour, body), func(_ broker.Commit, err error) {
			if err != nil {
				t.Error(err)
			}
			committed.Done()
		})
	}
	committed.Wait()
	for _, c := range h.applied {
		if c.Kind == broker.KindPublished && c.Position != kept.Position {
			h.Release(broker.Ref{Position: c.Position, Topic: id})
		}
	}
	eventually(t, func() bool { return filesIn(dir)["sst"] < 16<<20 })
	if b, err := h.Load(context.Background(), broker.Ref{Position: kept.Position, Topic: id}); err != nil || string(b) != body {
		t.Errorf("extended: %d bytes, %v", len(b), err)
	}
}

// TestContract4SpaceAfterLastFlush has all die right after tables were made, and nothing be written from then on.
func TestContract4SpaceAfterLastFlush(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: dir})
	defer h.Close()
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	var committed sync.WaitGroup
	for range 1500 {
		committed.Add(1)
		h.Append(published(id, time.Hour, strings.Repeat("x", 32<<10)), func(broker.Commit, error) { committed.Done() })
	}
	committed.Wait()
	var all []broker.Ref
	for _, c := range h.applied {
		if c.Kind == broker.KindPublished {
			all = append(all, broker.Ref{Position: c.Position, Topic: id})
		}
	}
	if err := h.Flush(); err != nil {
		t.Fatal(err)
	}
	h.Release(all...)
	eventually(t, func() bool { return filesIn(dir)["sst"] < 20<<20 }) // of 48 MiB
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not happened in 20 s")
		}
	}
}

// TestContract11DamageWhileRunning damages a table that is in use: the message is not served, and health tells.
func TestContract11DamageWhileRunning(t *testing.T) {
	dir := t.TempDir()
	held := fill(t, dir, true)
	h := open(t, pebblelog.Options{Dir: dir, Cache: 1})
	defer h.Close()
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	for _, path := range tables {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // in place: it is open
		if err != nil {
			t.Fatal(err)
		}
		at := len(b) / 2 // once: Pebble tries every single bit when a checksum does not match, which takes seconds
		f.WriteAt([]byte{b[at] ^ 0x10}, int64(at))
		f.Close()
	}
	damaged := 0
	names := map[broker.TopicID]string{}
	var damage *pebblelog.CorruptionError
	for _, c := range h.applied {
		if c.Kind == broker.KindTopicPut {
			names[c.Topic] = c.Put.Name
		}
		if c.Kind != broker.KindPublished || damaged > 0 {
			continue
		}
		body, err := h.Load(context.Background(), broker.Ref{Position: c.Position, Topic: c.Topic})
		switch {
		case err == nil && string(body) != held[nameOf(c)]:
			t.Fatalf("served what was never published: %s", nameOf(c))
		case errors.As(err, &damage):
			if damage.Topic != c.Topic || damage.Name != names[c.Topic] || damage.Position != c.Position || !strings.HasSuffix(damage.File, ".sst") {
				t.Errorf("damage told as %+v", damage)
			}
			damaged++
			told := fmt.Sprint(h.Health())
			for _, want := range []string{fmt.Sprintf("commit %d of topic %s in %s", c.Position, names[c.Topic], damage.File), "linger verify " + dir + " --repair"} {
				if !strings.Contains(told, want) || strings.Contains(told, "\n") {
					t.Errorf("health says %q, not %q", told, want)
				}
			}
		case err != nil:
			t.Errorf("%s: %v", nameOf(c), err)
		}
	}
	if err := h.Health(); damaged == 0 || !errors.As(err, &damage) {
		t.Errorf("%d damaged, health: %v", damaged, err)
	}
	if c := h.mustCommit(t, topicPut("goes on")); c.Position == 0 {
		t.Error("publishing stopped")
	}
}

// TestContract12ProducersOutliveMessages asks for answers whose messages are dead.
func TestContract12ProducersOutliveMessages(t *testing.T) {
	w := &wall{now: time.UnixMilli(10_000_000)}
	o := pebblelog.Options{Dir: t.TempDir(), Clock: broker.NewClock(w.read)}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	producer := broker.ProducerID{3}
	for n := range uint64(20) {
		p := published(id, time.Millisecond, "short")
		p.Producer, p.Request = producer, n+1
		c := h.mustCommit(t, p)
		h.Release(broker.Ref{Position: c.Position, Topic: id})
	}
	w.add(time.Minute)
	h.Look()
	time.Sleep(50 * time.Millisecond)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		o.Clock = broker.NewClock(w.read)
		h = open(t, o)
		last := uint64(0)
		for _, c := range h.applied {
			if c.Producer == producer {
				last = c.Request
				if c.Kind != broker.KindPublished || c.First != c.Request || c.Body != nil {
					t.Errorf("answer %+v", c)
				}
			}
		}
		if last != 20 {
			t.Errorf("the last request is %d", last)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w.add(broker.ProducerIdle)
	o.Clock = broker.NewClock(w.read)
	h = open(t, o)
	h.Look()
	time.Sleep(50 * time.Millisecond)
	h.Close()
	h = open(t, o)
	defer h.Close()
	for _, c := range h.applied {
		if c.Producer == producer {
			t.Errorf("not forgotten: %+v", c)
		}
	}
}
