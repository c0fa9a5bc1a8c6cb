package broker

// Temporary: the surface that is being built, so that what stands on it can be written meanwhile.

import (
	"context"
	"time"
)

const (
	PassingTime    = time.Second
	PassingBytes   = 1 << 20
	TopicOverhead  = 4 << 10
	ReaderOverhead = 1 << 10
	AnswersKept    = 1024
	ProducerIdle   = 10 * time.Minute
	MaxPatterns    = 64
)

// Config. Log and Clock are required; the rest has the decided defaults when zero.
type Config struct {
	Log          Log
	Clock        *Clock
	Policy       Policy        // server default; zero fields: 1 ms, 10 min, 7 d
	MaxTTL       time.Duration // greatest maximum a policy may have; 0: Policy.Max
	NoAutoCreate bool
	MaxTopics    int   // 0: 100,000
	MemoryLimit  int64 // bytes; 0: no limit
}

type Log interface{} // real one in log.go soon

func Open(ctx context.Context, c Config) (*Broker, error) { panic("stub") }

type Broker struct{}

func (b *Broker) Close() error                         { panic("stub") } // ends subscriptions and watchers with ErrStopped, then the log
func (b *Broker) StoreID() string                      { panic("stub") }
func (b *Broker) Durability() Durability               { panic("stub") } // the strongest the store offers
func (b *Broker) Now() Instant                         { panic("stub") }
func (b *Broker) Stats() Stats                         { panic("stub") }
func (b *Broker) EverPublished() bool                  { panic("stub") } // for the first-run page

type Stats struct {
	MemoryUsed, MemoryLimit              int64
	Topics, Subscriptions, Watchers      int
	Counts                               Counts // over all topics
	WorstLag                             uint64 // of the slowest reader
	Pending                              int    // proposals not yet committed
}

// Counts of one topic's incarnation, or sums. Published = Retained + Passing + Ended.Total().
type Counts struct {
	Published, Retained, RetainedBytes, Passing uint64
	Ended                                       Ends
}
type Durability uint8

const (
	DurabilityDefault Durability = iota // strongest the store offers
	DurabilityMemory
	DurabilityFsynced
)

// Policy: zero field = server default.
type Policy struct {
	Min, Default, Max time.Duration
	Reject            bool // reject instead of clamping
	RefuseZero        bool
}
type Adjustment uint8

const (
	AsAsked Adjustment = iota
	Defaulted
	RaisedToMinimum
	LoweredToMaximum
	RoundedUp
)

// Batch: Body is Count frames, each the one marker byte (0x42: field 8, length-delimited), the length as uvarint, then that many
// bytes (an encoded linger.v1.Message). The broker keeps Body (no copy) and never changes it; allocate it exactly.
type Batch struct {
	Topic  string
	TTL    time.Duration
	HasTTL bool
	Count  int
	Body   []byte
	Err    error // set by the caller when the batch failed its own checks (wire walk, limits): recorded as the batch's result
	FailedMessage int // with Err; -1 none
}
type ProducerID [16]byte // zero: none
type PublishRequest struct {
	Producer ProducerID
	Number   uint64 // 0: none
	Batches  []Batch
}
type PublishResult struct {
	First                 uint64
	Count                 int
	PublishTime, Deadline Instant // equal for now or never
	Adjustment            Adjustment
	Durability            Durability
	Incarnation           uint64
	Err                   error
	FailedMessage         int // -1 none
}
type PublishAnswer struct {
	Number    uint64
	Results   []PublishResult
	Forgotten bool
	Now       Instant
	Err       error // of the whole request (ErrOutOfOrder, ErrStopped)
}

// Publish calls done exactly once, possibly before it returns, else from the log's goroutine: done must not block. Answers of one
// producer come in the order of its requests. ctx bounds only waiting for a topic's creation.
func (b *Broker) Publish(ctx context.Context, r PublishRequest, done func(PublishAnswer)) { panic("stub") }

// OpenProducer tells the last finished request; remembered=false when answered>0 and nothing is known.
func (b *Broker) OpenProducer(id ProducerID, answered uint64) (last uint64, remembered bool) { panic("stub") }

type StartKind uint8

const (
	StartAll StartKind = iota
	StartNew
	StartLast
	StartSequence
	StartTime
	StartToken
)

type Start struct {
	Kind  StartKind
	N     uint64 // StartLast: count; StartSequence: sequence
	Time  Instant
	Token []byte
}
type SlowPolicy uint8

const (
	SlowTold SlowPolicy = iota
	SlowDisconnect
	SlowSkipToNewest
)

type SubscribeOptions struct {
	Patterns []string
	Start    Start
	Slow     SlowPolicy
}

func (b *Broker) Subscribe(o SubscribeOptions) (*Subscription, error) { panic("stub") }

type Subscription struct{}
type TopicIncarnation struct {
	Topic                    string
	Incarnation, NextSequence uint64
}

func (s *Subscription) Topics() []TopicIncarnation { panic("stub") } // for the hello: literal patterns that exist
func (s *Subscription) Token() []byte              { panic("stub") } // resume token now (for hello, heartbeats)
func (s *Subscription) Close()                     { panic("stub") }

