package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"linger/test/process"
	"linger/test/soak"
)

// pipeline is `linger sub TOPIC --count N` in one terminal and `… | linger pub TOPIC` in another.
type pipeline struct {
	s        *server
	topic    string
	count    int
	sub, pub *exec.Cmd
	got      *bufio.Reader
	told     process.Output // by pub
}

// subscribe starts the reading end and waits until the server knows of it.
func (s *server) subscribe(topic string, count int) *pipeline {
	s.t.Helper()
	p := &pipeline{s: s, topic: topic, count: count}
	p.sub = s.Command("sub", topic, "--count", strconv.Itoa(count))
	p.sub.Stderr = os.Stderr
	out, err := p.sub.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	p.got = bufio.NewReaderSize(out, 1<<20)
	before := s.metric("linger_subscriptions")
	if err := p.sub.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = p.sub.Process.Kill() }) // if it has not ended
	process.Eventually(s.t, patience, func() error {
		return process.Expect("the number of subscriptions", s.metric("linger_subscriptions"), before+1)
	})
	return p
}

// publish starts the writing end.
func (p *pipeline) publish(stdin io.Reader, flags ...string) {
	p.s.t.Helper()
	p.pub = p.s.Command(append([]string{"pub", p.topic}, flags...)...)
	p.pub.Stdin, p.pub.Stdout, p.pub.Stderr = stdin, &p.told, &p.told
	if err := p.pub.Start(); err != nil {
		p.s.t.Fatal(err)
	}
}

// ends waits for both ends, which must succeed.
func (p *pipeline) ends() {
	p.s.t.Helper()
	if rest, _ := io.ReadAll(p.got); len(rest) > 0 {
		p.s.t.Errorf("sub printed more than %d messages: %.200q", p.count, rest)
	}
	if err := p.sub.Wait(); err != nil {
		p.s.t.Errorf("sub: %v", err)
	}
	if err := p.pub.Wait(); err != nil {
		p.s.t.Errorf("pub: %v\n%s", err, &p.told)
	}
}

// lines is how many a test sends through; more when there is time.
func lines(short int) int { return soak.Number(short, 5*short) }

// seq is the numbers' source.
func seq(t testing.TB, n int) io.Reader {
	t.Helper()
	cmd := exec.Command("seq", "1", strconv.Itoa(n))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may wait for a reader that is gone
		_ = cmd.Wait()         // its reader has what counts
	})
	return out
}

// seq 1 1000000 | linger pub numbers --ttl 5m, while linger sub numbers prints each, in order, once.
func TestNumbersThroughAPipe(t *testing.T) {
	s := startFastServer(t)
	n := lines(1_000_000)
	p := s.subscribe("numbers", n)
	start := time.Now()
	p.publish(seq(t, n), "--ttl", "5m")
	p.countsTo(n)
	p.ends()
	took := time.Since(start)
	t.Logf("%d lines in %v, %.0f a second: %s", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), strings.TrimSpace(p.told.String()))
	if got := s.metric("linger_published_messages_total"); got != float64(n) {
		t.Errorf("the server has %v messages published, not %d", got, n)
	}
}

// countsTo reads the numbers from 1 to n, each on its line.
func (p *pipeline) countsTo(n int) {
	p.s.t.Helper()
	for i := 1; i <= n; i++ {
		line, err := p.got.ReadSlice('\n')
		if err != nil {
			p.s.t.Fatalf("after %d of %d lines: %v; pub says %s", i-1, n, err, &p.told)
		}
		if string(line) != strconv.Itoa(i)+"\n" {
			p.s.t.Fatalf("line %d is %q", i, line)
		}
	}
}

