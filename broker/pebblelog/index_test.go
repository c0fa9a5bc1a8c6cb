package pebblelog_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"linger/broker"
	"linger/broker/pebblelog"
)

// indexed makes a store of many blocks, in which messages have ended in every way, and gives what it replays. Its clock
// stands still.
func indexed(t *testing.T, fs vfs.FS, clock *broker.Clock) []broker.Commit {
	t.Helper()
	l, err := pebblelog.Open(pebblelog.Options{Dir: "db", FS: fs, Clock: clock, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 3000 {
		body := append([]byte{0, 200, 1}, make([]byte, 200)...)
		batch := broker.Batch{Topic: fmt.Sprint("t", rng.IntN(3)), Count: 1, HasTTL: true, TTL: time.Minute << rng.IntN(6), Body: body}
		if i%100 == 0 {
			batch.TTL = 0
		}
		b.Publish(context.Background(), broker.PublishRequest{Batches: []broker.Batch{batch}}, func(broker.PublishAnswer) {})
	}
	for i := range 300 {
		topic, sequence := fmt.Sprint("t", i%3), uint64(1+rng.IntN(800))
		switch i % 2 { // either may find it ended
		case 0:
			_ = b.DeleteMessage(context.Background(), topic, sequence)
		case 1:
			_, _ = b.SetDeadline(context.Background(), topic, sequence, clock.Now().Add(time.Duration(rng.IntN(300))*time.Minute), 0)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	h := open(t, pebblelog.Options{Dir: "db", FS: fs, Clock: clock})
	if r := h.Recovered(); r.Indexed != r.Runs+r.Dead || r.Runs < 2000 {
		t.Fatalf("recovered %+v: all of it should be in the index", r)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return h.applied
}

// TestIndexLost has the index lost and damaged in every way: the messages are read instead, all counts add up, and the
// index is there again afterwards.
func TestIndexLost(t *testing.T) {
	now := time.Now()
	clock := func() *broker.Clock { return broker.NewClock(func() time.Time { return now }) }
	base := vfs.NewMem()
	want := indexed(t, base, clock())
	for name, spoil := range map[string]func(n int, k, v []byte) []byte{
		"gone":    func(int, []byte, []byte) []byte { return nil },
		"holes":   func(n int, k, v []byte) []byte { return map[bool][]byte{true: v, false: nil}[n%3 > 0] },
		"flipped": func(n int, k, v []byte) []byte { v[n%len(v)] ^= 1 << (n % 8); return v },
		"cut":     func(n int, k, v []byte) []byte { return v[:n%len(v)] },
		"mixed":   func(n int, k, v []byte) []byte { return map[bool][]byte{true: v, false: v[1:]}[n%2 > 0] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			if ok, err := vfs.Clone(base, fs, "db", "db"); !ok || err != nil {
				t.Fatal(ok, err)
			}
			blocks := eachIndex(t, fs, spoil)
			h := open(t, pebblelog.Options{Dir: "db", FS: fs, Clock: clock()})
			if r := h.Recovered(); r.Indexed >= r.Runs+r.Dead {
				t.Errorf("recovered %+v: the index was of use", r)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			same(t, h.applied, want)
			if n := eachIndex(t, fs, func(_ int, _, v []byte) []byte { return v }); n < blocks/2 || n > 2*blocks {
				t.Errorf("%d blocks are in the index, of %d before", n, blocks)
			}
			h = open(t, pebblelog.Options{Dir: "db", FS: fs, Clock: clock()})
			defer h.Close()
			if r := h.Recovered(); r.Indexed != r.Runs+r.Dead {
				t.Errorf("recovered %+v afterwards: the index is not whole", r)
			}
			same(t, h.applied, want)
		})
	}
}

// TestIndexLostCounts has a broker open a store whose index is lost.
func TestIndexLostCounts(t *testing.T) {
	now := time.Now()
	clock := func() *broker.Clock { return broker.NewClock(func() time.Time { return now }) }
	fs := vfs.NewMem()
	indexed(t, fs, clock())
	count := func() (all []broker.Counts) {
		c := clock()
		l, err := pebblelog.Open(pebblelog.Options{Dir: "db", FS: fs, Clock: c, Logger: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		b, err := broker.Open(context.Background(), broker.Config{Log: l, Clock: c})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		topics, _, err := b.Topics("", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range topics {
			n := topic.Counts
			if n.Published != n.Retained+n.Passing+n.Ended.Total() || n.Retained == 0 {
				t.Errorf("%s: %+v does not add up", topic.Name, n)
			}
			all = append(all, n)
		}
		return all
	}
	before := count()
	eachIndex(t, fs, func(int, []byte, []byte) []byte { return nil })
	if after := count(); !reflect.DeepEqual(before, after) || len(after) != 3 {
		t.Errorf("counts %+v, without an index %+v", before, after)
	}
}

// TestVerifyComparesWhatIsSaidTwice has the index name less than there is, and a record missing that lived.
func TestVerifyComparesWhatIsSaidTwice(t *testing.T) {
	now := time.Now()
	clock := func() *broker.Clock { return broker.NewClock(func() time.Time { return now }) }
	for name, test := range map[string]struct {
		spoil func(fs vfs.FS)
		want  string
	}{
		"whole": {func(vfs.FS) {}, ""},
		"index": {func(fs vfs.FS) {
			eachIndex(t, fs, func(n int, k, v []byte) []byte {
				if n == 1 {
					return pebblelog.ShortenIndex(k, v)
				}
				return v
			})
		}, "is not what is there"},
		"record": {func(fs vfs.FS) {
			eachIndex(t, fs, func(int, []byte, []byte) []byte { return nil })
			eachKey(t, fs, "r", func(_ int, k, v []byte) []byte {
				if k[1] < 0xfe && len(v) > 1000 {
					return nil
				}
				return v
			})
		}, "lived when the store was closed are not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			indexed(t, fs, clock())
			test.spoil(fs)
			r, err := pebblelog.VerifyFS(fs, "db")
			if err != nil || (len(r.Problems) > 0) != (test.want != "") {
				t.Fatalf("%v, %v", r.Problems, err)
			}
			found := test.want == ""
			for _, p := range r.Problems {
				found = found || strings.Contains(p.Detail, test.want)
			}
			if !found {
				t.Errorf("%v, want that something %s", r.Problems, test.want)
			}
		})
	}
}

// TestRepairKeepsReleased repairs a store in which messages had been let go before their time.
func TestRepairKeepsReleased(t *testing.T) {
	o := pebblelog.Options{Dir: "db", FS: vfs.NewMem()}
	h := open(t, o)
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	for i := range 100 {
		c := h.mustCommit(t, published(id, time.Hour, "x"))
		if i%3 == 0 {
			h.Release(broker.Ref{Position: c.Position, Topic: id})
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if r, _, err := pebblelog.RepairFS(o.FS, "db"); err != nil || len(r.Problems) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	h = open(t, o)
	defer h.Close()
	if n := h.Recovered().Messages; n != 66 {
		t.Errorf("%d messages are back, want 66", n)
	}
}

// same compares replays.
func same(t *testing.T, got, want []broker.Commit) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d commits, want %d", len(got), len(want))
		return
	}
	for i := range want {
		// The last is the time, and the topic's next sequence goes on.
		if got[i].Kind == broker.KindClock {
			continue
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("commit %d: %+v, want %+v", i, got[i], want[i])
			return
		}
	}
}

// eachIndex changes what the index says, or deletes it where nothing is given back, and gives how many there are.
func eachIndex(t *testing.T, fs vfs.FS, change func(n int, k, v []byte) []byte) (n int) {
	t.Helper()
	return eachKey(t, fs, "i", change)
}

// eachKey is eachIndex for any space.
func eachKey(t *testing.T, fs vfs.FS, space string, change func(n int, k, v []byte) []byte) (n int) {
	t.Helper()
	db, err := pebble.Open("db", &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatNewest, Logger: nothing{}})
	if err != nil {
		t.Fatal(err)
	}
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte(space), UpperBound: []byte{space[0] + 1}})
	if err != nil {
		t.Fatal(err)
	}
	for iter.First(); iter.Valid(); iter.Next() {
		if v := change(n, iter.Key(), append([]byte(nil), iter.Value()...)); v == nil {
			err = db.Delete(iter.Key(), pebble.NoSync)
		} else {
			err = db.Set(iter.Key(), v, pebble.NoSync)
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	for _, err := range []error{iter.Close(), db.Flush(), db.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}