// Next waits for something to hand out. At most budget.Bytes (+ one message) and budget.Messages (0: no bound).
func (s *Subscription) Next(ctx context.Context, budget Budget) (Delivery, error) { panic("stub") }

type Budget struct{ Bytes, Messages int }
type Delivery struct {
	Now      Instant
	Runs     []Run  // valid until the next Next; bodies stay valid
	Token    []byte // valid until the next Next
	CaughtUp bool
	Reset    *Reset // at most one of CaughtUp and Reset
}
type ResetReason uint8

const (
	ResetAnotherStore ResetReason = iota + 1
	ResetTopicDeleted
	ResetNewIncarnation
)

type Reset struct {
	Reason ResetReason
	Topic  string
	Gap    Gap
}
type Run struct {
	Topic                 string
	Incarnation           uint64
	First                 uint64
	Count                 int
	PublishTime, Deadline Instant // equal for now or never
	Gap                   Gap     // Total()==0: none
	Body                  []byte  // frames as in Batch
}
type TopicInfo struct {
	Name          string
	Incarnation   uint64
	Created       Instant
	Durability    Durability
	Policy        Policy // no zero field
	Counts        Counts
	Subscriptions int
	WorstLag      uint64
	NextDeadline, LastPublish, LastEnd Instant // 0: none
	NextSequence  uint64
}

func (b *Broker) CreateTopic(ctx context.Context, name string, p Policy, d Durability) (TopicInfo, error) { panic("stub") }
func (b *Broker) Topic(name string) (TopicInfo, error)                                              { panic("stub") }

// Topics lists those that match pattern ("" = all) with name > after, at most limit (0: all), by name; total counts all that match.
func (b *Broker) Topics(pattern, after string, limit int) (page []TopicInfo, total int, err error) { panic("stub") }
func (b *Broker) SetPolicy(ctx context.Context, name string, p Policy) (TopicInfo, error)          { panic("stub") }
func (b *Broker) DeleteTopic(ctx context.Context, name string) (deleted uint64, err error)        { panic("stub") }

// DefaultPolicy is what a topic made by a publish gets.
func (b *Broker) DefaultPolicy() Policy { panic("stub") }

type Retained struct {
	Topic                              string
	Incarnation, Sequence              uint64
	PublishTime, Deadline, MaxDeadline Instant
	Deliveries                         uint32
	Message                            []byte // one frame's payload: an encoded linger.v1.Message
}
type ListPosition struct { // of the last message of a page
	Topic    string
	Sequence uint64
	Deadline Instant
}
type ListOptions struct {
	Pattern                  string
	ByDeadline               bool
	MinSequence, MaxSequence uint64
	MinDeadline, MaxDeadline Instant // [min, max)
	Limit                    int
	Bytes                    int           // end the page after so many bytes of messages; 0: no bound
	After                    *ListPosition // nil: first page
}
type ListPage struct {
	Messages                []Retained
	More                    bool
	Now                     Instant
	Retained, RetainedBytes uint64
}

func (b *Broker) List(o ListOptions) (ListPage, error) { panic("stub") }

// Get gives the message, or how it ended (Reason NotEnded: forgotten); ErrTopicNotFound, ErrNoMessage.
func (b *Broker) Get(topic string, sequence uint64) (Retained, *Ended, error) { panic("stub") }

// SetDeadline: expected 0 = whatever it is.
func (b *Broker) SetDeadline(ctx context.Context, topic string, sequence uint64, deadline, expected Instant) (SetDeadlineResult, error) {
	panic("stub")
}

type SetDeadlineResult struct {
	Deadline         Instant
	LoweredToMaximum bool
}

func (b *Broker) DeleteMessage(ctx context.Context, topic string, sequence uint64) error { panic("stub") }

type WatchOptions struct {
	Scopes            []string // patterns; empty: one, ">"
	PreviewsPerSecond int      // 0: 30
	Recent            int
}

func (b *Broker) Watch(o WatchOptions) (*Watcher, error) { panic("stub") }

type Watcher struct{}

// Next returns a frame as soon as there is something new, at most ten a second, and at least each 500 ms with Stats.
func (w *Watcher) Next(ctx context.Context) (WatchFrame, error) { panic("stub") }
func (w *Watcher) Close()                                       { panic("stub") }

type WatchFrame struct {
	Now        Instant
	Previews   []Preview
	Ended      []Ended
	Changes    []LifetimeChange
	Stats      []ScopeStats // each 500 ms, else nil
	Incomplete bool
}
type Preview struct {
	Scope         int
	Message       Retained
	LeftOutBefore uint64
	Recent        bool
}
type LifetimeChange struct {
	Topic                 string
	Incarnation, Sequence uint64
	Deadline, Previous    Instant
}
type ScopeStats struct {
	Revision                                uint64
	Counts                                  Counts
	Topics, Subscriptions                   int
	WorstLag                                uint64
	NextDeadline, LastPublish, LastEnd      Instant
	PublishedSince, LeftOut                 uint64
	Busiest                                 []BusyTopic
	PublishRate                             float64
}
type BusyTopic struct {
	Name     string
	Retained uint64
}
