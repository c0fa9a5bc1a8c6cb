package server

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"linger/proto/exercise"
	lingerv1 "linger/proto/linger/v1"
)

// What bounds a connection. Windows are fixed, but they do not bound what it holds: gRPC gives a connection's window back
// as bytes come, whether anybody reads them or not, and lets a stream's grow to the request that it announced. So a
// connection that begins requests and does not end them holds as many as it has streams, each of up to Limits.Receive
// bytes; few streams, few connections (Config.MaxConnections) and a time to arrive in (Config.Arrival) are the bounds. A stream
// that is not read, as its answers are not taken or too much is under way, holds Config.StreamWindow.
const (
	connectionWindows = 4 // a connection's window, in those of a stream
	streamsMost       = 256
	inflightMost      = 64 << 20 // publish requests that came whole and are not answered yet, of all connections
	streamWorkers     = 32       // goroutines that are kept for calls: the stack of a new one grows by copying, each time

	pingEvery      = 30 * time.Second
	pingTimeout    = 20 * time.Second
	clientPingMost = 10 * time.Second
)

func grpcOptions(s *service) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),
		experimental.BufferPool(frames),
		grpc.MaxRecvMsgSize(s.limits.Receive()),
		grpc.MaxConcurrentStreams(streamsMost),
		grpc.InTapHandle(awaitRequest(s.config.Arrival)),
		grpc.InitialWindowSize(int32(s.config.StreamWindow)),
		grpc.InitialConnWindowSize(int32(connectionWindows * s.config.StreamWindow)),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: pingTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: clientPingMost, PermitWithoutStream: true}),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.WaitForHandlers(true), // they use the broker, which closes next
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
	}
}

// register puts every service on the gRPC server.
func (s *Server) register() {
	g := s.grpc
	g.RegisterService(publishDesc(), s.publish)
	lingerv1.RegisterSubscribeServiceServer(g, &subscribeService{service: s.service})
	lingerv1.RegisterTopicServiceServer(g, &topicService{service: s.service})
	lingerv1.RegisterRetainedServiceServer(g, &retainedService{service: s.service})
	lingerv1.RegisterWatchServiceServer(g, s.watch)
	lingerv1.RegisterStoreServiceServer(g, &storeService{service: s.service})
	g.RegisterService(exerciseDesc(), &exerciseService{service: s.service, places: map[*connection]*place{}})
	s.serving(false)
	healthpb.RegisterHealthServer(g, s.health)
	reflection.Register(g)
}

// serving tells the health service of all services, and of the server as a whole ("").
func (s *Server) serving(yes bool) {
	status := healthpb.HealthCheckResponse_NOT_SERVING
	if yes {
		status = healthpb.HealthCheckResponse_SERVING
	}
	for _, name := range []string{
		"", lingerv1.PublishService_ServiceDesc.ServiceName, lingerv1.SubscribeService_ServiceDesc.ServiceName,
		lingerv1.TopicService_ServiceDesc.ServiceName, lingerv1.RetainedService_ServiceDesc.ServiceName,
		lingerv1.WatchService_ServiceDesc.ServiceName, lingerv1.StoreService_ServiceDesc.ServiceName, exercise.Pubsub_ServiceDesc.ServiceName,
	} {
		s.health.SetServingStatus(name, status)
	}
}
