package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"linger/client"
)

// reader is one of those who are given the messages, with a connection of its own.
type reader struct {
	bench  *Bench
	sub    *client.Subscription
	topics []*topic
	done   chan struct{} // closed when it has ended

	streams map[uint32]*numbers
	last    uint32 // stream of the last message
	current *numbers

	times *times // from due to delivered
	begun int64

	began    chan struct{} // closed when the server has said hello
	once     sync.Once
	first    atomic.Int64  // when the first message came
	caughtUp atomic.Int64  // when all that was retained had come
	latest   atomic.Int64  // when the last message came
	handled  atomic.Uint64 // messages that came, or about which the server told why they did not
	bytes    atomic.Uint64

	mu        sync.Mutex // guards everything below
	from      int64      // what is due earlier is not recorded
	counts    Counts
	connected bool
}

// newReader makes the index-th of so many readers.
func (b *Bench) newReader(c *client.Client, index, of int, start client.Start) *reader {
	r := &reader{
		bench: b, streams: map[uint32]*numbers{}, times: newTimes(),
		began: make(chan struct{}), done: make(chan struct{}),
	}
	var patterns []string
	for _, t := range share(index, of, len(b.topics)) {
		r.topics = append(r.topics, b.topics[t])
		patterns = append(patterns, b.topics[t].name)
	}
	r.sub = c.Subscribe(patterns, client.SubscribeOptions{Start: start, RetryFor: retryFor, Borrow: true})
	return r
}

// makeReaders makes all of them.
func (b *Bench) makeReaders(ctx context.Context, start client.Start) error {
	clients, err := b.connectAll(ctx, b.settings.Subscribers)
	if err != nil {
		return err
	}
	for i, c := range clients {
		b.readers = append(b.readers, b.newReader(c, i, len(clients), start))
	}
	return nil
}

// startReaders has all readers begin at once, and waits until the server has all of them. stop ends them.
func (b *Bench) startReaders(ctx context.Context) (stop func(), err error) {
	begun := b.clock.now()
	// An interrupt does not end them at once: they are given what is on its way.
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	for _, r := range b.readers {
		r.begun = begun
		go r.run(reading)
	}
	stop = func() {
		cancel()
		for _, r := range b.readers {
			<-r.done
		}
	}
	for _, r := range b.readers {
		select {
		case <-r.began:
		case <-r.done:
		case <-ctx.Done():
		}
	}
	if err = b.failure(); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		stop()
	}
	return stop, err
}

func (r *reader) run(ctx context.Context) {
	defer close(r.done)
	for ev, err := range r.sub.Events(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				r.bench.fail(err)
			}
			return
		}
		r.event(ev)
	}
}

func (r *reader) event(ev client.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch ev := ev.(type) {
	case client.Hello:
		r.connected = true
		r.once.Do(func() { close(r.began) })
	case client.CaughtUp:
		r.caughtUp.CompareAndSwap(0, r.bench.clock.now())
	case *client.Run:
		r.takeLocked(ev)
	case client.Gap:
		r.gapLocked(ev)
	case client.Expired:
		n := ev.LastSequence - ev.FirstSequence + 1
		r.counts.DeadOnArrival += n
		r.handled.Add(n)
	case client.Reset:
		r.bench.fail(errors.New("a subscription was reset: " + ev.Reason.String()))
	case client.Disconnected: // each attempt to come back that fails tells it again
		if r.connected {
			r.bench.lost(ev.Err)
		}
		r.connected = false
	}
}

// takeLocked takes messages that came together.
func (r *reader) takeLocked(run *client.Run) {
	now := r.bench.clock.now()
	bytes, taken := 0, uint64(0)
	r.times.mu.Lock()
	for i := range run.Messages {
		data := run.Messages[i].Data
		stamp, origin := r.bench.payloads.read(data)
		switch origin {
		case foreign:
			r.counts.Foreign++
			continue
		case damaged:
			r.counts.Damaged++
			continue
		case ours:
		}
		switch r.numbers(stamp.stream).take(stamp.number) {
		case doubled:
			r.counts.Doubled++
			continue
		case outOfOrder:
			r.counts.OutOfOrder++
		case inOrder:
		}
		taken++
		bytes += len(data)
		if stamp.due >= r.from {
			r.times.recordLocked(now-stamp.due, 1)
		}
	}
	r.times.mu.Unlock()
	if taken == 0 {
		return
	}
	r.first.CompareAndSwap(0, now)
	r.latest.Store(now)
	r.bytes.Add(uint64(bytes))
	r.counts.Delivered += taken
	r.handled.Add(taken)
}

// numbers are those of a stream.
func (r *reader) numbers(stream uint32) *numbers {
	if r.current != nil && r.last == stream {
		return r.current
	}
	n := r.streams[stream]
	if n == nil {
		n = new(numbers)
		r.streams[stream] = n
	}
	r.last, r.current = stream, n
	return n
}

func (r *reader) gapLocked(g client.Gap) {
	r.counts.Expired += g.Expired
	r.counts.Evicted += g.Evicted
	r.counts.Deleted += g.Deleted
	r.counts.Forgotten += g.Forgotten
	r.handled.Add(g.Total() - g.Lost)
}

// total returns what it counted. whole says that all that was acknowledged should have come.
func (r *reader) total(whole bool) Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	var acked uint64
	for _, t := range r.topics {
		acked += t.acked.Load()
	}
	if told := c.Delivered + c.Expired + c.Evicted + c.Deleted + c.Forgotten + c.DeadOnArrival; whole && acked > told {
		c.Lost = acked - told
	}
	return c
}

// behind is how many messages of its topics it has still to be given.
func (r *reader) behind() uint64 {
	var handed uint64
	for _, t := range r.topics {
		handed += t.handed.Load()
	}
	return handed - min(r.handled.Load(), handed)
}
