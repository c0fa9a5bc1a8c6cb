package broker

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strings"
)

// tokenVersion is the first byte of a resume token.
const tokenVersion = 1

// tokenTopics is up to how many topics a token says the sequence in each. With more it says only a position, and what a
// reader missed while it was away is counted from the first message that the topic remembers behind it.
const tokenTopics = 32

// token is where a subscription was.
type token struct {
	patterns uint64 // fingerprint
	parts    [maxLanes]tokenPart
	lanes    int // so many parts it has
	topics   map[TopicID]tokenTopic
}

// tokenPart is where a subscription was in one lane: everything before next was handed out.
type tokenPart struct {
	valid  bool   // it is of what is open
	store  uint64 // fingerprint
	next   spot
	start  Start  // how it had begun, while next is not behind origin
	origin uint64 // the newest commit when it began
}

// tokenTopic is where a subscription was in one topic.
type tokenTopic struct {
	name     uint32 // fingerprint
	sequence uint64 // the next to hand out
	fresh    bool   // nothing was handed out yet, and
	asked    uint64 // this is the first sequence published after the subscription began
}

// What a part of a token says before its start, if it has one.
const (
	tokenEarly = 1 << iota // how the subscription had begun
	tokenMore              // another part follows
)

// Token resumes the subscription behind what it was handed. Valid until the next call of Next or Token.
func (s *Subscription) Token() []byte {
	if s.resumed != nil {
		return s.resumed
	}
	out := append(s.token[:0], tokenVersion)
	for i := range s.parts {
		out = binary.LittleEndian.AppendUint64(out, s.parts[i].lane.hash)
		if i == 0 {
			out = binary.LittleEndian.AppendUint64(out, s.hash)
		}
		out = s.parts[i].appendToken(out, i+1 < len(s.parts))
	}
	s.mu.Lock()
	if room := tokenTopics - len(s.all); room >= 0 {
		for _, c := range s.all {
			out = c.appendToken(out)
		}
		for _, g := range s.gone[:min(room, len(s.gone))] {
			out = g.at.append(out, g.id)
		}
	}
	s.mu.Unlock()
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	s.token = out
	return out
}

func (p *part) appendToken(out []byte, more bool) []byte {
	says := uint64(0)
	if p.early() {
		says |= tokenEarly
	}
	if more {
		says |= tokenMore
	}
	out = binary.AppendUvarint(out, p.next.position)
	out = binary.AppendUvarint(out, uint64(p.next.index))
	out = binary.AppendUvarint(out, says)
	if p.early() {
		out = append(out, byte(p.start.Kind))
		out = binary.AppendUvarint(out, p.start.N)
		out = binary.AppendUvarint(out, uint64(p.start.Time))
		out = binary.AppendUvarint(out, p.origin)
	}
	return out
}

func (c *cursor) appendToken(out []byte) []byte {
	at := tokenTopic{name: c.topic.nameHash, sequence: c.pos.Load(), fresh: c.fresh, asked: c.asked}
	if c.gap.Total() > 0 {
		at.sequence = c.gap.First // it was not told yet
	}
	return at.append(out, c.topic.id)
}

func (t tokenTopic) append(out []byte, id TopicID) []byte {
	fresh := uint64(0)
	if t.fresh {
		fresh = 1
	}
	out = binary.AppendUvarint(out, uint64(id))
	out = binary.AppendUvarint(out, t.sequence<<1|fresh)
	if t.fresh {
		out = binary.AppendUvarint(out, t.asked)
	}
	return binary.LittleEndian.AppendUint32(out, t.name)
}

// tokenReader takes a token apart. What does not fit sets bad.
type tokenReader struct {
	in  []byte
	bad bool
}

func (r *tokenReader) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(r.in)
	if n <= 0 || v > most {
		r.in, r.bad = nil, true
		return 0
	}
	r.in = r.in[n:]
	return v
}

// bytes takes n, zeros where there are fewer.
func (r *tokenReader) bytes(n int) []byte {
	if len(r.in) < n {
		r.in, r.bad = nil, true
		return make([]byte, n)
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

// part reads all of a part but its store's fingerprint, and whether another one follows.
func (r *tokenReader) part(p *tokenPart) (more bool) {
	p.next.position = r.uvarint(math.MaxUint64)
	p.next.index = uint32(r.uvarint(math.MaxUint32))
	says := r.uvarint(tokenEarly | tokenMore)
	if says&tokenEarly != 0 {
		p.start.Kind = StartKind(r.uvarint(uint64(StartToken) - 1))
		p.start.N = r.uvarint(math.MaxUint64)
		p.start.Time = Instant(r.uvarint(math.MaxUint64))
		p.origin = r.uvarint(math.MaxUint64)
	}
	return says&tokenMore != 0
}

func (r *tokenReader) topic() (id TopicID, t tokenTopic) {
	id = TopicID(r.uvarint(math.MaxUint64))
	at := r.uvarint(math.MaxUint64)
	t.sequence, t.fresh = at>>1, at&1 == 1
	if t.fresh {
		t.asked = r.uvarint(math.MaxUint64)
	}
	t.name = binary.LittleEndian.Uint32(r.bytes(4))
	return id, t
}

// parseToken reads a token; ok is false when it is none.
func parseToken(in []byte) (t token, ok bool) {
	if len(in) < 21 || in[0] != tokenVersion {
		return t, false
	}
	in, sum := in[:len(in)-4], binary.LittleEndian.Uint32(in[len(in)-4:])
	if crc32.ChecksumIEEE(in) != sum {
		return t, false
	}
	r := tokenReader{in: in[1:]}
	for more := true; more; t.lanes++ {
		if t.lanes == maxLanes {
			return t, false
		}
		p := &t.parts[t.lanes]
		p.store = binary.LittleEndian.Uint64(r.bytes(8))
		if t.lanes == 0 {
			t.patterns = binary.LittleEndian.Uint64(r.bytes(8))
		}
		more = r.part(p)
	}
	for len(r.in) > 0 {
		id, topic := r.topic()
		if _, twice := t.topics[id]; twice || len(t.topics) == tokenTopics {
			return t, false
		}
		if t.topics == nil {
			t.topics = map[TopicID]tokenTopic{}
		}
		t.topics[id] = topic
	}
	return t, !r.bad
}

// hashPatterns is the fingerprint of a set of patterns.
func hashPatterns(patterns []string) uint64 {
	sorted := slices.Sorted(slices.Values(patterns))
	return hashOf(strings.Join(slices.Compact(sorted), "\n"))
}

// nameHash is the fingerprint of a topic's name in tokens.
func nameHash(name string) uint32 { return crc32.ChecksumIEEE([]byte(name)) }
