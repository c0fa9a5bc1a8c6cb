package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Messages that a log can load again need not stay in memory: beyond the memory limit the oldest go cold. What stays of
// them is the run's entry, so that order, deadlines, counts and gaps do not know the difference.

// cold tells that the run's messages have to be loaded.
func (r *run) cold() bool { return r.body == nil }

// load reads the messages of a run. The caller holds no lock. A run that ended meanwhile is errGone; one that is damaged
// ends, as lost.
func (b *Broker) load(ctx context.Context, t *topic, r *run) ([]byte, error) {
	if !r.cold() {
		return r.body, nil
	}
	body, err := t.lane.log.Load(ctx, Ref{Position: r.position, Topic: t.id})
	if err != nil {
		return nil, b.notLoaded(t, r, err)
	}
	start := skipFrames(body, int(r.index))
	end := start + skipFrames(body[start:], int(r.count))
	return body[start:end:end], nil
}

// loadInTurn is load for one of many who may ask at a time.
func (b *Broker) loadInTurn(ctx context.Context, t *topic, r *run) ([]byte, error) {
	if r.cold() {
		done, err := b.loading(ctx)
		if err != nil {
			return nil, err
		}
		defer done()
	}
	return b.load(ctx, t, r)
}

// errGone says that a run ended before it was loaded.
var errGone = errors.New("the run has ended")

// notLoaded tells why a run could not be loaded.
func (b *Broker) notLoaded(t *topic, r *run, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for sequence := r.first; sequence <= r.last(); {
		there, p := t.runs.find(sequence)
		switch {
		case there == nil || there.position != r.position:
			return errGone
		case !errors.Is(err, ErrDamaged):
			return fmt.Errorf("load #%d of %s: %w", r.first, t.name, err)
		}
		damaged := t.takeOutLocked(p)
		b.endLocked(t, &damaged, Lost, b.clock.Now())
		sequence = damaged.last() + 1
	}
	return errGone
}

// warm brings the run that holds sequence into memory, if it is alive, so that it can be split. The caller holds no lock.
func (b *Broker) warm(ctx context.Context, t *topic, sequence uint64) error {
	t.mu.RLock()
	r, _ := t.runs.find(sequence)
	if r == nil || !r.cold() || r.count == 1 {
		t.mu.RUnlock()
		return nil
	}
	wanted := *r
	t.mu.RUnlock()
	body, err := b.load(ctx, t, &wanted)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, p := t.runs.find(sequence); r != nil && r.cold() && r.first == wanted.first && r.count == wanted.count {
		r, c := t.runs.edit(p)
		r.body, r.held = slices.Clone(body), r.size
		b.used.Add(int64(r.held))
		b.hot.add(c, r.position)
	}
	return nil
}

// lockWarm takes topic.mu alone when the run that holds sequence can be split, or there is none to split. On an error the
// lock is not taken.
func (b *Broker) lockWarm(ctx context.Context, t *topic, sequence uint64) error {
	for {
		if err := b.warm(ctx, t, sequence); err != nil {
			return err
		}
		t.mu.Lock()
		if r, _ := t.runs.find(sequence); r == nil || !r.cold() || r.count == 1 {
			return nil
		}
		t.mu.Unlock() // it went cold again in between
	}
}

// coolTo lets the oldest messages go cold until no more than target bytes are used, or nothing is left that can. Where all
// of a chunk is cold its entries are packed.
func (b *Broker) coolTo(target int64) {
	for b.taken() > target {
		oldest, next, ok := b.hot.pop()
		if !ok {
			return
		}
		b.cool(oldest, next, target)
	}
}

// taken is the memory that may grow no more than the limit. What readers have loaded makes messages go cold, but is not
// held against who publishes.
func (b *Broker) taken() int64 { return b.used.Load() + b.loaded.Load() }

// cool lets runs of a chunk go cold until no more than target bytes are used, or others are older, from position next on.
func (b *Broker) cool(c *chunk, next uint64, target int64) {
	c.topic.mu.Lock()
	defer c.topic.mu.Unlock()
	if c.gone {
		return
	}
	for i := range c.runs {
		r := &c.runs[i]
		if r.cold() || r.passing {
			continue
		}
		if b.taken() <= target || r.position > next {
			b.hot.add(c, r.position)
			return
		}
		b.used.Add(-int64(r.held))
		r.body, r.held = nil, 0
	}
	c.topic.runs.pack(c)
}

// coolIfFull makes room for what comes, a little more than is needed, so that it is not done for each message.
func (b *Broker) coolIfFull() {
	if limit := b.config.MemoryLimit; limit > 0 && b.taken() > limit-limit/32 {
		b.coolTo(limit - limit/16)
	}
}

// mayCool notes a run that its log can load again. The caller holds topic.mu.
func (b *Broker) mayCool(t *topic, r *run) {
	if !b.coolable(t) || r.passing || r.cold() {
		return
	}
	l := &t.runs
	c := l.chunks[len(l.chunks)-1]
	if r.first < c.first() {
		c = l.chunks[l.chunkOf(r.first)]
	}
	b.hot.add(c, r.position)
}

// mayCool has a chunk looked at when memory is short: something of it may go cold, or all of it be packed.
func (l *runList) mayCool(c *chunk) {
	if l.b.coolable(l.topic) && len(c.runs) > 0 {
		l.b.hot.add(c, c.runs[0].position)
	}
}

// coolReplayed notes what a replay brought: until it is done it is not known whether the log can load it.
func (b *Broker) coolReplayed() {
	for _, t := range b.allTopics() {
		t.mu.Lock()
		for _, c := range t.runs.chunks {
			t.runs.mayCool(c)
		}
		t.mu.Unlock()
	}
	b.coolIfFull()
}

// coolable tells whether the log can load a topic's messages again.
func (b *Broker) coolable(t *topic) bool { return t.lane.stats.Loads }
