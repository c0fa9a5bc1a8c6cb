package wire

import (
	"math"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"linger/broker"
)

// Request is a linger.v1.PublishRequest, read from its wire bytes into what the broker takes.
type Request struct {
	Limits Limits // set before reading

	Number   uint64
	Answered uint64
	Producer broker.ProducerID // zero: none
	Batches  []broker.Batch
	Size     int   // encoded
	Err      error // what is wrong with the request as a whole; nothing of it may be published
}

// ReadFrom fills the request. It keeps nothing of data, so that the transport's buffers go back to their pool: each body
// is an allocation of its own, exactly sized, so that batches are freed one by one. Only where nearly all of a long
// request is one body is that body a part of the one copy that was made of the request.
func (r *Request) ReadFrom(data mem.BufferSlice) {
	if len(data) == 1 {
		r.read(data[0].ReadOnlyData(), false)
		return
	}
	own := make([]byte, data.Len())
	data.CopyTo(own)
	r.read(own, true)
}

// Read is ReadFrom for bytes that lie together and stay the caller's.
func (r *Request) Read(b []byte) { r.read(b, false) }

// read fills the request from b, of which bodies may be parts when it is own.
func (r *Request) read(b []byte, own bool) {
	w := walker{limits: r.Limits, batch: -1, message: -1}
	if own {
		w.whole = len(b) - len(b)/wholeShare
	}
	*r = Request{Limits: r.Limits, Size: len(b)}
	if most := r.Limits.request(); len(b) > most {
		r.Err = w.malformed("", "the request has %d bytes; it may have %d: send more, smaller ones", len(b), most)
		return
	}
	r.Err = r.walk(&w, b)
	if r.Err != nil {
		r.Batches = nil
	}
}

// wholeShare is what part of a request may be kept in memory besides its one body: a 64th.
const wholeShare = 64

func (r *Request) walk(w *walker, b []byte) error {
	for len(b) > 0 {
		f, err := w.next(b)
		if err != nil {
			return err
		}
		b = b[f.size:]
		switch {
		case f.num == requestNumber && f.typ == protowire.VarintType:
			r.Number = f.number
		case f.num == requestAnswered && f.typ == protowire.VarintType:
			r.Answered = f.number
		case f.num == requestProducer && f.typ == protowire.BytesType:
			if len(f.value) != 0 && len(f.value) != len(r.Producer) {
				return w.malformed("producer_id", "%d bytes; it has 16 random ones, or none", len(f.value))
			}
			r.Producer = broker.ProducerID{}
			copy(r.Producer[:], f.value)
		case f.num == requestBatches && f.typ == protowire.BytesType:
			if len(r.Batches) == MaxBatches {
				return w.malformed("batches", "more than %d batches in the request: send more, smaller ones", MaxBatches)
			}
			w.batch = len(r.Batches)
			batch, err := w.walkBatch(f.value)
			if err != nil {
				return err
			}
			r.Batches = append(r.Batches, batch)
			w.batch = -1
		}
	}
	return nil
}

// region is where a batch's messages stand.
type region struct {
	start, end int // of the first and behind the last frame
	size       int // the messages, framed as the broker wants them
	gathered   bool
}

// add notes the frame at offset. Frames that do not lie together, or whose framing is longer than it need be, must be
// written anew.
func (r *region) add(offset int, f field) {
	size := frameSize(len(f.value))
	if r.size == 0 {
		r.start = offset
	} else if r.end != offset {
		r.gathered = true
	}
	if f.size != size {
		r.gathered = true
	}
	r.end = offset + f.size
	r.size += size
}

func frameSize(n int) int { return 1 + protowire.SizeBytes(n) }

func (w *walker) walkBatch(b []byte) (broker.Batch, error) {
	var (
		batch  broker.Batch
		topic  []byte
		ttl    secondsAndNanos
		expire secondsAndNanos
		frames region
	)
	w.broken, w.brokenMessage = nil, -1
	for offset := 0; offset < len(b); {
		f, err := w.next(b[offset:])
		if err != nil {
			return batch, err
		}
		if f.num == batchFirst && f.typ == protowire.VarintType {
			batch.First = f.number
		}
		if f.typ == protowire.BytesType {
			switch f.num {
			case batchTopic:
				if !utf8.Valid(f.value) {
					return batch, w.malformed("topic", "not UTF-8")
				}
				topic = f.value
			case batchTTL:
				if err := ttl.merge(w, f.value); err != nil {
					return batch, err
				}
			case batchExpire:
				if err := expire.merge(w, f.value); err != nil {
					return batch, err
				}
			case messages:
				if err := w.countedMessage(batch.Count, f.value); err != nil {
					return batch, err
				}
				frames.add(offset, f)
				batch.Count++
			}
		}
		offset += f.size
	}
	batch.TTL, batch.HasTTL = ttl.duration(w)
	batch.Deadline = expire.instant(w)
	if ttl.set && expire.set {
		w.breaks("expire_time", "together with ttl; a lifetime is asked as one or the other")
	}
	if batch.Count == 0 {
		w.breaks("messages", "none; a batch has 1 to %d", MaxMessages)
	}
	batch.Topic = string(topic)
	batch.FailedMessage = w.brokenMessage
	if w.broken != nil {
		batch.Err = w.broken
		return batch, nil
	}
	batch.Body = frames.body(b, w.whole > 0 && frames.size >= w.whole)
	return batch, nil
}

