package pebblelog

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"

	"linger/broker"
)

// writer makes batches of groups. It belongs to the committing goroutine.
type writer struct {
	log     *Log
	runs    [256][]storedRun // by class
	classes []uint8          // that have runs
	answers []answer
	touched map[broker.TopicID]*topicState // topics that used sequences, or were put
	header  []byte
	live    []uint64

	// Of the group that is being written, to be noted once Pebble has it.
	added        []addition
	changes      []broker.Commit
	changeBytes  []int64 // of these, on disk
	answersBytes int64
	first        uint64
}

// addition is a record that was written.
type addition struct {
	class uint8
	runs  []storedRun
	live  []uint64
	bytes int64
}

func newWriter(l *Log) *writer { return &writer{log: l, touched: map[broker.TopicID]*topicState{}} }

// form orders proposals and puts what has to last into a batch.
func (w *writer) form(queue []proposed) *group {
	s := &w.log.state
	s.time = max(s.time, w.log.options.Clock.Now())
	g := &group{items: make([]item, len(queue)), written: make(chan struct{})}
	w.first = s.position + 1
	lasting, passing := false, false
	for i := range queue {
		it := &g.items[i]
		it.done = queue[i].done
		if it.Commit, it.err = s.assign(queue[i].Proposal); it.err != nil {
			continue
		}
		c := &it.Commit
		if c.Kind == broker.KindPublished && c.TTL == 0 {
			t := s.topics[c.Topic]
			w.touched[c.Topic], t.passing, passing = t, true, true
			if c.Request == 0 {
				continue // nothing of it is written
			}
			w.collectAnswer(c)
			lasting, g.content = true, true
			continue
		}
		lasting = true
		g.content = g.content || c.Kind != broker.KindClock
		w.log.noteTopic(c)
		w.collect(c)
	}
	if lasting || (passing && w.reservationDue()) {
		w.write(g, passing)
	}
	clear(w.touched)
	return g
}

// collect sorts a commit into what is written of its group.
func (w *writer) collect(c *broker.Commit) {
	if c.Request != 0 && (c.Kind == broker.KindPublished || c.Kind == broker.KindProducer) {
		w.collectAnswer(c)
	}
	switch c.Kind {
	case broker.KindPublished:
		w.touched[c.Topic] = w.log.state.topics[c.Topic]
		class := classOf(c.TTL)
		if len(w.runs[class]) == 0 {
			w.classes = append(w.classes, class)
		}
		w.runs[class] = append(w.runs[class], storedRun{
			entry: entry{
				position: c.Position, topic: c.Topic, first: c.First, count: c.Count, size: len(c.Body), at: c.Time, ttl: c.TTL,
				adjustment: c.Adjustment,
			},
			sum: crc32.Checksum(c.Body, castagnoli), body: c.Body,
		})
	case broker.KindDeadline, broker.KindDeleted:
		w.changes = append(w.changes, *c)
	}
}

// collectAnswer has what a producer is told written.
func (w *writer) collectAnswer(c *broker.Commit) {
	w.answers = append(w.answers, answerOf(c))
}

// reservationDue tells whether what is never written has used up the numbers that were reserved for it, or a second
// since the time was stored.
func (w *writer) reservationDue() bool {
	s := &w.log.state
	if s.position > s.reserved || s.time.Sub(s.stored) >= time.Second {
		return true
	}
	for _, t := range w.touched {
		if t != nil && t.next > t.reserved {
			return true
		}
	}
	return false
}

// write fills the group's batch. Errors of a batch in memory are errors of this code; Pebble checks the whole again.
func (w *writer) write(g *group, passing bool) {
	s := &w.log.state
	b := w.log.db.NewBatchWithSize(4096)
	g.batch = b
	s.group++
	g.number = s.group
	for i := range g.items {
		if it := &g.items[i]; it.err == nil {
			w.writeTopic(g, &it.Commit)
		}
	}
	for _, id := range sortedTopics(w.touched) {
		if t := s.topics[id]; t != nil {
			w.writeNext(g, id, t)
		}
	}
	for _, class := range w.classes {
		w.writeRuns(g, class)
	}
	w.writeChanges(g)
	if len(w.answers) > 0 {
		k := key(spaceAnswers, w.first)
		value := encodeAnswers(k, s.time, w.answers)
		w.answersBytes = int64(len(value))
		_ = b.Set(k, value, nil)
	}
	s.reserved = max(s.reserved, s.position)
	if passing && s.reserved < s.position+reservePositions/2 {
		s.reserved = s.position + reservePositions
	}
	k := key(spaceGroups, g.number)
	r := groupRecord{first: w.first, last: s.position, time: s.time, reserved: s.reserved}
	_ = b.Set(k, r.encode(k), nil)
	s.stored = s.time
}

