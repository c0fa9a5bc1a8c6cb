package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"linger/broker"
	"linger/internal/server/wire"
	lingerv1 "linger/proto/linger/v1"
)

func stamp(i broker.Instant) *timestamppb.Timestamp {
	if i == 0 {
		return nil
	}
	return timestamppb.New(i.Time())
}

func gap(g broker.Gap) *lingerv1.Gap {
	if g == (broker.Gap{}) {
		return nil
	}
	return &lingerv1.Gap{
		FirstSequence: g.First, LastSequence: g.Last, Expired: g.Expired, Evicted: g.Evicted,
		Deleted: g.Deleted, Lost: g.Lost, Forgotten: g.Forgotten, Skipped: g.Skipped,
	}
}

// expected is what a client must read, made the ordinary way.
func expected(t rapid.TB, r *wire.Response) *lingerv1.SubscribeResponse {
	m := &lingerv1.SubscribeResponse{ServerTime: stamp(r.Now), ResumeToken: r.Token}
	for _, run := range r.Runs {
		var messages lingerv1.Run
		if err := proto.Unmarshal(run.Body, &messages); err != nil {
			t.Fatal(err)
		}
		m.Runs = append(m.Runs, &lingerv1.Run{
			Topic: run.Topic, FirstSequence: run.First, PublishTime: stamp(run.PublishTime),
			ExpireTime: stamp(run.Deadline), Incarnation: run.Incarnation, Gap: gap(run.Gap), Messages: messages.Messages,
		})
	}
	switch {
	case r.Reset != nil:
		m.Event = &lingerv1.SubscribeResponse_Reset_{Reset_: &lingerv1.Reset{Reason: lingerv1.ResetReason(r.Reset.Reason), Topic: r.Reset.Topic, Gap: gap(r.Reset.Gap)}}
	case r.CaughtUp:
		m.Event = &lingerv1.SubscribeResponse_CaughtUp{CaughtUp: &lingerv1.CaughtUp{}}
	case r.Heartbeat:
		m.Event = &lingerv1.SubscribeResponse_Heartbeat{Heartbeat: &lingerv1.Heartbeat{}}
	}
	return m
}

func check(t rapid.TB, r *wire.Response) {
	buffers := r.Buffers()
	var got lingerv1.SubscribeResponse
	if err := proto.Unmarshal(buffers.Materialize(), &got); err != nil {
		t.Fatalf("a client cannot read it: %v", err)
	}
	if want := expected(t, r); !proto.Equal(&got, want) {
		t.Fatalf("a client reads %v, want %v", &got, want)
	}
	buffers.Free()
}

func TestResponseReadsAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Map(rapid.Int64Range(0, 1<<43), func(n int64) broker.Instant { return broker.Instant(n) })
		number := rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64())
		anyGap := rapid.Custom(func(t *rapid.T) broker.Gap {
			return broker.Gap{
				First: number.Draw(t, "first"), Last: number.Draw(t, "last"), Expired: number.Draw(t, "expired"),
				Evicted: number.Draw(t, "evicted"), Deleted: number.Draw(t, "deleted"), Lost: number.Draw(t, "lost"),
				Forgotten: number.Draw(t, "forgotten"), Skipped: number.Draw(t, "skipped"),
			}
		})
		message := rapid.Custom(func(t *rapid.T) *lingerv1.Message {
			size := rapid.SampledFrom([]int{0, 1, 100, 1000, 1024, 5000}).Draw(t, "size")
			return &lingerv1.Message{Key: rapid.String().Draw(t, "key"), Data: bytes.Repeat([]byte{0x42}, size)}
		})
		run := rapid.Custom(func(t *rapid.T) broker.Run {
			messages := rapid.SliceOfN(message, 1, 4).Draw(t, "messages")
			body, _ := proto.Marshal(&lingerv1.Run{Messages: messages})
			return broker.Run{
				Topic: rapid.String().Draw(t, "topic"), Incarnation: number.Draw(t, "incarnation"), First: number.Draw(t, "first"),
				Count: len(messages), PublishTime: instant.Draw(t, "published"), Deadline: instant.Draw(t, "deadline"),
				Gap: anyGap.Draw(t, "gap"), Body: body,
			}
		})
		r := &wire.Response{}
		r.Now, r.Token = instant.Draw(t, "now"), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "token")
		r.Runs = rapid.SliceOfN(run, 0, 6).Draw(t, "runs")
		switch rapid.IntRange(0, 3).Draw(t, "event") {
		case 1:
			r.CaughtUp = true
		case 2:
			r.Reset = &broker.Reset{Reason: broker.ResetTopicDeleted, Topic: "t", Gap: anyGap.Draw(t, "lost gap")}
		case 3:
			r.Heartbeat = true
		}
		check(t, r)
	})
}

func TestLargeBodiesAreNotCopied(t *testing.T) {
	small, large := bodyOf(t, []*lingerv1.Message{text("small")}), bodyOf(t, []*lingerv1.Message{text(strings.Repeat("x", 2000))})
	r := &wire.Response{}
	r.Now = 1
	r.Runs = []broker.Run{{Topic: "t", First: 1, Body: small}, {Topic: "t", First: 2, Body: large}, {Topic: "t", First: 3, Body: small}}
	shared := false
	for _, b := range r.Buffers() {
		data := b.ReadOnlyData()
		shared = shared || len(data) > 0 && &data[0] == &large[0]
		if len(data) > 0 && &data[0] == &small[0] {
			t.Error("a small body was not copied")
		}
	}
	if !shared {
		t.Error("a large body was copied")
	}
	check(t, r)
}

// Whatever 4,096 messages' runs are like, their headers leave room for 256 KiB and a message of 2 MiB below 4 MiB.
func TestHeadersAreBounded(t *testing.T) {
	const most = 1<<64 - 1
	r := &wire.Response{}
	for range 4096 {
		r.Runs = append(r.Runs, broker.Run{
			Topic: strings.Repeat("t", 255), First: most, Incarnation: most, PublishTime: 1<<43 - 1, Deadline: 1<<43 - 1,
			Gap: broker.Gap{First: most, Last: most, Expired: most, Evicted: most, Deleted: most, Lost: most, Forgotten: most, Skipped: most},
		})
	}
	buffers := r.Buffers()
	defer buffers.Free()
	if n := buffers.Len(); n > 4<<20-256<<10-2<<20-64<<10 {
		t.Errorf("headers of %d bytes", n)
	} else {
		t.Logf("%d bytes", n)
	}
}

func BenchmarkBuffers(b *testing.B) {
	body := bodyOf(b, []*lingerv1.Message{{Data: make([]byte, 128)}})
	r := &wire.Response{}
	r.Now, r.Token = 1_700_000_000_000, make([]byte, 40)
	r.Runs = []broker.Run{{Topic: "bench", First: 1 << 20, Incarnation: 1 << 60, PublishTime: 1_700_000_000_000, Deadline: 1_700_000_600_000, Body: body}}
	b.ReportAllocs()
	var sink mem.BufferSlice
	for b.Loop() {
		sink = r.Buffers()
		sink.Free()
	}
}
