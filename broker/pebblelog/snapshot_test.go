package pebblelog_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
)

// unpack makes a directory of a snapshot, and closes it.
func unpack(t *testing.T, s *pebblelog.Snapshot) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "copy")
	var b bytes.Buffer
	n, err := s.WriteTo(&b)
	if err = errors.Join(err, s.Close(), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	if n != s.Size() || int64(b.Len()) != n {
		t.Errorf("an archive of %d bytes is told as %d before and %d after", b.Len(), s.Size(), n)
	}
	last := ""
	for archive := tar.NewReader(&b); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err = errors.Join(err, os.WriteFile(filepath.Join(dir, header.Name), content, 0o600)); err != nil {
			t.Fatal(err)
		}
		last = header.Name
	}
	if last != "FENCE" {
		t.Errorf("the last file is %s: an archive that is cut could be taken for a store", last)
	}
	return dir
}

// A snapshot that is taken while publishers run holds all that was acknowledged before, and of the rest a beginning.
func TestSnapshotUnderLoad(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: filepath.Join(dir, "db"), MemTable: 256 << 10})
	defer h.Close()
	const publishers = 4
	var topics [publishers]broker.TopicID
	var acknowledged [publishers]atomic.Uint64
	for i := range topics {
		topics[i] = broker.TopicID(h.mustCommit(t, topicPut(fmt.Sprint("t", i))).Position)
	}
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	for i := range topics {
		publishing.Go(func() {
			onTheirWay := make(chan struct{}, 2) // more would be a larger copy, not a better test
			for n := uint64(1); ; n++ {
				select {
				case onTheirWay <- struct{}{}:
				case <-stop:
					return
				}
				h.Append(published(topics[i], time.Hour, fmt.Sprintf("%d of %d %0500d", n, i, 0)), func(c broker.Commit, err error) {
					if err != nil || c.First != n {
						t.Errorf("#%d: %+v, %v", n, c, err)
					}
					acknowledged[i].Store(n)
					<-onTheirWay
				})
			}
		})
	}
	for acknowledged[0].Load() < 200 {
		time.Sleep(time.Millisecond)
	}
	type taken struct {
		dir   string
		least [publishers]uint64 // messages of each topic that it has
	}
	var copies []taken
	for range 6 {
		var before, after [publishers]uint64
		for i := range before {
			before[i] = acknowledged[i].Load()
		}
		s, err := h.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Snapshot(t.Context()); !errors.Is(err, pebblelog.ErrSnapshotOpen) {
			t.Errorf("a second one: %v", err)
		}
		copies = append(copies, taken{unpack(t, s), before})
		for i := range after {
			after[i] = acknowledged[i].Load()
		}
		if after[0] <= before[0] {
			t.Errorf("publishing stood still at #%d", after[0])
		}
	}
	close(stop)
	publishing.Wait()
	for _, c := range copies { // now, as whoever publishes meanwhile has the next copy grow
		checkCopy(t, c.dir, topics[:], c.least[:])
	}
	if _, err := os.Stat(filepath.Join(dir, "db", "SNAPSHOT")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left of it: %v", err)
	}
}

// checkCopy opens a copy, in which topic i has at least its first least[i] messages, and no hole.
func checkCopy(t *testing.T, dir string, topics []broker.TopicID, least []uint64) {
	t.Helper()
	if r, err := pebblelog.Verify(dir, nil); err != nil || len(r.Problems) > 0 {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
	h := open(t, pebblelog.Options{Dir: dir})
	defer h.Close()
	last := map[broker.TopicID]uint64{}
	for _, c := range h.applied {
		if c.Kind != broker.KindPublished {
			continue
		}
		if c.First != last[c.Topic]+1 {
			t.Fatalf("topic %d: #%d after #%d", c.Topic, c.First, last[c.Topic])
		}
		last[c.Topic] = c.First
	}
	for i, id := range topics {
		body, err := h.Load(context.Background(), broker.Ref{Position: positionOf(h.applied, id, last[id]), Topic: id})
		if last[id] < least[i] || err != nil || !bytes.Contains(body, fmt.Appendf(nil, "%d of %d ", last[id], i)) {
			t.Errorf("topic %d comes to #%d (%.20q, %v), #%d was acknowledged before", id, last[id], body, err, least[i])
		}
	}
}

func positionOf(all []broker.Commit, id broker.TopicID, first uint64) uint64 {
	for _, c := range all {
		if c.Kind == broker.KindPublished && c.Topic == id && c.First == first {
			return c.Position
		}
	}
	return 0
}

// A copy is another store, with other incarnations, from its first opening on: it goes on with the numbers that the
// original gives as well. A crash in the middle of that opening changes nothing of it.
func TestSnapshotIsAnotherStore(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: filepath.Join(dir, "db")})
	defer h.Close()
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	policy := topicPut("a")
	policy.Topic = id
	h.mustCommit(t, policy)
	h.mustCommit(t, published(id, time.Hour, "m"))
	s, err := h.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	original, was := h.Stats().Store, policy.Put.Incarnation
	copied := unpack(t, s)
	store, incarnation := "", uint64(0)
	for round := range 3 {
		c := open(t, pebblelog.Options{Dir: copied})
		puts := 0
		for _, commit := range c.applied {
			if commit.Kind != broker.KindTopicPut {
				continue
			}
			puts++
			if incarnation == 0 {
				incarnation = commit.Put.Incarnation
			}
			if commit.Put.Incarnation != incarnation || incarnation == was || commit.Put.Name != "a" {
				t.Errorf("round %d: %+v after incarnation %d, in the original %d", round, commit, incarnation, was)
			}
		}
		if puts != 2 {
			t.Errorf("%d policies", puts)
		}
		if store == "" {
			store = c.Stats().Store
		}
		if now := c.Stats().Store; now != store || now == original {
			t.Errorf("round %d: store %s after %s, the original is %s", round, now, store, original)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What a crash leaves of a snapshot goes at the next opening.
func TestSnapshotLeftBehind(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: dir})
	s, err := h.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "SNAPSHOT", "FENCE")
	if _, err := os.Stat(left); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, pebblelog.Options{Dir: dir})
	defer again.Close()
	if _, err := os.Stat(filepath.Dir(left)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := s.WriteTo(io.Discard); err == nil {
		t.Error("it is still to be read")
	}
}

// Nobody gets a snapshot of a log that is closed, or with a call that has ended.
func TestSnapshotRefused(t *testing.T) {
	h := open(t, pebblelog.Options{Dir: t.TempDir()})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := h.Snapshot(ended); err == nil {
		s.Close() // it was faster
	} else if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Snapshot(t.Context()); !errors.Is(err, broker.ErrStopped) {
		t.Errorf("closed: %v", err)
	}
}
