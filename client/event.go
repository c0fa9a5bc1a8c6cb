package client

import (
	"fmt"
	"strings"
	"time"

	pb "linger/proto/linger/v1"
)

// Event is something that a [Subscription] hands out: *[Run], [Hello], [CaughtUp], [Gap], [Reset], [Expired],
// [Heartbeat] or [Disconnected].
type Event interface{ isEvent() }

// Run is consecutive messages of one topic that share one deadline.
type Run struct {
	// Topic is where they were published.
	Topic string
	// FirstSequence is the first message's; the others follow without a hole.
	FirstSequence uint64
	// PublishTime is when the server took them.
	PublishTime time.Time
	// ExpireTime is their deadline; equal to PublishTime for now or never.
	ExpireTime time.Time
	// TimeLeft is what was left of their lifetime, by the server's clock, when the run was handed out.
	TimeLeft time.Duration
	// Incarnation is the topic's: sequences of different ones have nothing to do with each other.
	Incarnation uint64
	// Messages are in sequence order. Their data share one buffer, which is not used again while anything of it is held, but for
	// those who ask ([SubscribeOptions.Borrow]).
	Messages []Message

	gap *pb.Gap // told before the run
}

// LastSequence returns the last message's sequence.
func (r *Run) LastSequence() uint64 { return r.FirstSequence + uint64(len(r.Messages)) - 1 }

// nowOrNever says that the messages are for whoever listens when they are published, however late they arrive.
func (r *Run) nowOrNever() bool { return r.ExpireTime.Equal(r.PublishTime) }

// Delivery is one message as a subscription hands it out.
type Delivery struct {
	Message
	// Topic is where it was published.
	Topic string
	// Sequence is its number in the topic.
	Sequence uint64
	// PublishTime is when the server took it.
	PublishTime time.Time
	// ExpireTime is its deadline.
	ExpireTime time.Time
	// TimeLeft is what was left of its lifetime, by the server's clock, when it was handed out.
	TimeLeft time.Duration
	// Incarnation is the topic's.
	Incarnation uint64
}

// Hello is the first event of each connection.
type Hello struct {
	// Store identifies the server's store.
	Store string
	// Topics are those that were named without wildcards and exist.
	Topics []TopicIncarnation
	// Heartbeat is how often the server speaks when there is nothing else.
	Heartbeat time.Duration
	// ServerTime is the server's clock.
	ServerTime time.Time
	// Resumed says that this connection goes on where an earlier one was lost.
	Resumed bool
}

// TopicIncarnation names one life of a topic.
type TopicIncarnation struct {
	// Topic is its name.
	Topic string
	// Incarnation is another number whenever its sequences begin anew.
	Incarnation uint64
	// NextSequence is what the next message published will have.
	NextSequence uint64
}

// CaughtUp marks the change from retained to live, once a connection.
type CaughtUp struct{}

// Heartbeat shows that the connection is alive.
type Heartbeat struct {
	// ServerTime is the server's clock.
	ServerTime time.Time
}

// Disconnected tells that the connection was lost or could not be made; the subscription tries again by itself.
type Disconnected struct {
	// Err is why.
	Err error
	// RetryIn is when the next attempt is due.
	RetryIn time.Duration
}

// Expired tells of messages that reached their deadline on the way and were therefore not handed out.
type Expired struct {
	// Topic is where they were published.
	Topic string
	// FirstSequence and LastSequence are the first and last of them.
	FirstSequence, LastSequence uint64
}

// Gap tells what the subscription was not given, by how it ended. The total is exact, lost ones excepted (at most).
type Gap struct {
	// Topic is where it was published.
	Topic string
	// FirstSequence and LastSequence are the first and last that were missed.
	FirstSequence, LastSequence uint64
	// Expired reached their deadline.
	Expired uint64
	// Evicted were removed to stay within a limit.
	Evicted uint64
	// Deleted were deleted, alone or with their topic.
	Deleted uint64
	// Lost were lost in a crash, at most.
	Lost uint64
	// Forgotten ended in a way that is no longer remembered.
	Forgotten uint64
	// Skipped were skipped because the subscription asked for it.
	Skipped uint64
}

// Total is how many messages were missed.
func (g Gap) Total() uint64 {
	return g.Expired + g.Evicted + g.Deleted + g.Lost + g.Forgotten + g.Skipped
}

// String says it in words: "12 missed (10 expired, 2 evicted)".
func (g Gap) String() string {
	var parts []string
	add := func(n uint64, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(g.Expired, "expired")
	add(g.Evicted, "evicted")
	add(g.Deleted, "deleted")
	if g.Lost > 0 {
		parts = append(parts, fmt.Sprintf("at most %d lost in a crash", g.Lost))
	}
	add(g.Forgotten, "ended unremembered")
	add(g.Skipped, "skipped")
	return fmt.Sprintf("%d missed (%s)", g.Total(), strings.Join(parts, ", "))
}

func newGap(topic string, g *pb.Gap) Gap {
	return Gap{
		Topic: topic, FirstSequence: g.GetFirstSequence(), LastSequence: g.GetLastSequence(),
		Expired: g.GetExpired(), Evicted: g.GetEvicted(), Deleted: g.GetDeleted(),
		Lost: g.GetLost(), Forgotten: g.GetForgotten(), Skipped: g.GetSkipped(),
	}
}

// Reset tells that what follows does not continue what came before.
type Reset struct {
	// Reason is why.
	Reason ResetReason
	// Topic is what it concerns. Empty: everything.
	Topic string
	// Gap is what ended undelivered with the topic. Nil: not known.
	Gap *Gap
}

// ResetReason tells why a subscription cannot go on where it was.
type ResetReason int

const (
	// AnotherStore: the store was replaced, or kept in memory and restarted. It begins at everything retained.
	AnotherStore ResetReason = ResetReason(pb.ResetReason_RESET_REASON_ANOTHER_STORE)
	// TopicDeleted: if it is made again, its messages count from 1.
	TopicDeleted ResetReason = ResetReason(pb.ResetReason_RESET_REASON_TOPIC_DELETED)
	// NewIncarnation: the topic was deleted and made again, or is one kept in memory that a restart began anew. It begins at
	// everything retained.
	NewIncarnation ResetReason = ResetReason(pb.ResetReason_RESET_REASON_NEW_INCARNATION)
)

// String says it in words.
func (r ResetReason) String() string {
	switch r {
	case AnotherStore:
		return "the server's store is another one (a memory store restarted, or was replaced)"
	case TopicDeleted:
		return "the topic was deleted"
	case NewIncarnation:
		return "the topic was deleted and made again"
	}
	return fmt.Sprintf("ResetReason(%d)", int(r))
}

func (*Run) isEvent()         {}
func (Hello) isEvent()        {}
func (CaughtUp) isEvent()     {}
func (Heartbeat) isEvent()    {}
func (Disconnected) isEvent() {}
func (Expired) isEvent()      {}
func (Gap) isEvent()          {}
func (Reset) isEvent()        {}
