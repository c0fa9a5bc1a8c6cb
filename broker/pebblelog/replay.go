package pebblelog

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// What is on disk by class is replayed by position: each class is read by a goroutine of its own, in batches, and the
// batches are merged.

// batchRuns bounds what is read ahead of the broker, for each class.
const batchRuns = 1024

// batch is what a reader has read: runs, or something else.
type batch struct {
	runs    []entry
	commits []broker.Commit
}

// source gives commits in order of position.
type source struct {
	batches <-chan batch
	batch
	at   uint64 // position of what comes next
	rank int    // of two at one position, the lower comes first
}

// next moves on by n commits, which it has, to the next; false at the end.
func (s *source) next(n int) bool {
	switch {
	case len(s.runs) > n:
		s.runs = s.runs[n:]
	case len(s.commits) > 1:
		s.commits = s.commits[1:]
	default:
		var ok bool
		if s.batch, ok = <-s.batches; !ok {
			return false
		}
	}
	if len(s.runs) > 0 {
		s.at = s.runs[0].position
	} else {
		s.at = s.commits[0].Position
	}
	return true
}

// sources is a heap with the earliest on top.
type sources []*source

func (h sources) Len() int { return len(h) }
func (h sources) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].rank, h[j].rank)) < 0
}
func (h sources) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *sources) Push(x any)   { *h = append(*h, x.(*source)) }
func (h *sources) Pop() any {
	s := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return s
}

// until is where it becomes another source's turn.
func (h sources) until() uint64 {
	at := uint64(math.MaxUint64)
	for _, s := range h[min(1, len(h)):min(3, len(h))] {
		at = min(at, s.at)
	}
	return at
}

// The ranks of sources. An answer comes before the run that it belongs to, so that it can be joined to it.
const (
	rankTopics = iota
	rankAnswers
	rankRuns
	rankTallies
)

// readers are the goroutines that read, and their first error.
type readers struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	running sync.WaitGroup
	all     sources
	mu      sync.Mutex // guards the counts of the recovery
}

// add starts a reader.
func (rs *readers) add(rank int, read func(send func(batch) error) error) {
	batches := make(chan batch, 2)
	rs.all = append(rs.all, &source{batches: batches, rank: rank})
	rs.running.Add(1)
	go func() {
		defer rs.running.Done()
		defer close(batches)
		err := read(func(b batch) error {
			if len(b.runs)+len(b.commits) == 0 {
				return nil
			}
			select {
			case batches <- b:
				return nil
			case <-rs.ctx.Done():
				return context.Cause(rs.ctx)
			}
		})
		if err != nil {
			rs.cancel(err)
		}
	}()
}

// addAll is a source of what is in memory.
func (rs *readers) addAll(rank int, all []broker.Commit) {
	rs.add(rank, func(send func(batch) error) error { return send(batch{commits: all}) })
}

// replay hands the broker what survives, in order of position.
func (r *recovery) replay(ctx context.Context) error {
	rs := &readers{}
	rs.ctx, rs.cancel = context.WithCancelCause(ctx)
	defer rs.cancel(nil)
	rs.addAll(rankTopics, r.puts)
	rs.addAll(rankAnswers, commitsOf(r.kept))
	rs.add(rankAnswers, r.readAnswers)
	classes, err := r.classes()
	if err != nil {
		return err
	}
	for _, class := range classes {
		if class != changeClass {
			rs.add(rankRuns, func(send func(batch) error) error { return r.readClass(rs, class, send) })
		}
	}
	// Whether the run of a change lives is known when all runs before it were read, and so when it is its turn.
	rs.addAll(rankRuns, r.changes)
	rs.addAll(rankTallies, r.tallies)
	r.merge(rs)
	rs.running.Wait()
	return context.Cause(rs.ctx)
}

// classes finds which classes there are.
func (r *recovery) classes() (found []uint8, err error) {
	iter, err := r.log.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceRuns}, UpperBound: spaceEnd(spaceRuns)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for ok := iter.First(); ok; ok = iter.SeekGE([]byte{spaceRuns, found[len(found)-1] + 1}) {
		if len(iter.Key()) != runKeySize {
			return nil, &CorruptionError{Err: fmt.Errorf("key %x: %w", iter.Key(), errFormat)}
		}
		found = append(found, iter.Key()[1])
		if iter.Key()[1] == 255 {
			break
		}
	}
	return found, iter.Error()
}

