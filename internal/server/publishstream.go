package server

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"linger/broker"
	"linger/internal/metrics"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

// publishStream answers numbered requests in their order. A reader goroutine hands them to the broker; this one sends what
// that one does not. It ends first when the server stops, which makes the reader's RecvMsg return.
func (s *publishService) publishStream(stream grpc.ServerStream) error {
	defer metrics.Open(&s.metrics.Streams.Publish)()
	ctx, end := context.WithCancelCause(stream.Context())
	defer end(nil)
	if err := stream.SendHeader(nil); err != nil { // a browser's proxy shows that it is connected
		return err
	}
	out := newAnswers(func(p *pending) error { return s.transmit(stream, p) })
	s.readers.Go(func() {
		err := s.read(ctx, end, stream, out)
		if errors.Is(err, io.EOF) { // the client closed its side
			err = nil
		}
		out.end(err)
	})
	return whyEnded(ctx, out.send(ctx))
}

func (s *publishService) transmit(stream grpc.ServerStream, p *pending) error {
	if p.answer.Err != nil {
		return p.answer.Err
	}
	m := s.response(p.answer)
	m.Opened = p.opened
	return stream.SendMsg(m)
}

// read takes requests until the client closes its side (io.EOF) or something is wrong.
func (s *publishService) read(ctx context.Context, end context.CancelCauseFunc, stream grpc.ServerStream, out *answers) error {
	in, err := readOpening(stream, s.limits)
	if err != nil {
		return err
	}
	id := in.Producer
	me, leave := s.producers.enter(id, end)
	defer leave()
	for p := s.opened(in); err == nil; p, err = s.readNumbered(ctx, stream, id, me, out) {
		if err := out.add(p); err != nil {
			return err
		}
		if err := out.await(ctx); err != nil {
			return err
		}
	}
	return err
}

func readOpening(stream grpc.ServerStream, limits wire.Limits) (*wire.Request, error) {
	in := &wire.Request{Limits: limits}
	if err := stream.RecvMsg(in); err != nil {
		return nil, err
	}
	return in, checkOpening(in)
}

// opened is the answer to a stream's first request.
func (s *publishService) opened(in *wire.Request) *pending {
	last, remembered := s.broker.OpenProducer(in.Producer, in.Answered)
	return &pending{
		opened:   &lingerv1.PublishOpened{LastRequest: last, Remembered: remembered, Store: s.broker.StoreID()},
		answer:   broker.PublishAnswer{Now: s.broker.Now()},
		answered: true,
	}
}

func (s *publishService) readNumbered(ctx context.Context, stream grpc.ServerStream, id broker.ProducerID, me *producerStream, out *answers) (*pending, error) {
	in := &wire.Request{Limits: s.limits}
	if err := stream.RecvMsg(in); err != nil {
		return nil, err
	}
	if err := checkNumbered(in); err != nil {
		return nil, err
	}
	p := &pending{}
	err := s.start(ctx, id, in, me.hand, func(a broker.PublishAnswer) { out.answer(p, a) })
	readersFirst(little(in))
	return p, err
}

func checkOpening(r *wire.Request) error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.Producer == broker.ProducerID{}:
		return invalid("producer_id", "a stream's first request carries 16 random bytes here")
	case r.Number != 0:
		return invalid("request", "a stream's first request opens it and has no number; number the next one")
	case len(r.Batches) > 0:
		return invalid("batches", "a stream's first request opens it and carries none")
	}
	return nil
}

func checkNumbered(r *wire.Request) error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.Producer != broker.ProducerID{}:
		return invalid("producer_id", "only in a stream's first request")
	case r.Number == 0:
		return invalid("request", "requests of a stream are numbered from 1")
	case len(r.Batches) == 0:
		return invalid("batches", "none; a request has at least one")
	}
	return nil
}
