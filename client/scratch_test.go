package client

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	pb "linger/proto/linger/v1"
)

// encoded is a response of two runs with n messages each, in two buffers, as the transport hands it over.
func encoded(t testing.TB, n int, data string) mem.BufferSlice {
	t.Helper()
	r := &pb.SubscribeResponse{}
	for _, topic := range []string{"a", "b"} {
		run := &pb.Run{Topic: topic, FirstSequence: 1}
		for range n {
			run.Messages = append(run.Messages, &pb.Message{Data: []byte(data)})
		}
		r.Runs = append(r.Runs, run)
	}
	b, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return mem.BufferSlice{mem.SliceBuffer(b[:len(b)/2]), mem.SliceBuffer(b[len(b)/2:])}
}

func read(t testing.TB, r *response, data mem.BufferSlice) {
	t.Helper()
	r.reset()
	if err := newFrameCodec().Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
}

// A response that is borrowed takes the place of the one before; otherwise each has memory of its own.
func TestBorrow(t *testing.T) {
	for _, again := range []bool{false, true} {
		r := response{scratch: scratch{again: again}}
		large := encoded(t, 200, strings.Repeat("y", 500))
		read(t, &r, large) // makes room
		read(t, &r, large)
		first := append([]*Run(nil), r.runs...)
		kept := first[0].Messages[0].Data
		if !again {
			clear(r.runs) // as accept does
		}
		read(t, &r, encoded(t, 100, strings.Repeat("z", 600)))
		if len(r.runs) != 2 || len(r.runs[1].Messages) != 100 || r.runs[1].Topic != "b" || string(r.runs[1].Messages[99].Data) != strings.Repeat("z", 600) {
			t.Errorf("again %v: %d runs, %v", again, len(r.runs), r.runs[1])
		}
		if used := bytes.Contains(kept, []byte("z")); used != again {
			t.Errorf("again %v, and data is used again: %v", again, used)
		}
		if same := first[0] == r.runs[0] && &first[0].Messages[:1][0] == &r.runs[0].Messages[0]; same != again {
			t.Errorf("again %v, and runs are used again: %v", again, same)
		}
	}
}

func TestBorrowingAllocatesNothing(t *testing.T) {
	r := response{scratch: scratch{again: true}}
	data := encoded(t, 300, "small")
	for range 3 { // until there is room
		read(t, &r, data)
	}
	if n := testing.AllocsPerRun(100, func() { read(t, &r, data) }); n > 3 {
		t.Errorf("%v allocations for 600 messages", n)
	}
}

// Memory for a response with a large message is not kept for small ones.
func TestBorrowedMemoryIsLetGo(t *testing.T) {
	r := response{scratch: scratch{again: true}}
	read(t, &r, encoded(t, 1, strings.Repeat("x", 1<<20)))
	read(t, &r, encoded(t, 1, strings.Repeat("x", 2000)))
	if n := cap(r.scratch.bytes); n > keptBytes {
		t.Errorf("%d bytes kept", n)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, data := range map[string]mem.BufferSlice{
		"1000x128": encoded(b, 1000, strings.Repeat("x", 128)), "16x16KiB": encoded(b, 8, strings.Repeat("x", 16<<10)),
	} {
		for _, again := range []bool{false, true} {
			b.Run(name+map[bool]string{false: "", true: "/borrow"}[again], func(b *testing.B) {
				r := response{scratch: scratch{again: again}}
				b.SetBytes(int64(data.Len()))
				b.ReportAllocs()
				for b.Loop() {
					read(b, &r, data)
					if !again {
						clear(r.runs)
					}
				}
			})
		}
	}
}
