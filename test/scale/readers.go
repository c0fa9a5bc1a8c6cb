package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"linger/client"
)

// audience is a server with live readers of one topic, each on a connection of its own.
type audience struct {
	*server
	publish *client.Client
	readers int
	got     atomic.Int64 // messages, by all of them
	cancel  context.CancelFunc
	open    sync.WaitGroup
}

const stage = "scale.stage"

func (h *harness) audience(readers int) (*audience, error) {
	s, err := h.serve()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	a := &audience{server: s, readers: readers, cancel: cancel}
	if a.publish, err = s.dial(); err != nil {
		return nil, err
	}
	caughtUp := make(chan error, readers)
	for range readers {
		c, err := s.dial()
		if err != nil {
			return nil, err
		}
		a.open.Go(func() {
			for ev, err := range c.Subscribe([]string{stage}, client.SubscribeOptions{}).Events(ctx) {
				switch ev := ev.(type) {
				case *client.Run:
					a.got.Add(int64(len(ev.Messages)))
				case client.CaughtUp:
					caughtUp <- nil
				case client.Disconnected:
					err = errors.New("disconnected")
				}
				if err != nil {
					caughtUp <- err
					return
				}
			}
		})
	}
	for range readers {
		if err := <-caughtUp; err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *audience) close() {
	a.cancel()
	a.open.Wait()
}

// delivery publishes so many messages a second, and gives the server's CPU for each delivery, in µs.
func (a *audience) delivery(h *harness, perSecond int, length time.Duration) (float64, error) {
	before, err := a.cpu()
	if err != nil {
		return 0, err
	}
	from := a.got.Load()
	l, err := h.steady(a.publish, stage, perSecond, length)
	if err != nil {
		return 0, err
	}
	want := int64(len(l.due) * a.readers)
	for began := time.Now(); a.got.Load()-from < want; {
		if time.Since(began) > startLimit {
			return 0, fmt.Errorf("%d of %d deliveries", a.got.Load()-from, want)
		}
		if err := h.wait(time.Millisecond); err != nil {
			return 0, err
		}
	}
	after, err := a.cpu()
	return float64((after - before).Nanoseconds()) / 1000 / float64(want), err
}
