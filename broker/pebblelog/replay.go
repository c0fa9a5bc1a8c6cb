package pebblelog

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// What is on disk by class is replayed by position: each class is read, checked and copied by a goroutine of its own, in
// batches, and the batches are merged.

// batchCommits bounds what is read ahead of the broker.
const batchCommits = 512

// source gives commits in order of position.
type source struct {
	batches <-chan []broker.Commit
	batch   []broker.Commit
	rank    int // of two at one position, the lower comes first
}

// next moves to the next commit; false at the end.
func (s *source) next() bool {
	if len(s.batch) > 1 {
		s.batch = s.batch[1:]
		return true
	}
	var ok bool
	s.batch, ok = <-s.batches
	return ok
}

type sources []*source

func (h sources) Len() int { return len(h) }
func (h sources) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].batch[0].Position, h[j].batch[0].Position), cmp.Compare(h[i].rank, h[j].rank)) < 0
}
func (h sources) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *sources) Push(x any)   { *h = append(*h, x.(*source)) }
func (h *sources) Pop() any {
	s := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return s
}

// The ranks of sources. An answer comes before the run that it belongs to, so that it can be joined to it.
const (
	rankTopics = iota
	rankAnswers
	rankRuns
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
func (rs *readers) add(rank int, read func(send func([]broker.Commit) error) error) {
	batches := make(chan []broker.Commit, 2)
	rs.all = append(rs.all, &source{batches: batches, rank: rank})
	rs.running.Add(1)
	go func() {
		defer rs.running.Done()
		defer close(batches)
		err := read(func(batch []broker.Commit) error {
			select {
			case batches <- batch:
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
	if len(all) > 0 {
		rs.add(rank, func(send func([]broker.Commit) error) error { return send(all) })
	}
}

func sortAnswers(all []answer) {
	slices.SortFunc(all, func(x, y answer) int { return cmp.Compare(x.Position, y.Position) })
}

// replay hands the broker what survives, in order of position.
func (r *recovery) replay(ctx context.Context) error {
	rs := &readers{}
	rs.ctx, rs.cancel = context.WithCancelCause(ctx)
	defer rs.cancel(nil)
	rs.addAll(rankTopics, r.puts)
	kept := make([]broker.Commit, len(r.kept))
	for i := range r.kept {
		kept[i] = r.kept[i].Commit
	}
	rs.addAll(rankAnswers, kept)
	rs.add(rankAnswers, r.readAnswers)
	classes, err := r.classes()
	if err != nil {
		return err
	}
	for _, class := range classes {
		if class != changeClass {
			rs.add(rankRuns, func(send func([]broker.Commit) error) error { return r.readClass(rs, class, send) })
		}
	}
	// Whether the run of a change lives is known when all runs before it were read, and so when it is its turn.
	rs.addAll(rankRuns, r.changes)
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
	h := slices.DeleteFunc(rs.all, func(s *source) bool { return !s.next() })
	heap.Init(&h)
	var first uint64
	if len(h) > 0 {
		first = h[0].batch[0].Position
	}
	var pending broker.Commit // an answer whose run may follow
	for n := 0; len(h) > 0; n++ {
		if n%4096 == 0 && r.log.options.Progress != nil {
			r.log.options.Progress(int64(h[0].batch[0].Position-first), int64(r.log.state.position+1-first))
		}
		if rs.ctx.Err() != nil {
			return
		}
		c := h[0].batch[0]
		if pending.Kind != 0 && pending.Position != c.Position {
			r.log.apply(pending) // without its messages
			pending = broker.Commit{}
		}
		switch {
		case h[0].rank == rankAnswers:
			pending = c
		case c.Kind == broker.KindPublished:
			c.Producer, c.Request, c.Batch = pending.Producer, pending.Request, pending.Batch
			pending = broker.Commit{}
			r.log.apply(c)
		default:
			r.applyOther(c)
		}
		if h[0].next() {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	if pending.Kind != 0 {
		r.log.apply(pending)
	}
}

// applyOther replays a topic, or a change of what lives.
func (r *recovery) applyOther(c broker.Commit) {
	change := c.Kind != broker.KindTopicPut
	if change && (r.topics[c.Topic] == nil || (c.Published != 0 && r.log.space.class(c.Published) == 0)) {
		return
	}
	r.log.apply(c)
}

// readAnswers gives what is stored of producers, group by group.
func (r *recovery) readAnswers(send func([]broker.Commit) error) error {
	return eachOf(r.log.db, spaceAnswers, func(k, v []byte) error {
		all, err := decodeAnswers(k, v)
		position, _ := numberOf(k, 9)
		if err != nil || len(all) == 0 {
			return &CorruptionError{Position: position, Err: fmt.Errorf("answers to producers: %w", errors.Join(err, errFormat))}
		}
		r.log.producers.note(position, all[len(all)-1].Time, int64(len(v)), all)
		batch := make([]broker.Commit, len(all))
		for i := range all {
			batch[i] = all[i].Commit
		}
		return send(batch)
	})
}

// readClass gives the living runs of a class, checked but without their bodies: the broker loads what it wants.
func (r *recovery) readClass(rs *readers, class uint8, send func([]broker.Commit) error) error {
	var rec record
	var batch []broker.Commit
	var stats Recovery
	flush := func() error {
		all := batch
		batch = make([]broker.Commit, 0, batchCommits)
		if len(all) == 0 {
			return nil
		}
		return send(all)
	}
	var live []uint64
	err := each(r.log.db, runKey(class, 0), runKey(class+1, 0), func(k, v []byte) error {
		if err := rec.decode(k, v); err != nil {
			position, _ := numberOf(k, runKeySize)
			return &CorruptionError{Position: position, Err: err}
		}
		live = live[:0]
		for i := range rec.runs {
			s := &rec.runs[i]
			if gone := r.released.gone(class, s.position); gone || !r.alive(s, rec.time) {
				stats.Dead += uint64(s.count)
				if !gone && max(s.deadline(rec.time), r.changed[s.position]) > r.log.opened.newestRecord.time {
					stats.Expired += uint64(s.count)
				}
				continue
			}
			if err := s.verify(); err != nil {
				return &CorruptionError{Topic: s.topic, Position: s.position, Err: err}
			}
			live = append(live, s.position)
			batch = append(batch, s.commit(rec.time))
			stats.Runs++
			stats.Messages += uint64(s.count)
			stats.Bytes += int64(s.size)
		}
		first, _ := numberOf(k, runKeySize) // lower than its first run's, where that was cut from a record written again
		last := rec.runs[len(rec.runs)-1].position
		r.log.space.add(class, first, last, len(rec.runs), int64(len(k)+len(v)), live)
		if len(batch) >= batchCommits {
			return flush()
		}
		return nil
	})
	rs.mu.Lock()
	r.stats.Runs += stats.Runs
	r.stats.Messages += stats.Messages
	r.stats.Bytes += stats.Bytes
	r.stats.Dead += stats.Dead
	r.stats.Expired += stats.Expired
	rs.mu.Unlock()
	if err != nil {
		return err
	}
	return flush()
}
