package pebblelog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"linger/broker"
	"linger/broker/pebblelog"
	"linger/test/smalldisk"
)

// faulty is a file system whose writes and syncs can be made to fail or to take long.
func faulty(fs vfs.FS, decide func(op errorfs.Op) error) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(decide))
}

// TestContract11FailedSync has a sync fail while publishing goes on: nothing more is accepted, reading goes on, and what
// was acknowledged is there after a restart.
func TestContract11FailedSync(t *testing.T) {
	for name, kinds := range map[string][]errorfs.OpKind{
		"sync":  {errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}, // whichever the file system has
		"write": {errorfs.OpFileWrite},
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			var failing, failed atomic.Bool
			fs := faulty(mem, func(op errorfs.Op) error {
				if failing.Load() && slices.Contains(kinds, op.Kind) && strings.HasSuffix(op.Path, ".log") {
					failed.Store(true)
					return syscall.EIO
				}
				return nil
			})
			o := pebblelog.Options{Dir: "db", FS: fs}
			h := open(t, o)
			id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
			var last broker.Commit
			for range 100 {
				last = h.mustCommit(t, published(id, time.Hour, "kept"))
			}
			failing.Store(true)
			var refused error
			for range 200 {
				if refused != nil || failed.Load() {
					break
				}
				_, refused = h.commit(published(id, time.Hour, "in doubt"))
			}
			if !failed.Load() {
				t.Fatal("nothing failed")
			}
			if refused != nil && !errors.Is(refused, broker.ErrUnknownOutcome) {
				t.Errorf("in doubt: %v", refused)
			}
			if _, err := h.commit(published(id, time.Hour, "later")); !errors.Is(err, broker.ErrReadOnly) {
				t.Errorf("later: %v", err)
			}
			if err := h.Health(); !errors.Is(err, broker.ErrReadOnly) || h.Stats().Health == nil {
				t.Errorf("health: %v", err)
			}
			if body, err := h.Load(context.Background(), broker.Ref{Position: last.Position, Topic: id}); err != nil || string(body) != "kept" {
				t.Errorf("reading: %q, %v", body, err)
			}
			if err := h.Close(); !errors.Is(err, broker.ErrReadOnly) {
				t.Errorf("close: %v", err)
			}
			if err := h.Close(); err == nil || errors.Is(err, broker.ErrReadOnly) {
				t.Errorf("a second close: %v", err)
			}
			failing.Store(false) // the same process may go on with the directory
			h = open(t, o)
			if n := h.Recovered().Messages; n < 100 {
				t.Errorf("%d messages in the same directory", n)
			}
			if err := h.Close(); err != nil {
				t.Errorf("close of the directory that is sound again: %v", err)
			}
			o.FS = mem.CrashClone(vfs.CrashCloneCfg{})
			again := open(t, o)
			defer again.Close()
			if n := again.Recovered().Messages; n < 100 {
				t.Errorf("%d messages after the restart", n)
			}
		})
	}
}

