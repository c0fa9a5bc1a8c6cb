package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/internal/cli"
)

// pipe is standard output whose reader interrupts the command when it has seen the first of it.
type pipe struct {
	bytes.Buffer
	interrupt func()
}

func (p *pipe) Write(b []byte) (int, error) {
	p.interrupt()
	return p.Buffer.Write(b)
}

// An export that is interrupted says so and how much there is of it, which an import takes for what it is; into a file there
// is nothing of it.
func TestInterruptedExport(t *testing.T) {
	s := serve(t, "memory:")
	p := dialled(t, s.addr).NewPublisher(client.PublisherOptions{})
	const messages = 20_000 // far more than an export reads ahead
	for range messages {
		if err := p.Publish(t.Context(), "many", time.Hour, client.Message{Data: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	ctx, interrupt := context.WithCancel(t.Context())
	out, errs := &pipe{interrupt: interrupt}, &strings.Builder{}
	env := cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: errs, Getenv: func(string) string { return "" }}
	if status := cli.Run(ctx, []string{"export", "--server", s.addr}, env); status != 1 {
		t.Errorf("status %d", status)
	}
	written := bytes.Count(out.Bytes(), []byte(`"sequence":`))
	want := fmt.Sprintf("linger: interrupted; the export is incomplete: %d of 20000 messages written and no last line\n", written)
	if strings.ReplaceAll(errs.String(), ",", "") != want || written == 0 || written == messages {
		t.Errorf("it says %q, and wrote %d messages; want %q", errs, written, want)
	}

	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	if err := os.WriteFile(cut, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	other := serve(t, "memory:")
	if _, said := run(t, 1, "import", cut, "--server", other.addr); !strings.Contains(said, "the export was cut: its last line is missing") {
		t.Errorf("the import says %q", said)
	}

	errs.Reset() // ctx has ended before this one begins
	dir := t.TempDir()
	if status := cli.Run(ctx, []string{"export", "--server", s.addr, "-o", filepath.Join(dir, "none.jsonl")}, env); status != 1 {
		t.Errorf("status %d", status)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 || errs.String() != "linger: interrupted; nothing is left of the export\n" {
		t.Errorf("%v are left, %v, and it says %q", left, err, errs)
	}
}
