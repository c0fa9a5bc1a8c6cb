package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lagEvery says of how many messages one has its age noted where only the lag matters.
const lagEvery = 32

// dialsAtATime is how many readers connect at once: a thousand of them would wait for each other, some for too long.
const dialsAtATime = 32

// subscribeAll is the work of the reading process: every reader of a job, each with its own connection. It calls ready
// when all of them are in place, and ends when the board says so.
func subscribeAll(j *job, b *board, ready func()) (report, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	latest := &lastReader{readers: int32(j.Readers)}
	dialling := make(chan struct{}, dialsAtATime)
	readers := make([]reading, j.Readers)
	failures := make([]error, j.Readers)
	var all, inPlace sync.WaitGroup
	inPlace.Add(j.Readers)
	for i := range readers {
		r := &readers[i]
		*r = reading{job: j, board: b, cell: &b.readers[i], next: make([]uint64, j.Publishers), last: latest, dialling: dialling, begun: nanos()}
		all.Go(func() {
			var once sync.Once
			arrived := func() { once.Do(inPlace.Done) }
			defer arrived()
			failures[i] = r.run(ctx, j.topic(i), arrived)
			if failures[i] != nil {
				cancel() // the others need not go on
			}
		})
	}
	inPlace.Wait()
	ready()
	for b.phase.Load() < done && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	all.Wait()

	var sum report
	for i := range readers {
		sum.Latency.add(&readers[i].latency)
		sum.Seconds = max(sum.Seconds, readers[i].seconds)
	}
	if j.Last {
		sum.Latency = latest.latency
	}
	return sum, first(failures)
}

// first returns the first of many failures, which are seldom different ones, and how many there are.
func first(failures []error) error {
	all := slices.DeleteFunc(slices.Clone(failures), func(err error) bool { return err == nil })
	if len(all) < 2 {
		return errors.Join(all...)
	}
	return fmt.Errorf("%w (and %d others)", all[0], len(all)-1)
}

// reading is one reader at work.
type reading struct {
	job      *job
	board    *board
	cell     *readerCell
	next     []uint64 // by publisher: the last of its messages that came
	last     *lastReader
	dialling chan struct{} // has room for those that may connect at a time
	latency  histogram
	received uint64
	begun    int64
	seconds  float64
}

func (r *reading) run(ctx context.Context, topic string, ready func()) error {
	r.dialling <- struct{}{}
	d, err := systems[r.job.System].dial(r.job.Addr)
	<-r.dialling
	if err != nil {
		return err
	}
	defer func() { _ = d.close() }() // some drivers closed it to end
	return d.subscribe(ctx, topic, ready, r.each)
}

// each takes one message: looks at all of it, and that it is the publisher's next.
func (r *reading) each(data []byte) error {
	m, err := read(data)
	if err != nil {
		return err
	}
	if m.publisher >= len(r.next) || m.n != r.next[m.publisher]+1 {
		return fmt.Errorf("message %d of publisher %d after %d", m.n, m.publisher, r.next[min(m.publisher, len(r.next)-1)])
	}
	r.next[m.publisher] = m.n
	r.received++
	switch {
	case r.job.Last:
		r.last.took(m, r.board)
	case r.job.Rate > 0 || r.received%lagEvery == 0:
		if r.board.phase.Load() == measuring {
			r.latency.record(nanos() - m.published)
		}
	}
	if r.received == uint64(r.job.Count) {
		r.seconds = float64(nanos()-r.begun) / 1e9
	}
	r.cell.received.Store(r.received)
	return nil
}

// A lastReader notes when the last of all readers has a message. Messages come so seldom that all have one before the
// next is published.
type lastReader struct {
	readers int32
	count   atomic.Int32
	mu      sync.Mutex // guards latency
	latency histogram
}

func (l *lastReader) took(m mark, b *board) {
	if l.count.Add(1)%l.readers != 0 || b.phase.Load() != measuring {
		return
	}
	l.mu.Lock()
	l.latency.record(nanos() - m.published)
	l.mu.Unlock()
}
