package client_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"linger/client"
	pb "linger/proto/linger/v1"
)

var errCut = status.Error(codes.Unavailable, "cut by the test")

// outcomes collects what OnBatch is told.
type outcomes struct {
	all []client.Outcome
}

func (o *outcomes) add(out client.Outcome) { o.all = append(o.all, out) }

// texts returns the data of every message in a request.
func texts(r *pb.PublishRequest) []string {
	var all []string
	for _, b := range r.GetBatches() {
		for _, m := range b.GetMessages() {
			all = append(all, string(m.GetData()))
		}
	}
	return all
}

func publishAll(t *testing.T, p *client.Publisher, data ...string) {
	t.Helper()
	for _, d := range data {
		if err := p.Publish(t.Context(), "t", time.Second, client.Message{Data: []byte(d)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPublisherPacksWhatGathersWhileARequestIsOnItsWay(t *testing.T) {
	var requests [][]string
	var gathered chan struct{}
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			requests = append(requests, texts(r))
			<-gathered
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		gathered = make(chan struct{}) // in the bubble, so that waiting for it lets virtual time go on
		var got outcomes
		p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
		publishAll(t, p, "1")
		synctest.Wait() // the first request is on its way
		publishAll(t, p, "2", "3", "4")
		close(gathered)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := [][]string{{"1"}, {"2", "3", "4"}}; !slices.EqualFunc(requests, want, slices.Equal) {
			t.Errorf("requests %q, want %q", requests, want)
		}
		if len(got.all) != 2 || got.all[1].First != 1 || got.all[1].Count != 3 || got.all[1].Ack.Sequence != 2 {
			t.Errorf("outcomes %+v", got.all)
		}
	})
}

func TestPublisherSendsExactlyTheUnansweredAgain(t *testing.T) {
	type sent struct {
		number uint64
		text   string
	}
	var streams [][]sent
	var ids []string
	var seq, done uint64
	answers := map[uint64]*pb.PublishResponse{}
	f := &fake{publishStream: func(s publishStream) error {
		first := opened(t, s, done, true)
		ids = append(ids, string(first.GetProducerId()))
		mine := len(streams)
		streams = append(streams, nil)
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			streams[mine] = append(streams[mine], sent{r.GetRequest(), texts(r)[0]})
			if answers[r.GetRequest()] == nil {
				answers[r.GetRequest()] = committed(r, &seq)
				done = r.GetRequest()
			}
			if mine == 0 && r.GetRequest() == 2 {
				return errCut // committed, and the answer lost
			}
			if err := s.Send(answers[r.GetRequest()]); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		var lost []error
		p := c.NewPublisher(client.PublisherOptions{
			OnBatch: got.add, OnLost: func(err error, _ time.Duration) { lost = append(lost, err) },
		})
		for _, d := range []string{"1", "2", "3"} {
			publishAll(t, p, d)
			synctest.Wait() // each in a request of its own
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := [][]sent{{{1, "1"}, {2, "2"}}, {{2, "2"}, {3, "3"}}}
		if !slices.EqualFunc(streams, want, slices.Equal) {
			t.Errorf("sent %v, want %v", streams, want)
		}
		if ids[0] != ids[1] {
			t.Error("the producer came back under another id")
		}
		if len(lost) != 1 {
			t.Errorf("losses told: %v", lost)
		}
		for i, o := range got.all {
			if o.Err != nil || o.Ack.Sequence != uint64(i+1) || o.First != i {
				t.Errorf("outcome %d: %+v", i, o)
			}
		}
	})
}

func TestPublisherReportsUnknownWhenForgotten(t *testing.T) {
	restarted := false
	var seq uint64
	var fresh []uint64
	f := &fake{publishStream: func(s publishStream) error {
		if restarted {
			first := opened(t, s, 0, false)
			if first.GetAnswered() != 1 {
				t.Errorf("answered %d, want 1", first.GetAnswered())
			}
		} else {
			opened(t, s, 0, true)
		}
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			if !restarted && r.GetRequest() == 2 {
				restarted = true
				return errCut
			}
			if restarted {
				fresh = append(fresh, r.GetRequest())
			}
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		var third error
		p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
		publishAll(t, p, "1")
		synctest.Wait()
		publishAll(t, p, "2")
		synctest.Wait() // sent, cut; the publisher pauses
		err := p.PublishFunc(t.Context(), "t", time.Second, client.Message{Data: []byte("3")}, func(_ client.Ack, err error) { third = err })
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got.all) != 3 || got.all[0].Err != nil || !errors.Is(got.all[1].Err, client.ErrOutcomeUnknown) || got.all[2].Err != nil {
			t.Errorf("outcomes %+v", got.all)
		}
		if third != nil {
			t.Errorf("what was never sent ended with %v", third)
		}
		if !slices.Equal(fresh, []uint64{1}) {
			t.Errorf("after being forgotten, numbers %v; want 1", fresh)
		}
	})
}

// A server that never answered this producer cannot say whether it forgot it; that its store is another one says so.
func TestPublisherKnowsAnotherStoreBeforeTheFirstAnswer(t *testing.T) {
	for after, want := range map[string]struct {
		unknown bool
		sent    []string
	}{
		"the first": {false, []string{"1", "1", "2"}},
		"another":   {true, []string{"1", "2"}},
	} {
		t.Run(after, func(t *testing.T) {
			store := "the first"
			var seq uint64
			var sent []string
			var numbers []uint64
			f := &fake{publishStream: func(s publishStream) error {
				openedBy(t, s, &pb.PublishOpened{Remembered: true, Store: store})
				numbers = nil
				for {
					r, err := s.Recv()
					if err != nil {
						return nil
					}
					sent = append(sent, texts(r)...)
					numbers = append(numbers, r.GetRequest())
					if len(sent) == 1 {
						store = after
						return errCut // whether it was committed is lost with the connection
					}
					if err := s.Send(committed(r, &seq)); err != nil {
						return err
					}
				}
			}}
			withFake(t, f, func(t *testing.T, c *client.Client) {
				var got outcomes
				p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
				publishAll(t, p, "1")
				synctest.Wait() // sent, cut; the publisher pauses
				publishAll(t, p, "2")
				if err := p.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				if len(got.all) != 2 || errors.Is(got.all[0].Err, client.ErrOutcomeUnknown) != want.unknown || got.all[1].Err != nil {
					t.Errorf("outcomes %+v", got.all)
				}
				if !slices.Equal(sent, want.sent) || numbers[0] != 1 {
					t.Errorf("sent %q, at last from number %d on; want %q from 1", sent, numbers[0], want.sent)
				}
			})
		})
	}
}

func TestPublisherGivesUpAfterRetryFor(t *testing.T) {
	f := &fake{publishStream: func(publishStream) error { return errCut }}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		var waits []time.Duration
		p := c.NewPublisher(client.PublisherOptions{
			OnBatch: got.add, RetryFor: 30 * time.Second,
			OnLost: func(_ error, wait time.Duration) { waits = append(waits, wait) },
		})
		begin := time.Now()
		publishAll(t, p, "1")
		err := p.Close(t.Context())
		if !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("gave up after %s", took)
		}
		if len(got.all) != 1 || !errors.Is(got.all[0].Err, client.ErrNotSent) {
			t.Errorf("outcomes %+v", got.all)
		}
		if waits[0] != 100*time.Millisecond || waits[1] != 200*time.Millisecond || slices.Max(waits) != 5*time.Second {
			t.Errorf("waits %v", waits)
		}
		if err := p.Publish(t.Context(), "t", 0, client.Message{}); !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("publishing after giving up: %v", err)
		}
	})
}

