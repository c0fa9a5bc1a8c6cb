package pebblelog

import (
	"cmp"
	"math"
	"slices"

	"linger/broker"
)

// classReader reads the runs of one class for a recovery, by the index where there is one.
type classReader struct {
	*recovery
	class uint8
	send  func(batch) error
	rec   record
	topic *topicState // of the run before
	live  []uint64    // positions, of what is being read
	batch []entry
	stats Recovery
}

// readClass gives the living runs of a class without their messages: the broker loads what it wants.
func (r *recovery) readClass(rs *readers, class uint8, send func(batch) error) error {
	c := &classReader{recovery: r, class: class, send: send}
	from := uint64(0)
	err := r.readIndexes(rs, class, func(x *blockIndex) error {
		if err := c.records(from, x.first); err != nil {
			return err
		}
		from = x.last + 1
		return c.indexed(x)
	})
	if err == nil {
		err = c.records(from, math.MaxUint64)
	}
	if err == nil {
		err = c.flush()
	}
	rs.mu.Lock()
	r.stats.add(&c.stats)
	rs.mu.Unlock()
	return err
}

func (r *Recovery) add(s *Recovery) {
	r.Runs += s.Runs
	r.Messages += s.Messages
	r.Bytes += s.Bytes
	r.Dead += s.Dead
	r.Expired += s.Expired
	r.Indexed += s.Indexed
}

// indexed takes what the index says of a block.
func (c *classReader) indexed(x *blockIndex) error {
	c.live = c.live[:0]
	c.stats.Indexed += x.runs
	if x.until <= c.log.opened.newestRecord.time && !c.mayLive(x) {
		c.stats.Dead += x.messages // and were before the log was closed
		c.log.space.addIndexed(x, nil)
		return nil
	}
	for i := range x.entries {
		c.take(&x.entries[i])
	}
	c.log.space.addIndexed(x, c.live)
	return c.flushFull()
}

// mayLive tells whether something in a block may live longer than it was published for.
func (c *classReader) mayLive(x *blockIndex) bool {
	if len(c.orphans) > 0 {
		return true
	}
	i, _ := slices.BinarySearch(c.extended, x.first)
	return i < len(c.extended) && c.extended[i] <= x.last
}

// records reads what lies from one position up to another, and checks it.
func (c *classReader) records(from, to uint64) error {
	if from >= to {
		return nil
	}
	return each(c.log.db, runKey(c.class, from), runKey(c.class, to), func(k, v []byte) error {
		position, _ := numberOf(k, runKeySize)
		if err := c.rec.decode(k, v); err != nil {
			return &CorruptionError{Position: position, Err: err}
		}
		c.live = c.live[:0]
		for i := range c.rec.runs {
			s := &c.rec.runs[i]
			if !c.take(&s.entry) {
				continue
			}
			if err := s.verify(); err != nil {
				return &CorruptionError{Topic: s.topic, Position: s.position, Err: err}
			}
		}
		c.log.space.add(c.class, position, c.rec.runs, int64(len(k)+len(v)), c.live)
		return c.flushFull()
	})
}

// take looks at a run and tells whether it lives.
func (c *classReader) take(e *entry) bool {
	if c.topic == nil || c.topic.id != e.topic {
		c.topic = c.topics[e.topic]
	}
	gone := c.released.gone(c.class, e.position) || c.topic.hasEvicted(e)
	if gone || c.topic == nil || !c.alive(e) {
		c.stats.Dead += uint64(e.count)
		if !gone && max(e.deadline(), c.changed[e.position]) > c.log.opened.newestRecord.time {
			c.stats.Expired += uint64(e.count)
		}
		return false
	}
	c.topic.policies.published(e.position)
	c.live = append(c.live, e.position)
	c.batch = append(c.batch, *e)
	c.stats.Runs++
	c.stats.Messages += uint64(e.count)
	c.stats.Bytes += int64(e.size)
	return true
}

// alive tells whether a run of a topic that exists, or part of it, still lives.
func (r *recovery) alive(e *entry) bool {
	if e.deadline() > r.now || (len(r.changed) > 0 && r.changed[e.position] > r.now) {
		return true
	}
	if len(r.orphans) == 0 {
		return false
	}
	return slices.ContainsFunc(r.orphans[e.topic], func(c broker.Commit) bool {
		return c.Deadline > r.now && c.Sequence >= e.first && c.Sequence < e.first+uint64(e.count)
	})
}

// flushFull sends what was read, when that is enough. What is sent is known to the space.
func (c *classReader) flushFull() error {
	if len(c.batch) < batchRuns {
		return nil
	}
	return c.flush()
}

func (c *classReader) flush() error {
	all := c.batch
	c.batch = make([]entry, 0, cmp.Or(cap(all), batchRuns))
	return c.send(batch{runs: all})
}
