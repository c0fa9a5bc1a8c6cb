package broker

import (
	"context"
	"errors"
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
	Log Log // the store's
	// MemoryLog is of topics kept in memory, for a store that keeps more; nil: they are in the store's log too. It begins
	// empty, and a KindTopicPut with an id that it does not know makes that topic.
	MemoryLog    Log
	Clock        *Clock        // shared with the logs
	Policy       Policy        // of topics that have none of their own; open fields: 1 ms, 10 min, 7 d, no limits, reject
	MaxTTL       time.Duration // the greatest maximum a policy may have; 0: that of Policy
	NoAutoCreate bool          // publishing to an unknown topic is an error
	MaxTopics    int           // 0: 100,000
	MemoryLimit  int64         // of retained memory, in bytes; 0: none
	// Stops are the times left between which a [Forecast] tells what ends: 0, and rising to [ForecastReach] at most, in whole
	// milliseconds. None: it is told together.
	Stops []time.Duration
}

// Broker is a running broker.
type Broker struct {
	config Config
	clock  *Clock
	opened Instant // when the replay was over
	lanes  []*lane // the store's, and that of memory topics if it is another

	// mu guards which topics and subscriptions exist. Whatever looks a topic up shares it.
	mu            sync.RWMutex
	topics        map[string]*topic
	names         topicIndex // of topics
	byID          map[TopicID]*topic
	graves        graveyard
	subscriptions map[*Subscription]struct{}
	index         patternIndex[*Subscription]
	gone          Counts // of topics that were deleted

	makingMu sync.Mutex
	making   map[string]*creation // topics on their way into the log

	producers producers

	used      atomic.Int64  // accounted memory, in bytes, without that of readers
	readers   atomic.Int64  // accounted for readers' places
	histories atomic.Int64  // of what topics remember of late; see [HistoryBytes]
	underway  atomic.Int64  // of used, for proposals to a log that can load them again: they may go cold once committed
	loaded    atomic.Int64  // bytes of cold runs that subscriptions hold
	loads     chan struct{} // one for each reader that loads; bounds how many do
	hot       hotChunks     // what may go cold
	leaving   atomic.Int64  // of used, what evictions on their way will give back
	runs      atomic.Int64  // that are kept, alive or passing
	pending   atomic.Int64  // proposals not yet answered
	revisions atomic.Uint64 // counts changes of what is retained
	lastTime  atomic.Int64  // of the store's newest commit
	replaying atomic.Bool   // while Open runs

	soonestMu sync.Mutex // guards what [Broker.nextDeadline] found last
	soonest   Instant
	soonestAt Instant

	wheelMu sync.Mutex
	wheel   *wheel.Wheel

	cellsMu   sync.Mutex
	cells     cells // of all topics: what ends when
	cellsFrom int   // runs from which on a topic has cells of its own

	reclaimMu sync.Mutex // one slice of a clean-up at a time, so that who sees nothing left knows it done
	due       []dueChunk // scratch of reclaiming: chunks to look at,
	unpacked  []run      // and the runs of one

	watchMu  sync.RWMutex
	watchers map[*Watcher]struct{}
	watching atomic.Int32

	sweepAt atomic.Int64 // when the sweeper means to wake, in ms
	kick    chan struct{}
	closing chan struct{}
	turns   *turns
	stopped sync.WaitGroup
	once    sync.Once
}

// Open makes a broker from what its logs hold. Messages whose deadline passed meanwhile stay dead.
func Open(ctx context.Context, c Config) (*Broker, error) {
	server := c.Policy.withDefaults(decidedPolicy)
	if c.MaxTTL == 0 {
		c.MaxTTL = server.Max
	}
	if err := server.validate(min(c.MaxTTL, TTLCeiling)); err != nil {
		return nil, err
	}
	c.Policy = server
	if len(c.Stops) == 0 {
		c.Stops = []time.Duration{0}
	}
	if err := validateStops(c.Stops); err != nil {
		return nil, err
	}
	if c.MaxTopics == 0 {
		c.MaxTopics = 100_000
	}
	b := &Broker{
		config: c, clock: c.Clock,
		topics: map[string]*topic{}, byID: map[TopicID]*topic{}, subscriptions: map[*Subscription]struct{}{},
		making: map[string]*creation{}, watchers: map[*Watcher]struct{}{},
		wheel: wheel.New(int64(c.Clock.Now())), loads: make(chan struct{}, coldLoads),
		kick: make(chan struct{}, 1), closing: make(chan struct{}), turns: newTurns(), cellsFrom: cellsFrom,
	}
	b.producers.byID, b.producers.cost = map[ProducerID]*producer{}, &b.used
	b.replaying.Store(true)
	if err := b.openLanes(ctx); err != nil {
		return nil, err
	}
	b.reclaimAtOnce(b.clock.Now()) // what expired meanwhile; only now, since a later commit may have extended it
	b.coolReplayed()
	b.replaying.Store(false)
	b.opened = b.clock.Now()
	b.stopped.Add(1)
	go b.sweep()
	return b, nil
}

