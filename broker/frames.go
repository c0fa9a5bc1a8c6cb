package broker

import "encoding/binary"

// A body is messages in frames: one marker byte, the message's length as a varint, then the message. The broker finds
// where messages begin and end and looks no further; whoever hands it a body has checked that it is well-formed.

// frameAt splits the first frame off body: the message inside, and what follows the frame.
func frameAt(body []byte) (message, rest []byte) {
	size, n := binary.Uvarint(body[1:])
	end := 1 + n + int(size)
	return body[1+n : end], body[end:]
}

// skipFrames is the offset behind the first n frames of body.
func skipFrames(body []byte, n int) int {
	offset := 0
	for ; n > 0; n-- {
		offset += frameBytes(body[offset:])
	}
	return offset
}

// frameBytes is how long the first frame of body is. Most messages have less than 16 KiB, whose length is one or two bytes;
// readers count millions of them a second.
func frameBytes(body []byte) int {
	low := int(body[1])
	if low < 0x80 {
		return 2 + low
	}
	if high := int(body[2]); high < 0x80 {
		return 3 + (high<<7 | low&0x7f)
	}
	size, n := binary.Uvarint(body[1:])
	return 1 + n + int(size)
}

// inside is a place within a run that is handed out in parts, so that each need not count through those before it. What it
// notes stays true as long as there is such a run: the frame of a sequence never changes.
type inside struct {
	first uint64 // of the run
	count uint32 // messages of it before the place
	size  uint32 // and their bytes
}

// note keeps that of r, which is in memory, so many bytes lie before a sequence.
func (i *inside) note(r *run, sequence uint64, size int) {
	if !r.cold() {
		*i = inside{first: r.first, count: uint32(sequence - r.first), size: uint32(size)}
	}
}

// offset is where in r's body, which is in memory, a sequence begins.
func (i *inside) offset(r *run, sequence uint64) int {
	n := int(sequence - r.first)
	if i.first != r.first || int(i.count) > n {
		return skipFrames(r.body, n)
	}
	return int(i.size) + skipFrames(r.body[i.size:], n-int(i.count))
}

// framesWithin counts the frames of body that fit into limit bytes and messages (0: no bound), but at least one, and
// tells the offset behind them.
func framesWithin(body []byte, limit, messages int) (count, offset int) {
	for offset < len(body) && (count == 0 || offset < limit) && (messages == 0 || count < messages) {
		offset += frameBytes(body[offset:])
		count++
	}
	return count, offset
}