// A full disk is waited for however the directory is written.
func TestDiskFullInADirectoryHoweverWritten(t *testing.T) {
	for _, dir := range []string{".", "./a", "b/", "c//d/..", "new/e"} {
		t.Run(dir, func(t *testing.T) {
			t.Chdir(t.TempDir())
			var full atomic.Int32 // so many writes to the WAL find no room
			fs := faulty(vfs.Default, func(op errorfs.Op) error {
				if op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log") && full.Add(-1) >= 0 {
					return syscall.ENOSPC
				}
				return nil
			})
			h := open(t, pebblelog.Options{Dir: dir, FS: fs})
			id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
			full.Store(2)
			if _, err := h.commit(published(id, time.Hour, "waits for room")); err != nil {
				t.Errorf("while there is no room: %v", err)
			}
			if err := h.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// TestContract9DiskFull fills a small file system with something else, and makes room again.
func TestContract9DiskFull(t *testing.T) {
	dir := smalldisk.New(t, 48<<20)
	h := open(t, pebblelog.Options{Dir: filepath.Join(dir, "db"), MemTable: 1 << 20, Reserve: 8 << 20, DiskLimit: 1 << 30})
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	body := string(make([]byte, 64<<10))
	acked, err := 0, error(nil)
	var last broker.Commit
	eventually(t, func() bool {
		for err = nil; err == nil && acked < 5000; acked++ {
			var c broker.Commit
			if c, err = h.commit(published(id, time.Hour, body)); err == nil {
				last = c
			}
		}
		// Between two looks at the disk the log is careful, and may refuse what it takes after the next.
		st := h.Stats()
		return !errors.Is(err, broker.ErrFull) || st.NearlyFull()
	})
	var full *broker.Error
	if !errors.Is(err, broker.ErrFull) || !errors.As(err, &full) || full.RetryAfter != 0 {
		t.Fatalf("after %d: %v", acked, err)
	}
	if st := h.Stats(); st.Limit > 48<<20 || !st.NearlyFull() {
		t.Errorf("%d bytes of %d, which the file system has not", st.Bytes, st.Limit)
	}
	// Somebody else takes the reserve, too: whatever is written now waits.
	ballast := filepath.Join(dir, "ballast")
	smalldisk.Fill(t, ballast)
	time.Sleep(500 * time.Millisecond) // until the log has looked
	began := time.Now()
	if _, err := h.commit(published(id, time.Hour, body)); !errors.Is(err, broker.ErrFull) || time.Since(began) > time.Second {
		t.Errorf("refused with %v after %v", err, time.Since(began))
	}
	waits := make(chan error, 1)
	go func() {
		for i := range 400 { // of the kinds that are still taken; in the end there is no room in the WAL either
			if _, err := h.commit(topicPut(fmt.Sprint(i, strings.Repeat("n", 2000)))); err != nil {
				waits <- err
				return
			}
		}
		waits <- nil
	}()
	if got, err := h.Load(context.Background(), broker.Ref{Position: last.Position, Topic: id}); err != nil || len(got) != len(body) {
		t.Errorf("reading: %d bytes, %v", len(got), err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := errors.Join(os.Remove(ballast)); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Errorf("what waited for room: %v", err)
	}
	// What is dead makes room.
	for _, c := range h.applied {
		if c.Kind == broker.KindPublished {
			h.Release(broker.Ref{Position: c.Position, Topic: c.Topic})
		}
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		_, err := h.commit(published(id, time.Hour, "again"))
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still refused: %v; %s", err, listing(filepath.Join(dir, "db")))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// listing shows a directory in a failure.
func listing(dir string) string {
	var b strings.Builder
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			fmt.Fprintf(&b, "%s %d, ", e.Name(), info.Size())
		}
	}
	return b.String()
}

// TestContract11SlowDisk has each sync take long: it costs time and nothing else.
func TestContract11SlowDisk(t *testing.T) {
	fs := faulty(vfs.NewMem(), func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData {
			time.Sleep(30 * time.Millisecond)
		}
		return nil
	})
	h := open(t, pebblelog.Options{Dir: "db", FS: fs})
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	var acked atomic.Int64
	done := make(chan struct{})
	began := time.Now()
	for range 1000 {
		h.Append(published(id, time.Hour, "slow"), func(_ broker.Commit, err error) {
			if err != nil {
				t.Error(err)
			}
			if acked.Add(1) == 1000 {
				close(done)
			}
		})
	}
	<-done
	if took := time.Since(began); took > 15*time.Second { // one by one it would be 30 s
		t.Errorf("a thousand at once took %v", took)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestContract5ClockOverRestart sets the wall clock back and forth while the log is closed, and crashed.
func TestContract5ClockOverRestart(t *testing.T) {
	fs := vfs.NewMem()
	w := &wall{now: time.UnixMilli(10_000_000)}
	o := pebblelog.Options{Dir: "db", FS: fs}
	reopen := func() *harness {
		o.Clock = broker.NewClock(w.read)
		return open(t, o)
	}
	h := reopen()
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	h.mustCommit(t, published(id, time.Minute, "a minute"))
	h.mustCommit(t, published(id, 2*time.Hour, "two hours"))
	w.add(10 * time.Second)
	h.mustCommit(t, broker.Proposal{Kind: broker.KindClock})
	before := o.Clock.Now()
	h.Close()

	w.add(-time.Hour)
	h = reopen()
	if now := o.Clock.Now(); now < before {
		t.Errorf("the clock ran back from %d to %d", before, now)
	}
	if n := h.Recovered().Messages; n != 2 {
		t.Errorf("%d messages alive after a step back", n)
	}
	h.Close()

	w.add(2 * time.Hour)
	h = reopen()
	if n := h.Recovered().Messages; n != 1 {
		t.Errorf("%d messages alive after a step forward", n)
	}
	h.Close()

	w.add(-2 * time.Hour)
	h = reopen()
	if n := h.Recovered().Messages; n != 1 {
		t.Errorf("%d messages alive after a step back: what was dead stays dead", n)
	}
	if c := h.mustCommit(t, published(id, time.Hour, "next")); c.Time < before+3_000_000 {
		t.Errorf("published at %d", c.Time)
	}
	h.Close()
}

// TestOpenOnAFullDisk opens where nothing can be written: it says so, and does not wait for ever.
func TestOpenOnAFullDisk(t *testing.T) {
	t.Parallel() // it waits for room first, in real time
	dir := smalldisk.New(t, 1<<20)
	smalldisk.Fill(t, filepath.Join(dir, "ballast"))
	if _, err := tryOpen(pebblelog.Options{Dir: filepath.Join(dir, "db")}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened with %v", err)
	}
}

// TestInUse opens a directory twice.
func TestInUse(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: dir})
	_, err := tryOpen(pebblelog.Options{Dir: dir})
	if !errors.Is(err, pebblelog.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("twice: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	open(t, pebblelog.Options{Dir: dir}).Close()
}

// TestOtherFormat opens a store of another version.
func TestOtherFormat(t *testing.T) {
	dir := t.TempDir()
	open(t, pebblelog.Options{Dir: dir}).Close()
	path := filepath.Join(dir, "FENCE")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"format 1", "format 9"} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), "format 2", format, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, opened := tryOpen(pebblelog.Options{Dir: dir})
		_, verified := pebblelog.Verify(dir, nil)
		_, _, repaired := pebblelog.Repair(dir, nil)
		for _, err := range []error{opened, verified, repaired} {
			var other *pebblelog.FormatError
			if !errors.As(err, &other) || !strings.Contains(err.Error(), format) {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
}

// TestCheckpoint copies a store while it is written.
func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pebblelog.Options{Dir: filepath.Join(dir, "db")})
	defer h.Close()
	id := broker.TopicID(h.mustCommit(t, topicPut("a")).Position)
	for range 50 {
		h.mustCommit(t, published(id, time.Hour, "copied"))
	}
	backup := filepath.Join(dir, "backup")
	if err := h.Checkpoint(backup); err != nil {
		t.Fatal(err)
	}
	h.mustCommit(t, published(id, time.Hour, "not copied"))
	if r, err := pebblelog.Verify(backup, nil); err != nil || len(r.Problems) > 0 || r.Messages != 50 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	copied := open(t, pebblelog.Options{Dir: backup})
	defer copied.Close()
	if n := copied.Recovered().Messages; n != 50 {
		t.Errorf("%d messages in the copy", n)
	}
}
