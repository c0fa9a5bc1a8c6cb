package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

const (
	dataBytes = 128
	// encoded is what such a message takes as it is stored and sent: a key and a length, twice.
	encoded = 2*3 + dataBytes
	// batchesMost is how many a request may have.
	batchesMost = 1000
	keep        = time.Hour
)

// filling is messages to be published as fast as they are taken, in batches of one size.
type filling struct {
	messages, batch int
	topic           func(batch int) string // of the batch, from 0
	expire          time.Time              // zero: after keep
}

func oneTopic(name string) func(int) string { return func(int) string { return name } }

// fill publishes on a few connections' worth of calls at once, each with as many batches as a request may have.
func fill(ctx context.Context, c *client.Client, f filling) error {
	const calls = 4
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	publish := pb.NewPublishServiceClient(c.Conn())
	var all sync.WaitGroup
	batches := f.messages / f.batch
	each := min(batchesMost, max(10_000/f.batch, 1))
	for call := range calls {
		all.Go(func() {
			for first := call * each; first < batches && ctx.Err() == nil; first += calls * each {
				if err := f.publish(ctx, publish, first, min(first+each, batches)); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

var data = slices.Repeat([]byte("x"), dataBytes)

// publish sends the batches [first, end) in one request.
func (f *filling) publish(ctx context.Context, to pb.PublishServiceClient, first, end int) error {
	in := &pb.PublishRequest{}
	for i := first; i < end; i++ {
		batch := &pb.Batch{Topic: f.topic(i), Ttl: durationpb.New(keep)}
		if !f.expire.IsZero() {
			batch.Ttl, batch.ExpireTime = nil, timestamppb.New(f.expire)
		}
		for range f.batch {
			batch.Messages = append(batch.Messages, &pb.Message{Data: data})
		}
		in.Batches = append(in.Batches, batch)
	}
	answer, err := to.Publish(ctx, in)
	if err != nil {
		return err
	}
	for _, r := range answer.Results {
		if r.Error != nil {
			return errors.New(r.Error.Message)
		}
	}
	return nil
}

// filled starts a server that holds messages.
func (h *harness) filled(f filling) (*server, *client.Client, error) {
	s, err := h.serve()
	if err != nil {
		return nil, nil, err
	}
	c, err := s.dial()
	if err != nil {
		return nil, nil, err
	}
	return s, c, fill(h.ctx, c, f)
}

// latency is how long answers took, in the order in which they were due.
type latency struct {
	due   []time.Time
	took  []time.Duration
	mu    sync.Mutex // guards what follows
	err   error
	count int
}

// steady publishes at a rate, message by message, and tells how long each answer took, from when the message was due.
func (h *harness) steady(c *client.Client, topic string, rate int, length time.Duration) (*latency, error) {
	n := int(length.Seconds() * float64(rate))
	l := &latency{due: make([]time.Time, n), took: make([]time.Duration, n)}
	p := c.NewPublisher(client.PublisherOptions{RetryFor: time.Nanosecond})
	began := time.Now()
	for i := 0; i < n; {
		for due := int(time.Since(began).Seconds() * float64(rate)); i < min(due, n); i++ {
			which := i // as it is now
			l.due[which] = began.Add(time.Duration(which) * time.Second / time.Duration(rate))
			err := p.PublishFunc(h.ctx, topic, keep, client.Message{Data: data}, func(_ client.Ack, err error) { l.answered(which, err) })
			if err != nil {
				return nil, err
			}
		}
		time.Sleep(250 * time.Microsecond) // messages are due on
	}
	ctx, cancel := context.WithTimeout(h.ctx, startLimit)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		return nil, err
	}
	if l.err == nil && l.count != n {
		l.err = fmt.Errorf("%d of %d answered", l.count, n)
	}
	return l, l.err
}

func (l *latency) answered(i int, err error) {
	l.took[i] = time.Since(l.due[i])
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	if err != nil {
		l.err = err
	}
}

// p99 is that of the messages that were due in a time, in ms.
func (l *latency) p99(from, to time.Time) float64 {
	var took []time.Duration
	for i, due := range l.due {
		if !due.Before(from) && due.Before(to) {
			took = append(took, l.took[i])
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[len(took)*99/100].Microseconds()) / 1000
}

// all is the time in which messages were due.
func (l *latency) all() (from, to time.Time) { return l.due[0], l.due[len(l.due)-1].Add(1) }

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// likely writes between which two of these the median lies, with 95 %, of all that could have been found.
func likely(v []float64) string {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	off := int(math.Ceil(0.98 * math.Sqrt(float64(n)))) // 1.96 standard deviations of how many lie below it
	return fmt.Sprintf("%s – %s with 95 %%", figure(v[max((n-1)/2-off, 0)]), figure(v[min(n/2+off, n-1)]))
}

// span writes the least and the most.
func span(v []float64) string {
	return fmt.Sprintf("%s – %s", figure(slices.Min(v)), figure(slices.Max(v)))
}
