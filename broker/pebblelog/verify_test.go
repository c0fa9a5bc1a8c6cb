package pebblelog_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"linger/broker/pebblelog"
)

// A sound store has no problems, and the look at it is told from its beginning to its end.
func TestVerifyWatched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	held := fill(t, dir, true)
	var last, whole int64
	r, err := pebblelog.Verify(dir, func(done, total int64) {
		if done < last || done > total || (whole != 0 && total != whole) {
			t.Errorf("%d of %d after %d of %d", done, total, last, whole)
		}
		last, whole = done, total
	})
	if err != nil || len(r.Problems) > 0 || int(r.Messages) != len(held) || r.Topics != 3 || !r.Clean || r.Store == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if last == 0 || whole == 0 {
		t.Errorf("the last that was told is %d of %d", last, whole)
	}
}

// A damaged table is told once, with what may be in it, and everything around it is looked at.
func TestVerifyNamesWhatMayBeLost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	held := fill(t, dir, true)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	largest := tables[0]
	for _, path := range tables {
		if size(t, path) > size(t, largest) {
			largest = path
		}
	}
	b, err := os.ReadFile(largest)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(largest, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := pebblelog.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, named := 0, 0
	for _, p := range r.Problems {
		switch {
		case p.File == largest && strings.Contains(p.Detail, "bytes from") && !strings.Contains(p.Detail, "\n"):
			files++
		case strings.HasPrefix(p.Topic, "t") && p.First > 0 && p.Last >= p.First:
			var n int
			if _, err := fmt.Sscanf(p.Detail, "%d of them (", &n); err != nil {
				t.Errorf("%v: %v", p, err)
			}
			named += n
		default:
			t.Errorf("unexpected: %v", p)
		}
	}
	if files != 1 || named == 0 || int(r.Messages)+named != len(held) {
		t.Errorf("of %d messages %d are readable, %d named; the table is named %d times:\n%v", len(held), r.Messages, named, files, r.Problems)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Neither verify nor repair makes or changes anything where there is no store, even if it is another program's.
func TestVerifyLeavesOthersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db, err := pebble.Open(dir, &pebble.Options{Logger: nothing{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte("key"), []byte("value"), pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, dir := range []string{dir, empty} {
		before := contentOf(t, dir)
		if _, err := pebblelog.Verify(dir, nil); !errors.Is(err, pebblelog.ErrNoStore) {
			t.Errorf("verify: %v", err)
		}
		if _, _, err := pebblelog.Repair(dir, nil); !errors.Is(err, pebblelog.ErrNoStore) {
			t.Errorf("repair: %v", err)
		}
		if after := contentOf(t, dir); after != before {
			t.Errorf("was:\n%s\nis:\n%s", before, after)
		}
		if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 2 {
			t.Errorf("beside it: %v, %v", entries, err)
		}
	}
}

type nothing struct{ pebble.Logger }

func (nothing) Infof(string, ...any)  {}
func (nothing) Errorf(string, ...any) {}

// contentOf is the files of a directory and what is in them.
func contentOf(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %x\n", e.Name(), content)
	}
	return b.String()
}
