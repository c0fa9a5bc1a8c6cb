package broker

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// FuzzFrames cuts bodies in every way and compares with the messages that they were made of.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("one,two,,four"), 3, 5, 2)
	f.Add(bytes.Repeat([]byte("x"), 300), 1, 1, 0)
	f.Add([]byte(",,,"), 0, 0, 1)
	f.Add(append(bytes.Repeat([]byte("x"), 20_000), ",y"...), 0, 1, 0)
	f.Fuzz(func(t *testing.T, text []byte, from, limit, most int) {
		messages := bytes.Split(text, []byte(","))
		var body []byte
		ends := []int{0} // of each frame
		for _, m := range messages {
			body = append(body, 0x42)
			body = binary.AppendUvarint(body, uint64(len(m)))
			body = append(body, m...)
			ends = append(ends, len(body))
		}
		rest := body
		for i, m := range messages {
			if offset := skipFrames(body, i); offset != ends[i] {
				t.Fatalf("%d frames end at %d, not %d", i, ends[i], offset)
			}
			var got []byte
			if got, rest = frameAt(rest); !bytes.Equal(got, m) {
				t.Fatalf("message %d is %q, not %q", i, m, got)
			}
		}
		if len(rest) > 0 {
			t.Fatalf("%d bytes are left", len(rest))
		}

		from, most = abs(from)%len(messages), abs(most)%(len(messages)+1)
		count, offset := framesWithin(body[ends[from]:], limit, most)
		want := 1
		for want < len(messages)-from && ends[from+want]-ends[from] < limit && (most == 0 || want < most) {
			want++
		}
		if count != want || offset != ends[from+want]-ends[from] {
			t.Fatalf("%d frames, %d bytes within %d bytes and %d messages, want %d frames", count, offset, limit, most, want)
		}

		r := run{first: 10, body: body, count: uint32(len(messages)), index: 3, held: uint32(len(body))}
		part := r.cut(10+uint64(from), 10+uint64(from+count-1))
		if !bytes.Equal(part.body, body[ends[from]:ends[from+count]]) || part.first != 10+uint64(from) || int(part.count) != count || part.index != 3+uint32(from) {
			t.Fatalf("%+v", part)
		}
		if cap(part.body) != len(part.body) {
			t.Fatal("appending to a part would write over its neighbour")
		}

		var at inside
		at.note(&r, part.first, ends[from])
		for i := range messages {
			if offset := at.offset(&r, r.first+uint64(i)); offset != ends[i] {
				t.Fatalf("known %d, message %d begins at %d, not %d", from, i, offset, ends[i])
			}
		}
		// Of another run it knows nothing.
		if offset := at.offset(&part, part.last()); offset != ends[from+count-1]-ends[from] {
			t.Fatalf("message %d begins at %d, not %d, in a part from %d", from+count-1, offset, ends[from+count-1]-ends[from], from)
		}

		before := slices.Clone(part.body)
		part.own()
		if !bytes.Equal(part.body, before) || int(part.held) > 2*len(part.body) {
			t.Fatalf("%d bytes hold %d", len(part.body), part.held)
		}
	})
}

func abs(n int) int {
	if n < 0 {
		n = -(n + 1)
	}
	return n
}