// writeTopic stores what a topic is, or that it is gone.
func (w *writer) writeTopic(g *group, c *broker.Commit) {
	id := c.Topic
	if id == 0 {
		id = broker.TopicID(c.Position)
	}
	switch c.Kind {
	case broker.KindTopicPut:
		k := topicKey(id, c.Position)
		_ = g.batch.Set(k, encodeTopic(k, c), nil)
		if t := w.log.state.topics[id]; t != nil {
			w.touched[id] = t
		}
	case broker.KindTopicDeleted:
		_ = g.batch.DeleteRange(key(spaceTopics, uint64(id)), key(spaceTopics, uint64(id)+1), nil)
		_ = g.batch.Delete(key(spaceNext, uint64(id)), nil)
	}
}

// writeNext stores how far a topic's sequences have come. Where numbers went to what is never written, more are reserved.
func (w *writer) writeNext(g *group, id broker.TopicID, t *topicState) {
	k := key(spaceNext, uint64(id))
	if t.passing && t.reserved < t.next+reserveSequences/2 {
		t.reserved = t.next + reserveSequences
	}
	t.passing = false
	t.reserved = max(t.reserved, t.next)
	_ = g.batch.Set(k, encodeNext(k, t.next, t.reserved), nil)
}

// writeRuns stores the runs of one class, in records of bounded size.
func (w *writer) writeRuns(g *group, class uint8) {
	runs := w.runs[class]
	for len(runs) > 0 {
		n, size := 1, runs[0].size
		for n < len(runs) && n < recordRuns && size+runs[n].size <= recordBytes {
			size += runs[n].size
			n++
		}
		w.added = append(w.added, w.writeRecord(g, class, runs[:n], size))
		runs = runs[n:]
	}
}

func (w *writer) writeRecord(g *group, class uint8, runs []storedRun, size int) addition {
	w.header = recordHeader(w.header[:0], runs[0].position, runs)
	total := recordPrefix + len(w.header) + size
	d := g.batch.SetDeferred(runKeySize, total)
	d.Key[0], d.Key[1] = spaceRuns, class
	binary.BigEndian.PutUint64(d.Key[2:], runs[0].position)
	fillRecord(d.Value, d.Key, w.header, runs)
	_ = d.Finish()
	start := len(w.live)
	for i := range runs {
		w.live = append(w.live, runs[i].position)
	}
	return addition{class, runs, w.live[start:], int64(runKeySize + total)}
}

// writeChanges stores changes of runs that are still there.
func (w *writer) writeChanges(g *group) {
	w.changes = slices.DeleteFunc(w.changes, func(c broker.Commit) bool {
		return c.Published != 0 && w.log.space.class(c.Published) == 0
	})
	for i := range w.changes {
		c := &w.changes[i]
		k := runKey(changeClass, c.Position)
		value := encodeChange(k, c)
		_ = g.batch.Set(k, value, nil)
		w.changeBytes = append(w.changeBytes, int64(len(k)+len(value)))
	}
}

// written notes what Pebble has taken.
func (w *writer) written(l *Log) {
	for i := range w.added {
		a := &w.added[i]
		l.space.add(a.class, a.live[0], a.runs, a.bytes, a.live)
	}
	for _, class := range w.classes {
		clear(w.runs[class])
		w.runs[class] = w.runs[class][:0]
	}
	for i := range w.changes {
		c := &w.changes[i]
		l.space.addChange(c.Position, w.changeBytes[i])
		l.keepChange(c)
	}
	if len(w.answers) > 0 {
		l.producers.note(w.first, l.state.time, w.answersBytes, w.answers)
	}
	clear(w.answers)
	clear(w.added)
	w.added, w.changes, w.changeBytes, w.answers, w.live, w.answersBytes = w.added[:0], w.changes[:0], w.changeBytes[:0], w.answers[:0], w.live[:0], 0
	w.classes = w.classes[:0]
}
