package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
)

// NATS core with its own Go client. The client gathers what is published while its flusher writes; callbacks are faster
// than channels. Limits on what waits at a subscriber are off: readers here are kept close behind by the publishers.
var natsCore = register(&system{
	name: "NATS core", settings: "defaults; client: callbacks, no pending limits",
	serve: natsServer(""), dial: dialNATS,
})

// natsServer starts nats-server with what is added to its configuration.
func natsServer(config string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		addr, err := freeAddr()
		if err != nil {
			return "", err
		}
		path := filepath.Join(s.dir, "nats.conf")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			return "", err
		}
		if err := s.run("nats-server", "-c", path, "-a", "127.0.0.1", "-p", portOf(addr)); err != nil {
			return "", err
		}
		return addr, s.answers(addr)
	}
}

type natsDriver struct{ conn *nats.Conn }

func dialNATS(addr string) (driver, error) {
	conn, err := connectNATS(addr)
	return &natsDriver{conn}, err
}

// connectNATS has the patience that a machine with other work needs; a lost connection is a failure, not a pause.
func connectNATS(addr string) (*nats.Conn, error) {
	return nats.Connect("nats://"+addr, nats.NoReconnect(), nats.Timeout(startLimit))
}

func (d *natsDriver) close() error {
	d.conn.Close()
	return nil
}

func (d *natsDriver) publisher(topic string) (publisher, error) {
	return &natsPublisher{conn: d.conn, topic: topic}, nil
}

type natsPublisher struct {
	conn  *nats.Conn
	topic string
}

func (p *natsPublisher) publish(data []byte) error { return p.conn.Publish(p.topic, data) }
func (p *natsPublisher) flush() error              { return nil } // the client's flusher was woken by publish
func (p *natsPublisher) unanswered() int           { return 0 }
func (p *natsPublisher) close() error              { return p.conn.FlushTimeout(stopLimit) }

// waiter has the server answer a ping after each message: the nearest that NATS core has to an answer.
func (d *natsDriver) waiter(topic string) (waiter, error) {
	return func(data []byte) error {
		if err := d.conn.Publish(topic, data); err != nil {
			return err
		}
		return d.conn.FlushTimeout(stopLimit)
	}, nil
}

func (d *natsDriver) subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error {
	failed := make(chan error, 1)
	sub, err := d.conn.Subscribe(topic, func(m *nats.Msg) {
		if err := each(m.Data); err != nil {
			select {
			case failed <- err:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	if err := errors.Join(sub.SetPendingLimits(-1, -1), d.conn.FlushTimeout(stopLimit)); err != nil {
		return err
	}
	ready()
	closed := d.conn.StatusChanged(nats.CLOSED)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	case <-closed:
		return fmt.Errorf("NATS closed the connection: %w", d.conn.LastError())
	}
}
