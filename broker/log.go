package broker

import (
	"context"
	"errors"
	"time"
)

// Log owns order and durability: it assigns position, sequence and time together, and a broker learns what is committed
// from its log alone. State is a function of the commits and the clock: expiry needs no record. Every implementation
// passes logtest.
type Log interface {
	// Open replays what survives, in position order, then calls apply for every new commit: one at a time, in position
	// order, never from inside Append. It returns when the replay is done. Called once, before everything else. A published
	// commit may be replayed without its body: with a size it is stored and can be loaded; without one its messages have
	// ended, and it is there for its producer only. Of each topic that exists all policies survive that a message kept was
	// published under.
	Open(ctx context.Context, apply func(Commit)) error

	// Append proposes. What one broker proposes is committed in the order of its calls. done runs once, after apply returned
	// for the commit, or with an error: [ErrTopicNotFound] when the topic was deleted before, [ErrTopicExists] when one of
	// the name to be made exists, [ErrConflict] when the topic has gone beyond the sequence named, [ErrDeadlinePassed] when
	// a deadline asked for is not to come any more, [ErrStopped] when the log is closed, [ErrReadOnly] when its disk has failed, [ErrUnknownOutcome] when the
	// proposal may or may not appear later. A log that ever returns ErrUnknownOutcome drops a second commit for the same
	// producer, request and batch, and answers with the first. Append never blocks on I/O; done must not block.
	Append(p Proposal, done func(Commit, error))

	// Load reads a stored run's body again, its checksum verified: [ErrDamaged], [ErrNotStored]. It may be part of what
	// was read together: whoever keeps it copies it, and nobody changes it. Safe for concurrent use, and from apply.
	Load(ctx context.Context, ref Ref) ([]byte, error)

	// Release tells that runs will never be asked for again, so that their space can be reclaimed when it suits. What a
	// producer was told is kept for [ProducerIdle] even so: the replay brings such a commit without its body, and also
	// those of "now or never" and of topics that were deleted since. Called with the broker's locks held: it must not wait.
	Release(refs ...Ref)

	// Stats tells what the log promises and holds.
	Stats() LogStats

	// Close commits or refuses what was proposed and stops. Nothing is applied afterwards.
	Close() error
}

// Replayer is a [Log] that hands over what survives in stretches, where nothing lies between: of two million messages
// published one by one, what is done once for each of them is what a start takes.
type Replayer interface {
	Log
	// Replay is Open, and is called instead of it. Of published commits those with a size that no producer may ask about
	// are given to runs, in their place in the order, neighbours of one topic together. What it is given is the log's.
	Replay(ctx context.Context, apply func(Commit), runs func(TopicID, []StoredRun)) error
}

// StoredRun is a published commit whose messages the log keeps.
type StoredRun struct {
	Position    uint64
	First       uint64 // sequence of the first message
	Count, Size int    // of messages, and of their frames in bytes
	Time        Instant
	TTL         time.Duration // in whole milliseconds, never 0
}

// Keeper is a [Log] that keeps over a close how messages ended.
type Keeper interface {
	Log
	// CloseWith is Close, and is called instead of it. When all that was proposed has been applied it asks for the tally of
	// each topic. A replay gives it as a KindTally behind all that was committed before, from then on: also after a crash.
	CloseWith(tallies func() map[TopicID]Tally) error
}

// Combiner is a [Log] that can do its work on the goroutine of whoever proposes, which spares waking others when nothing else
// is under way. A log whose work may wait, as for a disk, is none: whoever proposes may have to end at any time.
type Combiner interface {
	Log
	// Combine is Append that may commit, apply and answer before it returns: p, and what others proposed before. It waits
	// for nothing, not even for its turn: if others are at work, they go on to p. Called with no lock held that apply or a
	// done could want.
	Combine(p Proposal, done func(Commit, error))
}

// ErrDamaged is returned by a [Log] that finds a stored run damaged. Its messages are never served.
var ErrDamaged = errors.New("a stored run is damaged")

// ErrNotStored is returned by a [Log] asked to load a run that it does not keep.
var ErrNotStored = errors.New("the log does not keep that run")

// TopicID identifies one incarnation of a topic within a store: the position of the commit that made it.
type TopicID uint64

// ProducerID names a producer (contract 12). Zero: none.
type ProducerID [16]byte

// Durability says what an acknowledgement promises (contract 11).
type Durability uint8

// From weak to strong.
const (
	DurabilityDefault Durability = iota // the strongest that the store offers
	DurabilityMemory                    // kept in memory
	DurabilityFsynced                   // on disk, synced
)

func (d Durability) String() string {
	switch d {
	case DurabilityMemory:
		return "memory"
	case DurabilityFsynced:
		return "fsynced"
	}
	return "default"
}

// Kind says what a commit does.
type Kind uint8

