package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"linger/internal/metrics"
	"linger/internal/server/wire"
)

// Server answers gRPC on one address, and HTTP (pages, gRPC-Web, metrics) on another.
type Server struct {
	*service
	stop context.CancelFunc // ends service.stopping

	grpcOn   listeners
	httpOn   listeners
	grpcRoom *room
	httpRoom *room
	grpc     *grpc.Server
	http     *http.Server
	health   *health.Server
	publish  *publishService
	watch    *watchService
	checks   sync.WaitGroup // of the opening and of the clock, while the server runs
	shutdown func() error   // once
}

// New checks the configuration, binds both addresses and prepares everything; Run serves. Until Run, Close gives the
// addresses back.
func New(c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	grpcOn, err := listen("gRPC", c.GRPC)
	if err != nil {
		return nil, err
	}
	httpOn, err := listen("HTTP", c.HTTP)
	if err != nil {
		grpcOn.close()
		return nil, err
	}
	stopping, stop := context.WithCancel(context.Background())
	limits := wire.Limits{Data: c.MaxMessage}
	s := &Server{
		service: &service{
			config:   c,
			recovery: newRecovery(),
			problems: problems{c.Logger},
			stopping: stopping,
			metrics:  metrics.New(c.Version),
			inflight: newBudget(inflightMost),
			limits:   limits,
			run:      newRunID(),
		},
		stop:   stop,
		grpcOn: grpcOn,
		httpOn: httpOn,
		health: health.NewServer(),
	}
	s.grpcRoom = &room{service: "gRPC", addr: s.GRPCAddr(), most: c.MaxConnections, log: c.Logger}
	s.httpRoom = &room{service: "HTTP", addr: s.HTTPAddr(), most: c.MaxConnections, log: c.Logger}
	s.publish = &publishService{service: s.service}
	s.watch = &watchService{service: s.service, exposed: s.Exposed()}
	s.grpc = grpc.NewServer(grpcOptions(s.service)...)
	s.register()
	s.http = s.newHTTP()
	s.shutdown = sync.OnceValue(s.shutDown)
	return s, nil
}

func newRunID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// GRPCAddr is where gRPC is answered, as host:port with the port that was bound.
func (s *Server) GRPCAddr() string { return s.grpcOn.addr }

// HTTPAddr is where HTTP is answered, as host:port with the port that was bound.
func (s *Server) HTTPAddr() string { return s.httpOn.addr }

// Exposed says whether another machine can reach the server, which has no authentication.
func (s *Server) Exposed() bool { return s.grpcOn.exposed() || s.httpOn.exposed() }

// Ready is closed when the broker is open and the server answers everything.
func (s *Server) Ready() <-chan struct{} { return s.recovery.over }

// Run opens the broker, while the addresses answer already, and serves until ctx ends; then it shuts down. It returns
// early when the broker cannot be opened or a listener fails.
func (s *Server) Run(ctx context.Context) error {
	if s.Exposed() {
		s.config.Logger.Warn("listening beyond this machine WITHOUT AUTHENTICATION: whoever reaches these addresses can read, publish and delete",
			"grpc", s.GRPCAddr(), "http", s.HTTPAddr())
	}
	failed := make(chan error, len(s.grpcOn.list)+len(s.httpOn.list))
	unopened := make(chan error, 1)
	s.checks.Go(func() {
		if err := s.open(ctx); err != nil {
			unopened <- err
		}
	})
	var serving sync.WaitGroup
	for _, l := range s.grpcOn.list {
		serving.Go(func() { failed <- listenerError(s.grpc.Serve(tracked{l, s.grpcRoom})) })
	}
	for _, l := range s.httpOn.list {
		serving.Go(func() { failed <- listenerError(s.http.Serve(tracked{l, s.httpRoom})) })
	}
	var why error
	select {
	case <-ctx.Done():
	case why = <-failed:
	case why = <-unopened:
	}
	err := s.Shutdown()
	serving.Wait()
	if why == nil { // it may have been stopped just as it failed
		select {
		case why = <-unopened:
		default:
		}
	}
	return errors.Join(why, err)
}

func listenerError(err error) error { return fmt.Errorf("a listener failed: %w", err) }

// open opens the broker and lets everything use it. A stop ends it without an error.
func (s *Server) open(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	b, err := s.config.Open(ctx, s.recovery.report)
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil
	case err != nil:
		return err
	}
	s.broker, s.drift, s.started = b, drift{b.Now, s.config.WallClock}, b.Now()
	s.metrics.Observe(b, s.drift.ahead)
	close(s.recovery.over)
	s.serving(true)
	clock := &driftLog{drift: s.drift, log: s.config.Logger}
	s.checks.Go(func() { clock.watch(s.stopping) })
	s.checks.Go(func() { s.watchStore(s.stopping) })
	s.checks.Go(func() { s.countDelivered(s.stopping) })
	return nil
}

// Shutdown ends everything in the one right order, within the grace period and a little. Safe to call more than once;
// later calls wait for the first.
func (s *Server) Shutdown() error { return s.shutdown() }

func (s *Server) shutDown() error {
	deadline := time.Now().Add(s.config.Grace)
	// 1. Whoever asks is told to go elsewhere.
	s.health.Shutdown()
	// 2. Streams end by themselves, with UNAVAILABLE "server stopping". It must come before 3: a gRPC-Web stream that is
	// cut by the HTTP server ends without a status.
	s.stop()
	// 3. HTTP, gRPC-Web with it.
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.config.Logger.Warn("HTTP connections did not end in time and were closed", "error", err)
		_ = s.http.Close() // nothing is left to be told about
	}
	// 4. gRPC.
	s.stopGRPC(ctx)
	s.publish.readers.Wait()
	s.checks.Wait()
	s.Close()
	// 5. The broker, which nobody uses any more.
	if s.broker == nil {
		return nil
	}
	return s.broker.Close()
}

// stopGRPC waits for calls under way until ctx ends, then cuts them.
func (s *Server) stopGRPC(ctx context.Context) {
	done := make(chan struct{})
	go func() { // ends when Stop below has returned, at the latest
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
	}
}

// Close gives the addresses back, and ends the goroutines that gRPC keeps for calls. It is for a server that was never run.
func (s *Server) Close() {
	s.grpc.Stop()
	s.grpcOn.close()
	s.httpOn.close()
}
