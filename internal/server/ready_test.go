//go:build unix

package server

import (
	"errors"
	"io"
	"net"
	"testing"
)

// lentBuffers counts what a reader holds of it.
type lentBuffers struct{ lent, most int }

func (p *lentBuffers) Get(size int) *[]byte {
	p.lent++
	p.most = max(p.most, p.lent)
	b := make([]byte, size)
	return &b
}

func (p *lentBuffers) Put(*[]byte) { p.lent-- }

// A read that waits holds no buffer; one that is over has given back those that hold nothing.
func TestReadOnReady(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{Conn: accepted}
	defer func() { _ = c.Close() }()

	pool := &lentBuffers{}
	type result struct {
		text string
		err  error
	}
	results := make(chan result)
	read := func() {
		buf, n, err := c.ReadOnReady(4, pool)
		if err != nil {
			if buf != nil || n != 0 {
				t.Errorf("%v beside %d bytes", err, n)
			}
			results <- result{err: err}
			return
		}
		text := string((*buf)[:n])
		pool.Put(buf)
		results <- result{text: text}
	}
	for _, want := range []string{"abcd", "ef"} {
		go read()
		if want == "abcd" {
			if _, err := peer.Write([]byte("abcdef")); err != nil {
				t.Fatal(err)
			}
		}
		if r := <-results; r.err != nil || r.text != want {
			t.Errorf("%q, %v, want %q", r.text, r.err, want)
		}
	}
	// What a wait begins with: nothing has come.
	c.ready.size, c.ready.pool = 4, pool
	if err := c.ready.raw.Control(func(fd uintptr) {
		if c.ready.tryRead(fd) || pool.lent != 0 {
			t.Errorf("a read of nothing is over, or holds %d buffers", pool.lent)
		}
	}); err != nil {
		t.Fatal(err)
	}
	go read()
	if err := peer.Close(); err != nil {
		t.Fatal(err)
	}
	if r := <-results; !errors.Is(r.err, io.EOF) {
		t.Errorf("%q, %v after the peer closed, want EOF", r.text, r.err)
	}
	if pool.lent != 0 || pool.most > 1 {
		t.Errorf("%d buffers were not given back, %d were taken at a time", pool.lent, pool.most)
	}
	_ = c.Close()
	go read()
	if r := <-results; !errors.Is(r.err, net.ErrClosed) {
		t.Errorf("%q, %v after it was closed", r.text, r.err)
	}
}
