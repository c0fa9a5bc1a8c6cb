package server

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// inside is a server that runs until the test ends, for tests that call what it consists of.
func inside(t *testing.T) (*Server, *broker.Broker) {
	t.Helper()
	clock := broker.NewClock(time.Now)
	b, err := broker.Open(t.Context(), broker.Config{Clock: clock, Log: memlog.New(memlog.Options{Clock: clock})})
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context, func(done, total int64)) (*broker.Broker, error) { return b, nil }
	s, err := New(Config{GRPC: "localhost:0", HTTP: "localhost:0", Logger: slog.New(slog.DiscardHandler), Open: open})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	<-s.Ready()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s, b
}

// put publishes an empty message by itself.
func put(t *testing.T, b *broker.Broker, topic string) broker.PublishResult {
	t.Helper()
	answered := make(chan broker.PublishAnswer, 1)
	b.Publish(t.Context(), broker.PublishRequest{Batches: []broker.Batch{{Topic: topic, Count: 1, Body: []byte{0x42, 2, 0x0a, 0}}}}, func(a broker.PublishAnswer) {
		answered <- a
	})
	r := (<-answered).Results[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}