func TestPublisherCloseWithinADeadline(t *testing.T) {
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		<-s.Context().Done() // takes requests, answers none
		return nil
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
		publishAll(t, p, "1")
		synctest.Wait()
		publishAll(t, p, "2")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		if len(got.all) != 2 || !errors.Is(got.all[0].Err, client.ErrOutcomeUnknown) || !errors.Is(got.all[1].Err, client.ErrNotSent) {
			t.Errorf("outcomes %+v", got.all)
		}
	})
}

func TestPublisherBlocksWhenTheWindowIsFull(t *testing.T) {
	var answer chan struct{}
	f := &fake{publishStream: func(s publishStream) error {
		opened(t, s, 0, true)
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			<-answer
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		answer = make(chan struct{})
		p := c.NewPublisher(client.PublisherOptions{WindowBytes: 1000})
		big := client.Message{Data: make([]byte, 900)}
		if err := p.Publish(t.Context(), "t", 0, big); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Publish(ctx, "t", 0, big); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a full window: %v", err)
		}
		close(answer)
		if err := p.Publish(t.Context(), "t", 0, big); err != nil {
			t.Error(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPublisherForgetsItselfWhenIdle(t *testing.T) {
	var ids []string
	f := &fake{publishStream: func(s publishStream) error {
		ids = append(ids, string(opened(t, s, 0, true).GetProducerId()))
		var seq uint64
		for {
			r, err := s.Recv()
			if err != nil {
				return nil
			}
			if r.GetRequest() != 1 {
				t.Errorf("request %d, want 1", r.GetRequest())
			}
			if err := s.Send(committed(r, &seq)); err != nil {
				return err
			}
		}
	}}
	withFake(t, f, func(t *testing.T, c *client.Client) {
		var got outcomes
		p := c.NewPublisher(client.PublisherOptions{OnBatch: got.add})
		publishAll(t, p, "1")
		time.Sleep(11 * time.Minute) // virtual; the server has forgotten the producer
		publishAll(t, p, "2")
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(ids) != 2 || ids[0] == ids[1] {
			t.Errorf("streams opened under %q, want two ids", ids)
		}
		if len(got.all) != 2 || got.all[1].Err != nil {
			t.Errorf("outcomes %+v", got.all)
		}
	})
}

func TestPublisherChecksWhatNoServerTakes(t *testing.T) {
	withFake(t, &fake{}, func(t *testing.T, c *client.Client) {
		p := c.NewPublisher(client.PublisherOptions{})
		for name, m := range map[string]client.Message{
			"key":        {Key: string(make([]byte, 256))},
			"attributes": {Attributes: map[string]string{"": "x"}},
			"data":       {Data: make([]byte, 16<<20+1)},
		} {
			var refused *client.Error
			if err := p.Publish(t.Context(), "t", 0, m); !errors.As(err, &refused) || refused.Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if err := p.Publish(t.Context(), "t", 0, client.Message{}); !errors.Is(err, client.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}
