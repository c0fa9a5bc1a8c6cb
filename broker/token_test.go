package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"
)

// stillLog commits at once, in the caller's goroutine: enough where nobody waits for it.
type stillLog struct {
	clock    *Clock
	apply    func(Commit)
	position uint64
	next     map[TopicID]uint64
}

func (l *stillLog) Open(_ context.Context, apply func(Commit)) error {
	l.apply, l.next = apply, map[TopicID]uint64{}
	return nil
}

func (l *stillLog) Append(p Proposal, done func(Commit, error)) {
	l.position++
	c := Commit{Proposal: p, Position: l.position, Time: l.clock.Now(), First: 1}
	if p.Kind == KindPublished {
		c.First += l.next[p.Topic]
		l.next[p.Topic] += uint64(p.Count)
	}
	l.apply(c)
	done(c, nil)
}

func (l *stillLog) Load(context.Context, Ref) ([]byte, error) { return nil, ErrNotStored }
func (l *stillLog) Release(...Ref)                            {}
func (l *stillLog) Stats() LogStats                           { return LogStats{Store: "still", Durability: DurabilityMemory} }
func (l *stillLog) Close() error                              { return nil }

// stillBroker is a broker whose time stands, with some messages.
func stillBroker(t testing.TB) *Broker {
	clock := NewClock(func() time.Time { return time.UnixMilli(1_000_000) })
	b, err := Open(context.Background(), Config{Log: &stillLog{clock: clock}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	for range 5 {
		for _, topic := range []string{"a", "b"} {
			batch := Batch{Topic: topic, Count: 2, Body: []byte{0x42, 1, 'x', 0x42, 1, 'y'}}
			b.Publish(context.Background(), PublishRequest{Batches: []Batch{batch}}, func(PublishAnswer) {})
		}
	}
	return b
}

// sealed gives a token a right checksum.
func sealed(token []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(token), crc32.ChecksumIEEE(token))
}

func tokenAfter(t testing.TB, b *Broker, messages int) []byte {
	s, err := b.Subscribe(SubscribeOptions{Patterns: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if messages > 0 {
		if _, err := s.Next(context.Background(), Budget{Bytes: 1000, Messages: messages}); err != nil {
			t.Fatal(err)
		}
	}
	return slices.Clone(s.Token())
}

func TestContract06_DamagedTokensAreRefused(t *testing.T) {
	b := stillBroker(t)
	for _, messages := range []int{0, 1, 7, 100} {
		token := tokenAfter(t, b, messages)
		if _, ok := parseToken(token); !ok {
			t.Fatalf("%x is refused", token)
		}
		for i := range token {
			for bit := range 8 {
				damaged := slices.Clone(token)
				damaged[i] ^= 1 << bit
				if _, ok := parseToken(damaged); ok {
					t.Errorf("%x is accepted, bit %d of byte %d of %x was flipped", damaged, bit, i, token)
				}
			}
			for _, cut := range [][]byte{token[:i], token[i+1:], append(slices.Clone(token), token[:i+1]...)} {
				if _, ok := parseToken(cut); ok {
					t.Errorf("%x is accepted, made of %x", cut, token)
				}
			}
		}
	}
}

// FuzzToken tries bytes as they are and with a right checksum, as whoever makes tokens up would: nothing may panic or
// hang, and what is read is written the same.
func FuzzToken(f *testing.F) {
	b := stillBroker(f)
	for _, messages := range []int{0, 1, 7, 100} {
		token := tokenAfter(f, b, messages)
		f.Add(token[:len(token)-4])
		f.Add(token)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, token := range [][]byte{in, sealed(in)} {
			parsed, ok := parseToken(token)
			if !ok {
				continue
			}
			if parsed.parts[0].start.Kind >= StartToken || parsed.parts[1].start.Kind >= StartToken || len(parsed.topics) > tokenTopics || len(token) < 21 {
				t.Fatalf("%x is read as %+v", token, parsed)
			}
			s, err := b.Subscribe(SubscribeOptions{Patterns: []string{"a", "b"}, Start: Start{Kind: StartToken, Token: token}})
			if err != nil {
				if !errors.Is(err, ErrBadToken) && !errors.Is(err, ErrInvalid) {
					t.Fatal(err)
				}
				continue
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			for range 100 {
				if _, err := s.Next(ctx, Budget{Bytes: 3}); err != nil {
					break
				}
			}
			if _, ok := parseToken(s.Token()); !ok {
				t.Fatalf("%x resumed gives %x", token, s.Token())
			}
			s.Close()
		}
	})
}
