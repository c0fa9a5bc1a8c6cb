package logtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"linger/broker"
)

// node is a [Late] log as one broker sees it.
type node struct {
	late    *Late
	apply   func(broker.Commit)
	workers sync.WaitGroup
	stopped chan struct{}

	mu       sync.Mutex // guards what follows
	more     *sync.Cond
	proposed []proposed
	told     []told
	closed   bool // nothing more is accepted
	drained  bool // nothing more will be told
}

// proposed is a proposal on its way to the log.
type proposed struct {
	broker.Proposal
	done func(broker.Commit, error)
}

// told is a commit on its way to the broker, or with done the answer to a proposal.
type told struct {
	commit broker.Commit
	err    error
	done   func(broker.Commit, error)
}

// Open implements [broker.Log].
func (n *node) Open(_ context.Context, apply func(broker.Commit)) error {
	n.apply = apply
	for _, c := range n.late.join(n) {
		apply(c)
	}
	n.workers.Go(n.propose)
	n.workers.Go(n.tell)
	return nil
}

// Append implements [broker.Log].
func (n *node) Append(p broker.Proposal, done func(broker.Commit, error)) {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		done(broker.Commit{}, broker.ErrStopped)
		return
	}
	n.proposed = append(n.proposed, proposed{p, done})
	n.mu.Unlock()
	n.more.Broadcast()
}

// Combine implements [broker.Combiner], as late as ever.
func (n *node) Combine(p broker.Proposal, done func(broker.Commit, error)) { n.Append(p, done) }

// propose takes what has gathered to the log, in the order of Append.
func (n *node) propose() {
	for {
		n.mu.Lock()
		for len(n.proposed) == 0 && !n.closed {
			n.more.Wait()
		}
		batch := n.proposed
		n.proposed = nil
		n.drained = len(batch) == 0
		n.mu.Unlock()
		if len(batch) == 0 {
			n.more.Broadcast()
			return
		}
		n.wait()
		for _, p := range batch {
			n.decide(p)
		}
	}
}

// decide has a proposal meet its fate.
func (n *node) decide(p proposed) {
	select {
	case <-n.stopped:
		n.push(told{err: broker.ErrStopped, done: p.done})
		return
	default:
	}
	switch n.late.options.Fate(p.Proposal) {
	case VanishesInDoubt:
		n.push(told{err: broker.ErrUnknownOutcome, done: p.done})
	case CommitsInDoubt:
		n.push(told{err: broker.ErrUnknownOutcome, done: p.done})
		n.wait()
		_, _ = n.late.submit(p.Proposal)
	default:
		c, err := n.late.submit(p.Proposal)
		n.push(told{commit: c, err: err, done: p.done})
	}
}

// wait is the delay, unless the node is closing.
func (n *node) wait() {
	d := n.late.options.Delay()
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-n.stopped:
	}
}

func (n *node) push(t told) {
	n.mu.Lock()
	n.told = append(n.told, t)
	n.mu.Unlock()
	n.more.Broadcast()
}

// tell applies commits and answers proposals, in order: an answer comes behind its commit.
func (n *node) tell() {
	for {
		n.mu.Lock()
		for len(n.told) == 0 && !n.drained {
			n.more.Wait()
		}
		batch := n.told
		n.told = nil
		n.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		n.wait()
		for _, t := range batch {
			if t.done != nil {
				t.done(t.commit, t.err)
			} else {
				n.apply(t.commit)
			}
		}
	}
}

// Load implements [broker.Log].
func (n *node) Load(ctx context.Context, ref broker.Ref) ([]byte, error) {
	return n.late.order.Load(ctx, ref)
}

// Release implements [broker.Log]. The other brokers may still want it.
func (n *node) Release(...broker.Ref) {}

// Stats implements [broker.Log].
func (n *node) Stats() broker.LogStats {
	s := n.late.order.Stats()
	n.mu.Lock()
	s.Pending = len(n.proposed)
	n.mu.Unlock()
	return s
}

// Close implements [broker.Log].
func (n *node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return errors.New("the log is closed already")
	}
	n.closed = true
	n.mu.Unlock()
	close(n.stopped)
	n.more.Broadcast()
	n.workers.Wait()
	n.late.leave(n)
	return nil
}
