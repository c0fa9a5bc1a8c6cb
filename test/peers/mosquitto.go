package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
)

// Mosquitto over MQTT 5 at QoS 0, the fastest that it has, each message with an expiry interval. The client is the few
// packets that this takes, written through a buffer: general clients make a system call a message.
var mosquitto = register(&system{
	name: "Mosquitto", settings: "MQTT 5, QoS 0, message expiry; persistence off, no queue limits, TCP_NODELAY; client: buffered",
	serve: serveMosquitto, dial: dialMQTT,
})

const mosquittoConfig = `listener %s 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
log_type error
`

func serveMosquitto(s *site) (string, error) {
	addr, err := freeAddr()
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, "mosquitto.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, mosquittoConfig, portOf(addr)), 0o644); err != nil {
		return "", err
	}
	if err := s.run("mosquitto", "-c", path); err != nil {
		return "", err
	}
	return addr, s.answers(addr)
}

// Packet types and properties of MQTT 5 that are used here.
const (
	mqttConnect    = 0x10
	mqttConnAck    = 0x20
	mqttPublish    = 0x30
	mqttSubscribe  = 0x82
	mqttSubAck     = 0x90
	mqttPing       = 0xC0
	mqttPong       = 0xD0
	mqttExpiry     = 0x02 // property: message expiry interval, seconds
	mqttCleanStart = 0x02
)

type mqttDriver struct {
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
}

func dialMQTT(addr string) (driver, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	d := &mqttDriver{conn, bufio.NewReaderSize(conn, respBuffer), bufio.NewWriterSize(conn, respBuffer)}
	// Version 5, clean start, no keep-alive, no properties, a name of the server's choice.
	d.packet(mqttConnect, []byte{0, 4, 'M', 'Q', 'T', 'T', 5, mqttCleanStart, 0, 0, 0, 0, 0})
	if err := errors.Join(d.w.Flush(), d.expect(mqttConnAck)); err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *mqttDriver) close() error { return d.conn.Close() }

// packet buffers a packet of the given parts. Errors of the connection show in Flush.
func (d *mqttDriver) packet(kind byte, parts ...[]byte) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	_, _ = d.w.Write(binary.AppendUvarint(append(d.w.AvailableBuffer(), kind), uint64(size)))
	for _, part := range parts {
		_, _ = d.w.Write(part)
	}
}

// next reads a packet; its body is valid until the next call where it fits the buffer.
func (d *mqttDriver) next() (kind byte, body []byte, err error) {
	kind, err = d.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(d.r)
	if err != nil {
		return 0, nil, err
	}
	if size > respBuffer {
		body = make([]byte, size)
		_, err = io.ReadFull(d.r, body)
		return kind, body, err
	}
	body, err = d.r.Peek(int(size))
	if err != nil {
		return 0, nil, err
	}
	_, err = d.r.Discard(int(size))
	return kind, body, err
}

func (d *mqttDriver) expect(kind byte) error {
	got, body, err := d.next()
	if err == nil && got != kind {
		err = fmt.Errorf("MQTT packet %#x %x, want %#x", got, body, kind)
	}
	return err
}

func (d *mqttDriver) publisher(topic string) (publisher, error) {
	return &mqttPublisher{d, mqttHead(topic)}, nil
}

// mqttHead is what stands before the data of each message: its topic and its expiry.
func mqttHead(topic string) []byte {
	head := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic...)
	return binary.BigEndian.AppendUint32(append(head, 5, mqttExpiry), uint32(ttl.Seconds()))
}

type mqttPublisher struct {
	*mqttDriver
	head []byte
}

func (p *mqttPublisher) publish(data []byte) error {
	p.packet(mqttPublish, p.head, data)
	return nil
}

func (p *mqttPublisher) flush() error    { return p.w.Flush() }
func (p *mqttPublisher) unanswered() int { return 0 }

// close has the server answer a ping, so that everything before it has been taken.
func (p *mqttPublisher) close() error {
	p.packet(mqttPing)
	return errors.Join(p.flush(), p.expect(mqttPong), p.conn.Close())
}

func (d *mqttDriver) waiter(string) (waiter, error) { return nil, errCannot }

func (d *mqttDriver) subscribe(ctx context.Context, topic string, ready func(), each func([]byte) error) error {
	stop := context.AfterFunc(ctx, func() { d.conn.Close() })
	defer stop()
	err := d.read(topic, ready, each)
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (d *mqttDriver) read(topic string, ready func(), each func([]byte) error) error {
	filter := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic...)
	d.packet(mqttSubscribe, []byte{0, 1, 0}, filter, []byte{0})
	if err := errors.Join(d.w.Flush(), d.expect(mqttSubAck)); err != nil {
		return err
	}
	ready()
	for {
		kind, body, err := d.next()
		if err != nil {
			return err
		}
		if kind&0xF0 != mqttPublish {
			return fmt.Errorf("MQTT packet %#x", kind)
		}
		data, ok := mqttData(body)
		if !ok {
			return fmt.Errorf("MQTT publish of %d bytes that ends early", len(body))
		}
		if err := each(data); err != nil {
			return err
		}
	}
}

// mqttData is what follows topic and properties of a message at QoS 0.
func mqttData(body []byte) (data []byte, ok bool) {
	if len(body) < 2 {
		return nil, false
	}
	rest := body[2:]
	topic := int(binary.BigEndian.Uint16(body))
	if len(rest) < topic {
		return nil, false
	}
	rest = rest[topic:]
	properties, n := binary.Uvarint(rest)
	if n <= 0 || uint64(len(rest)-n) < properties {
		return nil, false
	}
	return rest[n+int(properties):], true
}
