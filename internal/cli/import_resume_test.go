package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"linger/client"
	"linger/internal/cli"
)

// cutting gives its text and, at a place in it, interrupts whoever reads.
type cutting struct {
	io.Reader
	left      int
	interrupt func()
}

func (c *cutting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b[:min(len(b), 4096)])
	if c.left -= n; c.left < 0 {
		c.interrupt()
	}
	return n, err
}

// importing runs an import of a text, interrupted behind so many bytes of it; 0: not.
func importing(t *testing.T, addr, text string, cut int, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs bytes.Buffer
	var in io.Reader = strings.NewReader(text)
	if cut > 0 {
		in = &cutting{in, cut, cancel}
	}
	env := cli.Env{Version: "1.2.3", Stdin: in, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	status = cli.Run(ctx, append([]string{"import", "--server", addr}, args...), env)
	return status, out.String(), errs.String()
}

// An import that is interrupted says how far it came, and gone on with from there each message is there once, with the
// number and the deadline that it had.
func TestImportGoesOn(t *testing.T) {
	const all = 6_000
	deadline := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	var export strings.Builder
	for i := 1; i <= all; i++ {
		topic := fmt.Sprintf("t.%d", i%3)
		fmt.Fprintf(&export, `{"topic":%q,"sequence":%d,"expire_time":%q,"key":"","attributes":{},"data":"%d"}`+"\n",
			topic, (i+2)/3, deadline.Add(time.Duration(i)*time.Millisecond).Format("2006-01-02T15:04:05.000Z"), i)
	}
	server := serve(t, "memory:")
	afterLine := regexp.MustCompile(`--after (\d+) goes on`)
	args, parts := []string(nil), 0
	for cut := export.Len() / 3; ; cut += export.Len() / 3 {
		parts++
		status, stdout, stderr := importing(t, server.addr, export.String(), cut, args...)
		if status == 0 {
			break
		}
		found := afterLine.FindStringSubmatch(stderr)
		if status != 1 || !strings.Contains(stderr, "interrupted") || parts > 5 {
			t.Fatalf("status %d\n%s%s", status, stdout, stderr)
		}
		if found != nil {
			args = []string{"--after", found[1]}
		}
	}
	if parts == 1 {
		t.Error("nothing was interrupted")
	}
	c := dialled(t, server.addr)
	for topic := range 3 {
		next := uint64(1)
		for m, err := range c.ListMessages(t.Context(), fmt.Sprintf("t.%d", topic), client.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			var i int
			if _, err := fmt.Sscan(string(m.Data), &i); err != nil {
				t.Fatal(err)
			}
			if m.Sequence != next || uint64((i+2)/3) != next || i%3 != topic || !m.ExpireTime.Equal(deadline.Add(time.Duration(i)*time.Millisecond)) {
				t.Fatalf("t.%d #%d: %q until %v; want #%d", topic, m.Sequence, m.Data, m.ExpireTime, next)
			}
			next++
		}
		if next != all/3+1 {
			t.Errorf("t.%d comes to #%d of %d", topic, next-1, all/3)
		}
	}
}
