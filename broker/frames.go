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
		size, k := binary.Uvarint(body[offset+1:])
		offset += 1 + k + int(size)
	}
	return offset
}

// framesWithin counts the frames of body that fit into limit bytes and messages (0: no bound), but at least one, and
// tells the offset behind them.
func framesWithin(body []byte, limit, messages int) (count, offset int) {
	for offset < len(body) && (count == 0 || offset < limit) && (messages == 0 || count < messages) {
		offset += skipFrames(body[offset:], 1)
		count++
	}
	return count, offset
}
