package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"linger/client"
	pb "linger/proto/linger/v1"
)

// catchUp: how long it takes from asking for all topics, of which there are 100,000 with a message each, until everything
// has been read. The same client on the floor, which sends it the same responses, is what gRPC and the client need.
func catchUp(h *harness) error {
	const topics, rounds = 100_000, 7
	s, _, err := h.filled(filling{messages: topics, batch: 1, topic: func(i int) string { return fmt.Sprintf("scale.many.%d", i) }})
	if err != nil {
		return err
	}
	responses, err := h.record(s, &pb.SubscribeRequest{Patterns: []string{">"}})
	if err != nil {
		return err
	}
	floor, err := h.floor(responses)
	if err != nil {
		return err
	}
	linger, least, ratios, err := h.besideFloor("catch-up", s, floor, rounds, func(s *server) (time.Duration, error) {
		return h.readers(s, 1, ">", client.FromAll(), topics)
	})
	if err != nil {
		return err
	}
	h.tell("a new reader of > has caught up with 100,000 topics after", median(linger), "ms", "%s of %d rounds", span(linger), rounds)
	h.goal("that ÷ the same responses from a bare gRPC server", median(ratios), "×", 2, "%s; %s ms", span(ratios), figure(median(least)))
	return nil
}

// reconnect: 1,000 clients connect at once, each with a token of a topic that has 100 messages more since, until the last
// has read them. On the floor they are sent the same.
func reconnect(h *harness) error {
	const clients, missed, rounds = 1000, 100, 5
	const topic = "scale.again"
	s, c, err := h.filled(filling{messages: 1, batch: 1, topic: oneTopic(topic)})
	if err != nil {
		return err
	}
	token, err := tokenOf(h.ctx, c, topic)
	if err != nil {
		return err
	}
	if err := fill(h.ctx, c, filling{messages: missed, batch: 10, topic: oneTopic(topic)}); err != nil {
		return err
	}
	responses, err := h.record(s, &pb.SubscribeRequest{Patterns: []string{topic}, Start: &pb.SubscribeRequest_ResumeToken{ResumeToken: token}})
	if err != nil {
		return err
	}
	floor, err := h.floor(responses)
	if err != nil {
		return err
	}
	linger, least, ratios, err := h.besideFloor("reconnect", s, floor, rounds, func(s *server) (time.Duration, error) {
		return h.readers(s, clients, topic, client.FromToken(token), missed)
	})
	if err != nil {
		return err
	}
	h.tell("1,000 clients that resume at once have caught up after", median(linger), "ms", "%s of %d rounds", span(linger), rounds)
	h.goal("that ÷ the same responses from a bare gRPC server", median(ratios), "×", 2, "%s; %s ms", span(ratios), figure(median(least)))
	return nil
}

// besideFloor has readers of Linger and of its floor take turns. It gives how long each took, in milliseconds, and the
// ratios, of the rounds after a first one that warms both up.
func (h *harness) besideFloor(name string, s, floor *server, rounds int, readers func(*server) (time.Duration, error)) (linger, least, ratios []float64, err error) {
	for round := range rounds + 1 {
		var took [2]time.Duration
		for i, s := range []*server{s, floor} {
			err := s.profiled(fmt.Sprintf("%s-%d", name, round), time.Second, func() (err error) {
				took[i], err = readers(s)
				return err
			})
			if err != nil {
				return nil, nil, nil, err
			}
		}
		if round > 0 {
			linger, least = append(linger, float64(took[0].Milliseconds())), append(least, float64(took[1].Milliseconds()))
			ratios = append(ratios, float64(took[0])/float64(took[1]))
		}
	}
	return linger, least, ratios, nil
}

// tokenOf is the resume token of a reader that has read all of a topic.
func tokenOf(ctx context.Context, c *client.Client, topic string) ([]byte, error) {
	sub := c.Subscribe([]string{topic}, client.SubscribeOptions{})
	caughtUp := false
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second) // the token is there when the next event is asked for
	defer cancel()
	for ev, err := range sub.Events(ctx) {
		if _, ok := ev.(client.CaughtUp); ok {
			caughtUp = true
		}
		if err != nil {
			break
		}
	}
	if !caughtUp || sub.Token() == nil {
		return nil, errors.New("no resume token")
	}
	return sub.Token(), nil
}

// readers connects so many clients at once, and tells how long it took until each has read what was retained.
func (h *harness) readers(s *server, n int, pattern string, from client.Start, messages int) (time.Duration, error) {
	before := h.clients
	h.clients = nil
	defer func() {
		h.hangUp()
		h.clients = before
		time.Sleep(200 * time.Millisecond) // until the server has noticed
	}()
	ctx, cancel := context.WithTimeout(h.ctx, time.Minute)
	defer cancel()
	clients := make([]*client.Client, n)
	for i := range clients {
		c, err := s.dial()
		if err != nil {
			return 0, err
		}
		clients[i] = c
	}
	failed := make(chan error, n)
	var all sync.WaitGroup
	began := time.Now()
	for _, c := range clients {
		all.Go(func() {
			failed <- readAll(ctx, c.Subscribe([]string{pattern}, client.SubscribeOptions{Start: from}), messages)
		})
	}
	all.Wait()
	took := time.Since(began)
	close(failed)
	for err := range failed {
		if err != nil {
			return 0, err
		}
	}
	return took, nil
}

// readAll reads until it has caught up, which must be after so many messages.
func readAll(ctx context.Context, sub *client.Subscription, messages int) error {
	got := 0
	for ev, err := range sub.Events(ctx) {
		switch ev := ev.(type) {
		case *client.Run:
			got += len(ev.Messages)
		case client.CaughtUp:
			if got != messages {
				return fmt.Errorf("caught up after %d messages of %d", got, messages)
			}
			return nil
		case client.Gap, client.Reset, client.Expired, client.Disconnected:
			return fmt.Errorf("the subscription was told %T %+v", ev, ev)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
