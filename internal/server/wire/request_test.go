package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"linger/broker"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(s string) *lingerv1.Message { return &lingerv1.Message{Data: []byte(s)} }

// bodyOf is the region that a batch of these messages must become.
func bodyOf(t testing.TB, messages []*lingerv1.Message) []byte {
	return encode(t, &lingerv1.Run{Messages: messages})
}

func TestReadRequest(t *testing.T) {
	id := bytes.Repeat([]byte{7}, 16)
	first := []*lingerv1.Message{text("a"), {}, {Key: "k", Attributes: map[string]string{"x": "y"}, Data: []byte{0xff}}}
	second := []*lingerv1.Message{text(strings.Repeat("long ", 500))}
	b := encode(t, &lingerv1.PublishRequest{
		Request: 5, ProducerId: id, Answered: 4,
		Batches: []*lingerv1.Batch{
			{Topic: "orders", Ttl: durationpb.New(90 * time.Second), Messages: first},
			{Topic: "日志", Messages: second},
		},
	})
	var r wire.Request
	r.Read(b)
	if r.Err != nil || r.Number != 5 || r.Answered != 4 || !bytes.Equal(r.Producer[:], id) || len(r.Batches) != 2 {
		t.Fatalf("read %+v", r)
	}
	got := r.Batches[0]
	if got.Topic != "orders" || got.TTL != 90*time.Second || !got.HasTTL || got.Count != 3 || got.Err != nil || got.FailedMessage != -1 {
		t.Errorf("first batch %+v", got)
	}
	if !bytes.Equal(got.Body, bodyOf(t, first)) {
		t.Errorf("first body %x", got.Body)
	}
	got = r.Batches[1]
	if got.Topic != "日志" || got.HasTTL || got.Count != 1 || !bytes.Equal(got.Body, bodyOf(t, second)) {
		t.Errorf("second batch %+v", got)
	}
	for _, batch := range r.Batches {
		if cap(batch.Body) != len(batch.Body) {
			t.Errorf("a body of %d bytes holds %d", len(batch.Body), cap(batch.Body))
		}
	}
}

func TestReadDeadlineAndSequence(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 123_999_999, time.UTC)
	one := []*lingerv1.Message{text("a")}
	b := encode(t, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{
		{Topic: "t", ExpireTime: timestamppb.New(at), FirstSequence: 1001, Messages: one},
		{Topic: "t", ExpireTime: timestamppb.New(time.Unix(-5, 0)), Messages: one},
		{Topic: "t", ExpireTime: timestamppb.New(at), Ttl: durationpb.New(0), Messages: one},
		{Topic: "t", ExpireTime: &timestamppb.Timestamp{Seconds: 1, Nanos: -1}, Messages: one},
	}})
	var r wire.Request
	r.Read(b)
	if r.Err != nil || len(r.Batches) != 4 {
		t.Fatalf("read %+v", r)
	}
	if got := r.Batches[0]; got.Deadline != broker.InstantOf(at) || got.First != 1001 || got.HasTTL || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if got := r.Batches[1]; got.Deadline != 1 || got.First != 0 || got.Err != nil {
		t.Errorf("before 1970: %+v", got)
	}
	for _, got := range r.Batches[2:] {
		var e *broker.Error
		if !errors.As(got.Err, &e) || !errors.Is(e, broker.ErrInvalid) || !strings.HasSuffix(e.Field, ".expire_time") || got.FailedMessage != -1 {
			t.Errorf("%+v", got)
		}
	}
}

func TestReadKeepsNothingOfTheTransport(t *testing.T) {
	b := encode(t, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{{Topic: "t", Messages: []*lingerv1.Message{text("hello")}}}})
	whole := bytes.Clone(b)
	for _, data := range []mem.BufferSlice{{mem.SliceBuffer(b)}, {mem.SliceBuffer(b[:5]), mem.SliceBuffer(b[5:])}} {
		copy(b, whole)
		var r wire.Request
		r.ReadFrom(data)
		clear(b)
		if r.Err != nil || r.Batches[0].Topic != "t" || !bytes.Contains(r.Batches[0].Body, []byte("hello")) {
			t.Errorf("after the transport reused its buffers: %+v", r)
		}
	}
}

