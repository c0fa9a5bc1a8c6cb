package server

import (
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"linger/broker"
	"linger/internal/server/wire"
)

// An outlet sends one subscription's responses, and knows whether the next one might have to wait: gRPC's SendMsg hands a
// message to the connection's writer, and waits while 64 KiB or more of the stream are with that. What is written, or never
// will be, comes back as the buffer that it was encoded in.
//
// It belongs to the subscription's goroutine, and to who hands over in its place.
type outlet struct {
	*service
	stream   grpc.ServerStream
	beat     *heartbeat
	response wire.Response // for all: each is encoded by when SendMsg returns
	newest   int           // bytes of messages in the newest one
	underWay atomic.Int32  // responses that have not come back
}

// atOnce bounds what may be with the writer unseen: messages at the end of a response that are sent as they lie in the broker
// do not come back. It is half of what has SendMsg wait.
const atOnce = 32 << 10

// Ready implements [broker.HandOff].
func (o *outlet) Ready() bool { return o.underWay.Load() == 0 && o.newest < atOnce }

// Take implements [broker.HandOff].
func (o *outlet) Take(d broker.Delivery) error { return o.send(wire.Response{Delivery: d}) }

func (o *outlet) send(r wire.Response) error {
	o.response = r
	o.response.Pool = o
	o.underWay.Add(1)
	if err := o.stream.SendMsg(&o.response); err != nil {
		return err
	}
	o.beat.last = time.Now()
	messages := 0
	o.newest = 0
	for i := range r.Runs {
		messages += r.Runs[i].Count
		o.newest += len(r.Runs[i].Body)
	}
	o.metrics.Delivered.Add(uint64(messages))
	return nil
}

// toldFrom is the least size of a buffer that gRPC gives back; smaller ones it leaves to the collector.
const toldFrom = 2 << 10

// Get implements [mem.BufferPool].
func (o *outlet) Get(n int) *[]byte { return mem.DefaultBufferPool().Get(max(n, toldFrom)) }

// Put implements [mem.BufferPool]. Whoever is done with a response calls it.
func (o *outlet) Put(b *[]byte) {
	o.underWay.Add(-1)
	mem.DefaultBufferPool().Put(b)
}