func (w *walker) countedMessage(index int, b []byte) error {
	w.total++
	if w.total > MaxMessages {
		return w.malformed("messages", "more than %d messages in the request: send more, smaller ones", MaxMessages)
	}
	w.message = index
	err := w.walkMessage(b)
	w.message = -1
	return err
}

// body is the messages of the batch, copied out of it unless it may be kept.
func (r region) body(b []byte, keep bool) []byte {
	if !r.gathered && keep {
		return b[r.start:r.end:r.end]
	}
	if !r.gathered {
		body := make([]byte, r.size)
		copy(body, b[r.start:r.end])
		return body
	}
	body := make([]byte, 0, r.size)
	for b = b[r.start:r.end]; len(b) > 0; {
		num, typ, tag := protowire.ConsumeTag(b)
		n := protowire.ConsumeFieldValue(num, typ, b[tag:])
		if num == messages && typ == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b[tag:])
			body = protowire.AppendBytes(append(body, frameTag), v)
		}
		b = b[tag+n:]
	}
	return body
}

// Frame is one encoded message as a body of its own.
func Frame(message []byte) []byte {
	return protowire.AppendBytes(append(make([]byte, 0, frameSize(len(message))), frameTag), message)
}

// secondsAndNanos is a google.protobuf.Duration or Timestamp under way: both have the same fields.
type secondsAndNanos struct {
	set     bool
	seconds int64
	nanos   int32
}

// merge takes one occurrence of the field; as in protobuf, later ones overwrite what they set.
func (d *secondsAndNanos) merge(w *walker, b []byte) error {
	d.set = true
	for len(b) > 0 {
		f, err := w.next(b)
		if err != nil {
			return err
		}
		b = b[f.size:]
		switch {
		case f.num == seconds && f.typ == protowire.VarintType:
			d.seconds = int64(f.number)
		case f.num == nanos && f.typ == protowire.VarintType:
			d.nanos = int32(f.number)
		}
	}
	return nil
}

func (d secondsAndNanos) duration(w *walker) (time.Duration, bool) {
	const mostSeconds = 315_576_000_000 // what google.protobuf.Duration allows
	if !d.set {
		return 0, false
	}
	if d.seconds < -mostSeconds || d.seconds > mostSeconds || d.nanos <= -1e9 || d.nanos >= 1e9 ||
		(d.seconds > 0 && d.nanos < 0) || (d.seconds < 0 && d.nanos > 0) {
		w.breaks("ttl", "%d s and %d ns is not a valid google.protobuf.Duration", d.seconds, d.nanos)
		return 0, false
	}
	// Beyond what time.Duration holds (292 years) the exact value no longer matters: no policy grants it.
	const most = int64(math.MaxInt64/time.Second) - 1
	if d.seconds > most {
		return math.MaxInt64, true
	}
	if d.seconds < -most {
		return math.MinInt64, true
	}
	return time.Duration(d.seconds)*time.Second + time.Duration(d.nanos), true
}

// instant is the time in whole milliseconds; 0: not set.
func (d secondsAndNanos) instant(w *walker) broker.Instant {
	const earliest, latest = -62_135_596_800, 253_402_300_799 // the years 1 to 9999: what google.protobuf.Timestamp allows
	switch {
	case !d.set:
		return 0
	case d.seconds < earliest || d.seconds > latest || d.nanos < 0 || d.nanos >= 1e9:
		w.breaks("expire_time", "%d s and %d ns is not a valid google.protobuf.Timestamp", d.seconds, d.nanos)
		return 0
	}
	// Times before 1970 are all long gone; 1 ms after it, which is not "none", is too.
	return max(broker.InstantOf(time.Unix(d.seconds, int64(d.nanos))), 1)
}
