package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// run makes a Run of messages whose data is their sequence, published now with the lifetime given.
func run(topic string, first uint64, n int, ttl time.Duration) *pb.Run {
	now := time.Now().Truncate(time.Millisecond)
	r := &pb.Run{
		Topic: topic, FirstSequence: first, Incarnation: 7,
		PublishTime: timestamppb.New(now), ExpireTime: timestamppb.New(now.Add(ttl)),
	}
	for i := range n {
		r.Messages = append(r.Messages, &pb.Message{
			Key: "k", Attributes: map[string]string{"a": "1", "b": "2"}, Data: fmt.Append(nil, first+uint64(i)),
		})
	}
	return r
}

func frame(token string, runs ...*pb.Run) *pb.SubscribeResponse {
	return &pb.SubscribeResponse{ServerTime: timestamppb.Now(), ResumeToken: []byte(token), Runs: runs}
}

func hello() *pb.SubscribeResponse {
	r := frame("hello")
	r.Event = &pb.SubscribeResponse_Hello{Hello: &pb.Hello{Store: "s", HeartbeatMs: 15000}}
	return r
}

// sendAll sends responses until one fails.
func sendAll(s subscribeStream, all ...*pb.SubscribeResponse) error {
	for _, r := range all {
		if err := s.Send(r); err != nil {
			return err
		}
	}
	return nil
}

// describe is an event on one line.
func describe(ev client.Event) string {
	switch ev := ev.(type) {
	case *client.Run:
		return fmt.Sprintf("%s %d-%d %s", ev.Topic, ev.FirstSequence, ev.LastSequence(), ev.Messages[0].Data)
	case client.Gap:
		return "gap " + ev.String()
	case client.Disconnected:
		return "disconnected"
	case client.Expired:
		return fmt.Sprintf("dead %d-%d", ev.FirstSequence, ev.LastSequence)
	}
	return fmt.Sprintf("%T", ev)
}

// collect reads n events.
func collect(t *testing.T, sub *client.Subscription, n int) []string {
	t.Helper()
	var got []string
	for ev, err := range sub.Events(t.Context()) {
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		if got = append(got, describe(ev)); len(got) == n {
			break
		}
	}
	return got
}

func TestSubscriptionResumesWithTheTokenOfTheLastResponse(t *testing.T) {
	var tokens []string
	f := &fake{subscribe: func(r *pb.SubscribeRequest, s subscribeStream) error {
		tokens = append(tokens, string(r.GetResumeToken()))
		if len(tokens) == 1 {
			if r.GetLast() != 3 {
				t.Errorf("starts at %v", r.GetStart())
			}
			_ = sendAll(s, hello(), frame("two", run("t", 1, 2, time.Minute)))
			return errCut
		}
		gap := run("t", 5, 1, time.Minute)
		gap.Gap = &pb.Gap{FirstSequence: 3, LastSequence: 4, Expired: 2}
		_ = sendAll(s, hello(), frame("five", gap))
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{Start: client.FromLast(3)})
		got := collect(t, sub, 6)
		want := []string{
			"client.Hello", "t 1-2 1", "disconnected", "client.Hello", "gap 2 missed (2 expired)", "t 5-5 5",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !slices.Equal(tokens, []string{"", "two"}) {
			t.Errorf("tokens %q", tokens)
		}
	})
}

func TestSubscriptionGoesOnAfterLeavingTheLoop(t *testing.T) {
	var tokens []string
	f := &fake{subscribe: func(r *pb.SubscribeRequest, s subscribeStream) error {
		tokens = append(tokens, string(r.GetResumeToken()))
		if len(tokens) == 1 {
			_ = sendAll(s, hello(), frame("four", run("t", 1, 2, time.Minute), run("t", 3, 2, time.Minute)))
		} else {
			_ = sendAll(s, hello(), frame("five", run("t", 5, 1, time.Minute)))
		}
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{})
		var got []string
		read := func(n int) {
			for d, err := range sub.Deliveries(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if d.Key != "k" || d.Attributes["a"] != "1" || d.Attributes["b"] != "2" {
					t.Errorf("delivered %+v", d)
				}
				if got = append(got, string(d.Data)); len(got) == n {
					return
				}
			}
		}
		read(1) // in the middle of a run
		read(5)
		if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !slices.Equal(tokens, []string{"", "four"}) {
			t.Errorf("tokens %q", tokens)
		}
	})
}

func TestSubscriptionDropsWhatIsDeadOnArrival(t *testing.T) {
	f := &fake{subscribe: func(_ *pb.SubscribeRequest, s subscribeStream) error {
		late := frame("t", run("t", 1, 3, 10*time.Millisecond), run("t", 4, 1, 0), run("t", 5, 1, time.Minute))
		late.ServerTime = timestamppb.New(time.Now().Add(10 * time.Millisecond)) // it was long on its way
		_ = sendAll(s, hello(), late)
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{})
		got := collect(t, sub, 4)
		// 4 is now or never: whoever was listening gets it.
		if want := []string{"client.Hello", "dead 1-3", "t 4-4 4", "t 5-5 5"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if sub.Expired() != 3 {
			t.Errorf("%d expired, want 3", sub.Expired())
		}
	})
}

