package client_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// fake is a server whose every call does what the test says.
type fake struct {
	pb.UnimplementedPublishServiceServer
	pb.UnimplementedSubscribeServiceServer
	pb.UnimplementedTopicServiceServer
	pb.UnimplementedRetainedServiceServer
	pb.UnimplementedStoreServiceServer

	publish       func(*pb.PublishRequest) (*pb.PublishResponse, error)
	publishStream func(publishStream) error
	subscribe     func(*pb.SubscribeRequest, subscribeStream) error
	listMessages  func(*pb.ListMessagesRequest) (*pb.ListMessagesResponse, error)
	getMessage    func(*pb.GetMessageRequest) (*pb.GetMessageResponse, error)
	setExpireTime func(*pb.SetExpireTimeRequest) (*pb.SetExpireTimeResponse, error)
	listTopics    func(*pb.ListTopicsRequest) (*pb.ListTopicsResponse, error)
	forecast      func(*pb.ForecastRequest) (*pb.ForecastResponse, error)
	backup        func(backupStream) error
}

type (
	publishStream   = grpc.BidiStreamingServer[pb.PublishRequest, pb.PublishResponse]
	subscribeStream = grpc.ServerStreamingServer[pb.SubscribeResponse]
	backupStream    = grpc.ServerStreamingServer[pb.BackupResponse]
)

func (f *fake) Publish(_ context.Context, r *pb.PublishRequest) (*pb.PublishResponse, error) {
	return f.publish(r)
}
func (f *fake) Backup(_ *pb.BackupRequest, s backupStream) error { return f.backup(s) }
func (f *fake) PublishStream(s publishStream) error              { return f.publishStream(s) }
func (f *fake) Subscribe(r *pb.SubscribeRequest, s subscribeStream) error {
	return f.subscribe(r, s)
}

func (f *fake) ListMessages(_ context.Context, r *pb.ListMessagesRequest) (*pb.ListMessagesResponse, error) {
	return f.listMessages(r)
}

func (f *fake) GetMessage(_ context.Context, r *pb.GetMessageRequest) (*pb.GetMessageResponse, error) {
	return f.getMessage(r)
}

func (f *fake) SetExpireTime(_ context.Context, r *pb.SetExpireTimeRequest) (*pb.SetExpireTimeResponse, error) {
	return f.setExpireTime(r)
}

func (f *fake) ListTopics(_ context.Context, r *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	return f.listTopics(r)
}

func (f *fake) Forecast(_ context.Context, r *pb.ForecastRequest) (*pb.ForecastResponse, error) {
	return f.forecast(r)
}

// withFake runs test in a bubble of virtual time with a client of f. Waits of seconds take none, and nothing sleeps.
func withFake(t *testing.T, f *fake, test func(t *testing.T, c *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := bufconn.Listen(1 << 20)
		server := grpc.NewServer(grpc.MaxRecvMsgSize(32<<20),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}))
		pb.RegisterPublishServiceServer(server, f)
		pb.RegisterSubscribeServiceServer(server, f)
		pb.RegisterTopicServiceServer(server, f)
		pb.RegisterRetainedServiceServer(server, f)
		pb.RegisterStoreServiceServer(server, f)
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener)
		}()
		c, err := client.Dial("passthrough:///fake", client.Options{DialOptions: []grpc.DialOption{
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = c.Close()
			server.Stop()
			<-served
		}()
		test(t, c)
	})
}

// committed answers a request as if all of it was published, numbering messages from *sequence+1.
func committed(r *pb.PublishRequest, sequence *uint64) *pb.PublishResponse {
	resp := &pb.PublishResponse{Request: r.GetRequest()}
	now := time.Now().Truncate(time.Millisecond)
	for _, b := range r.GetBatches() {
		ttl := b.GetTtl().AsDuration()
		resp.Results = append(resp.Results, &pb.BatchResult{
			FirstSequence: *sequence + 1, Count: uint32(len(b.GetMessages())),
			PublishTime: timestamppb.New(now), ExpireTime: timestamppb.New(now.Add(ttl)), Ttl: durationpb.New(ttl),
			Durability: pb.Durability_DURABILITY_MEMORY,
		})
		*sequence += uint64(len(b.GetMessages()))
	}
	return resp
}

// opened reads a stream's first request and answers it. The store is always the same one.
func opened(t *testing.T, s publishStream, last uint64, remembered bool) *pb.PublishRequest {
	t.Helper()
	return openedBy(t, s, &pb.PublishOpened{LastRequest: last, Remembered: remembered, Store: "store"})
}

func openedBy(t *testing.T, s publishStream, as *pb.PublishOpened) *pb.PublishRequest {
	t.Helper()
	r, err := s.Recv()
	if err != nil {
		t.Errorf("opening: %v", err)
		return nil
	}
	if len(r.GetProducerId()) != 16 || r.GetRequest() != 0 || len(r.GetBatches()) != 0 {
		t.Errorf("the stream is opened with %v", r)
	}
	if err := s.Send(&pb.PublishResponse{Opened: as}); err != nil {
		t.Errorf("opening: %v", err)
	}
	return r
}
