package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// emulator is a real terminal, as far as the kernel is concerned, and what a person sees on it. Safe for concurrent use.
type emulator struct {
	tty   *os.File // what a program writes to
	width int

	mu       sync.Mutex // guards what is below
	lines    [][]rune
	row, col int
	cut      string // the beginning of a sequence
	written  strings.Builder
	change   *sync.Cond
}

func newEmulator(t *testing.T, width int) *emulator {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	e := &emulator{tty: tty, width: width, lines: [][]rune{nil}}
	e.change = sync.NewCond(&e.mu)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(e, screen) // until the last of tty is closed
	}()
	t.Cleanup(func() {
		_ = tty.Close()
		<-ended
		_ = screen.Close()
	})
	return e
}

const clearLine = "\x1b[K"

// Write shows what a program wrote: text, line ends, and the clearing of a line.
func (e *emulator) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.change.Broadcast()
	e.written.Write(b)
	rest := e.cut + string(b)
	for e.cut = ""; rest != ""; {
		if after, ok := strings.CutPrefix(rest, clearLine); ok {
			e.lines[e.row] = e.lines[e.row][:min(e.col, len(e.lines[e.row]))]
			rest = after
			continue
		}
		if strings.HasPrefix(clearLine, rest) { // its end is on the way
			e.cut = rest
			break
		}
		r, n := utf8.DecodeRuneInString(rest)
		rest = rest[n:]
		switch r {
		case '\r':
			e.col = 0
		case '\n':
			e.nextLocked()
		default:
			if e.col == e.width {
				e.col = 0
				e.nextLocked()
			}
			line := e.lines[e.row]
			for len(line) <= e.col {
				line = append(line, ' ')
			}
			line[e.col] = r
			e.lines[e.row] = line
			e.col++
		}
	}
	return len(b), nil
}

func (e *emulator) nextLocked() {
	e.row++
	if e.row == len(e.lines) {
		e.lines = append(e.lines, nil)
	}
}

func (e *emulator) shownLocked() string {
	var all []string
	for _, line := range e.lines {
		all = append(all, string(line))
	}
	return strings.Join(all, "\n")
}

// await waits until what is shown is right.
func (e *emulator) await(right func(shown string) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !right(e.shownLocked()) {
		e.change.Wait()
	}
}

// On a terminal the progress has a line of its own, narrow or wide: what is told meanwhile stands above it, whole, and at the
// end nothing of it is left.
func TestProgressOnATerminal(t *testing.T) {
	s := serveIn(t, t.TempDir()+"/store", Machine{})
	for _, width := range []int{80, 40, 20} {
		e := newEmulator(t, width)
		in, lines, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		ended := make(chan int)
		go func() {
			ended <- Run(t.Context(), []string{"import", "--keep-going", "--server", s.grpc}, Env{
				Stdin: in, Stdout: &out, Stderr: e.tty, Getenv: func(string) string { return "" },
			})
		}()
		drawn := "0 imported, 0 a second"
		if width <= len(drawn) {
			drawn = "0 imported"
		}
		e.await(func(shown string) bool { return shown == drawn })
		fmt.Fprintln(lines, `{"type":"gibberish"}`)
		complaint := folded(`linger: line 1: an object of type "gibberish" is none that linger export writes`, width)
		e.await(func(shown string) bool { return shown == complaint+"\n"+drawn })
		_ = lines.Close()
		if status := <-ended; status != 1 || !strings.HasPrefix(out.String(), "0 messages imported, 0 had expired, in ") {
			t.Errorf("status %d, and it says %q", status, &out)
		}
		want := complaint + "\n" + folded("linger: 1 refused, 0 of unknown outcome, 0 not sent", width) + "\n"
		e.await(func(shown string) bool { return strings.HasSuffix(shown, "not sent\n") })
		e.mu.Lock()
		if shown := e.shownLocked(); shown != want {
			t.Errorf("at %d columns the terminal shows\n%s\nof %q", width, shown, e.written.String())
		}
		e.mu.Unlock()
		_ = in.Close()
	}
}

// folded is a line as a terminal shows it.
func folded(line string, width int) string {
	var rows []string
	for len(line) > width {
		rows, line = append(rows, line[:width]), line[width:]
	}
	return strings.Join(append(rows, line), "\n")
}
