package wire

import (
	"google.golang.org/protobuf/encoding/protowire"

	"linger/broker"
)

// Every field written here has a number below 16, so that its tag is one byte. As in proto3, zero is not written.

func uintSize(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

func appendUint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

func fixedSize(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + 8
}

func stringSize(s string) int {
	if s == "" {
		return 0
	}
	return 1 + protowire.SizeBytes(len(s))
}

func appendString(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// split is an instant as google.protobuf.Timestamp has it. Server times are after 1970.
func split(t broker.Instant) (seconds, nanos uint64) {
	return uint64(t / 1000), uint64(t%1000) * 1e6
}

func timeSize(t broker.Instant) int {
	seconds, nanos := split(t)
	return uintSize(seconds) + uintSize(nanos)
}

func timeFieldSize(t broker.Instant) int {
	if t == 0 {
		return 0
	}
	return 1 + protowire.SizeBytes(timeSize(t))
}

func appendTime(b []byte, num protowire.Number, t broker.Instant) []byte {
	if t == 0 {
		return b
	}
	seconds, nanos := split(t)
	b = protowire.AppendTag(b, num, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(timeSize(t)))
	return appendUint(appendUint(b, 1, seconds), 2, nanos)
}

// gapFields are Gap's fields in the order of their numbers, from 1.
func gapFields(g *broker.Gap) [8]uint64 {
	return [8]uint64{g.First, g.Last, g.Expired, g.Evicted, g.Deleted, g.Lost, g.Forgotten, g.Skipped}
}

func gapSize(g *broker.Gap) int {
	n := 0
	for _, v := range gapFields(g) {
		n += uintSize(v)
	}
	return n
}

func gapFieldSize(g *broker.Gap) int {
	if n := gapSize(g); n > 0 {
		return 1 + protowire.SizeBytes(n)
	}
	return 0
}

func appendGap(b []byte, num protowire.Number, g *broker.Gap) []byte {
	n := gapSize(g)
	if n == 0 {
		return b
	}
	b = protowire.AppendTag(b, num, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(n))
	for i, v := range gapFields(g) {
		b = appendUint(b, protowire.Number(i+1), v)
	}
	return b
}
