package pebblelog_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// TestReplayInStretches has one broker take what survives in stretches, and another commit by commit: they are equal.
func TestReplayInStretches(t *testing.T) {
	now := time.Now()
	clock := func() *broker.Clock { return broker.NewClock(func() time.Time { return now }) }
	fs := vfs.NewMem()
	indexed(t, fs, clock())
	started := func(fs vfs.FS, plain bool) *broker.Broker {
		c := clock()
		l, err := pebblelog.Open(pebblelog.Options{Dir: "db", FS: fs, Clock: c, Logger: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		config := broker.Config{Log: l, Clock: c}
		if plain {
			config.Log = struct{ broker.Log }{l} // which has no Replay
		}
		b, err := broker.Open(context.Background(), config)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := started(fs, false)
	// Some that producers may ask about, between others.
	body := []byte{0x42, 3, 0x1a, 1, 'x'}
	for i := range uint64(300) {
		request := broker.PublishRequest{Batches: []broker.Batch{
			{Topic: "t0", Count: 1, HasTTL: true, TTL: 3 * time.Minute, Body: body}, {Topic: "t1", Count: 1, HasTTL: true, TTL: 3 * time.Minute, Body: body},
		}}
		if i%3 == 0 {
			request.Producer, request.Number = broker.ProducerID{1}, i/3+1
		}
		answered := make(chan broker.PublishAnswer, 1)
		b.Publish(context.Background(), request, func(a broker.PublishAnswer) { answered <- a })
		if a := <-answered; a.Err != nil || a.Results[0].Err != nil || a.Results[1].Err != nil {
			t.Fatalf("%+v", a)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute) // some have ended
	look := func(plain bool) (found []any) {
		copied := vfs.NewMem()
		if ok, err := vfs.Clone(fs, copied, "db", "db"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		b := started(copied, plain)
		defer b.Close()
		last, remembered := b.OpenProducer(broker.ProducerID{1}, 100)
		stats := b.Stats()
		stats.Pending = 0 // whether the broker has just asked for the time to be stored
		found = append(found, last, remembered, stats)
		for i := range 3 {
			info, err := b.Topic(fmt.Sprint("t", i))
			if err != nil {
				t.Fatal(err)
			}
			page, err := b.List(broker.ListOptions{Pattern: info.Name, Limit: 10_000})
			if err != nil || page.Retained < 500 || len(page.Messages) != int(page.Retained) {
				t.Fatalf("%d of %d messages, %v", len(page.Messages), page.Retained, err)
			}
			found = append(found, info, page)
		}
		return found
	}
	plain, stretches := look(true), look(false)
	for i := range plain {
		if !reflect.DeepEqual(plain[i], stretches[i]) {
			t.Errorf("in stretches:\n%.2000v\ncommit by commit:\n%.2000v", fmt.Sprint(stretches[i]), fmt.Sprint(plain[i]))
		}
	}
	if last := plain[0].(uint64); last != 100 {
		t.Errorf("the last request is %d", last)
	}
}
