package pebblelog_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/record"

	"linger/broker"
	"linger/broker/pebblelog"
)

func TestWrittenLength(t *testing.T) {
	const block = 32 << 10
	for _, test := range []struct {
		name    string
		content []byte
		want    int64
	}{
		{"empty", nil, 0},
		{"zeros alone", make([]byte, 3*block), 0},
		{"in the first block", append([]byte{1}, make([]byte, 3*block)...), block},
		{"at the end of a block", append(append(make([]byte, block-1), 1), make([]byte, block)...), block},
		{"behind zeros", append(make([]byte, 2*block), 1), 2*block + 1},
		{"to the end", bytes.Repeat([]byte{1}, block+10), block + 10},
	} {
		if got, err := pebblelog.WrittenLength(bytes.NewReader(test.content)); got != test.want || err != nil {
			t.Errorf("%s: %d, %v; want %d", test.name, got, err, test.want)
		}
	}
}

// Of a WAL that is written over, what is left of older ones is not read: each try would look through all that follows. That
// it is passed over takes nothing away, as Pebble's own writer begins every block with a chunk.
func TestOverwrittenWALIsReadOnce(t *testing.T) {
	const block, number, older = 32 << 10, 9, 5
	written := func(number, blocks int) []byte {
		b := wal(t, number, bytes.Repeat([]byte{7}, block*blocks))
		return b[:block*blocks]
	}
	tail := written(older, 60)
	content := append(written(number, 3), tail...)
	content = append(content, written(number, 2)...) // as behind damage
	content = append(content, make([]byte, block)...)
	content = append(content, written(number, 1)[:9]...) // a header cut short
	if got, want := pebblelog.WALStarts(content, number), []int{0, 1, 2, 63, 64}; !slices.Equal(got, want) {
		t.Errorf("read from blocks %d, want %d", got, want)
	}
}

// wal is a WAL with one record, as Pebble writes it.
func wal(t *testing.T, number int, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newLogWriter(record.NewLogWriter, &b, number)
	if _, err := w.WriteRecord(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newLogWriter calls record.NewLogWriter, whose second type has no name outside Pebble.
func newLogWriter[N ~uint64](open func(io.Writer, N, record.LogWriterConfig) *record.LogWriter, w io.Writer, number int) *record.LogWriter {
	return open(w, N(number), record.LogWriterConfig{
		QueueSemChan: make(chan struct{}, 8), WriteWALSyncOffsets: func() bool { return true },
	})
}

// A WAL is lengthened before it is written. What is copied of it is what was written, also of a message that ends in zeros,
// and nothing of it is taken for damage.
func TestLengthenedWAL(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	h := open(t, pebblelog.Options{Dir: dir})
	defer h.Close()
	topic := broker.TopicID(h.mustCommit(t, topicPut("zeros")).Position)
	want := []uint64{3}
	for n := range want[0] {
		h.mustCommit(t, published(topic, time.Hour, fmt.Sprintf("%d of 0 %s", n+1, strings.Repeat("\x00", 40<<10))))
	}
	if runtime.GOOS == "linux" {
		logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil || len(logs) != 1 {
			t.Fatal(logs, err)
		}
		if info, err := os.Stat(logs[0]); err != nil || info.Size() < 16<<20 {
			t.Errorf("the WAL has %d bytes, and grows as it is written: %v", info.Size(), err)
		}
	}
	s, err := h.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Size() > 1<<20 {
		t.Errorf("an archive of %d bytes for %d messages of 40 KiB", s.Size(), want[0])
	}
	checkCopy(t, unpack(t, s), []broker.TopicID{topic}, want)
}
