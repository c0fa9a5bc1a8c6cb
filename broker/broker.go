package broker

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"linger/broker/wheel"
)

// Bounds of the contract.
const (
	PassingTime    = time.Second // how long "now or never" messages wait for readers that exist
	PassingBytes   = 8 << 20     // of these a topic holds at most
	TopicOverhead  = 4 << 10     // accounted for each topic, in bytes
	ReaderOverhead = 1 << 10     // and for each subscription to it
	AnswersKept    = 1024        // answers a producer may ask for again,
	// AnswerBytesKept as long as they are not more bytes than this; an answer with a result takes 224.
	AnswerBytesKept = 4 << 20
	ProducerIdle    = 10 * time.Minute // after which a producer is forgotten
	MaxPatterns     = 64               // of one subscription
	MaxSequence     = 1<<53 - 1        // that a publish may ask for: what a JSON number holds exactly

	endsKept      = 10_000  // remembered ends a topic
	endsKeptInAll = 200_000 // and in all
	endsKeptFor   = time.Hour
	idleTopicLife = 24 * time.Hour // of a topic made by a publish, empty and unsubscribed
)

// Config is what a broker is made of. Log and Clock are required; the rest has the decided defaults when zero.
type Config struct {
	Log          Log
	Clock        *Clock        // shared with the log
	Policy       Policy        // of topics that have none of their own; open fields: 1 ms, 10 min, 7 d
	MaxTTL       time.Duration // the greatest maximum a policy may have; 0: that of Policy
	NoAutoCreate bool          // publishing to an unknown topic is an error
	MaxTopics    int           // 0: 100,000
	MemoryLimit  int64         // of retained memory, in bytes; 0: none
}

// Broker is a running broker.
type Broker struct {
	config Config
	log    Log
	clock  *Clock
	store  LogStats // as it was when opened: store and durability do not change

	storeHash uint64 // of its name, for tokens

	// mu guards which topics and subscriptions exist. Whatever looks a topic up shares it.
	mu            sync.RWMutex
	topics        map[string]*topic
	byID          map[TopicID]*topic
	graves        graveyard
	subscriptions map[*Subscription]struct{}
	index         patternIndex[*Subscription]
	gone          Counts // of topics that were deleted

	makingMu sync.Mutex
	making   map[string]*creation // topics on their way into the log

	producers producers

	applied   atomic.Uint64 // position up to which every reader that waited has been told
	used      atomic.Int64  // accounted memory, in bytes, without that of readers
	readers   atomic.Int64  // accounted for readers' places
	loaded    atomic.Int64  // bytes of cold runs that subscriptions hold
	loads     chan struct{} // one for each reader that loads; bounds how many do
	hot       hotQueue      // runs that may go cold
	runs      atomic.Int64  // that are kept, alive or passing
	pending   atomic.Int64  // proposals not yet answered
	revisions atomic.Uint64 // counts changes of what is retained
	lastTime  atomic.Int64  // of the newest commit
	replaying atomic.Bool   // while Open runs

	soonestMu sync.Mutex // guards what [Broker.nextDeadline] found last
	soonest   Instant
	soonestAt Instant

	wheelMu sync.Mutex
	wheel   *wheel.Wheel

	reclaimMu sync.Mutex // one clean-up at a time, so that who waited for it sees it done
	due       []dueRun   // its scratch

	watchMu  sync.RWMutex
	watchers map[*Watcher]struct{}
	watching atomic.Int32

	woken []*Subscription // scratch of apply

	lateMu sync.Mutex
	late   []*Subscription // to be notified after the commit that is being applied

	sweepAt atomic.Int64 // when the sweeper means to wake, in ms
	kick    chan struct{}
	closing chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
}