// A long request is copied once, where it is nearly all one body; what is kept besides it is bounded.
func TestLongBodyIsCopiedOnce(t *testing.T) {
	long := []*lingerv1.Message{text(strings.Repeat("x", 100_000))}
	for batches, copies := range map[int]int{1: 1, 2: 2} {
		request := &lingerv1.PublishRequest{}
		for range batches {
			request.Batches = append(request.Batches, &lingerv1.Batch{Topic: "t", Messages: long})
		}
		b := encode(t, request)
		data := mem.BufferSlice{mem.SliceBuffer(b[:5]), mem.SliceBuffer(b[5:])}
		var before, after runtime.MemStats
		var r wire.Request
		runtime.ReadMemStats(&before)
		r.ReadFrom(data)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(copies*len(b)*5/4) {
			t.Errorf("%d batches: %d bytes allocated for %d", batches, got, len(b))
		}
		for _, batch := range r.Batches {
			if batch.Err != nil || cap(batch.Body) != len(batch.Body) || !bytes.Equal(batch.Body, bodyOf(t, long)) {
				t.Errorf("%d batches: %v, %d of %d bytes", batches, batch.Err, len(batch.Body), cap(batch.Body))
			}
		}
	}
}

// frame writes one message as an odd encoder might: with more bytes of tag and length than needed.
func frame(payload []byte, longTag, longLength bool) []byte {
	b := []byte{0x42}
	if longTag {
		b = []byte{0xc2, 0x00}
	}
	if longLength {
		b = append(b, byte(len(payload))|0x80, 0x00)
	} else {
		b = append(b, byte(len(payload)))
	}
	return append(b, payload...)
}

func TestMessagesThatDoNotLieTogetherAreGathered(t *testing.T) {
	one, two := encode(t, text("one")), encode(t, text("two"))
	topic := []byte("\x0a\x01t")
	unknown := []byte("\x7a\x02xx")
	want := append(frame(one, false, false), frame(two, false, false)...)
	cases := map[string][][]byte{
		"a field between":          {frame(one, false, false), topic, frame(two, false, false)},
		"an unknown field between": {topic, frame(one, false, false), unknown, frame(two, false, false)},
		"a long tag":               {topic, frame(one, true, false), frame(two, false, false)},
		"a long length":            {topic, frame(one, false, false), frame(two, false, true)},
	}
	for name, parts := range cases {
		t.Run(name, func(t *testing.T) {
			batch := bytes.Join(parts, nil)
			var r wire.Request
			r.Read(protowire.AppendBytes([]byte{0x12}, batch))
			if r.Err != nil || r.Batches[0].Count != 2 || r.Batches[0].Topic != "t" || !bytes.Equal(r.Batches[0].Body, want) {
				t.Errorf("read %+v, want body %x", r, want)
			}
		})
	}
}

func attributes(n int, value string) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[strings.Repeat("k", 3)+string(rune('A'+i))] = value
	}
	return m
}