// Close ends subscriptions and watchers with [ErrStopped], waits for what was proposed, and closes the logs.
func (b *Broker) Close() error {
	var err error
	b.once.Do(func() {
		close(b.closing)
		b.mu.RLock() // who subscribes later finds it closing
		for s := range b.subscriptions {
			s.notify()
		}
		b.mu.RUnlock()
		for _, l := range b.lanes {
			err = errors.Join(err, l.close())
		}
		b.stopped.Wait()
		b.turns.done.Wait()
	})
	return err
}

// applyPublished stores a run, tells its readers, and notes what its producer is told.
func (b *Broker) applyPublished(l *lane, c *Commit) {
	t := b.lookupID(c.Topic)
	stored := t != nil && c.Size > 0 && b.store(l, t, c)
	if l.index == memoryLane && !stored {
		return // the topic was deleted in the store's lane; the publisher is told
	}
	if c.Request != 0 {
		b.producers.committed(c, b.resultOf(t, *c, nil), b.replaying.Load())
	}
	b.coolIfFull()
	if stored && t.quota.owns(c.stake) {
		b.evictExcess(t)
	}
}

// store takes a run into its topic. false: the topic takes none from there.
func (b *Broker) store(l *lane, t *topic, c *Commit) bool {
	if t.lane != l {
		// From before memory topics had a lane of their own: what was in memory does not survive a start.
		l.log.Release(Ref{Position: c.Position, Topic: c.Topic})
		return false
	}
	r := run{
		first: c.First, position: c.Position, published: c.Time, deadline: c.Expires(), body: c.Body,
		count: uint32(c.Count), size: uint32(c.Size), held: uint32(len(c.Body)), passing: c.TTL == 0,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deleted {
		return false
	}
	b.used.Add(r.cost())
	if b.runs.Add(1) == 1 {
		b.wakeSweeper() // from now on the time has to be stored
	}
	b.arrivedLocked(t, &r)
	t.appendLocked(r)
	b.revisions.Add(1)
	b.watchPublished(t, &r)
	if r.passing {
		b.boundPassingLocked(t, b.clock.Now())
	}
	b.wakeLocked(l, t, c.Position)
	b.mayCool(t, &r)
	b.redeemLocked(t, c.stake)
	return true
}

// wakeLocked tells the readers that waited at a topic's end that there is more, from position on.
func (b *Broker) wakeLocked(l *lane, t *topic, position uint64) {
	t.waitingMu.Lock()
	defer t.waitingMu.Unlock()
	for i, c := range t.waiting {
		t.waiting[i] = nil
		if c.sub.tell(c, position) {
			l.woken = append(l.woken, c.sub)
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

// propose hands a proposal to a lane's log and counts it until it is answered.
func (b *Broker) propose(l *lane, p Proposal, done func(Commit, error)) {
	b.pending.Add(1)
	l.log.Append(p, b.counted(done))
}

// proposeHere is propose where the log may do its work before it returns: no lock is held.
func (b *Broker) proposeHere(l *lane, p Proposal, done func(Commit, error)) {
	b.pending.Add(1)
	l.combine(p, b.counted(done))
}

func (b *Broker) counted(done func(Commit, error)) func(Commit, error) {
	return func(c Commit, err error) {
		b.pending.Add(-1)
		done(c, err)
	}
}

// commit proposes and waits. When ctx ends first the outcome is unknown.
func (b *Broker) commit(ctx context.Context, l *lane, p Proposal) (Commit, error) {
	return b.commitThen(ctx, l, p, func(error) {})
}

// commitThen is commit, and calls answered with what the log answers, even if ctx ends before.
func (b *Broker) commitThen(ctx context.Context, l *lane, p Proposal, answered func(error)) (Commit, error) {
	type outcome struct {
		c   Commit
		err error
	}
	result := make(chan outcome, 1)
	b.propose(l, p, func(c Commit, err error) {
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
func (b *Broker) StoreID() string { return b.lanes[storeLane].stats.Store }

// Durability is the strongest that the store offers.
func (b *Broker) Durability() Durability { return b.lanes[storeLane].stats.Durability }

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
