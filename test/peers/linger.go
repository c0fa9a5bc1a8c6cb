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

// Linger with the public client and its defaults. Publishers stream (client.Publisher, 16 MiB window, batches of what
// gathers while a request is on its way); subscribers take whole runs (Subscription.Events).
var (
	lingerMemory = register(&system{
		name: "Linger memory", settings: "serve --store memory:",
		serve: lingerServer("memory:"), dial: dialLinger(client.Memory), retains: true,
	})
	lingerFile = register(&system{
		name: "Linger fsynced", settings: "serve --store file:DIR",
		serve: lingerServer("file:store"), dial: dialLinger(client.Fsynced), retains: true,
	})
	// Its readers take what they are handed before they ask for more, so that the client need not make memory for it anew.
	lingerBorrow = register(&system{
		name: "Linger memory, borrowing", settings: "serve --store memory:; SubscribeOptions.Borrow",
		serve: lingerServer("memory:"), dial: dialLingerBorrow, retains: true,
	})
	// The lane of a server that has both: its topics are made with durability memory.
	lingerLane = register(&system{
		name: "Linger memory lane", settings: "serve --store file:DIR, topics with durability memory",
		serve: lingerServer("file:store"), prepare: makeMemoryTopics, dial: dialLinger(client.Memory), retains: true,
	})
	// One message at a time on a stream that stays open, in place of a call each.
	lingerFileStream = register(&system{
		name: "Linger fsynced, on a stream", settings: "serve --store file:DIR",
		serve: lingerServer("file:store"), dial: dialLingerStream, retains: true,
	})
)

func lingerServer(store string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		addr, err := freeAddr()
		if err != nil {
			return "", err
		}
		http, err := freeAddr()
		if err != nil {
			return "", err
		}
		if err := s.run("linger", "serve", "--grpc", addr, "--http", http, "--store", store, "--pprof", "--log-level", "warn"); err != nil {
			return "", err
		}
		s.pprof = http
		return addr, s.ready("http://" + http + "/readyz")
	}
}

func makeMemoryTopics(ctx context.Context, addr string, topics []string) error {
	c, err := client.Dial(addr, client.Options{})
	if err != nil {
		return err
	}
	for _, topic := range topics {
		if _, err := c.CreateTopic(ctx, topic, client.TopicPolicy{}, client.Memory); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	return c.Close()
}

type lingerDriver struct {
	client     *client.Client
	durability client.Durability // what acknowledgements must promise
	streams    bool              // waiters use a stream
	borrow     bool              // readers are done with a message when they ask for the next
}

func dialLinger(d client.Durability) func(string) (driver, error) {
	return func(addr string) (driver, error) {
		c, err := client.Dial(addr, client.Options{})
		return &lingerDriver{client: c, durability: d}, err
	}
}

func dialLingerStream(addr string) (driver, error) {
	c, err := client.Dial(addr, client.Options{})
	return &lingerDriver{client: c, durability: client.Fsynced, streams: true}, err
}

func dialLingerBorrow(addr string) (driver, error) {
	c, err := client.Dial(addr, client.Options{})
	return &lingerDriver{client: c, durability: client.Memory, borrow: true}, err
}

func (d *lingerDriver) close() error { return d.client.Close() }

func (d *lingerDriver) publisher(topic string) (publisher, error) {
	p := &lingerPublisher{topic: topic, durability: d.durability}
	p.stream = d.client.NewPublisher(client.PublisherOptions{OnBatch: p.onBatch, RetryFor: time.Nanosecond})
	return p, nil
}

type lingerPublisher struct {
	stream     *client.Publisher
	topic      string
	durability client.Durability

	handed   int
	answered atomic.Int64
	mu       sync.Mutex // guards err
	err      error
	failed   atomic.Bool
}

func (p *lingerPublisher) onBatch(o client.Outcome) {
	err := o.Err
	if err == nil && o.Ack.Durability != p.durability {
		err = fmt.Errorf("acknowledged with durability %v, want %v", o.Ack.Durability, p.durability)
	}
	if err != nil {
		p.mu.Lock()
		p.err = errors.Join(p.err, err)
		p.mu.Unlock()
		p.failed.Store(true)
	}
	p.answered.Add(int64(o.Count))
}

func (p *lingerPublisher) failure() error {
	if !p.failed.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *lingerPublisher) publish(data []byte) error {
	if p.failed.Load() {
		return p.failure()
	}
	p.handed++
	return p.stream.Publish(context.Background(), p.topic, ttl, client.Message{Data: data})
}

func (p *lingerPublisher) flush() error    { return p.failure() }
func (p *lingerPublisher) unanswered() int { return p.handed - int(p.answered.Load()) }

func (p *lingerPublisher) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return errors.Join(p.stream.Close(ctx), p.failure())
}

func (d *lingerDriver) waiter(topic string) (waiter, error) {
	right := func(ack client.Ack, err error) error {
		if err == nil && ack.Durability != d.durability {
			err = fmt.Errorf("acknowledged with durability %v, want %v", ack.Durability, d.durability)
		}
		return err
	}
	if !d.streams {
		return func(data []byte) error {
			return right(d.client.Publish(context.Background(), topic, ttl, client.Message{Data: data}))
		}, nil
	}
	p := d.client.NewPublisher(client.PublisherOptions{RetryFor: time.Nanosecond})
	answered := make(chan error, 1)
	return func(data []byte) error {
		err := p.PublishFunc(context.Background(), topic, ttl, client.Message{Data: data}, func(ack client.Ack, err error) {
			answered <- right(ack, err)
		})
		if err != nil {
			return err
		}
		return <-answered
	}, nil
}

func (d *lingerDriver) subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error {
	sub := d.client.Subscribe([]string{topic}, client.SubscribeOptions{Borrow: d.borrow})
	for ev, err := range sub.Events(ctx) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case *client.Run:
			for i := range ev.Messages {
				if err := each(ev.Messages[i].Data); err != nil {
					return err
				}
			}
		case client.Hello:
			ready()
		case client.Gap, client.Reset, client.Expired, client.Disconnected:
			return fmt.Errorf("the subscription was told %T %v", ev, ev)
		}
	}
	return nil
}