// What refuses one batch names the field, the limit and the way out, and spares the others.
func TestLimitsOfABatch(t *testing.T) {
	cases := []struct {
		name   string
		bad    *lingerv1.Message
		field  string
		detail string
	}{
		{"data", &lingerv1.Message{Data: make([]byte, 1<<20+1)}, "batches[0].messages[1].data", "1048577 bytes; the limit is 1048576 (--max-message"},
		{"key", &lingerv1.Message{Key: strings.Repeat("k", 256)}, "batches[0].messages[1].key", "may have 255"},
		{"attributes", &lingerv1.Message{Attributes: attributes(65, "")}, "batches[0].messages[1].attributes", "65 attributes; a message may have 64"},
		{"empty attribute key", &lingerv1.Message{Attributes: map[string]string{"": "v"}}, `batches[0].messages[1].attributes[""]`, "1 to 128"},
		{"attribute value", &lingerv1.Message{Attributes: map[string]string{"k": strings.Repeat("v", 1025)}}, `batches[0].messages[1].attributes["k"]`, "may have 1024"},
		{"attribute bytes", &lingerv1.Message{Attributes: attributes(17, strings.Repeat("v", 1000))}, "batches[0].messages[1].attributes", "the limit is 16384"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r wire.Request
			r.Read(encode(t, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{
				{Topic: "a", Messages: []*lingerv1.Message{text("fine"), c.bad}},
				{Topic: "b", Messages: []*lingerv1.Message{text("fine")}},
			}}))
			if r.Err != nil || len(r.Batches) != 2 {
				t.Fatalf("the request: %v", r.Err)
			}
			var e *broker.Error
			if !errors.As(r.Batches[0].Err, &e) || e.Field != c.field || !strings.Contains(e.Detail, c.detail) || !errors.Is(e, broker.ErrInvalid) {
				t.Errorf("error %v, want %s: …%s…", r.Batches[0].Err, c.field, c.detail)
			}
			if r.Batches[0].FailedMessage != 1 || r.Batches[0].Topic != "a" {
				t.Errorf("failed message %d of %q", r.Batches[0].FailedMessage, r.Batches[0].Topic)
			}
			if r.Batches[1].Err != nil || r.Batches[1].Count != 1 {
				t.Errorf("the other batch: %+v", r.Batches[1])
			}
		})
	}
}

func TestLargestThatPasses(t *testing.T) {
	m := &lingerv1.Message{
		Key:        strings.Repeat("k", 255),
		Attributes: attributes(16, strings.Repeat("v", 1000)),
		Data:       make([]byte, 1<<20),
	}
	var r wire.Request
	r.Read(encode(t, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{{Topic: "t", Messages: []*lingerv1.Message{m}}}}))
	if r.Err != nil || r.Batches[0].Err != nil {
		t.Errorf("refused: %v, %v", r.Err, r.Batches[0].Err)
	}
}

func TestLimitsOfARequest(t *testing.T) {
	many := make([]*lingerv1.Message, 10_001)
	for i := range many {
		many[i] = &lingerv1.Message{}
	}
	cases := map[string]struct {
		request *lingerv1.PublishRequest
		want    string
	}{
		"messages": {&lingerv1.PublishRequest{Batches: []*lingerv1.Batch{{Messages: many}}}, "more than 10000 messages"},
		"bytes": {&lingerv1.PublishRequest{Batches: []*lingerv1.Batch{{Messages: []*lingerv1.Message{
			{Data: make([]byte, 2<<20)}, {Data: make([]byte, 2<<20)},
		}}}}, "it may have 4194304"},
		"producer": {&lingerv1.PublishRequest{ProducerId: []byte("short")}, "producer_id: 5 bytes"},
	}
	for name, c := range cases {
		var r wire.Request
		r.Read(encode(t, c.request))
		if r.Err == nil || !strings.Contains(r.Err.Error(), c.want) || r.Batches != nil {
			t.Errorf("%s: %v, want %q", name, r.Err, c.want)
		}
	}
	var r wire.Request
	r.Read(bytes.Repeat([]byte{0x12, 0x00}, 1000))
	if r.Err != nil || len(r.Batches) != 1000 {
		t.Errorf("1,000 batches: %d, %v", len(r.Batches), r.Err)
	}
	r.Read(bytes.Repeat([]byte{0x12, 0x00}, 1001))
	if r.Err == nil || r.Err.Error() != "batches: more than 1000 batches in the request: send more, smaller ones" || r.Batches != nil {
		t.Errorf("1,001 batches: %v", r.Err)
	}
}