func TestSubscriptionUsesTheServersClock(t *testing.T) {
	const ahead = -time.Hour // the server's clock, seen from here
	f := &fake{subscribe: func(_ *pb.SubscribeRequest, s subscribeStream) error {
		r := run("t", 1, 1, time.Minute)
		r.PublishTime = timestamppb.New(time.Now().Add(ahead))
		r.ExpireTime = timestamppb.New(time.Now().Add(ahead + time.Minute))
		fr := frame("t", r)
		fr.ServerTime = timestamppb.New(time.Now().Add(ahead))
		_ = sendAll(s, fr)
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{})
		for d, err := range sub.Deliveries(t.Context()) {
			if err != nil || d.TimeLeft != time.Minute {
				t.Errorf("%v, time left %s", err, d.TimeLeft)
			}
			break
		}
	})
}

func TestSubscriptionReconnectsWhenHeartbeatsStayAway(t *testing.T) {
	streams := 0
	f := &fake{subscribe: func(_ *pb.SubscribeRequest, s subscribeStream) error {
		streams++
		_ = sendAll(s, hello())
		<-s.Context().Done() // silence
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{})
		begin := time.Now()
		got := collect(t, sub, 3)
		if want := []string{"client.Hello", "disconnected", "client.Hello"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if took := time.Since(begin); took != 37500*time.Millisecond+100*time.Millisecond {
			t.Errorf("took %s, want two and a half heartbeats and the pause", took)
		}
	})
}

func TestSubscriptionASlowReaderIsNotAStalledServer(t *testing.T) {
	streams := 0
	f := &fake{subscribe: func(_ *pb.SubscribeRequest, s subscribeStream) error {
		streams++
		_ = sendAll(s, hello(), frame("a", run("t", 1, 1, time.Hour)), frame("b", run("t", 2, 1, time.Hour)))
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		n := 0
		for _, err := range c.Subscribe([]string{"t"}, client.SubscribeOptions{}).Deliveries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute) // virtual: what the loop does takes long
			if n++; n == 2 {
				break
			}
		}
		if streams != 1 {
			t.Errorf("%d streams", streams)
		}
	})
}

func TestSubscriptionEnds(t *testing.T) {
	refusal := status.Error(codes.InvalidArgument, "a..b: two dots in a row")
	f := &fake{subscribe: func(r *pb.SubscribeRequest, s subscribeStream) error {
		switch r.GetPatterns()[0] {
		case "refused":
			return refusal
		case "down":
			return errCut
		}
		_ = sendAll(s, hello())
		<-s.Context().Done()
		return nil
	}}
	last := func(ctx context.Context, sub *client.Subscription) (err error) {
		for _, err = range sub.Events(ctx) {
		}
		return err
	}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		err := last(t.Context(), c.Subscribe([]string{"refused"}, client.SubscribeOptions{}))
		if !errors.Is(err, client.ErrInvalid) || err.Error() != "a..b: two dots in a row" {
			t.Errorf("refused: %v", err)
		}
		begin := time.Now()
		err = last(t.Context(), c.Subscribe([]string{"down"}, client.SubscribeOptions{RetryFor: time.Minute}))
		if !errors.Is(err, client.ErrUnreachable) || time.Since(begin) != time.Minute {
			t.Errorf("down: after %s: %v", time.Since(begin), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- last(ctx, c.Subscribe([]string{"t"}, client.SubscribeOptions{})) }()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// Whoever borrows and copies what is to be kept has all of it, also after leaving the loop between two messages of a run.
func TestBorrowedDeliveries(t *testing.T) {
	f := &fake{subscribe: func(_ *pb.SubscribeRequest, s subscribeStream) error {
		_ = sendAll(s, hello(), frame("1", run("t", 1, 3, time.Minute), run("u", 1, 3, time.Minute)), frame("2", run("t", 4, 2, time.Minute)))
		<-s.Context().Done()
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		sub := c.Subscribe([]string{"t"}, client.SubscribeOptions{Borrow: true})
		var got []string
		for len(got) < 6 {
			n := 0
			for d, err := range sub.Deliveries(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s%d=%s/%s/%d", d.Topic, d.Sequence, d.Data, d.Key, len(d.Attributes)))
				if n++; n == 2 || len(got) == 6 {
					break
				}
			}
		}
		want := []string{"t1=1/k/2", "t2=2/k/2", "t3=3/k/2", "u1=1/k/2", "u2=2/k/2", "u3=3/k/2"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
