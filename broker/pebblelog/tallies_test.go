package pebblelog_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// counted is a broker on a store, whose topics' counts are looked at.
type counted struct {
	testing.TB
	*broker.Broker
}

func openCounted(t testing.TB, fs vfs.FS, w *wall) *counted {
	t.Helper()
	clock := broker.NewClock(w.read)
	l, err := pebblelog.Open(pebblelog.Options{Dir: "db", FS: fs, Clock: clock, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return &counted{t, b}
}

func (b *counted) publish(topic string, count int, ttl time.Duration) (first uint64) {
	b.Helper()
	batch := broker.Batch{Topic: topic, Count: count, HasTTL: true, TTL: ttl, Body: bytes.Repeat([]byte{0x42, 3, 0x1a, 1, 'x'}, count)}
	answers := make(chan broker.PublishAnswer, 1)
	b.Publish(context.Background(), broker.PublishRequest{Batches: []broker.Batch{batch}}, func(a broker.PublishAnswer) { answers <- a })
	a := <-answers
	if a.Err != nil || a.Results[0].Err != nil {
		b.Fatalf("%+v", a)
	}
	return a.Results[0].First
}

func (b *counted) expect(topic string, published, retained uint64, ended broker.Ends) {
	b.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		info, err := b.Topic(topic)
		if err != nil {
			b.Fatal(err)
		}
		c := info.Counts
		if c.Published != c.Retained+c.Passing+c.Ended.Total() {
			b.Fatalf("counts of %s do not add up: %+v", topic, c)
		}
		if c.Published == published && c.Retained == retained && c.Ended == ended {
			return
		}
		if time.Now().After(deadline) { // an eviction may follow what it is for
			b.Fatalf("counts of %s are %+v, want %d published, %d retained, %+v", topic, c, published, retained, ended)
		}
	}
}

func (b *counted) close() {
	b.Helper()
	if err := b.Close(); err != nil {
		b.Fatal(err)
	}
}

// TestContract10ReasonsOverRestart has messages end for every reason: a restart after a close tells the same, one after a
// crash what was known at the close before, and the rest as unknown. A repair publishes nothing.
func TestContract10ReasonsOverRestart(t *testing.T) {
	fs := vfs.NewCrashableMem()
	w := &wall{now: time.UnixMilli(10_000_000)}
	b := openCounted(t, fs, w)
	for topic, most := range map[string]int64{"single": 5, "batches": 3} {
		p := broker.Policy{Max: time.Hour, MaxMessages: most, AtLimit: broker.LimitEvictOldest}
		if _, err := b.CreateTopic(context.Background(), topic, p, broker.DurabilityFsynced); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		b.publish("single", 1, time.Hour)
	}
	if err := b.DeleteMessage(context.Background(), "single", 10); err != nil {
		t.Fatal(err)
	}
	b.publish("single", 1, time.Second)
	b.publish("batches", 4, time.Hour) // of which the tail is kept, and the whole stays on disk
	w.add(2 * time.Second)
	single, batches := broker.Ends{ExpiredUndelivered: 1, Evicted: 7, Deleted: 1}, broker.Ends{Evicted: 1}
	for range 3 {
		b.expect("single", 13, 4, single)
		b.expect("batches", 4, 3, batches)
		b.close()
		b = openCounted(t, fs, w)
	}

	for range 3 {
		b.publish("single", 1, time.Hour)
	}
	evicted := single
	evicted.Evicted += 2
	b.expect("single", 16, 5, evicted)
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	b.close()
	b = openCounted(t, crashed, w)
	unknown := single
	unknown.ExpiredUnknown = 2
	b.expect("single", 16, 5, unknown)
	b.expect("batches", 4, 3, batches)
	b.close()

	if r, _, err := pebblelog.RepairFS(crashed, "db"); err != nil || len(r.Problems) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for range 2 {
		b = openCounted(t, crashed, w)
		b.expect("single", 16, 5, unknown)
		b.expect("batches", 4, 3, batches)
		b.close()
	}
	b = openCounted(t, crashed, w)
	defer b.Close()
	if first := b.publish("batches", 1, time.Hour); first <= 1<<20 {
		t.Errorf("the next is #%d", first)
	}
	batches.Evicted++
	b.expect("batches", 5, 3, batches)
}
