package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
	if r, _ := t.runs.find(sequence); r != nil && r.cold() && r.first == wanted.first && r.count == wanted.count {
		r.body, r.held = slices.Clone(body), r.size
		b.used.Add(int64(r.held))
		b.hot.push(t.id, r.last())
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

// hotQueue names the runs that may go cold, in the order in which they came.
type hotQueue struct {
	mu   sync.Mutex
	runs []dueRun
	head int
}

func (q *hotQueue) push(t TopicID, last uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head > len(q.runs)/2 && q.head > 1024 {
		q.runs = append(q.runs[:0], q.runs[q.head:]...)
		q.head = 0
	}
	q.runs = append(q.runs, dueRun{t, last})
}

func (q *hotQueue) pop() (dueRun, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.runs) {
		return dueRun{}, false
	}
	q.head++
	return q.runs[q.head-1], true
}

// coolTo lets the oldest messages go cold until no more than target bytes are used, or nothing is left that can.
func (b *Broker) coolTo(target int64) {
	for b.used.Load() > target {
		oldest, ok := b.hot.pop()
		if !ok {
			return
		}
		t := b.lookupID(oldest.topic)
		if t == nil {
			continue
		}
		t.mu.Lock()
		if r, _ := t.runs.find(oldest.last); r != nil && !r.cold() && !r.passing {
			b.used.Add(-int64(r.held))
			r.body, r.held = nil, 0
		}
		t.mu.Unlock()
	}
}

// coolIfFull makes room for what comes, a little more than is needed, so that it is not done for each message.
func (b *Broker) coolIfFull() {
	if limit := b.config.MemoryLimit; limit > 0 && b.used.Load() > limit-limit/32 {
		b.coolTo(limit - limit/16)
	}
}

// mayCool notes a run that its log can load again. The caller holds topic.mu.
func (b *Broker) mayCool(t *topic, r *run) {
	if t.lane.stats.Loads && !r.passing && !r.cold() {
		b.hot.push(t.id, r.last())
	}
}
