package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"linger/client"
	"linger/internal/jsonline"
)

func TestLineReader(t *testing.T) {
	long, limit := strings.Repeat("x", 300<<10), 400<<10
	tooLong := strings.Repeat("y", limit+1)
	input := "a\n\n" + "\xff\xfe\n" + long + "\n" + tooLong + "\n" + strings.Repeat("z", limit) + "\nlast"
	want := []string{"a", "", "\xff\xfe", long, "too long", strings.Repeat("z", limit), "last"}
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(input), "halves": iotest.HalfReader(strings.NewReader(input)),
		"with data and EOF at once": iotest.DataErrReader(strings.NewReader(input)),
	} {
		var got []string
		lines := newLineReader(r, limit)
		for {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.Is(err, errLineTooLong) {
				line = []byte("too long")
			} else if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(line))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, want %d, or they differ", name, len(got), len(want))
		}
	}
	broken := newLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrUnexpectedEOF)), 10)
	if line, err := broken.next(); string(line) != "a" || err != nil {
		t.Errorf("before the error: %q, %v", line, err)
	}
	if line, err := broken.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a line cut by an error: %q, %v", line, err)
	}
}

func TestReadableIsHarmlessOnATerminal(t *testing.T) {
	for data, want := range map[string]string{
		"plain äöü 四 🎈":   "plain äöü 四 🎈",
		"\x1b[2Jgone":     "␛[2Jgone",
		"two\nlines\r\n":  "two␊lines␍␊",
		"tab\there":       "tab here",
		"\xff\x00\x7f":    `\xff␀␡`,
		"\u009b31m":       `\u009b31m`,
		"\u202egnp.exe":   `\u202egnp.exe`,
		"\u2028separator": `\u2028separator`,
	} {
		if got := readable([]byte(data)); got != want {
			t.Errorf("%q is shown as %q, want %q", data, got, want)
		}
	}
}

func TestJSONIsHarmlessOnATerminal(t *testing.T) {
	message := client.Message{Key: "\u202ek", Attributes: map[string]string{"\u009b31m": "\x7f"}, Data: []byte("\x1b[2J\u0085 äöü 四 🎈 \u2066<&>")}
	raw := `"key":"` + "\u202e" + `k","attributes":{"` + "\u009b" + `31m":"` + "\x7f" + `"},"data":"\u001b[2J` + "\u0085" + ` äöü 四 🎈 ` + "\u2066" + `<&>"}` + "\n"
	harmless := `"key":"\u202ek","attributes":{"\u009b31m":"\u007f"},"data":"\u001b[2J\u0085 äöü 四 🎈 \u2066<&>"}` + "\n"
	for terminal, want := range map[bool]string{true: harmless, false: raw} {
		var b bytes.Buffer
		object := newJSONMessage("t", 1, time.Time{}, time.Time{}, 0, message)
		if err := newJSON(&b, terminal).Encode(&object); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(b.String(), want) {
			t.Errorf("on a terminal %v: %q, want the end %q", terminal, b.String(), want)
		}
		var back jsonline.Message
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || *back.Data != string(message.Data) || back.Key != message.Key {
			t.Errorf("on a terminal %v: read back as %+v, %v", terminal, back, err)
		}
	}
}

func TestNamesAreToldHarmlessly(t *testing.T) {
	var out, errs bytes.Buffer
	r := newPubReport(&app{Env: Env{Stdout: &out, Stderr: &errs}}, pubFlags{}, "x\x1b[31my")
	if err := r.finish(errors.New("no x\x1b[31my"), nil); !errors.Is(err, errReported) {
		t.Fatal(err)
	}
	if out.String() != "0 published to x␛[31my\n" || errs.String() != "linger: no x␛[31my\n" {
		t.Errorf("told %q and %q", out.String(), errs.String())
	}
}

func TestALongNameMovesOnlyItsOwnRow(t *testing.T) {
	var b strings.Builder
	long := strings.Repeat("n", 255)
	if err := table(&b, [][]string{{"TOPIC", "RETAINED"}, {"short", "1"}, {long, "2"}}); err != nil {
		t.Fatal(err)
	}
	pad := strings.Repeat(" ", 37)
	if want := "TOPIC" + pad + "RETAINED\nshort" + pad + "1\n" + long + "  2\n"; b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestOnATerminalSubTellsTopicSequenceAndTimeLeft(t *testing.T) {
	var b bytes.Buffer
	out := newOutput(&b)
	s := &subscriber{app: &app{}, out: out, terminal: true}
	run := &client.Run{
		Topic: "orders", FirstSequence: 7, TimeLeft: 26500 * time.Millisecond,
		Messages: []client.Message{{Data: []byte("a")}, {Data: []byte("b\n")}},
	}
	if err := errors.Join(s.run(run), out.close()); err != nil {
		t.Fatal(err)
	}
	if want := "orders #7 26s  a\norders #8 26s  b␊\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestOutputReturnsWhenNobodyReads(t *testing.T) {
	r, w := io.Pipe()
	defer r.Close()
	out := newOutput(w)
	if _, err := out.Write(make([]byte, gatherMost)); err != nil {
		t.Fatal(err)
	}
	blocked := make(chan error)
	go func() {
		var err error
		for err == nil { // until what gathers is full, and beyond
			_, err = out.Write(make([]byte, gatherMost))
		}
		blocked <- err
	}()
	out.abandon()
	if err := <-blocked; !errors.Is(err, errAbandoned) {
		t.Errorf("Write: %v", err)
	}
	if err := out.close(); !errors.Is(err, errAbandoned) {
		t.Errorf("close: %v", err)
	}
}

func TestRefusedLinesAreNamedByTheirNumber(t *testing.T) {
	r := &pubReport{skipped: []int{2, 2, 5}} // lines 3, 4 and 8 were left out
	want := []int{1, 2, 5, 6, 7, 9, 10}
	for i, line := range want {
		if got := r.lineLocked(i); got != line {
			t.Errorf("message %d is line %d, want %d", i, got, line)
		}
	}
}

func TestProgramName(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/local/bin/linger":                             "linger",
		"/tmp/go-build123/b001/exe/linger":                  "go run .",
		"/home/somebody/.cache/go-build/ab/abcdef-d/linger": "go run .",
		"/home/somebody/go-buildings/server/linger":         "linger",
	} {
		if got := nameOf(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestMemTotal(t *testing.T) {
	if got := memTotal("MemTotal:        2048 kB\nMemFree:  1 kB\n"); got != 2<<20 {
		t.Errorf("%d", got)
	}
}

func TestBootClockAdvancesFromTheWallClock(t *testing.T) {
	now := new(Machine).bootClock()
	a, wall := now(), time.Now()
	if d := wall.Sub(a); d < -time.Second || d > time.Second {
		t.Errorf("begins %s off the wall clock", d)
	}
	if b := now(); b.Before(a) {
		t.Error("runs backwards")
	}
}
