package bench

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// SmallestSize is the least data of a message, in bytes: what tells it from all others.
const SmallestSize = 28

// A message's data: a checksum of all that follows, the run that it belongs to, the stream in which it is numbered, its number
// there, when it was due, and what fills it up. A stream is one publisher's messages to one topic.
const (
	runAt    = 4
	streamAt = 8
	numberAt = 12
	dueAt    = 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamp is what a message's data says.
type stamp struct {
	stream uint32
	number uint64
	due    int64 // nanoseconds of the run's clock
}

// payloads makes and checks the data of one run's messages.
type payloads struct {
	run    uint32
	size   int
	shared bool // others publish to the topic, too
}

// blank makes data to be stamped. It does not compress, as real data often does not either.
func (p *payloads) blank() []byte {
	data := make([]byte, p.size)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	return data
}

// write stamps data that blank made.
func (p *payloads) write(data []byte, s stamp) {
	binary.LittleEndian.PutUint32(data[runAt:], p.run)
	binary.LittleEndian.PutUint32(data[streamAt:], s.stream)
	binary.LittleEndian.PutUint64(data[numberAt:], s.number)
	binary.LittleEndian.PutUint64(data[dueAt:], uint64(s.due))
	binary.LittleEndian.PutUint32(data, crc32.Checksum(data[runAt:], castagnoli))
}

// origin says what a message is.
type origin int

const (
	ours origin = iota
	damaged
	foreign // somebody else's
)

// read checks data that came.
func (p *payloads) read(data []byte) (stamp, origin) {
	if len(data) < SmallestSize || binary.LittleEndian.Uint32(data[runAt:]) != p.run {
		if p.shared {
			return stamp{}, foreign
		}
		return stamp{}, damaged
	}
	if len(data) != p.size || binary.LittleEndian.Uint32(data) != crc32.Checksum(data[runAt:], castagnoli) {
		return stamp{}, damaged
	}
	return stamp{
		stream: binary.LittleEndian.Uint32(data[streamAt:]),
		number: binary.LittleEndian.Uint64(data[numberAt:]),
		due:    int64(binary.LittleEndian.Uint64(data[dueAt:])),
	}, ours
}
