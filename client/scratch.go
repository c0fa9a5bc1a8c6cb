package client

import (
	"bytes"

	"google.golang.org/grpc/mem"
)

// scratch is where a response's bytes and messages lie. Borrowed ones ([SubscribeOptions.Borrow]) lie where those of the
// response before lay: memory that is made anew costs a reader more than reading it, in collections and fresh pages.
type scratch struct {
	again    bool // use what is below again
	bytes    []byte
	messages []Message
	used     int // of messages, by runs of this response
}

// keptBytes is a little more than what a response has that is not one large message; memory for larger ones is let go.
const keptBytes = 512 << 10

// reset begins a new response.
func (s *scratch) reset() { s.used = 0 }

// join gives a response's bytes in one piece. What came in one piece of memory that gRPC does not recycle, as small ones do,
// is that. Other buffers are copied: large ones into memory that was used before, if there is some ([chunkPool]); unlike
// Materialize, Join does not clear the memory first.
func (s *scratch) join(data mem.BufferSlice) []byte {
	if len(data) == 1 {
		if own, ok := data[0].(mem.SliceBuffer); ok {
			return own
		}
	}
	if s.again {
		n := data.Len()
		if cap(s.bytes) < n || cap(s.bytes) > keptBytes && n <= keptBytes {
			s.bytes = make([]byte, max(n, min(2*cap(s.bytes), keptBytes)))
		}
		data.CopyTo(s.bytes[:n])
		return s.bytes[:n:n]
	}
	if b, ok := chunks.join(data); ok {
		return b
	}
	pieces := make([][]byte, len(data))
	for i, b := range data {
		pieces[i] = b.ReadOnlyData()
	}
	return bytes.Join(pieces, nil)
}

// newMessages gives n empty messages.
func (s *scratch) newMessages(n int) []Message {
	if !s.again {
		return make([]Message, n)
	}
	if len(s.messages)-s.used < n { // earlier runs of this response keep what they have
		s.messages, s.used = make([]Message, max(n, 2*len(s.messages))), 0
	}
	m := s.messages[s.used : s.used+n : s.used+n]
	s.used += n
	clear(m)
	return m
}

// newRun gives an empty run: the one that stood behind runs in a response before, if there is one.
func (s *scratch) newRun(runs []*Run) *Run {
	if n := len(runs); s.again && n < cap(runs) {
		if run := runs[:n+1][n]; run != nil {
			*run = Run{}
			return run
		}
	}
	return &Run{}
}
