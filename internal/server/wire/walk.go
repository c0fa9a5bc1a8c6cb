package wire

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"linger/broker"
)

// walker goes over one request. Errors that it returns refuse the whole request; a limit that one batch breaks is noted
// in broken and refuses that batch alone, but the walk goes on, since what follows must still be well formed.
type walker struct {
	limits  Limits
	batch   int // index of the batch under way
	message int // index of the message in it; -1 outside of messages
	total   int // messages in the request so far
	whole   int // a body of this size or more may be a part of the request; 0: none may

	broken        *broker.Error // the first limit that the batch breaks
	brokenMessage int           // the message that broke it; -1 none
}

// field is one field as it stands on the wire: value is set for length-delimited ones, number for varints.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	value  []byte
	number uint64
	size   int // of the whole field
	tag    int // of that, the tag
}

// next reads one field from the front of b.
func (w *walker) next(b []byte) (f field, err error) {
	if b[0] < 0x80 {
		f.num, f.typ, f.tag = protowire.Number(b[0]>>3), protowire.Type(b[0]&7), 1
	} else {
		f.num, f.typ, f.tag = protowire.ConsumeTag(b)
	}
	if f.tag < 0 || f.num < protowire.MinValidNumber || f.num > protowire.MaxValidNumber {
		return f, w.malformed("", "a field has no valid number")
	}
	n := 0
	switch f.typ {
	case protowire.BytesType:
		f.value, n = protowire.ConsumeBytes(b[f.tag:])
	case protowire.VarintType:
		f.number, n = protowire.ConsumeVarint(b[f.tag:])
	case protowire.Fixed32Type:
		_, n = protowire.ConsumeFixed32(b[f.tag:])
	case protowire.Fixed64Type:
		_, n = protowire.ConsumeFixed64(b[f.tag:])
	default:
		return f, w.malformed("", "field %d is a group, which proto3 does not have", f.num)
	}
	if n < 0 {
		return f, w.malformed("", "field %d is cut short or badly framed", f.num)
	}
	f.size = f.tag + n
	return f, nil
}

func (w *walker) walkMessage(b []byte) error {
	if most := w.limits.data() + maxExtra; len(b) > most {
		w.breaks("", "%d bytes encoded; a message may have %d (--max-message raises it)", len(b), most)
	}
	attributes, attributeBytes := 0, 0
	for len(b) > 0 {
		f, err := w.next(b)
		if err != nil {
			return err
		}
		b = b[f.size:]
		if f.typ != protowire.BytesType {
			continue
		}
		switch f.num {
		case messageKey:
			if !utf8.Valid(f.value) {
				return w.malformed("key", "not UTF-8; bytes belong in data")
			}
			if len(f.value) > MaxKey {
				w.breaks("key", "%d bytes; an ordering key may have %d", len(f.value), MaxKey)
			}
		case messageAttributes:
			n, err := w.walkAttribute(f.value)
			if err != nil {
				return err
			}
			attributes++
			attributeBytes += n
		case messageData:
			if len(f.value) > w.limits.data() {
				w.breaks("data", "%d bytes; the limit is %d (--max-message raises it)", len(f.value), w.limits.data())
			}
		}
	}
	if attributes > MaxAttributes {
		w.breaks("attributes", "%d attributes; a message may have %d", attributes, MaxAttributes)
	}
	if attributeBytes > MaxAttributeBytes {
		w.breaks("attributes", "%d bytes of keys and values; the limit is %d", attributeBytes, MaxAttributeBytes)
	}
	return nil
}

// walkAttribute checks one entry of the map and counts its bytes. Every occurrence of a field is checked, since decoders
// do so too, though only the last one counts.
func (w *walker) walkAttribute(b []byte) (int, error) {
	var key, value []byte
	size := 0
	for len(b) > 0 {
		f, err := w.next(b)
		if err != nil {
			return 0, err
		}
		b = b[f.size:]
		if f.typ != protowire.BytesType {
			continue
		}
		size += len(f.value)
		switch f.num {
		case 1:
			key = f.value
		case 2:
			value = f.value
		default:
			continue
		}
		if !utf8.Valid(f.value) {
			return 0, w.malformed(attributePath(key), "not UTF-8; bytes belong in data")
		}
	}
	if len(key) == 0 || len(key) > MaxAttributeKey {
		w.breaks(attributePath(key), "the key has %d bytes; it may have 1 to %d", len(key), MaxAttributeKey)
	}
	if len(value) > MaxAttributeValue {
		w.breaks(attributePath(key), "the value has %d bytes; it may have %d", len(value), MaxAttributeValue)
	}
	return size, nil
}

func attributePath(key []byte) string {
	if len(key) > MaxAttributeKey {
		key = key[:MaxAttributeKey]
	}
	return "attributes[" + strconv.Quote(string(key)) + "]"
}

// malformed refuses the request: protobuf would not decode it.
func (w *walker) malformed(field, format string, args ...any) error {
	return &broker.Error{Err: broker.ErrInvalid, Field: w.path(field), Detail: fmt.Sprintf(format, args...)}
}

// breaks notes the first limit that the batch breaks.
func (w *walker) breaks(field, format string, args ...any) {
	if w.broken != nil {
		return
	}
	w.broken = &broker.Error{Err: broker.ErrInvalid, Field: w.path(field), Detail: fmt.Sprintf(format, args...)}
	w.brokenMessage = w.message
}

// path is where the walk is: batches[0].messages[17].attributes["k"].
func (w *walker) path(field string) string {
	path := ""
	if w.batch >= 0 {
		path = fmt.Sprintf("batches[%d]", w.batch)
		if w.message >= 0 {
			path += fmt.Sprintf(".messages[%d]", w.message)
		}
	}
	if path == "" || field == "" {
		return path + field
	}
	return path + "." + field
}
