package pebblelog

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"linger/broker"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errFormat  = errors.New("malformed record")
	errSum     = errors.New("the checksum does not match")
)

// sealed appends the checksum of what stands in b, together with the key it is stored under: a value that turns up
// under another key is damage too.
func sealed(b, key []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, key))
}

// unsealed checks what sealed made.
func unsealed(b, key []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errFormat
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Update(crc32.Checksum(body, castagnoli), castagnoli, key) != sum {
		return nil, errSum
	}
	return body, nil
}

// reader takes numbers from a record. What does not fit sets bad; the caller looks once, at the end.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint() uint64 {
	// Most numbers are small.
	if len(r.b) > 0 && r.b[0] < 0x80 {
		v := uint64(r.b[0])
		r.b = r.b[1:]
		return v
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint32() uint32 {
	b := r.bytes(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *reader) millis() time.Duration { return time.Duration(r.uint()) * time.Millisecond }

func (r *reader) err() error {
	if r.bad {
		return errFormat
	}
	return nil
}

func appendMillis(b []byte, d time.Duration) []byte {
	return binary.AppendUvarint(b, uint64(d.Milliseconds()))
}

// groupRecord is what a group of commits was: one batch, one sync.
type groupRecord struct {
	first, last uint64         // positions of its commits; last below first: none, only reservations
	time        broker.Instant // of its commits
	reserved    uint64         // positions up to this may have been used for what is never written
}

func (g *groupRecord) encode(key []byte) []byte {
	b := binary.AppendUvarint(nil, g.first)
	b = binary.AppendVarint(b, int64(g.last-g.first))
	b = binary.AppendUvarint(b, uint64(g.time))
	b = binary.AppendUvarint(b, g.reserved-g.last)
	return sealed(b, key)
}

func (g *groupRecord) decode(key, value []byte) error {
	b, err := unsealed(value, key)
	if err != nil {
		return err
	}
	r := reader{b: b}
	g.first = r.uint()
	g.last = g.first + uint64(r.int())
	g.time = broker.Instant(r.uint())
	g.reserved = g.last + r.uint()
	return r.err()
}

// encodeTopic writes what a topic is.
func encodeTopic(key []byte, c *broker.Commit) []byte {
	p := &c.Put
	var flags byte
	for i, set := range []bool{p.Auto, p.Policy.Reject, p.Policy.RefuseZero} {
		if set {
			flags |= 1 << i
		}
	}
	b := []byte{flags, byte(p.Durability)}
	b = binary.AppendUvarint(b, uint64(len(p.Name)))
	b = append(b, p.Name...)
	b = binary.LittleEndian.AppendUint64(b, p.Incarnation)
	b = binary.AppendUvarint(b, uint64(p.Created))
	b = appendMillis(b, p.Policy.Min)
	b = appendMillis(b, p.Policy.Default)
	b = appendMillis(b, p.Policy.Max)
	b = binary.AppendUvarint(b, uint64(c.Time))
	b = binary.AppendUvarint(b, c.First)
	b = binary.AppendVarint(b, p.Policy.MaxMessages)
	b = binary.AppendVarint(b, p.Policy.MaxBytes)
	b = append(b, byte(p.Policy.AtLimit))
	return sealed(b, key)
}

// decodeTopic reads a KindTopicPut. Its position is known from the key.
func decodeTopic(key, value []byte) (c broker.Commit, err error) {
	c.Kind = broker.KindTopicPut
	put := &c.Put
	if c.Topic, c.Position, err = topicKeyOf(key); err != nil {
		return c, err
	}
	b, err := unsealed(value, key)
	if err != nil {
		return c, err
	}
	r := reader{b: b}
	head := r.bytes(2)
	if r.bad {
		return c, errFormat
	}
	put.Auto, put.Policy.Reject, put.Policy.RefuseZero = head[0]&1 != 0, head[0]&2 != 0, head[0]&4 != 0
	put.Durability = broker.Durability(head[1])
	put.Name = string(r.bytes(r.uint()))
	if id := r.bytes(8); id != nil {
		put.Incarnation = binary.LittleEndian.Uint64(id)
	}
	put.Created = broker.Instant(r.uint())
	put.Policy.Min, put.Policy.Default, put.Policy.Max = r.millis(), r.millis(), r.millis()
	c.Time, c.First = broker.Instant(r.uint()), r.uint()
	put.Policy.MaxMessages, put.Policy.MaxBytes = r.int(), r.int()
	if rule := r.bytes(1); rule != nil {
		put.Policy.AtLimit = broker.LimitRule(rule[0])
	}
	return c, r.err()
}

// encodeNext writes the sequence of a topic's next message, and that all below reserved may have been used.
func encodeNext(key []byte, next, reserved uint64) []byte {
	b := binary.AppendUvarint(nil, next)
	return sealed(binary.AppendUvarint(b, reserved-next), key)
}

func decodeNext(key, value []byte) (next, reserved uint64, err error) {
	b, err := unsealed(value, key)
	if err != nil {
		return 0, 0, err
	}
	r := reader{b: b}
	next = r.uint()
	reserved = next + r.uint()
	return next, reserved, r.err()
}

func encodeChange(key []byte, c *broker.Commit) []byte {
	b := []byte{byte(c.Kind)}
	for _, v := range []uint64{uint64(c.Time), uint64(c.Topic), c.Published, c.Sequence, uint64(c.Deadline), uint64(c.Expected), uint64(c.Accepted)} {
		b = binary.AppendUvarint(b, v)
	}
	if c.Kind == broker.KindEvicted {
		b = binary.AppendUvarint(b, c.Last)
	}
	return sealed(b, key)
}

func decodeChange(key, value []byte) (c broker.Commit, err error) {
	b, err := unsealed(value, key)
	if err != nil {
		return c, err
	}
	r := reader{b: b}
	if kind := r.bytes(1); kind != nil {
		c.Kind = broker.Kind(kind[0])
	}
	c.Position, _ = numberOf(key, runKeySize)
	c.Time, c.Topic = broker.Instant(r.uint()), broker.TopicID(r.uint())
	c.Published, c.Sequence = r.uint(), r.uint()
	c.Deadline, c.Expected, c.Accepted = broker.Instant(r.uint()), broker.Instant(r.uint()), broker.Instant(r.uint())
	if c.Kind == broker.KindEvicted {
		c.Last = r.uint()
	}
	return c, r.err()
}
