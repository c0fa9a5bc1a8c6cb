package client

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "linger/proto/linger/v1"
)

// DefaultTTL as a lifetime asks for the topic's default.
const DefaultTTL time.Duration = math.MinInt64

// The limits that hold for every server, checked here so that one bad message spoils no batch.
const (
	maxKeyBytes            = 255
	maxAttributes          = 64
	maxAttributeKeyBytes   = 128
	maxAttributeValueBytes = 1 << 10
	maxAttributesBytes     = 16 << 10
)

// Message is what a publisher writes and a subscriber reads.
type Message struct {
	// Key is the ordering key: UTF-8, at most 255 bytes. Empty: none.
	Key string
	// Attributes are at most 64; keys of 1 to 128 bytes, values of at most 1 KiB, 16 KiB in all.
	Attributes map[string]string
	// Data is the payload: any bytes, at most 1 MiB unless the server was told otherwise.
	Data []byte
}

// validate checks what is the same on every server; the size of data is not.
func (m *Message) validate() error {
	if len(m.Key) > maxKeyBytes {
		return invalid("key", "the ordering key is %d bytes long; at most %d are allowed", len(m.Key), maxKeyBytes)
	}
	if !utf8.ValidString(m.Key) {
		return invalid("key", "the ordering key is not UTF-8")
	}
	if len(m.Attributes) > maxAttributes {
		return invalid("attributes", "%d attributes; at most %d are allowed", len(m.Attributes), maxAttributes)
	}
	total := 0
	for k, v := range m.Attributes {
		if err := validateAttribute(k, v); err != nil {
			return err
		}
		total += len(k) + len(v)
	}
	if total > maxAttributesBytes {
		return invalid("attributes", "the attributes are %d bytes long in all; at most %d are allowed", total, maxAttributesBytes)
	}
	return nil
}

func validateAttribute(k, v string) error {
	switch {
	case k == "":
		return invalid("attributes", "an attribute has no name")
	case len(k) > maxAttributeKeyBytes:
		return invalid("attributes", "the attribute name %.20q… is %d bytes long; at most %d are allowed", k, len(k), maxAttributeKeyBytes)
	case len(v) > maxAttributeValueBytes:
		return invalid("attributes", "the attribute %q is %d bytes long; at most %d are allowed", k, len(v), maxAttributeValueBytes)
	case !utf8.ValidString(k) || !utf8.ValidString(v):
		return invalid("attributes", "the attribute %q is not UTF-8", k)
	}
	return nil
}

// Durability is what an acknowledgement promises.
type Durability int

const (
	// DurabilityDefault in a request: the strongest that the store offers.
	DurabilityDefault Durability = Durability(pb.Durability_DURABILITY_UNSPECIFIED)
	// Memory is gone when the server stops.
	Memory Durability = Durability(pb.Durability_DURABILITY_MEMORY)
	// Fsynced was on disk, synced, before it was acknowledged.
	Fsynced Durability = Durability(pb.Durability_DURABILITY_FSYNCED)
)

// String returns "memory", "fsynced" or, for the default, "".
func (d Durability) String() string {
	switch d {
	case DurabilityDefault:
		return ""
	case Memory:
		return "memory"
	case Fsynced:
		return "fsynced"
	}
	return fmt.Sprintf("Durability(%d)", int(d))
}

// Adjustment says why a granted lifetime is not the asked one.
type Adjustment int

const (
	// AsAsked is no adjustment.
	AsAsked Adjustment = Adjustment(pb.TtlAdjustment_TTL_ADJUSTMENT_UNSPECIFIED)
	// Defaulted: none was asked.
	Defaulted Adjustment = Adjustment(pb.TtlAdjustment_TTL_ADJUSTMENT_DEFAULTED)
	// RaisedToMinimum: less than the topic's minimum was asked.
	RaisedToMinimum Adjustment = Adjustment(pb.TtlAdjustment_TTL_ADJUSTMENT_RAISED_TO_MINIMUM)
	// LoweredToMaximum: more than the topic's maximum was asked.
	LoweredToMaximum Adjustment = Adjustment(pb.TtlAdjustment_TTL_ADJUSTMENT_LOWERED_TO_MAXIMUM)
	// RoundedUp to a whole millisecond.
	RoundedUp Adjustment = Adjustment(pb.TtlAdjustment_TTL_ADJUSTMENT_ROUNDED_UP)
)

// String says it in words; "" for [AsAsked].
func (a Adjustment) String() string {
	switch a {
	case AsAsked:
		return ""
	case Defaulted:
		return "the topic's default"
	case RaisedToMinimum:
		return "raised to the topic's minimum"
	case LoweredToMaximum:
		return "lowered to the topic's maximum"
	case RoundedUp:
		return "rounded up to a whole millisecond"
	}
	return fmt.Sprintf("Adjustment(%d)", int(a))
}

// protoTTL is nil where the topic's default is asked.
func protoTTL(ttl time.Duration) *durationpb.Duration {
	if ttl == DefaultTTL {
		return nil
	}
	return durationpb.New(ttl)
}

// goTime turns an unset time into the zero one.
func goTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// protoTime turns the zero time into an unset one.
func protoTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func protoMessage(m Message) *pb.Message {
	return &pb.Message{Key: m.Key, Attributes: m.Attributes, Data: m.Data}
}

func goMessage(m *pb.Message) Message {
	return Message{Key: m.GetKey(), Attributes: m.GetAttributes(), Data: m.GetData()}
}