// Open makes a broker from what its log holds. Messages whose deadline passed meanwhile stay dead.
func Open(ctx context.Context, c Config) (*Broker, error) {
	server := c.Policy.withDefaults(Policy{Min: DefaultTTLMin, Default: DefaultTTL, Max: DefaultTTLMax})
	if c.MaxTTL == 0 {
		c.MaxTTL = server.Max
	}
	if err := server.validate(min(c.MaxTTL, TTLCeiling)); err != nil {
		return nil, err
	}
	c.Policy = server
	if c.MaxTopics == 0 {
		c.MaxTopics = 100_000
	}
	b := &Broker{
		config: c, log: c.Log, clock: c.Clock,
		topics: map[string]*topic{}, byID: map[TopicID]*topic{}, subscriptions: map[*Subscription]struct{}{},
		making: map[string]*creation{}, watchers: map[*Watcher]struct{}{},
		wheel: wheel.New(int64(c.Clock.Now())), loads: make(chan struct{}, coldLoads),
		kick: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	b.producers.byID, b.producers.cost = map[ProducerID]*producer{}, &b.used
	b.replaying.Store(true)
	if err := b.log.Open(ctx, b.apply); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	b.store = b.log.Stats()
	b.storeHash = hashOf(b.store.Store)
	b.reclaim(b.clock.Now()) // what expired meanwhile; only now, since a later commit may have extended it
	b.replaying.Store(false)
	b.stopped.Add(1)
	go b.sweep()
	return b, nil
}

// Close ends subscriptions and watchers with [ErrStopped], waits for what was proposed, and closes the log.
func (b *Broker) Close() error {
	var err error
	b.once.Do(func() {
		close(b.closing)
		err = b.log.Close()
		b.stopped.Wait()
	})
	return err
}

// apply takes one commit. The log calls it from one goroutine, in position order.
func (b *Broker) apply(c Commit) {
	if b.lastTime.Load() != int64(c.Time) {
		b.lastTime.Store(int64(c.Time))
		if b.replaying.Load() {
			b.clock.NotBefore(c.Time)
		}
	}
	b.woken = b.woken[:0]
	switch c.Kind {
	case KindPublished:
		b.applyPublished(&c)
	case KindDeadline:
		b.applyDeadline(&c)
	case KindDeleted:
		b.applyDeleted(&c)
	case KindTopicPut:
		b.applyTopicPut(&c)
	case KindTopicDeleted:
		b.applyTopicDeleted(&c)
	case KindProducer:
		b.producers.used(&c)
	case KindClock:
	}
	// Readers are told first and woken last: one that sees this position has been told of all up to it, so its resume
	// token leaves nothing out.
	b.applied.Store(c.Position)
	for _, s := range b.woken {
		s.notify()
	}
	b.lateMu.Lock()
	for i, s := range b.late {
		s.notify()
		b.late[i] = nil
	}
	b.late = b.late[:0]
	b.lateMu.Unlock()
}

// notifyAt has s notified when position is applied: it saw a run of a commit that is just being applied. It reports false
// when that has happened.
func (b *Broker) notifyAt(s *Subscription, position uint64) bool {
	b.lateMu.Lock()
	defer b.lateMu.Unlock()
	if b.applied.Load() >= position {
		return false
	}
	b.late = append(b.late, s)
	return true
}

// applyPublished stores a run and tells its readers.
func (b *Broker) applyPublished(c *Commit) {
	t := b.lookupID(c.Topic)
	if c.Request != 0 {
		b.producers.committed(c, b.resultOf(t, *c, nil))
	}
	if t == nil || c.Size == 0 {
		return // gone, as the replay knows: only what its producer was told is left
	}
	r := run{
		first: c.First, position: c.Position, published: c.Time, deadline: c.Expires(), body: c.Body,
		count: uint32(c.Count), size: uint32(c.Size), held: uint32(len(c.Body)), passing: c.TTL == 0,
	}
	b.used.Add(r.cost())
	if b.runs.Add(1) == 1 {
		b.wakeSweeper() // from now on the time has to be stored
	}
	t.mu.Lock()
	t.appendLocked(r)
	b.revisions.Add(1)
	b.watchPublished(t, &r)
	b.schedule(r.until(), t.id, r.last())
	if r.passing {
		b.boundPassingLocked(t, b.clock.Now())
	}
	b.wakeLocked(t, c.Position)
	b.mayCool(t, &r)
	t.mu.Unlock()
	b.coolIfFull()
}

// wakeLocked tells the readers that waited at a topic's end that there is more, from position on.
func (b *Broker) wakeLocked(t *topic, position uint64) {
	t.waitingMu.Lock()
	defer t.waitingMu.Unlock()
	for i, c := range t.waiting {
		t.waiting[i] = nil
		if c.sub.tell(c, position) {
			b.woken = append(b.woken, c.sub)
		}
	}
	t.waiting = t.waiting[:0]
}

func (b *Broker) lookup(name string) *topic {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.topics[name]
}

func (b *Broker) lookupID(id TopicID) *topic {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byID[id]
}

// propose hands a proposal to the log and counts it until it is answered.
func (b *Broker) propose(p Proposal, done func(Commit, error)) {
	b.pending.Add(1)
	b.log.Append(p, func(c Commit, err error) {
		b.pending.Add(-1)
		done(c, err)
	})
}

// commit proposes and waits. When ctx ends first the outcome is unknown.
func (b *Broker) commit(ctx context.Context, p Proposal) (Commit, error) {
	return b.commitThen(ctx, p, func(error) {})
}

// commitThen is commit, and calls answered with what the log answers, even if ctx ends before.
func (b *Broker) commitThen(ctx context.Context, p Proposal, answered func(error)) (Commit, error) {
	type outcome struct {
		c   Commit
		err error
	}
	result := make(chan outcome, 1)
	b.propose(p, func(c Commit, err error) {
		answered(err)
		result <- outcome{c, err}
	})
	select {
	case r := <-result:
		return r.c, r.err
	case <-ctx.Done():
		return Commit{}, &Error{Err: ErrUnknownOutcome, Detail: "gave up waiting for the commit; it may still happen."}
	}
}

// StoreID identifies the store: another one where nothing was kept over a restart.
func (b *Broker) StoreID() string { return b.store.Store }

// Durability is the strongest that the store offers.
func (b *Broker) Durability() Durability { return b.store.Durability }

// Now is the server's time.
func (b *Broker) Now() Instant { return b.clock.Now() }

// DefaultPolicy is what a topic made by a publish gets.
func (b *Broker) DefaultPolicy() Policy { return b.config.Policy }

// hashOf is a short fingerprint for tokens.
func hashOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// yield lets others in between the slices of a long clean-up.
func yield() { runtime.Gosched() }
