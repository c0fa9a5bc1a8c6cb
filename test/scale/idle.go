package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"linger/client"
)

// idleMessages: how much an idle server computes while 1 M messages live.
func idleMessages(h *harness) error {
	s, _, err := h.filled(filling{messages: 1_000_000, batch: 1, topic: oneTopic("scale.idle")})
	if err != nil {
		return err
	}
	if err := errors.Join(s.collect(), h.wait(2*time.Second)); err != nil {
		return err
	}
	share, err := s.share(10 * time.Second)
	h.goal("an idle server that retains 1 M messages", 100*share, "% core", 1, "over 10 s")
	return err
}

// idleStreams: 10,000 subscriptions that have nothing to read, on 100 connections. They are watched for as long as two
// heartbeats are apart.
func idleStreams(h *harness) error {
	const streams, connections = 10_000, 100
	s, err := h.serve()
	if err != nil {
		return err
	}
	before, err := s.memory()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	var open sync.WaitGroup
	for range connections {
		c, err := s.dial()
		if err != nil {
			return err
		}
		for range streams / connections {
			sub, caughtUp := c.Subscribe([]string{"scale.idle"}, client.SubscribeOptions{}), make(chan error, 1)
			open.Add(1)
			go func() { // ends with ctx
				defer open.Done()
				read(ctx, sub, caughtUp)
			}()
			if err := <-caughtUp; err != nil {
				return err
			}
		}
	}
	defer open.Wait()
	defer cancel()
	after, err := s.memory()
	if err != nil {
		return err
	}
	if err := h.wait(5 * time.Second); err != nil {
		return err
	}
	var share float64
	if err := s.profiled("idle-streams", 30*time.Second, func() error {
		share, err = s.share(30 * time.Second)
		return err
	}); err != nil {
		return err
	}
	u := after.sub(before)
	h.goal("an idle stream, 10,000 on 100 connections: heap and stacks", (u.heap+u.stacks)/streams/1024, "KiB", 16,
		"heap %.1f, stacks %.1f, resident %.1f KiB", u.heap/streams/1024, u.stacks/streams/1024, u.rss/streams/1024)
	h.goal("10,000 idle streams", 100*share, "% core", 3, "over 30 s: two heartbeats of each")
	return nil
}

// read reads a subscription until ctx ends, and says once when it has caught up.
func read(ctx context.Context, sub *client.Subscription, caughtUp chan<- error) {
	for ev, err := range sub.Events(ctx) {
		switch ev.(type) {
		case client.CaughtUp:
			caughtUp <- nil
			caughtUp = nil
		case client.Disconnected:
			err = errors.New("disconnected")
		}
		if err != nil && ctx.Err() == nil && caughtUp != nil {
			caughtUp <- err
			return
		}
	}
}

// idleConnections: 1,000 connections, each of which has published 200 messages in calls, been handed as many on a stream
// that is open still, and is idle now.
func idleConnections(h *harness) error {
	const connections, messages = 1000, 200
	s, err := h.serve()
	if err != nil {
		return err
	}
	before, err := s.memory()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	for i := range connections {
		c, err := s.dial()
		if err != nil {
			return err
		}
		if err := traffic(ctx, c, fmt.Sprintf("scale.traffic.%d", i), &open, messages); err != nil {
			return err
		}
	}
	if err := h.wait(3 * time.Second); err != nil { // until what was published has gone
		return err
	}
	after, err := s.memory()
	if err != nil {
		return err
	}
	u := after.sub(before)
	h.goal("a connection with a stream, after traffic, 1,000 of them: heap and stacks", (u.heap+u.stacks)/connections/1024, "KiB", 64,
		"heap %.1f, stacks %.1f, resident %.1f KiB", u.heap/connections/1024, u.stacks/connections/1024, u.rss/connections/1024)
	return nil
}

// traffic publishes messages to a topic of its own and reads them, by a subscription that stays open.
func traffic(ctx context.Context, c *client.Client, topic string, open *sync.WaitGroup, messages int) error {
	sub, caughtUp := c.Subscribe([]string{topic}, client.SubscribeOptions{Start: client.FromNew()}), make(chan error, 2)
	got := make(chan struct{})
	open.Go(func() {
		count := 0
		for ev, err := range sub.Events(ctx) {
			if err != nil {
				caughtUp <- err // nobody may wait any more: there is room
				return
			}
			switch ev := ev.(type) {
			case client.CaughtUp:
				caughtUp <- nil
			case *client.Run:
				before := count
				if count += len(ev.Messages); before < messages && count >= messages {
					close(got)
				}
			}
		}
	})
	select {
	case err := <-caughtUp:
		if err != nil {
			return err
		}
	case <-time.After(startLimit):
		return errors.New("not caught up")
	}
	for range messages / 10 {
		var batch []client.Message
		for range 10 {
			batch = append(batch, client.Message{Data: data})
		}
		if _, err := c.Publish(ctx, topic, time.Second, batch...); err != nil {
			return err
		}
	}
	select {
	case <-got:
		return nil
	case <-time.After(startLimit):
		return errors.New("did not read what it published")
	}
}
