package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/test/soak"
)

// TestContract11ServerOnDamagedStore damages the files of a store that was stopped, and of one that was killed, each in a
// copy: a bit flipped, the end cut off, the file gone. Three by lot, with LINGER_SOAK=1 each file in every way. The server
// refuses to start and says what is damaged and what to do, or it serves what was published and nothing else; after linger
// verify --repair it serves what can be read.
func TestContract11ServerOnDamagedStore(t *testing.T) {
	seed := seedOf(t)
	for i, end := range []string{"stopped", "killed"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			rng := lots(seed, uint64(i))
			base := filepath.Join(t.TempDir(), "store")
			held := fillStore(t, base, end == "stopped")
			files, err := os.ReadDir(base)
			if err != nil {
				t.Fatal(err)
			}
			var cases []damaged
			for _, file := range files {
				for _, way := range []string{"flip", "cut", "gone"} {
					if info, err := file.Info(); err == nil && (info.Size() > 0 || way == "gone") {
						cases = append(cases, damaged{t: t, file: file.Name(), way: way, held: held})
					}
				}
			}
			rng.Shuffle(len(cases), func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
			for i := range soak.Rounds(t, 3, len(cases)) {
				cases[i].check(base, rng)
			}
		})
	}
}

// fillStore has a server make a store with tables and a log, and gives what it holds by sequence.
func fillStore(t *testing.T, dir string, stop bool) map[uint64]string {
	t.Helper()
	s := newServer(t, dir)
	s.Start()
	held := map[uint64]string{}
	c := s.Dial()
	for i := range 60 {
		data := fmt.Sprint(i, strings.Repeat(" damaged?", i*20))
		ack, err := c.Publish(t.Context(), damagedTopic, time.Hour, client.Message{Data: []byte(data)})
		if err != nil {
			t.Fatal(err)
		}
		held[ack.Sequence] = data
		if i == 40 { // so that there is a table in both cases
			s.Stop()
			s.Start()
			c = s.Dial()
		}
	}
	if stop {
		s.Stop()
	} else {
		pause(t.Context(), 1200*time.Millisecond) // until the fence says that all is there: it is written each second
		s.Kill()
	}
	return held
}

const damagedTopic = "damaged"

// damaged is one file damaged in one way.
type damaged struct {
	t         *testing.T
	file, way string
	held      map[uint64]string

	what string // for failures
}

func (d *damaged) check(base string, rng *rand.Rand) {
	d.t.Helper()
	dir := filepath.Join(d.t.TempDir(), "store")
	if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
		d.t.Fatal(err)
	}
	d.harm(filepath.Join(dir, d.file), rng)
	s := newServer(d.t, dir)
	started, said := s.TryStart()
	if started {
		found, health := d.served(s)
		if found < len(d.held) && health {
			d.t.Errorf("%s: %d of %d messages are served, and nobody was told", d.what, found, len(d.held))
		}
		s.Kill()
		return
	}
	if !strings.Contains(said, "linger verify "+dir) || strings.Contains(said, "panic") {
		d.t.Errorf("%s: the server says %q", d.what, said)
	}
	if out, err := s.linger("verify", dir); err == nil || !strings.Contains(out, "--repair") {
		d.t.Errorf("%s: the server says %q, and linger verify: %v, %s", d.what, said, err, out)
	}
	out, err := s.linger("verify", dir, "--repair")
	if err != nil || !strings.Contains(out, "repaired: ") {
		d.t.Errorf("%s: linger verify --repair: %v, %s", d.what, err, out)
		return
	}
	s.Start()
	found, _ := d.served(s)
	d.t.Logf("%s: %d of %d after the repair", d.what, found, len(d.held))
	s.Stop()
}

func (d *damaged) harm(path string, rng *rand.Rand) {
	d.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	content := max(len(bytes.TrimRight(b, "\x00")), 1) // a WAL is longer, but in its zeros nothing would be damaged
	at := 0
	switch d.way {
	case "gone":
		err = os.Remove(path)
	case "flip":
		at = rng.IntN(content)
		b[at] ^= 1 << rng.IntN(8)
		err = os.WriteFile(path, b, 0o600)
	default:
		at = rng.IntN(content)
		err = os.Truncate(path, int64(at))
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.what = fmt.Sprintf("%s %s at %d of %d", d.way, d.file, at, content)
}

// served counts the messages that the server has, and checks that nothing else is there; health: it says that it is well.
func (d *damaged) served(s *server) (found int, health bool) {
	d.t.Helper()
	for m, err := range s.Dial().ListMessages(d.t.Context(), damagedTopic, client.ListOptions{}) {
		switch {
		case errors.Is(err, client.ErrNotFound):
		case err != nil:
			d.t.Errorf("%s: %v", d.what, err)
		case d.held[m.Sequence] != string(m.Data):
			d.t.Errorf("%s: #%d is served as %.40q", d.what, m.Sequence, m.Data)
		default:
			found++
		}
	}
	_, body := s.Get("/readyz")
	return found, body == "ready\n"
}
