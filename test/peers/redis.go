package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Redis with a client of a few lines that pipelines (resp.go). Its streams have no lifetime for an entry; MINID with ~,
// which drops what is older than the lifetime as whole nodes, is the nearest that they have. A rewrite of the append-only
// file would only cost it, so there is none.
var (
	redisPubSub = register(&system{
		name: "Redis Pub/Sub", settings: "save \"\", appendonly no, no output buffer limit; client: pipelined",
		serve: redisServer("--appendonly", "no"), dial: dialRedis(pubSub),
	})
	redisStreams = register(&system{
		name: "Redis Streams", settings: "save \"\", appendonly no; XADD MINID ~ pipelined, XREAD COUNT 1000",
		serve: redisServer("--appendonly", "no"), dial: dialRedis(streams), retains: true,
	})
	redisAlways = register(&system{
		name: "Redis Streams, always", settings: "appendonly yes, appendfsync always, no rewrites; XADD MINID ~ pipelined, XREAD COUNT 1000",
		serve: redisServer("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"),
		dial:  dialRedis(streams), retains: true,
	})
)

type redisKind int

const (
	pubSub redisKind = iota
	streams
)

func redisServer(args ...string) func(*site) (string, error) {
	return func(s *site) (string, error) {
		addr, err := freeAddr()
		if err != nil {
			return "", err
		}
		all := append([]string{
			"--bind", "127.0.0.1", "--port", portOf(addr), "--dir", s.dir, "--save", "",
			"--client-output-buffer-limit", "pubsub 0 0 0", "--maxclients", "4096",
		}, args...)
		if err := s.run("redis-server", all...); err != nil {
			return "", err
		}
		return addr, s.answers(addr)
	}
}

func dialRedis(kind redisKind) func(string) (driver, error) {
	return func(addr string) (driver, error) {
		conn, err := dialRESP(addr)
		if err != nil {
			return nil, err
		}
		return &redisDriver{conn: conn, kind: kind}, nil
	}
}

type redisDriver struct {
	conn *respConn
	kind redisKind
}

func (d *redisDriver) close() error { return d.conn.Close() }

// send buffers the command that publishes data.
func (d *redisDriver) send(topic, data []byte) {
	if d.kind == pubSub {
		d.conn.command([]byte("PUBLISH"), topic, data)
		return
	}
	var digits [20]byte
	oldest := strconv.AppendInt(digits[:0], time.Now().Add(-ttl).UnixMilli(), 10)
	d.conn.command([]byte("XADD"), topic, []byte("MINID"), []byte("~"), oldest, []byte("*"), []byte("d"), data)
}

func (d *redisDriver) publisher(topic string) (publisher, error) {
	p := &redisPublisher{redisDriver: d, topic: []byte(topic)}
	p.reading.Go(p.read)
	return p, nil
}

type redisPublisher struct {
	*redisDriver
	topic    []byte
	handed   int64
	answered atomic.Int64
	closing  atomic.Bool
	reading  sync.WaitGroup
	err      error // why read ended; set before answered counts no further
	ended    atomic.Bool
}

func (p *redisPublisher) read() {
	var scratch []byte
	ignored := respReader{integer: func(int64) {}, text: func([]byte) {}, array: func(int) {}}
	for {
		if err := p.conn.reply(&ignored, &scratch); err != nil {
			if !p.closing.Load() {
				p.err = err
			}
			p.ended.Store(true)
			return
		}
		p.answered.Add(1)
	}
}

func (p *redisPublisher) publish(data []byte) error {
	if p.ended.Load() {
		return p.err
	}
	p.handed++
	p.send(p.topic, data)
	return nil
}

func (p *redisPublisher) flush() error    { return p.conn.w.Flush() }
func (p *redisPublisher) unanswered() int { return int(p.handed - p.answered.Load()) }

func (p *redisPublisher) close() error {
	err := p.flush()
	for deadline := time.Now().Add(stopLimit); p.unanswered() > 0 && !p.ended.Load(); {
		if time.Now().After(deadline) {
			err = errors.Join(err, fmt.Errorf("%d commands were not answered", p.unanswered()))
			break
		}
		time.Sleep(time.Millisecond)
	}
	p.closing.Store(true)
	err = errors.Join(err, p.conn.Close())
	p.reading.Wait()
	return errors.Join(err, p.err)
}

func (d *redisDriver) waiter(topic string) (waiter, error) {
	var scratch []byte
	name := []byte(topic)
	ignored := respReader{integer: func(int64) {}, text: func([]byte) {}, array: func(int) {}}
	return func(data []byte) error {
		d.send(name, data)
		if err := d.conn.w.Flush(); err != nil {
			return err
		}
		return d.conn.reply(&ignored, &scratch)
	}, nil
}

func (d *redisDriver) subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error {
	stop := context.AfterFunc(ctx, func() { d.conn.Close() })
	defer stop()
	var err error
	if d.kind == pubSub {
		err = d.listen(topic, ready, each)
	} else {
		err = d.follow(topic, ready, each)
	}
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listen reads messages of a channel: arrays of "message", channel, data.
func (d *redisDriver) listen(topic string, ready func(), each func([]byte) error) error {
	d.conn.command([]byte("SUBSCRIBE"), []byte(topic))
	if err := d.conn.w.Flush(); err != nil {
		return err
	}
	var scratch []byte
	var failed error
	part := 0
	to := respReader{
		array:   func(int) { part = 0 },
		integer: func(int64) { ready() }, // ends the confirmation
		text: func(b []byte) {
			if part++; part == 3 {
				failed = each(b)
			}
		},
	}
	for failed == nil {
		if err := d.conn.reply(&to, &scratch); err != nil {
			return err
		}
	}
	return failed
}

// follow reads a stream from its beginning. The texts of a reply are its name, then id, "d" and data of each entry.
func (d *redisDriver) follow(topic string, ready func(), each func([]byte) error) error {
	ready() // it begins at the beginning, whenever that is
	var scratch []byte
	var failed error
	last, part := []byte("0"), 0
	entries := respReader{integer: func(int64) {}, array: func(int) {}, text: func(b []byte) {
		switch part++; {
		case part == 1: // the stream's name
		case part%3 == 2:
			last = append(last[:0], b...)
		case part%3 == 1:
			failed = each(b)
		}
	}}
	for failed == nil {
		d.conn.command([]byte("XREAD"), []byte("COUNT"), []byte("1000"), []byte("BLOCK"), []byte("0"), []byte("STREAMS"), []byte(topic), last)
		if err := d.conn.w.Flush(); err != nil {
			return err
		}
		part = 0
		if err := d.conn.reply(&entries, &scratch); err != nil {
			return err
		}
	}
	return failed
}