// The kinds of commit.
const (
	KindPublished    Kind = iota + 1 // messages were published
	KindProducer                     // a producer's request was finished without a message
	KindDeadline                     // a message's deadline changed
	KindDeleted                      // a message was deleted
	KindTopicPut                     // a topic was made, or its policy replaced
	KindTopicDeleted                 // a topic was deleted with all its messages
	KindClock                        // nothing but the time
	KindEvicted                      // messages were evicted
	KindTally                        // how a topic's messages had ended when the log was closed; only in a replay
)

// Proposal is what a broker wants committed. Fields that its kind does not mention are zero.
type Proposal struct {
	Kind  Kind
	Topic TopicID // all kinds but KindProducer, KindClock and the KindTopicPut that makes a topic

	// KindPublished.
	Count      int           // messages in Body
	TTL        time.Duration // granted, in whole milliseconds; 0: now or never
	Adjustment Adjustment    // why it is not the asked one, for the answer given again
	Body       []byte        // the messages' frames, opaque to the log, never changed
	Size       int           // of Body, in bytes

	// KindDeadline, KindDeleted: the message. KindTopicDeleted: only if this is still the topic's next; 0: in any case.
	// KindPublished: of the first message; 0: the topic's next. [Proposal.Place] sees to it. KindEvicted: of the first
	// message, if Published is set.
	Sequence uint64
	// Published, of a KindDeadline, KindDeleted or KindEvicted, is the position of the messages' commit, for as long as
	// which the change is kept. A KindEvicted without it evicts all that the topic retains up to Last; of these the newest
	// is kept as long as the topic, as it stands for those before.
	Published uint64
	Last      uint64  // KindEvicted: sequence of the last message
	Deadline  Instant // KindDeadline: the new one. KindPublished: asked instead of a TTL, see [Proposal.Place]; 0: none
	Expected  Instant // KindDeadline: the one it replaces; 0: whichever
	Accepted  Instant // KindDeadline: when the change was accepted; what was alive then is changed

	Put TopicPut // KindTopicPut

	Tally *Tally // KindTally

	// KindPublished, KindProducer, when published once.
	Producer ProducerID
	Request  uint64
	Batch    int  // index of the batch in its request
	Volatile bool // the producer publishes to topics of another log, too, which keeps nothing over a restart

	stake *stake // what the broker that proposes counts for it meanwhile
}

// Place is what every log does with a KindPublished that it is about to commit at now, to a topic whose next sequence is
// next: it tells the sequence of the first message and makes of a deadline a TTL. A sequence asked for may be above the
// next: the numbers between are passed over for good. Errors: [ErrConflict] when it is below, [ErrDeadlinePassed].
func (p *Proposal) Place(now Instant, next uint64) (first uint64, err error) {
	switch {
	case p.Sequence != 0 && p.Sequence < next:
		return 0, ErrConflict
	case p.Deadline != 0 && p.Deadline <= now:
		return 0, ErrDeadlinePassed
	}
	if p.Deadline != 0 {
		p.TTL = p.Deadline.Sub(now)
	}
	first = max(next, p.Sequence)
	p.Sequence, p.Deadline = 0, 0 // a commit says it in First and TTL
	return first, nil
}

// TopicPut is a topic as it is stored.
type TopicPut struct {
	Name        string
	Incarnation uint64
	Created     Instant
	Durability  Durability
	Policy      Policy // no zero field
	Auto        bool   // made by a publish, not by name
}

// Commit is a proposal that the log has ordered.
type Commit struct {
	Proposal
	Position uint64  // 1 higher with each commit
	Time     Instant // never decreases with position
	// First is the sequence of a published run's first message. In a KindTopicPut it is that of the topic's next message:
	// in one that replaces a policy as it was then, also in a replay; in one that makes a topic 1, but in a replay what it
	// has come to.
	First uint64
}

// Expires is the deadline of a published commit's messages.
func (c *Commit) Expires() Instant { return c.Time.Add(c.TTL) }

// Ref names a stored run.
type Ref struct {
	Position uint64
	Topic    TopicID
}

// LogStats tells what a log promises and holds, and how it is.
type LogStats struct {
	Store      string     // identifies the store; another one where nothing was kept over a restart
	Durability Durability // the strongest it offers
	Bytes      int64      // what it holds beyond what the broker was handed, on disk or in memory
	Limit      int64      // of Bytes, beyond which messages are refused; 0: none
	Free       int64      // what is free where it is stored, when that was last looked at; 0: not known
	Health     error      // what is wrong: [ErrReadOnly], [ErrFull], which heals by itself, or [ErrDamaged]; nil: nothing
	Pending    int        // proposals not yet committed
	Loads      bool       // runs can be loaded again, so that the broker need not keep them in memory
	Live       int64      // of Bytes, what takes the place of messages alive: what is dead goes by itself
	Full       error      // why messages are refused at the moment; nil: they are taken
}

// NearlyFull tells whether nine tenths of the limit are used.
func (s *LogStats) NearlyFull() bool { return s.Limit > 0 && s.Bytes >= s.Limit/10*9 }
