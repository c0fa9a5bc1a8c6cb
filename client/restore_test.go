package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// What is restored asks for its deadline and number, and shares a batch with what follows it in both.
func TestPublisherRestores(t *testing.T) {
	type batch struct {
		topic, lifetime string
		first           uint64
		count           int
	}
	var batches []batch
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			for _, b := range r.GetBatches() {
				lifetime := "default"
				if b.GetTtl() != nil {
					lifetime = b.GetTtl().AsDuration().String()
				}
				if b.GetExpireTime() != nil {
					lifetime += fmt.Sprint(" until ", b.GetExpireTime().AsTime().UnixMilli())
				}
				got := batch{b.GetTopic(), lifetime, b.GetFirstSequence(), len(b.GetMessages())}
				// The sender may have taken the first of them before the others came.
				if n := len(batches); n > 0 {
					before := &batches[n-1]
					follows := got.first == 0 && before.first == 0 || before.first != 0 && got.first == before.first+uint64(before.count)
					if follows && got.topic == before.topic && got.lifetime == before.lifetime {
						before.count += got.count
						continue
					}
				}
				batches = append(batches, got)
			}
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		p := c.NewPublisher(client.PublisherOptions{})
		restore := func(topic string, at int64, sequence uint64) {
			if err := p.Restore(t.Context(), topic, client.Restored{ExpireTime: time.UnixMilli(at), Sequence: sequence}, client.Message{Data: []byte("m")}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Publish(t.Context(), "first", 0, client.Message{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i := range uint64(300) {
			restore("t", 5000, 1<<40+i)
		}
		restore("t", 5001, 1<<40+300) // another deadline
		restore("t", 5001, 1<<40+302) // a hole
		restore("t", 5001, 1<<40+303)
		restore("t", 5001, 0) // the next
		restore("t", 5001, 0)
		restore("u", 5001, 7)
		restore("u", 0, 8)
		if err := p.Publish(t.Context(), "u", time.Second, client.Message{}); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	want := []batch{
		{"first", "0s", 0, 1},
		{"t", "default until 5000", 1 << 40, 300},
		{"t", "default until 5001", 1<<40 + 300, 1},
		{"t", "default until 5001", 1<<40 + 302, 2},
		{"t", "default until 5001", 0, 2},
		{"u", "default until 5001", 7, 1},
		{"u", "default until 1", 8, 1},
		{"u", "1s", 0, 1},
	}
	if !slices.Equal(batches, want) {
		t.Errorf("got  %+v\nwant %+v", batches, want)
	}
}

// A deadline that has passed is told from other refusals.
func TestPublisherRestoresTooLate(t *testing.T) {
	refusal, err := status.New(codes.FailedPrecondition, "batches[0].expire_time: it has passed").WithDetails(
		&errdetails.ErrorInfo{Reason: "DEADLINE_PASSED", Domain: "linger"})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			if err := s.Send(&pb.PublishResponse{Request: r.GetRequest(), Results: []*pb.BatchResult{{Error: refusal.Proto()}}}); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var outcome client.Outcome
		p := c.NewPublisher(client.PublisherOptions{OnBatch: func(o client.Outcome) { outcome = o }})
		err := p.Restore(t.Context(), "t", client.Restored{ExpireTime: time.Unix(1, 0)}, client.Message{})
		if err = errors.Join(err, p.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(outcome.Err, client.ErrDeadlinePassed) || outcome.Count != 1 {
			t.Errorf("%+v", outcome)
		}
	})
}
