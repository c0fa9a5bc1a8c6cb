package main

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A payload is 8-byte words: when it was published (Unix nanoseconds), by which publisher, as which of its messages
// (from 1), filler, and in the last one the sum of all words before. A reader that checks the sum has touched every
// byte, which is what a program that uses its messages does.
const minPayload = 4 * wordBytes

const wordBytes = 8

// newPayload is a payload of size bytes, a multiple of 8, whose filler is the same for all.
func newPayload(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i*7 + 1)
	}
	return p
}

// A stamper writes what differs between the payloads of one publisher. Used by one goroutine.
type stamper struct {
	data   []byte
	filler uint64 // sum of the words that stay
}

func newStamper(size, publisher int) *stamper {
	s := &stamper{data: newPayload(size)}
	word(s.data, 1, uint64(publisher))
	for i := 1; i < size/wordBytes-1; i++ {
		if i != 2 {
			s.filler += binary.LittleEndian.Uint64(s.data[i*wordBytes:])
		}
	}
	return s
}

// stamp returns the payload of message n, published at now; it is valid until the next call.
func (s *stamper) stamp(now int64, n uint64) []byte {
	word(s.data, 0, uint64(now))
	word(s.data, 2, n)
	word(s.data, len(s.data)/wordBytes-1, s.filler+uint64(now)+n)
	return s.data
}

func word(p []byte, i int, v uint64) { binary.LittleEndian.PutUint64(p[i*wordBytes:], v) }

// mark is what a reader learns from a payload.
type mark struct {
	published int64 // Unix nanoseconds
	publisher int
	n         uint64
}

// read checks a payload, every byte of it.
func read(p []byte) (mark, error) {
	if len(p) < minPayload || len(p)%wordBytes != 0 {
		return mark{}, fmt.Errorf("a payload of %d bytes", len(p))
	}
	var sum uint64
	body := p[:len(p)-wordBytes]
	for ; len(body) >= wordBytes; body = body[wordBytes:] {
		sum += binary.LittleEndian.Uint64(body)
	}
	if sum != binary.LittleEndian.Uint64(p[len(p)-wordBytes:]) {
		return mark{}, fmt.Errorf("a payload that was changed on its way")
	}
	return mark{
		published: int64(binary.LittleEndian.Uint64(p)),
		publisher: int(binary.LittleEndian.Uint64(p[wordBytes:])),
		n:         binary.LittleEndian.Uint64(p[2*wordBytes:]),
	}, nil
}

// nanos is the clock of all processes of a run: they share a machine.
func nanos() int64 { return time.Now().UnixNano() }
