package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"linger/client"
)

// slowReaders: what publishers pay for a hundred readers that stopped reading, each on a connection of its own. Two
// servers, one with them and one without, take turns; both have a reader that follows. Turns are short and many, since what
// is looked for is less than what two turns differ by: told is where the median lies with 95 %, and beside the time what the
// server computed, which what else the machine does moves less. In the end the hundred go on, and what they read and were
// told that they missed must be all there was.
func slowReaders(h *harness) error {
	const readers, rounds, n, batch = 100, 100, 120_000, 10
	without, err := h.flowing(0, 1)
	if err != nil {
		return err
	}
	defer without.close()
	with, err := h.flowing(0, 1)
	if err != nil {
		return err
	}
	defer with.close()
	stalled, err := with.stall(h, readers)
	if err != nil {
		return err
	}
	defer stalled.close()
	var ratios, free, beside, computed []float64
	var early, late usage
	for round := range rounds + 1 {
		took, cpu, order := [2]float64{}, [2]float64{}, []int{round % 2, 1 - round%2}
		for _, i := range order {
			if took[i], cpu[i], err = []*flowing{without, with}[i].flowMeasured(h, n, batch); err != nil {
				return err
			}
		}
		if round == 0 {
			continue
		}
		free, beside, ratios = append(free, took[0]), append(beside, took[1]), append(ratios, took[1]/took[0])
		computed = append(computed, cpu[1]/cpu[0])
		switch round {
		case rounds / 3:
			early, err = with.settled(h)
		case rounds:
			late, err = with.settled(h)
		}
		if err != nil {
			return err
		}
	}
	h.goal("publishing beside 100 stalled readers ÷ without", median(ratios), "×", 1.05, "the median: %s; %s of %d rounds; %s and %s µs",
		likely(ratios), span(ratios), rounds, figure(median(beside)), figure(median(free)))
	h.goal("the server's CPU for a message beside 100 stalled readers ÷ without", median(computed), "×", 1.05, "the median: %s; %s of %d rounds",
		likely(computed), span(computed), rounds)
	grew := rounds - rounds/3
	h.goal("what the server grew by meanwhile, for each stalled reader", (late.heap-early.heap)/readers/1024, "KiB", 16,
		"in %d rounds of %d messages; heap %.1f MiB", grew, n, late.heap/(1<<20))
	missed, err := stalled.goOn(h, uint64((rounds+1)*n))
	h.tell("messages read and told as missed ÷ published, by each of the 100", 1, "×", "%d missed in all", missed)
	return err
}

// flowMeasured is flow, and tells as well how many µs the server computed for each message.
func (f *flowing) flowMeasured(h *harness, n, batch int) (took, computed float64, err error) {
	before, err := f.cpu()
	if err != nil {
		return 0, 0, err
	}
	if took, err = f.flow(h, n, batch); err != nil {
		return 0, 0, err
	}
	after, err := f.cpu()
	return took, float64((after - before).Microseconds()) / float64(n), err
}

// settled is the memory once everything that was published is gone.
func (f *flowing) settled(h *harness) (usage, error) {
	if err := h.wait(lifetime + lifetime/5); err != nil {
		return usage{}, err
	}
	return f.memory()
}

// stalled are readers that stopped at their first message.
type stalled struct {
	publish *client.Client
	readers int
	cancel  context.CancelFunc
	open    sync.WaitGroup
	resume  chan struct{} // closed when they go on
	last    uint64        // the sequence to read to, set before
	ended   chan error
	mu      sync.Mutex // guards missed
	missed  uint64
}

// stall opens readers that stop reading.
func (f *flowing) stall(h *harness, n int) (*stalled, error) {
	ctx, cancel := context.WithCancel(h.ctx)
	s := &stalled{readers: n, cancel: cancel, resume: make(chan struct{}), ended: make(chan error, n)}
	caughtUp := make(chan struct{}, n)
	for range n {
		c, err := f.dial()
		if err != nil {
			return nil, err
		}
		s.publish = c
		s.open.Go(func() {
			err := s.read(ctx, c.Subscribe([]string{"flow.0"}, client.SubscribeOptions{}), func() { caughtUp <- struct{}{} })
			s.ended <- err
		})
	}
	for range n {
		select {
		case <-caughtUp:
		case err := <-s.ended:
			return nil, err
		}
	}
	return s, nil
}

// read stops when it has caught up, until it may go on; then it reads up to the last message, and adds up.
func (s *stalled) read(ctx context.Context, sub *client.Subscription, caughtUp func()) error {
	var read, missed uint64
	for ev, err := range sub.Events(ctx) {
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case client.CaughtUp:
			caughtUp()
			select {
			case <-s.resume:
			case <-ctx.Done():
				return ctx.Err()
			}
		case *client.Run:
			read += uint64(len(ev.Messages))
			if ev.LastSequence() >= s.last {
				s.mu.Lock()
				s.missed += missed
				s.mu.Unlock()
				if read+missed != s.last {
					return fmt.Errorf("%d read and %d told as missed, of %d", read, missed, s.last)
				}
				return nil
			}
		case client.Gap:
			missed += ev.Total()
		case client.Expired:
			missed += ev.LastSequence - ev.FirstSequence + 1
		case client.Reset, client.Disconnected:
			return fmt.Errorf("the reader was told %T %v", ev, ev)
		}
	}
	return ctx.Err()
}

// goOn lets them read up to one more message, behind so many.
func (s *stalled) goOn(h *harness, published uint64) (missed uint64, err error) {
	s.last = published + 1
	if _, err := s.publish.Publish(h.ctx, "flow.0", keep, client.Message{Data: data}); err != nil {
		return 0, err
	}
	close(s.resume)
	for range s.readers {
		err = errors.Join(err, <-s.ended)
	}
	return s.missed, err
}

func (s *stalled) close() {
	s.cancel()
	s.open.Wait()
}
