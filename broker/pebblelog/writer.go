package pebblelog

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// writer makes batches of groups. It belongs to whoever has the queue's turn.
type writer struct {
	log     *Log
	runs    [256][]storedRun // by class
	classes []uint8          // that have runs
	size    int              // of all of these, about
	answers []answer
	touched []*topicState // topics that used sequences, or were put
	evicted []*topicState // topics of which evictions have come further
	header  []byte
	live    []uint64
	lasting bool // something of the group has to be on disk
	passing bool // something of it is now or never

	// Of the group that is being written, to be noted once Pebble has it.
	added        []addition
	topics       []*broker.Commit // that were made, changed or deleted
	changes      []broker.Commit
	changeBytes  []int64 // of these, on disk
	answersBytes int64
	first        uint64
}

// What is stored takes about so many bytes beyond messages: a run, an answer, and a group itself.
const (
	storedRunSize = 24
	answerSize    = 40
	groupSize     = 512
)

// addition is a record that was written.
type addition struct {
	class uint8
	runs  []storedRun
	live  []uint64
	bytes int64
}

func newWriter(l *Log) *writer { return &writer{log: l} }

// form orders proposals and puts what has to last into a batch.
func (w *writer) form(items []*chunk) *group {
	s := &w.log.state
	s.time = max(s.time, w.log.options.Clock.Now())
	g := &group{items: items}
	w.first = s.position + 1
	w.passing, w.lasting = false, false
	for _, chunk := range items {
		for i := range chunk.items {
			it := &chunk.items[i]
			t, err := s.assign(&it.Commit)
			if it.err = err; err == nil {
				w.take(g, &it.Commit, t)
			}
		}
	}
	if w.lasting || (w.passing && w.reservationDue()) {
		w.write(g)
	}
	for _, t := range w.touched {
		t.touched = false
	}
	clear(w.touched)
	w.touched = w.touched[:0]
	return g
}

// take notes what a commit leaves on disk: nothing, if it is now or never and nobody will ask for its answer.
func (w *writer) take(g *group, c *broker.Commit, t *topicState) {
	if c.Kind == broker.KindPublished && c.TTL == 0 {
		w.touch(t)
		t.passing, w.passing = true, true
		if c.Request != 0 {
			w.collectAnswer(c)
			w.lasting, g.content = true, true
		}
		return
	}
	w.lasting = true
	g.content = g.content || c.Kind != broker.KindClock
	w.collect(c, t)
}

// touch notes that a topic's next sequence has to be stored.
func (w *writer) touch(t *topicState) {
	if !t.touched {
		t.touched = true
		w.touched = append(w.touched, t)
	}
}

// collect sorts a commit into what is written of its group.
func (w *writer) collect(c *broker.Commit, t *topicState) {
	if c.Request != 0 && (c.Kind == broker.KindPublished || c.Kind == broker.KindProducer) {
		w.collectAnswer(c)
	}
	switch c.Kind {
	case broker.KindPublished:
		w.touch(t)
		t.policies.published(c.Position)
		class := classOf(c.TTL)
		w.size += len(c.Body) + storedRunSize
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
	case broker.KindTopicPut, broker.KindTopicDeleted:
		w.topics = append(w.topics, c)
		w.log.noteTopic(c, t)
		w.touch(t)
	case broker.KindEvicted:
		w.collectEvicted(c, t)
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
		if t.next > t.reserved {
			return true
		}
	}
	return false
}

// write fills the group's batch. Errors of a batch in memory are errors of this code; Pebble checks the whole again.
func (w *writer) write(g *group) {
	s := &w.log.state
	b := w.log.db.NewBatchWithSize(w.size+len(w.answers)*answerSize+groupSize, pebble.WithMaxRetainedSizeBytes(2*groupBytes))
	g.batch = b
	s.group++
	g.number = s.group
	for _, c := range w.topics {
		w.writeTopic(g, c)
	}
	slices.SortFunc(w.touched, func(x, y *topicState) int { return cmp.Compare(x.id, y.id) })
	for _, t := range w.touched {
		if s.topics[t.id] == t {
			w.writeNext(g, t)
		}
	}
	for _, class := range w.classes {
		w.writeRuns(g, class)
	}
	w.writeEvicted(b)
	w.writeChanges(g)
	if len(w.answers) > 0 {
		k := key(spaceAnswers, w.first)
		value := encodeAnswers(k, s.time, w.answers)
		w.answersBytes = int64(len(value))
		_ = b.Set(k, value, nil)
	}
	s.reserved = max(s.reserved, s.position)
	if w.passing && s.reserved < s.position+reservePositions/2 {
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
	case broker.KindTopicDeleted:
		_ = g.batch.DeleteRange(key(spaceTopics, uint64(id)), key(spaceTopics, uint64(id)+1), nil)
		_ = g.batch.Delete(key(spaceNext, uint64(id)), nil)
		_ = g.batch.Delete(key(spaceEvicted, uint64(id)), nil)
		_ = g.batch.Delete(key(spaceTallies, uint64(id)), nil)
	}
}

// writeNext stores how far a topic's sequences have come. Where numbers went to what is never written, more are reserved.
func (w *writer) writeNext(g *group, t *topicState) {
	k := key(spaceNext, uint64(t.id))
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
func (w *writer) written() {
	l := w.log
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
	clear(w.topics)
	clear(w.answers)
	clear(w.added)
	w.added, w.changes, w.changeBytes, w.answers, w.live, w.answersBytes = w.added[:0], w.changes[:0], w.changeBytes[:0], w.answers[:0], w.live[:0], 0
	w.classes, w.topics, w.size = w.classes[:0], w.topics[:0], 0
}
