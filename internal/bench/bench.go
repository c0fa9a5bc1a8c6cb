package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"linger/client"
)

const (
	// How long the server may take to answer at first, a lost one to come back, and the readers to get what is on its way.
	reachWithin = 5 * time.Second
	retryFor    = 10 * time.Second
	stallAfter  = 5 * time.Second
	// After an interrupt all of these have to fit into less than two seconds.
	answersWithin = 500 * time.Millisecond
	drainWithin   = 300 * time.Millisecond
	tidyWithin    = 700 * time.Millisecond
	// Many topics take longer to delete: so much more for each.
	tidyEach = time.Millisecond
)

// Bench runs one workload, once. Progress may be called meanwhile.
type Bench struct {
	settings Settings
	dial     func() (*client.Client, error)
	clock    stopwatch
	payloads payloads

	base       string   // what the topics' names begin with
	topics     []*topic // those of the load
	publishers []*publisher
	readers    []*reader
	paceBegun  int64 // when publishers began to keep a rate
	phase      phase

	mu       sync.Mutex // guards everything below
	stopLoad context.CancelCauseFunc
	err      error // why the load was ended early
	clients  []*client.Client
	made     []string // the names of the topics to delete in the end
	over     bool     // what is not answered by now is given up
	outages  int
	notes    []string
}

// New makes a workload ready. dial makes a connection; each publisher and subscriber has its own.
func New(s Settings, dial func() (*client.Client, error)) *Bench {
	b := &Bench{settings: s, dial: dial, clock: stopwatch{time.Now()}}
	b.payloads = payloads{run: rand.Uint32(), size: s.Size, shared: s.Topic != ""}
	b.base = s.Topic
	if b.base == "" {
		b.base = fmt.Sprintf("bench.%08x", b.payloads.run)
	}
	return b
}

// Run does the work, deletes the topics that it made, and returns what was measured. The result is there together with an
// error, too, where something was measured before. When ctx ends it stops within two seconds, and one more for each thousand
// topics to delete; what was measured until then is the result.
func (b *Bench) Run(ctx context.Context) (*Result, error) {
	if err := b.settings.Validate(); err != nil {
		return nil, err
	}
	defer b.hangUp()
	if err := b.reach(ctx); err != nil {
		return nil, err
	}
	r := &Result{Settings: b.settings, Started: time.Now()}
	defer func() { r.Notes = append(r.Notes, b.tidy(ctx)...) }()
	var err error
	switch b.settings.Workload {
	case Publish:
		err = b.publish(ctx, r)
	case Fanout, Latency:
		err = b.live(ctx, r)
	case Replay:
		err = b.replay(ctx, r)
	case Expiry:
		err = b.expiry(ctx, r)
	}
	if ctx.Err() != nil {
		r.Interrupted = true
		if errors.Is(err, context.Canceled) {
			err = nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Counts.Outages = b.outages
	r.Notes = append(r.Notes, b.notes...)
	return r, explain(err)
}

// fail ends the load. The first reason is the one that is told.
func (b *Bench) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	if b.stopLoad != nil {
		b.stopLoad(err)
	}
}

// failUnlessOver ends the load for what was not answered, unless nobody waits for answers any more.
func (b *Bench) failUnlessOver(err error) {
	b.mu.Lock()
	over := b.over
	b.mu.Unlock()
	if !over {
		b.fail(err)
	}
}

// lost notes a lost connection.
func (b *Bench) lost(err error) {
	b.mu.Lock()
	b.outages++
	if b.outages == 1 {
		b.notes = append(b.notes, fmt.Sprintf("a connection was lost: %v", err))
	}
	b.mu.Unlock()
}

func (b *Bench) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// note says something that belongs beside the figures.
func (b *Bench) note(format string, args ...any) {
	b.mu.Lock()
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
	b.mu.Unlock()
}

// reach makes the first connection, by which everything is managed.
func (b *Bench) reach(ctx context.Context) error {
	_, err := b.connect(ctx)
	return err
}

// admin is the connection for topics and counts.
func (b *Bench) admin() *client.Client { return b.clients[0] }

// connectAll makes n connections.
func (b *Bench) connectAll(ctx context.Context, n int) ([]*client.Client, error) {
	made := make([]*client.Client, n)
	err := atOnce(ctx, n, func(ctx context.Context, i int) (err error) {
		made[i], err = b.connect(ctx)
		return err
	})
	return made, err
}

// connect makes a connection and has the server answer on it.
func (b *Bench) connect(ctx context.Context) (*client.Client, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	c, err := b.dial()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.clients = append(b.clients, c)
	n := len(b.clients)
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	_, err = c.ServerTime(ctx)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s does not answer within %s", c.Address(), reachWithin)
	case n > 1 && errors.Is(err, client.ErrUnreachable):
		return nil, fmt.Errorf("connection %d is refused: %w. The server takes --max-connections, and each of both programs as many as "+
			"its limit of open files (ulimit -n); raise these, or use fewer --publishers and --subscribers", n, err)
	}
	return nil, err
}

// hangUp ends all connections. Each says goodbye, which takes a moment.
func (b *Bench) hangUp() {
	var all sync.WaitGroup
	for _, c := range b.clients {
		all.Go(func() { _ = c.Close() }) // only ever refuses a second closing
	}
	all.Wait()
}

// loading runs the publishers until they are done, are to stop, or time is over, and waits for their answers.
func (b *Bench) loading(ctx context.Context, atMost time.Duration) error {
	load, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	b.mu.Lock()
	b.stopLoad = stop
	b.mu.Unlock()
	if atMost > 0 {
		timer := time.AfterFunc(atMost, func() { stop(errOver) })
		defer timer.Stop()
	}
	var all sync.WaitGroup
	for _, p := range b.publishers {
		all.Go(func() { p.run(load) })
	}
	all.Wait()
	closing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	giveUp := func() {
		b.mu.Lock()
		b.over = true
		b.mu.Unlock()
		cancel()
	}
	soon := context.AfterFunc(ctx, func() { time.AfterFunc(answersWithin, giveUp) })
	defer soon()
	for _, p := range b.publishers {
		all.Go(func() { p.close(closing) })
	}
	all.Wait()
	if err := b.failure(); err != nil {
		return err
	}
	return ctx.Err()
}

// errOver ends a load whose time is over.
var errOver = errors.New("time is over")
