package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "linger/proto/linger/v1"
)

// unreadStreams: 64 publish streams, each on a connection of its own, whose clients send and never take an answer, until
// the server reads none of them any more. What it holds for each then is its window, and the answers that it cannot send.
// What they publish is now or never, and nobody's: nothing of it is kept.
func unreadStreams(h *harness) error {
	const streams, size = 64, 16 << 10
	s, err := h.serve()
	if err != nil {
		return err
	}
	before, err := s.memory()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	var sent atomic.Int64 // requests
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	request := &pb.PublishRequest{Batches: []*pb.Batch{{
		Topic: "scale.unread", Ttl: durationpb.New(0), Messages: []*pb.Message{{Data: make([]byte, size)}},
	}}}
	for i := range streams {
		conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer conn.Close()
		stream, err := pb.NewPublishServiceClient(conn).PublishStream(ctx)
		if err != nil {
			return err
		}
		id := fmt.Appendf(nil, "unread stream %2d", i)
		if err := stream.Send(&pb.PublishRequest{ProducerId: id}); err != nil {
			return err
		}
		open.Go(func() {
			for n := uint64(1); ; n++ {
				q := &pb.PublishRequest{Request: n, Batches: request.Batches}
				if stream.Send(q) != nil { // ctx has ended
					return
				}
				sent.Add(1)
			}
		})
	}
	for last := int64(-1); last != sent.Load(); { // until nothing goes on
		last = sent.Load()
		if err := h.wait(2 * time.Second); err != nil {
			return err
		}
	}
	after, err := s.memory()
	if err != nil {
		return err
	}
	u := after.sub(before)
	h.tell("a publish stream that is sent to and not read, 64 of them: heap", u.heap/streams/1024, "KiB",
		"resident %.0f KiB; %s requests of 16 KiB were sent before that", u.rss/streams/1024, figure(float64(sent.Load())))
	return nil
}
