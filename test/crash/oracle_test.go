package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"linger/client"
)

// An oracle holds what all clients of a server were told, from the first start to the last kill. It takes part in
// nothing: clients note what they are about to ask for and what they were answered, and the judge compares. Only what
// follows from that is demanded: a thing that was asked for and not answered may have happened or not; once it was seen
// one way, it stays that way. Safe for concurrent use.
type oracle struct {
	mu       sync.Mutex
	now      tick
	topics   []*topic
	messages []*message // message i says in its payload that it is i
	owner    map[place]*message
	died     tick // when the server was last seen dead
	pending  int  // messages handed over of which nothing is known yet
	wrong    []error
}

// tick orders what clients did: what ended at a lower tick than another thing began was earlier.
type tick int

// topic is one that the clients use, over all its incarnations.
type topic struct {
	name       string
	durability client.Durability
	deletable  bool // it is deleted at times, and its messages are not changed
	policies   []client.TopicPolicy
	deletions  []*deletion
}

// deletion is a request to delete a topic.
type deletion struct {
	began, ended tick // ended 0: nobody said
}

// place is where a message is.
type place struct {
	topic       string
	incarnation uint64
	sequence    uint64
}

func (p place) String() string {
	return fmt.Sprintf("%s#%d (incarnation %d)", p.topic, p.sequence, p.incarnation)
}

// message is one that a publisher handed over.
type message struct {
	id        int
	publisher *publisher
	topic     *topic
	asked     time.Duration
	size      int
	handed    tick

	outcome outcome
	settled tick // when the outcome was known
	place   place
	passing bool // now or never
	// One of these is the deadline; more than one when a change was not answered. ever has all that it may ever have been.
	deadlines, ever []time.Time
	told            []time.Time // the deadlines that deliveries told
	unsure          bool        // a change was not answered; nobody changes it again until the judge has seen which it was
	deletion        answer
	gone            bool // was found to have ended; it must not come back
}

// answer is what became of a deletion.
type answer int

const (
	notAsked answer = iota
	notAnswered
	done
)

type outcome int

const (
	pending outcome = iota
	acknowledged
	refused
	unknown
)

func newOracle(topics ...*topic) *oracle { return &oracle{topics: topics, owner: map[place]*message{}} }

func (o *oracle) tickLocked() tick {
	o.now++
	return o.now
}

// fail notes something that must not be. The judge tells.
func (o *oracle) fail(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failLocked(format, args...)
}

func (o *oracle) failLocked(format string, args ...any) {
	if len(o.wrong) < 20 {
		o.wrong = append(o.wrong, fmt.Errorf(format, args...))
	}
}

func (o *oracle) problems() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return errors.Join(o.wrong...)
}

// hand notes a message that is about to be handed over.
func (o *oracle) hand(by *publisher, t *topic, ttl time.Duration, size int) *message {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := &message{id: len(o.messages), publisher: by, topic: t, asked: ttl, size: size, handed: o.tickLocked()}
	o.messages = append(o.messages, m)
	o.pending++
	return m
}

// settle notes what became of a message.
func (o *oracle) settle(m *message, ack client.Ack, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending--
	m.settled = o.tickLocked()
	var refusal *client.Error
	switch {
	case err == nil:
		m.outcome = acknowledged
		m.passing = ack.ExpireTime.Equal(ack.PublishTime)
		o.deadlineLocked(m, ack.ExpireTime)
		o.checkAckLocked(m, ack)
		if ack.Incarnation == 0 && m.topic.deletable {
			break // given again, of a topic that has been deleted since: which incarnation it was is not stored
		}
		o.claimLocked(m, place{ack.Topic, ack.Incarnation, ack.Sequence}, "the acknowledgement")
	case errors.Is(err, client.ErrOutcomeUnknown):
		m.outcome = unknown
		// The server remembers producers as durably as their messages: what they did to memory topics it forgets.
		if !m.publisher.volatile() || o.died == 0 {
			o.failLocked("message %d: outcome unknown, though publisher %d is remembered: %w", m.id, m.publisher.number, err)
		}
	case errors.Is(err, client.ErrNeighbourRefused), errors.Is(err, client.ErrNotSent), errors.As(err, &refusal):
		m.outcome = refused
		if m.asked != 0 && !m.topic.deletable { // now or never is what policies refuse at times, and a deletion what is on its way
			o.failLocked("message %d was refused: %w", m.id, err)
		}
	default:
		o.failLocked("message %d: %w", m.id, err)
	}
}

func (o *oracle) checkAckLocked(m *message, ack client.Ack) {
	if ack.Topic != m.topic.name {
		o.failLocked("message %d of %s was acknowledged in %s", m.id, m.topic.name, ack.Topic)
	}
	if want := m.topic.durability; m.passing && want == client.Fsynced {
		// never written, so that its answer promises no more than memory
		if ack.Durability != client.Memory {
			o.failLocked("message %d, now or never, was acknowledged as %v", m.id, ack.Durability)
		}
	} else if ack.Durability != want && !m.topic.deletable {
		o.failLocked("message %d of %s was acknowledged as %v", m.id, m.topic.name, ack.Durability)
	}
	if ack.ExpireTime.Sub(ack.PublishTime) != ack.TTL || (m.asked == 0) != m.passing || m.asked > 0 && ack.TTL != m.asked {
		o.failLocked("message %d was asked to live %v, granted %v, from %v to %v", m.id, m.asked, ack.TTL, ack.PublishTime, ack.ExpireTime)
	}
}

// deadlineLocked notes the one deadline that a message has now.
func (o *oracle) deadlineLocked(m *message, at time.Time) {
	m.deadlines = append(m.deadlines[:0], at)
	m.ever = append(m.ever, at)
}

// claimLocked notes where a message was found: there it stays, and no other message ever is.
func (o *oracle) claimLocked(m *message, at place, by string) {
	if m.place != at && m.place != (place{}) {
		o.failLocked("message %d is at %v, and by %s at %v", m.id, m.place, by, at)
		return
	}
	if other := o.owner[at]; other != nil && other != m {
		o.failLocked("%v is message %d, and by %s message %d", at, other.id, by, m.id)
		return
	}
	m.place = at
	o.owner[at] = m
}

// seenLocked notes a message that the server has handed out, and gives it if it may exist.
func (o *oracle) seenLocked(at place, data []byte, by string) *message {
	id, err := strconv.Atoi(string(data[:max(0, bytes.IndexByte(data, '/'))]))
	if err != nil || id < 0 || id >= len(o.messages) || !bytes.Equal(data, o.messages[id].payload()) {
		o.failLocked("%s has at %v what was never published: %.40q", by, at, data)
		return nil
	}
	m := o.messages[id]
	if m.topic.name != at.topic || m.outcome == refused {
		o.failLocked("%s has at %v message %d, for %s, refused: %t", by, at, id, m.topic.name, m.outcome == refused)
		return nil
	}
	o.claimLocked(m, at, by)
	return m
}

// payload is made anew from the message's number whenever it is needed.
func (m *message) payload() []byte {
	head := fmt.Appendf(nil, "%d/", m.id)
	rng := rand.New(rand.NewPCG(uint64(m.id), 1))
	pattern := make([]byte, 61)
	for i := range pattern {
		pattern[i] = byte(' ' + rng.IntN(95))
	}
	return append(head, bytes.Repeat(pattern, m.size/len(pattern)+1)[:m.size]...)
}

// waiting is how many messages were handed over of which nothing is known yet.
func (o *oracle) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pending
}

// dead notes that the server is not running: what its memory held is gone.
func (o *oracle) dead() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.died = o.tickLocked()
}
