package logtest

import (
	"context"
	"sync"
	"time"

	"linger/broker"
	"linger/broker/memlog"
)

// Fate is what becomes of a proposal.
type Fate int

// The fates. In doubt, the proposer is told [broker.ErrUnknownOutcome].
const (
	Commits         Fate = iota
	CommitsInDoubt       // it is committed all the same, after the answer
	VanishesInDoubt      // it never is
)

// LateOptions say how a log is late and what it cannot tell.
type LateOptions struct {
	Clock *broker.Clock // of the log, which gives commits their time
	// Delay is waited before a proposal is ordered, and again before each broker is told. Nil: not at all. It is called
	// from several goroutines.
	Delay func() time.Duration
	Fate  func(broker.Proposal) Fate // nil: all are committed; called from several goroutines
	// Durability is what the log claims to promise; the default is memory.
	Durability broker.Durability
}

// Late is one log for several brokers, in memory, that is as awkward as a log may be: it commits late, from other
// goroutines, tells each broker at another time, and sometimes cannot tell what became of a proposal. A broker that joins,
// or comes back, is told everything from the beginning.
type Late struct {
	options LateOptions
	order   *memlog.Log // gives position, sequence and time

	once      sync.Mutex // one proposal is ordered at a time
	committed map[onceKey]broker.Commit

	mu      sync.Mutex
	history []broker.Commit
	next    map[broker.TopicID]uint64 // sequence of each topic's next message
	nodes   map[*node]struct{}
}

// onceKey names a batch that was published once.
type onceKey struct {
	producer broker.ProducerID
	request  uint64
	batch    int
}

// NewLate makes an empty log.
func NewLate(o LateOptions) *Late {
	if o.Delay == nil {
		o.Delay = func() time.Duration { return 0 }
	}
	if o.Fate == nil {
		o.Fate = func(broker.Proposal) Fate { return Commits }
	}
	l := &Late{
		options: o, order: memlog.New(memlog.Options{Clock: o.Clock, Keep: true, Durability: o.Durability}),
		committed: map[onceKey]broker.Commit{}, next: map[broker.TopicID]uint64{}, nodes: map[*node]struct{}{},
	}
	_ = l.order.Open(context.Background(), l.record) // a new one has nothing to replay and cannot fail
	return l
}

// Node is the log as one broker sees it. Closing it leaves the others alone.
func (l *Late) Node() broker.Log {
	n := &node{late: l, stopped: make(chan struct{})}
	n.more = sync.NewCond(&n.mu)
	return n
}

// Close ends the log. The nodes must be closed before.
func (l *Late) Close() error { return l.order.Close() }

// record notes a commit and has every broker told.
func (l *Late) record(c broker.Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.Kind == broker.KindPublished:
		l.next[c.Topic] = c.First + uint64(c.Count)
	case c.Kind == broker.KindTopicPut && c.Topic == 0:
		l.next[broker.TopicID(c.Position)] = 1
	}
	l.history = append(l.history, c)
	for n := range l.nodes {
		n.push(told{commit: c})
	}
}

// join gives a node all that was committed and has it told of the rest.
func (l *Late) join(n *node) []broker.Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nodes[n] = struct{}{}
	replay := make([]broker.Commit, 0, len(l.history))
	for _, c := range l.history {
		switch {
		case c.Kind == broker.KindPublished && c.TTL == 0:
			if c.Request == 0 {
				continue // now or never is not kept
			}
			c.Body, c.Size = nil, 0
		case c.Kind == broker.KindTopicPut && c.Topic == 0:
			c.First = l.next[broker.TopicID(c.Position)]
		}
		replay = append(replay, c)
	}
	if len(replay) > 0 {
		last := l.history[len(l.history)-1]
		replay = append(replay, broker.Commit{
			Proposal: broker.Proposal{Kind: broker.KindClock}, Position: last.Position, Time: last.Time,
		})
	}
	return replay
}

func (l *Late) leave(n *node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.nodes, n)
}

// submit orders a proposal. A batch that was committed before is not again: its commit stands.
func (l *Late) submit(p broker.Proposal) (broker.Commit, error) {
	l.once.Lock()
	defer l.once.Unlock()
	key := onceKey{p.Producer, p.Request, p.Batch}
	numbered := p.Request != 0 && p.Kind == broker.KindPublished
	if c, again := l.committed[key]; again && numbered {
		return c, nil
	}
	answer := make(chan told, 1)
	l.order.Append(p, func(c broker.Commit, err error) { answer <- told{commit: c, err: err} })
	a := <-answer
	if a.err == nil && numbered {
		l.committed[key] = a.commit
	}
	return a.commit, a.err
}