func TestMalformedIsRefusedWhole(t *testing.T) {
	wrap := func(message string) string {
		batch := protowire.AppendString([]byte("\x0a\x01t\x42"), message)
		return string(protowire.AppendBytes([]byte{0x12}, batch))
	}
	cases := map[string]string{
		"cut short":          "\x12\x05\x0a",
		"field number zero":  "\x00\x01",
		"reserved wire type": "\x0e",
		"group":              "\x7b\x7c",
		"end of no group":    "\x7c",
		"topic":              "\x12\x03\x0a\x01\xff",
		"key":                wrap("\x0a\x01\xff"),
		"attribute value":    wrap("\x12\x06\x0a\x01k\x12\x01\xff"),
		"group in a message": wrap("\x7b\x7c"),
		"message cut short":  wrap("\x1a\x05a"),
	}
	for name, b := range cases {
		var r wire.Request
		r.Read([]byte(b))
		if !errors.Is(r.Err, broker.ErrInvalid) || r.Batches != nil {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
	var r wire.Request
	r.Read([]byte(cases["attribute value"]))
	if got := r.Err.Error(); !strings.HasPrefix(got, `batches[0].messages[0].attributes["k"]: not UTF-8`) {
		t.Errorf("path: %s", got)
	}
}

func TestTTLFollowsProtobuf(t *testing.T) {
	field := func(d *durationpb.Duration) []byte { return protowire.AppendBytes([]byte{0x12}, encode(t, d)) }
	cases := []struct {
		name string
		ttl  []byte
		want time.Duration
		bad  bool
	}{
		{"zero", field(&durationpb.Duration{}), 0, false},
		{"negative", field(durationpb.New(-time.Second)), -time.Second, false},
		{"nanoseconds", field(durationpb.New(1)), 1, false},
		{"merged", append(field(&durationpb.Duration{Seconds: 9, Nanos: 5}), field(&durationpb.Duration{Seconds: 2})...), 2*time.Second + 5, false},
		{"beyond time.Duration", field(&durationpb.Duration{Seconds: 300_000_000_000}), 1<<63 - 1, false},
		{"beyond Duration", field(&durationpb.Duration{Seconds: 400_000_000_000}), 0, true},
		{"signs differ", field(&durationpb.Duration{Seconds: 1, Nanos: -1}), 0, true},
	}
	for _, c := range cases {
		var r wire.Request
		r.Read(protowire.AppendBytes([]byte{0x12}, append(c.ttl, "\x42\x00"...)))
		if r.Err != nil {
			t.Fatalf("%s: %v", c.name, r.Err)
		}
		b := r.Batches[0]
		if (b.Err != nil) != c.bad || !c.bad && (b.TTL != c.want || !b.HasTTL) {
			t.Errorf("%s: %v, set %v, %v; want %v", c.name, b.TTL, b.HasTTL, b.Err, c.want)
		}
	}
}

func TestWalkAllocatesForTheBatchNotTheMessage(t *testing.T) {
	request := func(n int) []byte {
		batch := &lingerv1.Batch{Topic: "t"}
		for range n {
			batch.Messages = append(batch.Messages, &lingerv1.Message{Key: "k", Attributes: map[string]string{"a": "b"}, Data: []byte("data")})
		}
		return encode(t, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch}})
	}
	few, many := request(1), request(1000)
	var r wire.Request
	one := testing.AllocsPerRun(100, func() { r.Read(few) })
	thousand := testing.AllocsPerRun(100, func() { r.Read(many) })
	if thousand > one {
		t.Errorf("%v allocations for a thousand messages, %v for one", thousand, one)
	}
}

func BenchmarkRead(b *testing.B) {
	batch := &lingerv1.Batch{Topic: "bench"}
	for range 1000 {
		batch.Messages = append(batch.Messages, &lingerv1.Message{Data: make([]byte, 128)})
	}
	data := encode(b, &lingerv1.PublishRequest{Batches: []*lingerv1.Batch{batch}})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	var r wire.Request
	for b.Loop() {
		r.Read(data)
	}
}
