package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JetStream with its own Go client: publishing asynchronously, an ordered consumer that pulls ahead. Each message asks
// for its lifetime with the Nats-TTL header.
var (
	jetStreamMemory = register(&system{
		name: "JetStream memory", settings: "memory storage, Nats-TTL; client: PublishMsgAsync, ordered consumer pulling ahead",
		serve: jetStreamServer(""), prepare: makeStream(jetstream.MemoryStorage), dial: dialJetStream, retains: true,
	})
	jetStreamFile = register(&system{
		name: "JetStream file", settings: "file storage, synced each 2 min (the default), Nats-TTL",
		serve: jetStreamServer(""), prepare: makeStream(jetstream.FileStorage), dial: dialJetStream, retains: true,
	})
	jetStreamSynced = register(&system{
		name: "JetStream file, sync always", settings: "file storage, sync_interval always, Nats-TTL",
		serve: jetStreamServer("sync_interval: always"), prepare: makeStream(jetstream.FileStorage), dial: dialJetStream, retains: true,
	})
)

const (
	// More than any workload has in flight: the client never stalls by itself.
	jetStreamPending = 1 << 20
	// How far the consumer pulls ahead; more was no faster.
	jetStreamAhead = 10_000
	streamName     = "PEERS"
)

func jetStreamServer(config string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		return natsServer(fmt.Sprintf("jetstream { store_dir: %q, max_mem: 8G, max_file: 16G\n%s }\n", s.dir+"/jetstream", config))(s)
	}
}

func makeStream(storage jetstream.StorageType) func(context.Context, string, []string) error {
	return func(ctx context.Context, addr string, topics []string) error {
		conn, err := connectNATS(addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Subjects: topics, Storage: storage, AllowMsgTTL: true,
		})
		return err
	}
}

type jetStreamDriver struct {
	conn *nats.Conn
	js   jetstream.JetStream

	mu  sync.Mutex // guards err
	err error      // what an acknowledgement told
}

func dialJetStream(addr string) (driver, error) {
	conn, err := connectNATS(addr)
	if err != nil {
		return nil, err
	}
	d := &jetStreamDriver{conn: conn}
	d.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(jetStreamPending),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) {
			d.mu.Lock()
			d.err = err
			d.mu.Unlock()
		}))
	return d, err
}

func (d *jetStreamDriver) close() error {
	d.conn.Close()
	return nil
}

func (d *jetStreamDriver) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *jetStreamDriver) publisher(topic string) (publisher, error) {
	return &jetStreamPublisher{driver: d, topic: topic}, nil
}

type jetStreamPublisher struct {
	driver *jetStreamDriver
	topic  string
}

// message is a new one each time: the client keeps it until it is answered.
func (p *jetStreamPublisher) message(data []byte) *nats.Msg {
	return &nats.Msg{
		Subject: p.topic, Data: append([]byte(nil), data...),
		Header: nats.Header{jetstream.MsgTTLHeader: {ttl.String()}},
	}
}

func (p *jetStreamPublisher) publish(data []byte) error {
	_, err := p.driver.js.PublishMsgAsync(p.message(data))
	return err
}

func (p *jetStreamPublisher) flush() error    { return p.driver.failure() }
func (p *jetStreamPublisher) unanswered() int { return p.driver.js.PublishAsyncPending() }

func (p *jetStreamPublisher) close() error {
	select {
	case <-p.driver.js.PublishAsyncComplete():
		return p.driver.failure()
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("%d messages were not acknowledged", p.unanswered()), p.driver.failure())
	}
}

func (d *jetStreamDriver) waiter(topic string) (waiter, error) {
	p := &jetStreamPublisher{driver: d, topic: topic}
	return func(data []byte) error {
		_, err := d.js.PublishMsg(context.Background(), p.message(data))
		return err
	}, nil
}

func (d *jetStreamDriver) subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error {
	consumer, err := d.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{FilterSubjects: []string{topic}})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	fail := func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		if err := each(m.Data()); err != nil {
			fail(err)
		}
	}, jetstream.PullMaxMessages(jetStreamAhead), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		fail(err)
	}))
	if err != nil {
		return err
	}
	defer consuming.Stop()
	ready()
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}
