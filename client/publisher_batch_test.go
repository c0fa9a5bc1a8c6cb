package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

func TestPublisherTellsRefusals(t *testing.T) {
	detail, err := anypb.New(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{
		Field: "batches[0].messages[1].data", Description: "5 bytes; at most 4 are allowed",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var begin chan struct{}
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			<-begin
			resp := committed(r, &seq)
			if len(r.GetBatches()[0].GetMessages()) > 1 {
				one := uint32(1)
				resp.Results[0] = &pb.BatchResult{FailedMessage: &one, Error: &spb.Status{
					Code: int32(codes.InvalidArgument), Message: "message too large", Details: []*anypb.Any{detail},
				}}
			}
			if err := s.Send(resp); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		begin = make(chan struct{})
		each := make([]error, 4)
		p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
		for i, d := range []string{"ok", "a", "large", "b"} {
			done := func(_ client.Ack, err error) { each[i] = err }
			if err := p.PublishFunc(t.Context(), "t", 0, client.Message{Data: []byte(d)}, done); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				synctest.Wait()
			}
		}
		close(begin)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := "message too large; data: 5 bytes; at most 4 are allowed"
		if o := got.all[1]; o.Failed != 1 || o.Err.Error() != want || field(o.Err) != "data" || !errors.Is(o.Err, client.ErrInvalid) {
			t.Errorf("outcome %+v", o)
		}
		neighbour := func(err error) bool { return errors.Is(err, client.ErrNeighbourRefused) }
		if each[0] != nil || !neighbour(each[1]) || neighbour(each[2]) || each[2] == nil || !neighbour(each[3]) {
			t.Errorf("messages ended with %v", each)
		}
	})
}

func TestPublisherSplitsByTopicLifetimeAndSize(t *testing.T) {
	var batches []string
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			for _, b := range r.GetBatches() {
				ttl := "default"
				if b.GetTtl() != nil {
					ttl = b.GetTtl().AsDuration().String()
				}
				batches = append(batches, fmt.Sprintf("%s %s %d", b.GetTopic(), ttl, len(b.GetMessages())))
			}
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		p := c.NewPublisher(client.PublisherOptions{})
		publish := func(topic string, ttl time.Duration, size int) {
			if err := p.Publish(t.Context(), topic, ttl, client.Message{Data: make([]byte, size)}); err != nil {
				t.Fatal(err)
			}
		}
		// One goroutine runs at a time in the bubble, until it blocks: all this gathers.
		publish("first", 0, 1)
		synctest.Wait()
		for range 10000 {
			publish("a", time.Second, 1)
		}
		publish("a", 0, 1)
		publish("b", client.DefaultTTL, 1)
		publish("b", client.DefaultTTL, 100<<10)
		publish("b", client.DefaultTTL, 1)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, b := range batches {
			var n int
			if _, err := fmt.Sscanf(b, "a 1s %d", &n); err == nil {
				total += n
			}
		}
		if total != 10000 {
			t.Errorf("%d of 10000 arrived", total)
		}
		if got, want := batches[len(batches)-4:], []string{"a 0s 1", "b default 1", "b default 1", "b default 1"}; !slices.Equal(got, want) {
			t.Errorf("batches %q, want %q", got, want)
		}
	})
}

// However topics and lifetimes alternate, a request has no more batches than the server takes.
func TestPublisherKeepsToTheBatchesOfARequest(t *testing.T) {
	const n = 2500
	var sizes []int
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			sizes = append(sizes, len(r.GetBatches()))
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		p := c.NewPublisher(client.PublisherOptions{})
		for i := range n {
			if err := p.Publish(t.Context(), fmt.Sprint("t", i%2), 0, client.Message{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, size := range sizes {
			total += size
		}
		if total != n || slices.Max(sizes) != 1000 {
			t.Errorf("requests of %d batches, %d in all", sizes, total)
		}
	})
}

// field is what an error says was wrong.
func field(err error) string {
	var e *client.Error
	errors.As(err, &e)
	return e.Field
}
