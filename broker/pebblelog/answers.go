package pebblelog

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker"
)

// What a producer was answered outlives its messages (contract 12). Each group stores the answers that it gives, under
// its first position. They go when nobody may ask any more, or when there are more than answersBytes; then the last
// request of each producer that is still remembered is kept on its own, so that its numbers go on.
const (
	answersBytes = 32 << 20
	spanBytes    = answersBytes / 32
	spanTime     = 10 * time.Second
)

// answer is what a producer was told of a batch. KindProducer stands for a request that ended without a message.
type answer struct {
	kind       broker.Kind
	adjustment broker.Adjustment
	producer   broker.ProducerID
	request    uint64
	batch      int
	position   uint64
	time       broker.Instant
	topic      broker.TopicID
	first      uint64
	count      int
	ttl        time.Duration
	volatile   bool // the producer publishes to another log's topics, too
}

func answerOf(c *broker.Commit) answer {
	return answer{
		kind: c.Kind, adjustment: c.Adjustment, producer: c.Producer, request: c.Request, batch: c.Batch,
		position: c.Position, time: c.Time, topic: c.Topic, first: c.First, count: c.Count, ttl: c.TTL, volatile: c.Volatile,
	}
}

// commit is what the answer was given to, without its messages.
func (a *answer) commit() broker.Commit {
	return broker.Commit{
		Proposal: broker.Proposal{
			Kind: a.kind, Topic: a.topic, Count: a.count, TTL: a.ttl, Adjustment: a.adjustment,
			Producer: a.producer, Request: a.request, Batch: a.batch, Volatile: a.volatile,
		},
		Position: a.position, Time: a.time, First: a.first,
	}
}

func commitsOf(all []answer) []broker.Commit {
	commits := make([]broker.Commit, len(all))
	for i := range all {
		commits[i] = all[i].commit()
	}
	return commits
}

// What stands beside the kind in an answer's first byte.
const (
	answerVolatile = 1 << 6
	answerSame     = 1 << 7 // the producer is that of the answer before
)

// encodeAnswers writes answers of commits, none made before at.
func encodeAnswers(key []byte, at broker.Instant, all []answer) []byte {
	b := binary.AppendUvarint(nil, uint64(at))
	b = binary.AppendUvarint(b, uint64(len(all)))
	var producer broker.ProducerID
	position := uint64(0)
	for i := range all {
		a := &all[i]
		head := byte(a.kind)
		if a.volatile {
			head |= answerVolatile
		}
		same := a.producer == producer
		if same {
			head |= answerSame
		}
		b = append(b, head)
		if !same {
			b = append(b, a.producer[:]...)
			producer = a.producer
		}
		b = binary.AppendUvarint(b, a.request)
		b = binary.AppendUvarint(b, a.position-position)
		b = binary.AppendUvarint(b, uint64(a.time-at))
		position = a.position
		if a.kind != broker.KindPublished {
			continue
		}
		for _, v := range [...]uint64{uint64(a.batch), uint64(a.topic), a.first, uint64(a.count), uint64(a.ttl.Milliseconds()), uint64(a.adjustment)} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return sealed(b, key)
}

// decodeAnswers appends what encodeAnswers wrote to all.
func decodeAnswers(key, value []byte, all []answer) ([]answer, error) {
	b, err := unsealed(value, key)
	if err != nil {
		return nil, err
	}
	r := reader{b: b}
	at := broker.Instant(r.uint())
	n := r.uint()
	if n > uint64(len(b)) {
		return nil, errFormat
	}
	var producer broker.ProducerID
	position := uint64(0)
	for range n {
		head := r.bytes(1)
		if r.bad {
			return nil, errFormat
		}
		var a answer
		a.kind = broker.Kind(head[0] &^ (answerVolatile | answerSame))
		a.volatile = head[0]&answerVolatile != 0
		if head[0]&answerSame == 0 {
			copy(producer[:], r.bytes(uint64(len(producer))))
		}
		a.producer, a.request = producer, r.uint()
		position += r.uint()
		a.position, a.time = position, at+broker.Instant(r.uint())
		if a.kind == broker.KindPublished {
			a.batch, a.topic, a.first, a.count = int(r.uint()), broker.TopicID(r.uint()), r.uint(), int(r.uint())
			a.ttl, a.adjustment = r.millis(), broker.Adjustment(r.uint())
		}
		all = append(all, a)
	}
	return all, r.err()
}

// producers knows what is stored of producers. Safe for concurrent use.
type producers struct {
	mu    sync.Mutex
	spans []span // of what is stored in spaceAnswers, in order
	bytes int64
	byID  map[broker.ProducerID]*lastRequest
}

// span is a stretch of spaceAnswers that goes at once.
type span struct {
	first, last uint64
	bytes       int64
	began, time broker.Instant // of its first and last answer
}

// lastRequest is a producer's last request.
type lastRequest struct {
	answers []answer // in order of position
	stored  bool     // under spaceProducer, too
}

// note takes the answers of one group, which were stored under position.
func (p *producers) note(position uint64, at broker.Instant, bytes int64, all []answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.spans); n == 0 || p.spans[n-1].bytes > spanBytes || at.Sub(p.spans[n-1].began) > spanTime {
		p.spans = append(p.spans, span{first: position, began: at})
	}
	s := &p.spans[len(p.spans)-1]
	s.last, s.time = position, at
	s.bytes += bytes
	p.bytes += bytes
	for i := range all {
		p.noteLocked(all[i])
	}
}

