package pebblelog_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/memlog"
	"linger/broker/pebblelog"
)

// laned is a broker on a store in a file system, with its memory topics beside it.
type laned struct {
	testing.TB
	*broker.Broker
}

func openLaned(t testing.TB, fs vfs.FS) *laned {
	t.Helper()
	clock := broker.NewClock(time.Now)
	store, err := pebblelog.Open(pebblelog.Options{Dir: "store", FS: fs, Clock: clock, Logger: quiet(), MemTable: 1 << 20, DiskLimit: 1 << 40, Reserve: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Open(context.Background(), broker.Config{
		Log: store, MemoryLog: memlog.New(memlog.Options{Clock: clock, Adopt: true}), Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &laned{t, b}
}

func (b *laned) publish(producer byte, number uint64, topics ...string) []broker.PublishResult {
	b.Helper()
	r := broker.PublishRequest{Producer: broker.ProducerID{producer}, Number: number}
	text := append([]byte{0x42}, binary.AppendUvarint(nil, 1)...)
	for _, topic := range topics {
		r.Batches = append(r.Batches, broker.Batch{Topic: topic, TTL: time.Hour, HasTTL: true, Count: 1, Body: append(text, 'x')})
	}
	answers := make(chan broker.PublishAnswer, 1)
	b.Publish(context.Background(), r, func(a broker.PublishAnswer) { answers <- a })
	a := <-answers
	for _, result := range a.Results {
		if a.Err != nil || result.Err != nil {
			b.Fatalf("%+v", a)
		}
	}
	return a.Results
}

func (b *laned) expectOpen(producer byte, answered, last uint64, remembered bool) {
	b.Helper()
	if l, r := b.OpenProducer(broker.ProducerID{producer}, answered); l != last || r != remembered {
		b.Errorf("producer %d: last %d, remembered %v, want %d, %v", producer, l, r, last, remembered)
	}
}

func TestContract11MemoryTopicsBesideTheStore(t *testing.T) {
	fs := vfs.NewCrashableMem()
	b := openLaned(t, fs)
	if i, err := b.CreateTopic(context.Background(), "m", broker.Policy{Max: time.Hour}, broker.DurabilityMemory); err != nil || i.Durability != broker.DurabilityMemory {
		t.Fatalf("%+v, %v", i, err)
	}
	durable := b.publish(1, 1, "f")
	b.publish(2, 1, "m")
	b.publish(2, 2, "m", "f")
	b.publish(2, 3, "f")
	s, err := b.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}})
	if err != nil {
		t.Fatal(err)
	}
	for got := 0; got < 5; {
		d, err := s.Next(context.Background(), broker.Budget{Bytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range d.Runs {
			got += run.Count
		}
	}
	token := append([]byte(nil), s.Token()...)
	before, err := b.Topic("m")
	if err != nil {
		t.Fatal(err)
	}

	after := openLaned(t, fs.CrashClone(vfs.CrashCloneCfg{})) // the power goes
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	defer after.Close()
	i, err := after.Topic("m")
	if err != nil || i.Counts.Published != 0 || i.Incarnation == before.Incarnation || i.Policy.Max != time.Hour || i.NextSequence != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := after.Topic("f"); err != nil || i.Counts.Retained != 3 {
		t.Errorf("%+v, %v", i, err)
	}
	after.expectOpen(1, 0, 0, true) // its only answer was lost, so the request is sent again
	after.expectOpen(2, 1, 3, false)
	if again := after.publish(1, 1, "f"); again[0] != durable[0] {
		t.Errorf("%+v, before %+v", again, durable)
	}
	if r := after.publish(2, 4, "m", "f"); r[0].First != 1 || r[0].Durability != broker.DurabilityMemory || r[1].First != 4 {
		t.Errorf("%+v", r)
	}
	s, err = after.Subscribe(broker.SubscribeOptions{Patterns: []string{">"}, Start: broker.Start{Kind: broker.StartToken, Token: token}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	var resets []broker.Reset
	for len(got) < 2 {
		d, err := s.Next(context.Background(), broker.Budget{Bytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range d.Runs {
			got[run.Topic] = run.First
		}
		if d.Reset != nil {
			resets = append(resets, *d.Reset)
		}
	}
	if got["m"] != 1 || got["f"] != 4 || len(resets) != 1 || resets[0] != (broker.Reset{Reason: broker.ResetNewIncarnation, Topic: "m"}) {
		t.Errorf("%v, resets %+v", got, resets)
	}
}
