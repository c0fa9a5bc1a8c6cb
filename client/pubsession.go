package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "linger/proto/linger/v1"
)

// session runs one stream: opens it, sends what is unanswered and what comes, reads the answers. Nil: the stream ended
// with nothing unanswered, because the publisher was closed or idle.
func (p *Publisher) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.client.publish.PublishStream(ctx, grpc.ForceCodecV2(newFrameCodec()))
	if err != nil {
		return err
	}
	if err := p.open(stream); err != nil {
		return err
	}
	if p.queue.head() == nil {
		p.outage.end() // otherwise with the first answer: a server that opens and never answers is still out
	}

	transmit := func(r *pubRequest) error {
		return stream.SendMsg(&encodedRequest{header: requestHeader(r.number), body: r.body})
	}
	p.queue.attach(transmit)
	defer p.queue.detach() // after cancel, which ends what is being sent
	var sender sync.WaitGroup
	defer sender.Wait() // after cancel, which ends it
	defer cancel()
	var finished atomic.Bool // the sending side was closed
	sender.Go(func() {
		if p.send(ctx, transmit) {
			finished.Store(true)
			_ = stream.CloseSend()
		}
	})
	return p.receive(stream, &finished)
}

// open introduces the producer and settles what the server has of it.
func (p *Publisher) open(stream pb.PublishService_PublishStreamClient) error {
	answered := p.queue.lastAnswered()
	err := stream.Send(&pb.PublishRequest{ProducerId: p.id, Answered: answered})
	if err != nil && !errors.Is(err, io.EOF) { // EOF: Recv has the reason
		return err
	}
	resp, err := stream.Recv()
	if err != nil {
		return noEOF(err)
	}
	opened := resp.GetOpened()
	if opened == nil {
		return status.Error(codes.DataLoss, "the server's first response does not open the stream")
	}
	another := opened.GetStore() != p.store // also at first, when nothing was sent yet
	p.store = opened.GetStore()
	if another || !opened.GetRemembered() || opened.GetLastRequest() < answered || p.mayBeForgotten(answered) {
		// Whether it took what it did not answer can no longer be known. Another store cannot even tell that it forgot
		// when its predecessor's first answer was lost.
		for _, r := range p.queue.takeSent() {
			p.reportAll(r, ErrOutcomeUnknown)
		}
		p.queue.renumber(opened.GetLastRequest())
	}
	return nil
}

// mayBeForgotten covers what the same store cannot tell: it never answered this producer, so that one it forgot looks like
// one it never heard of.
func (p *Publisher) mayBeForgotten(answered uint64) bool {
	return answered == 0 && p.outage.lasted() >= forgetAfter
}

// send hands requests to the stream until there is nothing more to come (true) or the stream breaks; receive tells why.
func (p *Publisher) send(ctx context.Context, transmit func(*pubRequest) error) bool {
	for {
		r := p.queue.next(ctx)
		if r == nil {
			return ctx.Err() == nil
		}
		err := transmit(r)
		p.queue.pass()
		if err != nil {
			return false
		}
	}
}

// receive reads answers until the stream ends.
func (p *Publisher) receive(stream pb.PublishService_PublishStreamClient, finished *atomic.Bool) error {
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) && finished.Load() {
			return nil // the queue was empty when the sending side was closed; what came since has not been sent
		}
		if err != nil {
			return noEOF(err)
		}
		if err := p.answer(resp); err != nil {
			return err
		}
	}
}

// answer reports one response.
func (p *Publisher) answer(resp *pb.PublishResponse) error {
	r := p.queue.head()
	if r == nil || resp.GetRequest() < r.number {
		return nil // answered before: a repeat changes nothing
	}
	if resp.GetRequest() > r.number {
		return status.Errorf(codes.DataLoss, "the server answered request %d before %d", resp.GetRequest(), r.number)
	}
	if !resp.GetForgotten() && len(resp.GetResults()) != len(r.batches) {
		return status.Errorf(codes.DataLoss, "the server gave %d results for %d batches", len(resp.GetResults()), len(r.batches))
	}
	p.queue.drop()
	p.outage.end()
	if resp.GetForgotten() {
		p.reportAll(r, ErrDetailsForgotten)
		return nil
	}
	for i, result := range resp.GetResults() {
		p.report(&r.batches[i], newOutcome(r.batches[i].topic, result))
	}
	return nil
}

func newOutcome(topic string, r *pb.BatchResult) Outcome {
	if err := batchError(r.GetError()); err != nil {
		o := Outcome{Err: err, Failed: -1}
		if r.FailedMessage != nil {
			o.Failed = int(r.GetFailedMessage())
		}
		return o
	}
	return Outcome{Ack: newAck(topic, r), Failed: -1}
}

// noEOF turns an early but orderly end of the stream into an error like any lost connection.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.Unavailable, fmt.Sprintf("the server ended the stream: %v", err))
	}
	return err
}
