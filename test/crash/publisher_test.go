package crash

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"linger/client"
)

// workload is what goes on while the server is killed. Whoever takes part holds the gate while it asks for something, so
// that the judge can have all of them wait.
type workload struct {
	oracle *oracle
	gate   sync.RWMutex
	parts  sync.WaitGroup
}

// publisher publishes bursts of messages, of one topic and lifetime each, to some topics. The client library numbers its
// requests, reconnects, and sends again what was not answered.
type publisher struct {
	*workload
	number int
	topics []*topic
	client *client.Publisher
	rng    *rand.Rand
}

// volatile tells whether a restart makes the server forget some of what the publisher did.
func (p *publisher) volatile() bool {
	return slices.ContainsFunc(p.topics, func(t *topic) bool { return t.durability == client.Memory })
}

func (p *publisher) run(ctx context.Context) {
	for ctx.Err() == nil {
		p.gate.RLock()
		p.burst(ctx)
		p.gate.RUnlock()
		pause(ctx, time.Duration(p.rng.IntN(8))*time.Millisecond) // so that the server, not this process, has most of the time
	}
}

func (p *publisher) burst(ctx context.Context) {
	t, ttl := p.topics[p.rng.IntN(len(p.topics))], lifetime(p.rng)
	for range 1 + p.rng.IntN(12) {
		m := p.oracle.hand(p, t, ttl, size(p.rng))
		err := p.client.PublishFunc(ctx, t.name, ttl, client.Message{Data: m.payload()}, func(ack client.Ack, err error) {
			p.oracle.settle(m, ack, err)
		})
		if err != nil {
			p.oracle.settle(m, client.Ack{}, errors.Join(client.ErrNotSent, err))
			return
		}
	}
}

// lifetime is now or never, over soon, or longer than the test.
func lifetime(rng *rand.Rand) time.Duration {
	switch n := rng.IntN(20); {
	case n < 2:
		return 0
	case n < 8:
		return time.Duration(1+rng.IntN(1500)) * time.Millisecond
	case n < 13:
		return time.Duration(2+rng.IntN(20)) * time.Second
	}
	return time.Hour << rng.IntN(4)
}

// size is small mostly, and at times as large as several records.
func size(rng *rand.Rand) int {
	switch rng.IntN(60) {
	case 0:
		return 100_000
	case 1, 2:
		return 5_000
	}
	return rng.IntN(400)
}

// pause lets a while pass, or ctx end.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
