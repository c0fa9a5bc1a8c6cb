package server

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"linger/broker"
	"linger/internal/metrics"
)

// slowTransport keeps what it is given to send until the test lets go of it, as gRPC's does.
type slowTransport struct {
	grpc.ServerStream
	kept []mem.BufferSlice
}

func (s *slowTransport) SendMsg(m any) error {
	data, err := newCodec().Marshal(m)
	s.kept = append(s.kept, data)
	return err
}

func (s *slowTransport) write() {
	s.kept[0].Free()
	s.kept = s.kept[1:]
}

// An outlet is ready when nothing that it sent can be left with the transport but a little.
func TestOutletKnowsWhatIsUnderWay(t *testing.T) {
	for _, size := range []int{1, 1000, 5000, atOnce - 1, atOnce, 4 * atOnce} {
		transport := &slowTransport{}
		beat := newHeartbeat(context.Background(), time.Minute)
		o := &outlet{service: &service{metrics: &metrics.Set{}}, stream: transport, beat: beat}
		if !o.Ready() {
			t.Error("not ready at first")
		}
		for range 3 { // buffers are used again
			for range 2 {
				run := broker.Run{Topic: "t", First: 1, Count: 1, Body: bytes.Repeat([]byte("x"), size)}
				if err := o.Take(broker.Delivery{Runs: []broker.Run{run}}); err != nil {
					t.Fatal(err)
				}
			}
			for left := 2; left > 0; left-- {
				if o.Ready() {
					t.Errorf("ready with %d of %d bytes under way", left, size)
				}
				transport.write()
			}
			if o.Ready() != (size < atOnce) {
				t.Errorf("ready %v once %d bytes may be written", o.Ready(), size)
			}
		}
		beat.stop()
	}
}
