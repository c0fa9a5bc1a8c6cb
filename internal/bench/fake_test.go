package bench_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	"linger/internal/bench"
	pb "linger/proto/linger/v1"
)

// careless is a server that acknowledges everything, and gives to subscribers what deliver makes of it.
type careless struct {
	pb.UnimplementedPublishServiceServer
	pb.UnimplementedSubscribeServiceServer
	pb.UnimplementedTopicServiceServer

	deliver func([]*pb.Message) []*pb.Message
	refuse  func(*pb.Batch) error
	// creating is called while a topic is made, of which there have been so many. May be nil.
	creating func(made int)

	mu       sync.Mutex // guards everything below
	messages []*pb.Message
	topics   map[string]bool
	deleted  int
}

func (c *careless) ListTopics(context.Context, *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	return &pb.ListTopicsResponse{ServerTime: timestamppb.Now()}, nil
}

func (c *careless) CreateTopic(_ context.Context, r *pb.CreateTopicRequest) (*pb.CreateTopicResponse, error) {
	c.mu.Lock()
	c.topics[r.GetName()] = true
	made := len(c.topics)
	c.mu.Unlock()
	if c.creating != nil {
		c.creating(made)
	}
	return &pb.CreateTopicResponse{Topic: &pb.Topic{Name: r.GetName(), Policy: &pb.TopicPolicy{
		TtlMin: durationpb.New(time.Millisecond), TtlMax: durationpb.New(time.Hour),
	}}}, nil
}

func (c *careless) GetTopic(_ context.Context, r *pb.GetTopicRequest) (*pb.GetTopicResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &pb.GetTopicResponse{Topic: &pb.Topic{Name: r.GetName(), Stats: &pb.TopicStats{
		Published: uint64(len(c.deliver(c.messages))),
	}}}, nil
}

func (c *careless) DeleteTopic(_ context.Context, r *pb.DeleteTopicRequest) (*pb.DeleteTopicResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.topics, r.GetName())
	c.deleted++
	return &pb.DeleteTopicResponse{}, nil
}

func (c *careless) PublishStream(s grpc.BidiStreamingServer[pb.PublishRequest, pb.PublishResponse]) error {
	if _, err := s.Recv(); err != nil {
		return err
	}
	if err := s.Send(&pb.PublishResponse{Opened: &pb.PublishOpened{Store: "s", Remembered: true}}); err != nil {
		return err
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return nil
		}
		resp := &pb.PublishResponse{Request: r.GetRequest()}
		for _, b := range r.GetBatches() {
			if c.refuse != nil {
				if err := c.refuse(b); err != nil {
					return err
				}
			}
			c.mu.Lock()
			c.messages = append(c.messages, b.GetMessages()...)
			first := len(c.messages) - len(b.GetMessages()) + 1
			c.mu.Unlock()
			resp.Results = append(resp.Results, &pb.BatchResult{
				FirstSequence: uint64(first), Count: uint32(len(b.GetMessages())), Durability: pb.Durability_DURABILITY_MEMORY,
				PublishTime: timestamppb.Now(), ExpireTime: timestamppb.New(time.Now().Add(b.GetTtl().AsDuration())), Ttl: b.GetTtl(),
			})
		}
		if err := s.Send(resp); err != nil {
			return err
		}
	}
}

func (c *careless) Subscribe(r *pb.SubscribeRequest, s grpc.ServerStreamingServer[pb.SubscribeResponse]) error {
	c.mu.Lock()
	run := &pb.Run{
		Topic: r.GetPatterns()[0], FirstSequence: 1, Messages: c.deliver(c.messages),
		PublishTime: timestamppb.Now(), ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}
	c.mu.Unlock()
	for _, resp := range []*pb.SubscribeResponse{
		{Event: &pb.SubscribeResponse_Hello{Hello: &pb.Hello{HeartbeatMs: 60_000}}},
		{Runs: []*pb.Run{run}},
		{Event: &pb.SubscribeResponse_CaughtUp{CaughtUp: &pb.CaughtUp{}}},
	} {
		resp.ServerTime = timestamppb.Now()
		if err := s.Send(resp); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return nil
}

// withCareless has run work with a server in virtual time, in which waits take none.
func withCareless(t *testing.T, c *careless, run func(t *testing.T, dial func() (*client.Client, error))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c.topics = map[string]bool{}
		listener := bufconn.Listen(1 << 20)
		server := grpc.NewServer()
		pb.RegisterPublishServiceServer(server, c)
		pb.RegisterSubscribeServiceServer(server, c)
		pb.RegisterTopicServiceServer(server, c)
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener)
		}()
		defer func() {
			server.Stop()
			<-served
		}()
		run(t, func() (*client.Client, error) {
			return client.Dial("passthrough:///careless", client.Options{DialOptions: []grpc.DialOption{
				grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
			}})
		})
	})
}

// replayed are the settings of a replay of n messages.
func replayed(n int) bench.Settings {
	s := bench.Defaults(bench.Replay)
	s.Messages = n
	return s
}