// merge applies commits in order of position.
func (r *recovery) merge(rs *readers) {
	h := slices.DeleteFunc(rs.all, func(s *source) bool { return !s.next(1) })
	heap.Init(&h)
	m := merger{recovery: r}
	if len(h) > 0 {
		m.first = h[0].at
	}
	for len(h) > 0 && rs.ctx.Err() == nil {
		s, until, more := h[0], h.until(), true
		for first := true; more && (first || s.at < until); first = false {
			more = s.next(m.take(s, until))
		}
		if more {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	m.settle()
}

// merger hands what was merged to the broker.
type merger struct {
	*recovery
	pending broker.Commit // an answer whose run may follow
	first   uint64        // position
	untold  int           // commits until the progress is told again
	stretch []broker.StoredRun
}

// tellEvery is after how many commits the progress of a recovery is told.
const tellEvery = 4096

// take applies what a source has next, runs up to where it becomes another source's turn, and tells how many it took.
func (m *merger) take(s *source, until uint64) int {
	if m.untold <= 0 && m.log.options.Progress != nil {
		m.log.options.Progress(int64(s.at-m.first), int64(m.log.state.position+1-m.first))
		m.untold = tellEvery
	}
	m.untold--
	if m.pending.Position != s.at {
		m.settle()
	}
	switch {
	case len(s.runs) > 0 && m.pending.Kind == 0 && m.restore != nil:
		return m.takeStretch(s.runs, until)
	case len(s.runs) > 0:
		c := s.runs[0].commit()
		if m.pending.Kind != 0 {
			c.Producer, c.Request, c.Batch, c.Volatile = m.pending.Producer, m.pending.Request, m.pending.Batch, m.pending.Volatile
			m.pending = broker.Commit{}
		}
		m.log.apply(c)
	case s.rank == rankAnswers:
		m.pending = s.commits[0]
	default:
		m.other(&s.commits[0])
	}
	return 1
}

// takeStretch restores the first of runs, and those behind it of the same topic, and tells how many they are.
func (m *merger) takeStretch(runs []entry, until uint64) int {
	topic, stretch := runs[0].topic, m.stretch[:0]
	for i := range runs {
		e := &runs[i]
		if e.topic != topic || (i > 0 && e.position >= until) {
			break
		}
		stretch = append(stretch, e.stored())
	}
	m.stretch = stretch
	m.untold -= len(stretch) - 1
	m.restore(topic, stretch)
	return len(stretch)
}

// settle applies an answer whose run has not followed, without its messages.
func (m *merger) settle() {
	if m.pending.Kind != 0 {
		m.log.apply(m.pending)
		m.pending = broker.Commit{}
	}
}

// other replays a topic, or a change of what lives.
func (m *merger) other(c *broker.Commit) {
	change := c.Kind != broker.KindTopicPut
	if change && (m.topics[c.Topic] == nil || (c.Published != 0 && m.log.space.class(c.Published) == 0)) {
		return
	}
	m.log.apply(*c)
}

// readAnswers gives what is stored of producers, group by group: of each what the broker remembers at most.
func (r *recovery) readAnswers(send func(batch) error) error {
	all := &r.log.producers
	err := r.eachAnswers(func(position uint64, found []answer, bytes int64) error {
		all.note(position, found[len(found)-1].time, bytes, found)
		return nil
	})
	if err != nil {
		return err
	}
	return r.eachAnswers(func(_ uint64, found []answer, _ int64) error {
		return send(batch{commits: commitsOf(slices.DeleteFunc(found, func(a answer) bool {
			return a.request+broker.AnswersKept <= all.last(a.producer)
		}))})
	})
}

// eachAnswers calls f with the answers of each group.
func (r *recovery) eachAnswers(f func(position uint64, found []answer, bytes int64) error) error {
	var found []answer
	return eachOf(r.log.db, spaceAnswers, func(k, v []byte) (err error) {
		found, err = decodeAnswers(k, v, found[:0])
		position, _ := numberOf(k, 9)
		if err != nil || len(found) == 0 {
			return &CorruptionError{Position: position, Err: fmt.Errorf("answers to producers: %w", errors.Join(err, errFormat))}
		}
		return f(position, found, int64(len(v)))
	})
}
