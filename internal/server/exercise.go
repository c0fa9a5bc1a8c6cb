package server

import (
	"context"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"linger/broker"
	"linger/internal/metrics"
	"linger/proto/exercise"
	lingerv1 "linger/proto/linger/v1"
)

// exerciseService is the class exercise's: its client calls pubsubServe in a loop and prints each answer. What it sends
// means nothing. A connection is a subscription: its place moves on by calls that took a line, so that nothing alive is
// lost between two calls.
type exerciseService struct {
	*service
	mu     sync.Mutex // guards places
	places map[*connection]*place
}

// exerciseDesc makes the unary method a stream, which looks the same on the wire but tells whether the transport took
// the answer: a call that was cancelled at the last moment must not move the place on.
func exerciseDesc() *grpc.ServiceDesc {
	desc := exercise.Pubsub_ServiceDesc
	desc.HandlerType = (*any)(nil)
	desc.Methods = nil
	desc.Streams = []grpc.StreamDesc{{
		StreamName:    "pubsubServe",
		Handler:       func(srv any, stream grpc.ServerStream) error { return srv.(*exerciseService).serve(stream) },
		ServerStreams: true, // or the stream interceptor would not see it
	}}
	return &desc
}

func (s *exerciseService) serve(stream grpc.ServerStream) error {
	if err := stream.RecvMsg(&exercise.Mes2Server{}); err != nil {
		return err
	}
	p, err := s.place(stream.Context())
	if err != nil {
		return err
	}
	defer metrics.Open(&s.metrics.Streams.Exercise)()
	for {
		l, err := p.line(stream.Context())
		if err != nil {
			return err
		}
		if !l.alive(s.broker.Now()) {
			p.moveOn(l)
			continue
		}
		if err := stream.SendMsg(&exercise.Mes2Client{Mes2: l.text}); err != nil {
			return err
		}
		p.moveOn(l)
		s.metrics.Delivered.Add(1)
		return nil
	}
}

// place finds the place of the call's connection, or begins one.
func (s *exerciseService) place(ctx context.Context) (*place, error) {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Internal, "a call without a connection")
	}
	from, ok := caller.Addr.(connectionAddr)
	if !ok {
		return nil, status.Error(codes.FailedPrecondition, "this service needs a gRPC connection of its own; over gRPC-Web use linger.v1")
	}
	p, began, err := s.findOrBegin(from.connection, from.String())
	if began {
		from.connection.whenClosed(func() { s.forget(from.connection) })
	}
	return p, err
}

func (s *exerciseService) findOrBegin(c *connection, address string) (p *place, began bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.places[c]; p != nil {
		return p, false, nil
	}
	sub, err := s.broker.Subscribe(broker.SubscribeOptions{
		Patterns: []string{s.config.ExerciseTopic}, Client: exercise.Pubsub_ServiceDesc.ServiceName, Peer: address,
	})
	if err != nil {
		return nil, false, err
	}
	p = &place{sub: sub, next: newLine()}
	s.places[c] = p
	return p, true, nil
}

func (s *exerciseService) forget(c *connection) {
	s.mu.Lock()
	p := s.places[c]
	delete(s.places, c)
	s.mu.Unlock()
	if p != nil {
		p.close()
	}
}

// line is one message on its way to a connection. Calls under way at the same time share it.
type line struct {
	ready               chan struct{} // closed when the rest is set
	text                string
	published, deadline broker.Instant
}

func newLine() *line { return &line{ready: make(chan struct{})} }

// alive compares again, since a line waits for a call as long as none takes it.
func (l *line) alive(now broker.Instant) bool {
	if l.deadline == l.published { // now or never
		return now < l.published.Add(broker.PassingTime)
	}
	return now < l.deadline
}

// place is where a connection stands in the topic. Safe for concurrent use.
type place struct {
	sub *broker.Subscription // used by the call that reads, alone

	mu      sync.Mutex    // guards what is below
	next    *line         // what calls take or wait for
	reading chan struct{} // closed when the call that reads stops; nil: none reads
	closed  bool
}

// line waits for the next line. One of the calls that wait reads; when it is cancelled, another takes over.
func (p *place) line(ctx context.Context) (*line, error) {
	p.mu.Lock()
	l := p.next
	p.mu.Unlock()
	for {
		stopped, read := p.startReading(l)
		if read {
			if err := p.read(ctx, l); err != nil {
				return nil, err
			}
		}
		select {
		case <-l.ready:
			return l, nil
		default:
		}
		select {
		case <-l.ready:
			return l, nil
		case <-stopped:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// startReading says whether the caller is to read, or when to ask again.
func (p *place) startReading(l *line) (stopped <-chan struct{}, read bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-l.ready: // no need to
		return nil, false
	default:
	}
	if p.reading != nil {
		return p.reading, false
	}
	p.reading = make(chan struct{})
	return nil, true
}

func (p *place) read(ctx context.Context, l *line) error {
	err := p.fill(ctx, l)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		close(l.ready)
	}
	close(p.reading)
	p.reading = nil
	if p.closed {
		p.sub.Close()
	}
	return err
}

func (p *place) fill(ctx context.Context, l *line) error {
	for {
		d, err := p.sub.Next(ctx, broker.Budget{Messages: 1})
		if err != nil {
			return err
		}
		if len(d.Runs) == 0 {
			continue // caught up, or a reset: nothing to print
		}
		run := d.Runs[0]
		var read lingerv1.Run
		if err := proto.Unmarshal(run.Body, &read); err != nil {
			return err
		}
		l.text = strings.ToValidUTF8(string(read.Messages[0].GetData()), "\uFFFD")
		l.published, l.deadline = run.PublishTime, run.Deadline
		return nil
	}
}

// moveOn lets later calls wait for the next line. Calls that waited for l still get it.
func (p *place) moveOn(l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == l {
		p.next = newLine()
	}
}

func (p *place) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.reading == nil {
		p.sub.Close()
	} // else the reading call, whose context has ended with the connection, closes it
}
