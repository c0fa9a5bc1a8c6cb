package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"linger/client"
)

// growthTopics has a reader of all topics while the same requests, in batches of ten, go to 10 and to 1,000 topics.
func growthTopics(h *harness) error {
	return grown(h, "publishing to and reading from 1,000 topics ÷ 10", 0, 0, 10, 1000)
}

// growthRetained is the same with one topic, in which 1,000 and 10 M messages lie that the reader does not read.
func growthRetained(h *harness) error {
	return grown(h, "publishing and reading with 10 M retained ÷ 1,000", 1000, 10_000_000, 1, 1)
}

// grown compares a time for a message on two servers, that hold so many messages and are published to in so many topics.
// Both run; they take turns.
func grown(h *harness, what string, fewHeld, manyHeld, fewTopics, manyTopics int) error {
	const rounds, n, batch = 7, 500_000, 10
	few, err := h.flowing(fewHeld, fewTopics)
	if err != nil {
		return err
	}
	defer few.close()
	many, err := h.flowing(manyHeld, manyTopics)
	if err != nil {
		return err
	}
	defer many.close()
	var ratios, less, more []float64
	for round := range rounds + 1 {
		a, err := few.flow(h, n, batch)
		if err != nil {
			return err
		}
		var b float64
		if err := many.profiled(fmt.Sprintf("%s-%d", h.part, round), time.Second, func() error {
			b, err = many.flow(h, n, batch)
			return err
		}); err != nil {
			return err
		}
		if round > 0 { // the first one makes the topics
			less, more, ratios = append(less, a), append(more, b), append(ratios, b/a)
		}
	}
	h.goal("time for a message, "+what, median(ratios), "×", 1.3, "%s of %d rounds; %s and %s µs",
		span(ratios), rounds, figure(median(more)), figure(median(less)))
	return nil
}

// flowing is a server with a live reader of everything.
type flowing struct {
	*server
	client *client.Client
	topics int
	cancel context.CancelFunc
	open   sync.WaitGroup
	read   chan int // messages that were read, each time some were
	failed chan error
}

func (h *harness) flowing(held, topics int) (*flowing, error) {
	s, c, err := h.filled(filling{messages: held, batch: 1, topic: oneTopic("flow.0")})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	f := &flowing{server: s, client: c, topics: topics, cancel: cancel, read: make(chan int, 1024), failed: make(chan error, 1)}
	caughtUp := make(chan struct{})
	f.open.Go(func() {
		for ev, err := range c.Subscribe([]string{"flow.>"}, client.SubscribeOptions{Start: client.FromNew()}).Events(ctx) {
			switch ev := ev.(type) {
			case *client.Run:
				f.read <- len(ev.Messages)
			case client.CaughtUp:
				close(caughtUp)
			case client.Gap, client.Reset, client.Disconnected:
				err = fmt.Errorf("the reader was told %T %v", ev, ev)
			}
			if err != nil && ctx.Err() == nil {
				f.failed <- err
				return
			}
		}
	})
	select {
	case <-caughtUp:
		return f, nil
	case err := <-f.failed:
		return nil, err
	case <-time.After(startLimit):
		return nil, errors.New("not caught up")
	}
}

func (f *flowing) close() {
	f.cancel()
	f.open.Wait()
}

// lifetime is how long what flows is kept.
const lifetime = 5 * time.Second

// flow publishes messages and waits until they were read; it gives µs for each.
func (f *flowing) flow(h *harness, n, batch int) (float64, error) {
	began := time.Now()
	failed := make(chan error, 1)
	go func() { // ends when all was answered
		failed <- fill(h.ctx, f.client, filling{
			messages: n, batch: batch, topic: func(i int) string { return fmt.Sprintf("flow.%d", i%f.topics) }, expire: time.Now().Add(lifetime),
		})
	}()
	for left := n; left > 0; {
		select {
		case count := <-f.read:
			left -= count
		case err := <-f.failed:
			return 0, err
		case <-time.After(startLimit):
			return 0, fmt.Errorf("%d messages were not read", left)
		}
	}
	return float64(time.Since(began).Microseconds()) / float64(n), <-failed
}

// growthReaders publishes fifty messages a second, one by one, to 10 and to 1,000 readers with a connection each, so
// that each delivery is one of its own: the server's CPU for each, that of publishing included.
func growthReaders(h *harness) error {
	const perSecond, rounds, length = 50, 5, 3 * time.Second
	few, err := h.audience(10)
	if err != nil {
		return err
	}
	defer few.close()
	many, err := h.audience(1000)
	if err != nil {
		return err
	}
	defer many.close()
	var ratios, less, more []float64
	for round := range rounds + 1 {
		a, err := few.delivery(h, perSecond, length)
		if err != nil {
			return err
		}
		var b float64
		if err := many.profiled(fmt.Sprintf("growth-readers-%d", round), length, func() error {
			b, err = many.delivery(h, perSecond, length)
			return err
		}); err != nil {
			return err
		}
		if round > 0 {
			less, more, ratios = append(less, a), append(more, b), append(ratios, b/a)
		}
	}
	h.goal("the server's CPU for a delivery, 1,000 readers ÷ 10", median(ratios), "×", 2, "%s of %d rounds; %s and %s µs",
		span(ratios), rounds, figure(median(more)), figure(median(less)))
	return nil
}
