package broker

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
)

// tokenVersion is the first byte of a resume token.
const tokenVersion = 1

// tokenTopics is up to how many topics a token says the sequence in each. With more it says only a position, and what a
// reader missed while it was away is counted from the first message that the topic remembers behind it.
const tokenTopics = 32

// token is where a subscription was: everything before next was handed out.
type token struct {
	store    uint64 // fingerprint
	patterns uint64 // fingerprint
	next     spot
	start    Start  // how it had begun, while next is not behind origin
	origin   uint64 // the newest commit when it began
	topics   map[TopicID]tokenTopic
}

// tokenTopic is where a subscription was in one topic.
type tokenTopic struct {
	name     uint32 // fingerprint
	sequence uint64 // the next to hand out
	fresh    bool   // nothing was handed out yet, and
	asked    uint64 // this is the first sequence published after the subscription began
}

// Token resumes the subscription behind what it was handed. Valid until the next call of Next or Token.
func (s *Subscription) Token() []byte {
	if s.resumed != nil {
		return s.resumed
	}
	out := append(s.token[:0], tokenVersion)
	out = binary.LittleEndian.AppendUint64(out, s.broker.storeHash)
	out = binary.LittleEndian.AppendUint64(out, s.hash)
	out = binary.AppendUvarint(out, s.next.position)
	out = binary.AppendUvarint(out, uint64(s.next.index))
	if s.next.position <= s.origin {
		out = append(out, 1, byte(s.start.Kind))
		out = binary.AppendUvarint(out, s.start.N)
		out = binary.AppendUvarint(out, uint64(s.start.Time))
		out = binary.AppendUvarint(out, s.origin)
	} else {
		out = append(out, 0)
	}
	s.mu.Lock()
	if len(s.all) <= tokenTopics {
		for _, c := range s.all {
			out = c.appendToken(out)
		}
	}
	s.mu.Unlock()
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
	s.token = out
	return out
}

func (c *cursor) appendToken(out []byte) []byte {
	sequence, fresh := c.pos.Load(), uint64(0)
	if c.gap.Total() > 0 {
		sequence = c.gap.First // it was not told yet
	}
	if c.fresh {
		fresh = 1
	}
	out = binary.AppendUvarint(out, uint64(c.topic.id))
	out = binary.AppendUvarint(out, sequence<<1|fresh)
	if c.fresh {
		out = binary.AppendUvarint(out, c.asked)
	}
	return binary.LittleEndian.AppendUint32(out, c.topic.nameHash)
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
	t.store = binary.LittleEndian.Uint64(in[1:])
	t.patterns = binary.LittleEndian.Uint64(in[9:])
	in = in[17:]
	ok = true
	read := func(most uint64) uint64 {
		v, n := binary.Uvarint(in)
		if n <= 0 || v > most {
			ok, in = false, nil
			return 0
		}
		in = in[n:]
		return v
	}
	const anything = 1<<64 - 1
	t.next.position = read(anything)
	t.next.index = uint32(read(1<<32 - 1))
	if read(1) == 1 {
		t.start.Kind = StartKind(read(uint64(StartToken) - 1))
		t.start.N = read(anything)
		t.start.Time = Instant(read(anything))
		t.origin = read(anything)
	}
	for ok && len(in) > 0 {
		id, at := TopicID(read(anything)), read(anything)
		topic := tokenTopic{sequence: at >> 1, fresh: at&1 == 1}
		if topic.fresh {
			topic.asked = read(anything)
		}
		if _, twice := t.topics[id]; twice || len(in) < 4 || len(t.topics) == tokenTopics {
			return t, false
		}
		if t.topics == nil {
			t.topics = map[TopicID]tokenTopic{}
		}
		topic.name = binary.LittleEndian.Uint32(in)
		t.topics[id] = topic
		in = in[4:]
	}
	return t, ok
}

// hashPatterns is the fingerprint of a set of patterns.
func hashPatterns(patterns []string) uint64 {
	sorted := slices.Sorted(slices.Values(patterns))
	return hashOf(strings.Join(slices.Compact(sorted), "\n"))
}

// resume reads a token. One of another store begins at everything retained, with a reset that says so: then the token
// returned is nil.
func (s *Subscription) resume(in []byte) (*token, error) {
	t, ok := parseToken(in)
	switch {
	case !ok:
		return nil, &Error{Err: ErrBadToken, Field: "start.resume_token", Detail: "this is not a token of Linger's, or it was cut. Begin without it."}
	case t.patterns != s.hash:
		return nil, &Error{Err: ErrBadToken, Field: "start.resume_token", Detail: "it was made for other patterns. Resume with the same patterns, or begin without it."}
	case t.store != s.broker.storeHash, t.next.position > s.broker.applied.Load()+1:
		s.resets = append(s.resets, reset{Reset: Reset{Reason: ResetAnotherStore}})
		s.start = Start{Kind: StartAll}
		return nil, nil
	}
	s.start = t.start
	return &t, nil
}

// sequenceIn is where the token's position is in a topic. The caller holds topic.mu.
func (t *token) sequenceIn(in *topic) uint64 {
	if uint64(in.id) >= t.next.position {
		return 1 // made since: from its first message on
	}
	return in.sequenceAtLocked(t.next)
}

// askedIn is the first sequence in a topic that was published after the token's subscription had begun. The caller holds
// topic.mu.
func (t *token) askedIn(in *topic) uint64 {
	if uint64(in.id) > t.origin {
		return 1
	}
	return in.sequenceAtLocked(spot{position: t.origin + 1})
}

// sequenceAtLocked is the first sequence at or behind a spot, as far as the topic remembers.
func (t *topic) sequenceAtLocked(at spot) uint64 {
	sequence := t.next
	p := t.runs.search(func(r *run) bool {
		return r.position > at.position || (r.position == at.position && r.index+r.count > at.index)
	})
	if r := t.runs.at(p); r != nil {
		sequence = r.first
		if r.position == at.position && at.index > r.index {
			sequence += uint64(at.index - r.index)
		}
	}
	if ended, ok := t.marks.after(at); ok {
		sequence = min(sequence, ended)
	}
	return sequence
}

// tellChangedLocked adds a reset for each topic of the subscription that was deleted since the token, and, if it was
// made again, says that it is another one now. The caller holds Broker.mu.
func (s *Subscription) tellChangedLocked(t *token) {
	told := map[string]bool{}
	tell := func(name string) {
		if told[name] || !s.patterns.match(name) {
			return
		}
		told[name] = true
		reason := ResetTopicDeleted
		if s.broker.topics[name] != nil {
			reason = ResetNewIncarnation
		}
		s.resets = append(s.resets, reset{Reset: Reset{Reason: reason, Topic: name}})
	}
	for _, g := range s.broker.graves.since(t.next.position) {
		if _, known := t.topics[TopicID(g.created)]; known || g.created < t.next.position {
			tell(g.name)
		}
	}
	// Which topics were deleted before a restart is not remembered: their names are found among those that there are.
	for id, at := range t.topics {
		if s.broker.byID[id] != nil {
			continue
		}
		for _, name := range s.patterns.literals() {
			if nameHash(name) == at.name {
				tell(name)
			}
		}
		for _, topic := range s.broker.topics {
			if topic.nameHash == at.name {
				tell(topic.name)
			}
		}
	}
}

// nameHash is the fingerprint of a topic's name in tokens.
func nameHash(name string) uint32 { return crc32.ChecksumIEEE([]byte(name)) }
