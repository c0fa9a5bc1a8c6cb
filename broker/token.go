package broker

import (
	"encoding/binary"
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
	store     uint64 // fingerprint
	patterns  uint64 // fingerprint
	next      spot
	start     Start  // how it had begun, while next is not behind origin
	origin    uint64 // the newest commit when it began
	sequences map[TopicID]uint64
}

// Token resumes the subscription behind what it was handed. Valid until the next call of Next or Token.
func (s *Subscription) Token() []byte {
	out := append(s.token[:0], tokenVersion)
	out = binary.LittleEndian.AppendUint64(out, hashOf(s.broker.StoreID()))
	out = binary.LittleEndian.AppendUint64(out, s.hash)
	out = binary.AppendUvarint(out, s.next.position)
	out = binary.AppendUvarint(out, uint64(s.next.index))
	if s.next.position <= s.since {
		out = append(out, 1, byte(s.start.Kind))
		out = binary.AppendUvarint(out, s.start.N)
		out = binary.AppendUvarint(out, uint64(s.start.Time))
		out = binary.AppendUvarint(out, s.since)
	} else {
		out = append(out, 0)
	}
	s.mu.Lock()
	if len(s.all) <= tokenTopics {
		for _, c := range s.all {
			if !c.fresh {
				out = binary.AppendUvarint(out, uint64(c.topic.id))
				out = binary.AppendUvarint(out, c.pos)
			}
		}
	}
	s.mu.Unlock()
	s.token = out
	return out
}

// parseToken reads a token; ok is false when it is none.
func parseToken(in []byte) (t token, ok bool) {
	if len(in) < 17 || in[0] != tokenVersion {
		return t, false
	}
	t.store = binary.LittleEndian.Uint64(in[1:])
	t.patterns = binary.LittleEndian.Uint64(in[9:])
	in = in[17:]
	ok = true
	read := func() uint64 {
		v, n := binary.Uvarint(in)
		if n <= 0 {
			ok = false
			in = nil
			return 0
		}
		in = in[n:]
		return v
	}
	t.next.position = read()
	index := read()
	t.next.index = uint32(min(index, 1<<31))
	if early := read(); ok && early == 1 {
		t.start.Kind = StartKind(read())
		t.start.N = read()
		t.start.Time = Instant(read())
		t.origin = read()
		ok = ok && t.start.Kind < StartToken
	} else if early != 0 {
		ok = false
	}
	for ok && len(in) > 0 && len(t.sequences) < tokenTopics {
		if t.sequences == nil {
			t.sequences = map[TopicID]uint64{}
		}
		id := TopicID(read())
		t.sequences[id] = read()
	}
	return t, ok && len(in) == 0
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
	case t.store != hashOf(s.broker.StoreID()), t.next.position > s.broker.applied.Load()+1:
		s.resets = append(s.resets, reset{Reset: Reset{Reason: ResetAnotherStore}})
		s.start = Start{Kind: StartAll}
		return nil, nil
	}
	s.start = t.start
	return &t, nil
}

// sequenceIn is where the token goes on in a topic, and whether it says so itself because something of the topic had been
// handed out. The caller holds topic.mu.
func (t *token) sequenceIn(in *topic) (sequence uint64, handed bool) {
	if sequence, ok := t.sequences[in.id]; ok {
		return min(sequence, in.next), true
	}
	if uint64(in.id) >= t.next.position {
		return 1, false // made since: from its first message on
	}
	return in.sequenceAtLocked(t.next), false
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
// made again, says that it is another one now.
func (s *Subscription) tellChangedLocked(t *token) {
	for name, g := range s.broker.graves.byName {
		if g.deleted < t.next.position || g.created >= t.next.position || !s.patterns.match(name) {
			continue
		}
		reason := ResetTopicDeleted
		if s.broker.topics[name] != nil {
			reason = ResetNewIncarnation
		}
		s.resets = append(s.resets, reset{Reset: Reset{Reason: reason, Topic: name}})
	}
}