func (p *producers) noteLocked(a answer) {
	if p.byID == nil {
		p.byID = map[broker.ProducerID]*lastRequest{}
	}
	l := p.byID[a.producer]
	if l == nil {
		l = &lastRequest{}
		p.byID[a.producer] = l
	}
	if n := len(l.answers); n > 0 {
		switch last := &l.answers[n-1]; {
		case a.position <= last.position, a.request < last.request:
			return
		case a.request > last.request:
			l.answers = l.answers[:0]
		}
	}
	l.answers = append(l.answers, a)
	l.stored = false
}

// last is the number of a producer's last request, 0 when it is not known.
func (p *producers) last(id broker.ProducerID) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.byID[id]; l != nil {
		return l.answers[0].request
	}
	return 0
}

// trim writes into b what forgets the answers that are too old or too many, and the producers that nobody used.
func (p *producers) trim(b *pebble.Batch, now broker.Instant) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for bytes := p.bytes; n < len(p.spans); n++ {
		s := &p.spans[n]
		if bytes <= answersBytes && now.Sub(s.time) < broker.ProducerIdle {
			break
		}
		bytes -= s.bytes
	}
	if n > 0 {
		if err := p.dropLocked(b, n); err != nil {
			return err
		}
	}
	for id, l := range p.byID {
		if now.Sub(l.answers[0].time) < broker.ProducerIdle {
			continue
		}
		delete(p.byID, id)
		if l.stored {
			if err := b.Delete(producerKey(id), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropLocked forgets the first n spans.
func (p *producers) dropLocked(b *pebble.Batch, n int) error {
	last := p.spans[n-1].last
	for id, l := range p.byID {
		if l.stored || l.answers[0].position > last {
			continue
		}
		k := producerKey(id)
		if err := b.Set(k, encodeAnswers(k, l.answers[0].time, l.answers), nil); err != nil {
			return err
		}
		l.stored = true
	}
	for _, s := range p.spans[:n] {
		p.bytes -= s.bytes
	}
	p.spans = slices.Delete(p.spans, 0, n)
	// From the beginning on: one tombstone takes up those before it.
	return b.DeleteRange([]byte{spaceAnswers}, key(spaceAnswers, last+1), nil)
}

func sortAnswers(all []answer) {
	slices.SortFunc(all, func(x, y answer) int { return cmp.Compare(x.position, y.position) })
}

func producerKey(id broker.ProducerID) []byte { return append([]byte{spaceProducer}, id[:]...) }

// restore takes what spaceProducer holds of a producer.
func (p *producers) restore(all []answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range all {
		p.noteLocked(all[i])
	}
	p.byID[all[0].producer].stored = true
}