// A log file, lines of UTF-8 and lines of bytes that are not, come out as they went in.
func TestFilesThroughAPipe(t *testing.T) {
	s := startFastServer(t)
	n := lines(20_000)
	for _, c := range []struct {
		name string
		line func(*rand.Rand, int) []byte
	}{
		{"log", logLine},
		{"utf8", func(r *rand.Rand, i int) []byte {
			scripts := []string{"消息保留三十秒", "сообщение", "رسالة", "👩‍👩‍👧 émoji", "ひらがな", "\ttab", "", "line\rwith a carriage return\r"}
			return []byte(strings.Repeat(scripts[r.IntN(len(scripts))], r.IntN(20)))
		}},
		{"bytes", func(r *rand.Rand, i int) []byte {
			b := make([]byte, r.IntN(300))
			for i := range b {
				if b[i] = byte(r.Uint32()); b[i] == '\n' {
					b[i] = 0
				}
			}
			return b
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var want bytes.Buffer
			for i := range n {
				want.Write(c.line(r, i))
				want.WriteByte('\n')
			}
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, want.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			p := s.subscribe(c.name, n)
			p.publish(file, "--ttl", "5m")
			got := make([]byte, want.Len())
			if _, err := io.ReadFull(p.got, got); err != nil {
				t.Fatal(err)
			}
			p.ends()
			if !bytes.Equal(got, want.Bytes()) {
				at := 0
				for got[at] == want.Bytes()[at] {
					at++
				}
				t.Errorf("differs at byte %d: %.80q, not %.80q", at, got[at:], want.Bytes()[at:])
			}
		})
	}
}

// logLine is a line as web servers write it, now and then a long one.
func logLine(r *rand.Rand, i int) []byte {
	line := fmt.Sprintf(`10.0.%d.%d - - [22/Nov/2026:14:%02d:%02d +0000] "GET /orders/%d?page=%d HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64)"`,
		r.IntN(256), r.IntN(256), i/60%60, i%60, r.IntN(1e6), r.IntN(40), []int{200, 200, 200, 304, 404, 500}[r.IntN(6)], r.IntN(1e5))
	if i%1000 == 999 {
		line += " " + strings.Repeat("at frame ", 5000)
	}
	return []byte(line)
}

// yes | linger pub x, against a server with little memory, ends in a clear error and not in a dead server.
func TestMoreThanTheMemoryHolds(t *testing.T) {
	s := startFastServer(t, "--store", "memory:", "--memory", "32MiB")
	pub := s.Command("pub", "x", "--ttl", "1h")
	yes := exec.Command("yes", "the same line again and again")
	var err error
	if pub.Stdin, err = yes.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	var told process.Output
	pub.Stdout, pub.Stderr = &told, &told
	if err := yes.Start(); err != nil {
		t.Fatal(err)
	}
	err = pub.Run()
	_ = yes.Process.Kill() // nobody reads on
	_ = yes.Wait()
	t.Logf("pub ended with %v: %s", err, &told)
	if pub.ProcessState.ExitCode() != 1 {
		t.Errorf("pub ended with status %d, not 1", pub.ProcessState.ExitCode())
	}
	for _, word := range []string{"memory", "32"} {
		if !strings.Contains(told.String(), word) {
			t.Errorf("the error does not speak of %q: %s", word, &told)
		}
	}
	if used, limit := s.metric("linger_memory_bytes"), s.metric("linger_memory_limit_bytes"); used > limit {
		t.Errorf("%v bytes are used, of %v", used, limit)
	}
	s.linger("health")
	more := s.Command("pub", "y")
	more.Stdin = strings.NewReader(strings.Repeat("more than is left ", 50_000) + "\n")
	if out, err := more.CombinedOutput(); err == nil {
		t.Errorf("a full server took another message: %s", out)
	}
	s.linger("topic", "x", "delete")
	s.linger("pub", "y", "there is room again")
}

// paced hands on so many lines a second.
func paced(in io.Reader, perSecond int) io.Reader {
	out, w := io.Pipe()
	go func() { // ends with in, or when nobody reads out
		lines := bufio.NewReaderSize(in, 1<<16)
		start := time.Now()
		for n := 1; ; n++ {
			line, err := lines.ReadSlice('\n')
			if err == nil {
				_, err = w.Write(line)
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
			if n%100 == 0 {
				time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / time.Duration(perSecond)))) // the pace is the point
			}
		}
	}()
	return out
}
