package pebblelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"linger/broker"
	"linger/broker/pebblelog"
	"linger/test/soak"
)

// fill makes a store with several tables and a WAL, and gives what it holds by topic and sequence.
func fill(t *testing.T, dir string, clean bool) map[string]string {
	t.Helper()
	h := open(t, pebblelog.Options{Dir: dir, MemTable: 256 << 10})
	rng := rand.New(rand.NewPCG(7, 7))
	held := map[string]string{}
	each := soak.Number(40, 150)
	for topic := range 3 {
		id := broker.TopicID(h.mustCommit(t, topicPut(fmt.Sprint("t", topic))).Position)
		for range each {
			body := make([]byte, 1000+rng.IntN(3000))
			for i := range body {
				body[i] = byte(rng.Uint32())
			}
			p := published(id, time.Hour<<rng.IntN(4), string(body))
			c := h.mustCommit(t, p)
			held[fmt.Sprint(id, "#", c.First)] = string(body)
		}
	}
	if clean {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		return held
	}
	time.Sleep(1200 * time.Millisecond) // until the fence says that all is there
	crash := filepath.Join(t.TempDir(), "crash")
	if err := os.CopyFS(crash, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	h.Close()
	os.RemoveAll(dir)
	if err := os.Rename(crash, dir); err != nil {
		t.Fatal(err)
	}
	return held
}

func nameOf(c broker.Commit) string { return fmt.Sprint(c.Topic, "#", c.First) }

// read opens a store and compares all that it gives with what was published.
func read(dir string, held map[string]string) (found int, err error) {
	h, err := tryOpen(pebblelog.Options{Dir: dir})
	if err != nil {
		return 0, err
	}
	defer h.Close()
	for _, c := range h.applied {
		if c.Kind != broker.KindPublished {
			continue
		}
		name := nameOf(c)
		if want, ok := held[name]; !ok || want != string(c.Body) {
			return 0, fmt.Errorf("served what was never published: %s", name)
		}
		body, err := h.Load(context.Background(), broker.Ref{Position: c.Position, Topic: c.Topic})
		if err != nil || string(body) != held[name] {
			return 0, fmt.Errorf("load of %s: %w", name, err)
		}
		found++
	}
	return found, nil
}

// TestContract11Damage flips bits in each file, and cuts each, in a copy. Bits in tables, and tables of a
// store that was closed, only with LINGER_SOAK=1, as Pebble
// looks for the one that was flipped for seconds; TestContract11DamageWhileRunning flips one in the short form, too.
func TestContract11Damage(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(map[bool]string{true: "clean", false: "crashed"}[clean], func(t *testing.T) {
			base := filepath.Join(t.TempDir(), "db")
			held := fill(t, base, clean)
			rounds := soak.Number(1, 25)
			var done, all atomic.Int64
			t.Cleanup(func() { t.Logf("soak: %d of %d files, damaged and repaired", done.Load(), all.Load()) })
			entries, err := os.ReadDir(base)
			if err != nil {
				t.Fatal(err)
			}
			for round := range rounds { // each file once, then each once more
				for _, e := range entries {
					table := filepath.Ext(e.Name()) == ".sst"
					if !soak.On() && clean && table {
						continue
					}
					for _, how := range []string{"flip", "cut", "gone"} {
						if how == "gone" && round > 0 || how == "flip" && table && !soak.On() {
							continue
						}
						all.Add(1)
						t.Run(fmt.Sprintf("%s-%s-%d", how, e.Name(), round), func(t *testing.T) {
							t.Parallel()
							if soak.TimeLeft(t) {
								damageOne(t, base, e.Name(), how, round, held)
								done.Add(1)
							}
						})
					}
				}
			}
		})
	}
}

func damageOne(t *testing.T, base, name, how string, round int, held map[string]string) {
	dir := filepath.Join(t.TempDir(), "db")
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(round), uint64(len(b))))
	content := len(bytes.TrimRight(b, "\x00")) // a WAL is longer, but in its zeros nothing would be damaged
	at := 0
	switch {
	case how == "gone":
		err = os.Remove(path)
	case content == 0:
		return
	case how == "flip":
		at = rng.IntN(content)
		b[at] ^= 1 << rng.IntN(8)
		err = os.WriteFile(path, b, 0o644)
	default:
		at = rng.IntN(content)
		err = os.Truncate(path, int64(at))
	}
	if err != nil {
		t.Fatal(err)
	}
	what := fmt.Sprintf("%s %s at %d (round %d)", how, name, at, round)
	found, err := read(dir, held)
	switch {
	case err == nil && found == len(held):
		return // nothing that matters was in it
	case err == nil:
		t.Errorf("%s: %d of %d messages are there, and nobody was told", what, found, len(held))
		return
	case strings.Contains(err.Error(), "served"):
		t.Errorf("%s: %v", what, err)
		return
	case !errors.Is(err, broker.ErrDamaged): // a server would not say what to do
		t.Errorf("%s: not told as damage: %v", what, err)
	}
	repairOne(t, dir, what, err, held)
	os.RemoveAll(filepath.Dir(dir))
}

// repairOne has the readable rest kept.
func repairOne(t *testing.T, dir, what string, told error, held map[string]string) {
	report, err := pebblelog.Verify(dir, nil)
	if err != nil || len(report.Problems) == 0 {
		t.Errorf("%s: %v, but verify finds %v, %v", what, told, report.Problems, err)
	}
	if _, _, err := pebblelog.Repair(dir, nil); err != nil {
		t.Errorf("%s: repair: %v", what, err)
		return
	}
	left, err := read(dir, held)
	if err != nil {
		t.Errorf("%s: after the repair: %v", what, err)
		return
	}
	t.Logf("%s: %v; %d of %d after the repair", what, told, left, len(held))
}
