package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// progress redraws one line on a terminal, until stopped. A nil progress draws nothing.
type progress struct {
	w        io.Writer
	input    *countingReader
	size     int64 // of the input in bytes; 0: not known
	answered func() int
	begin    time.Time
	end      chan struct{}
	drawing  sync.WaitGroup
}

func newProgress(w io.Writer, input *countingReader, answered func() int) *progress {
	p := &progress{w: w, input: input, size: input.size(), answered: answered, begin: time.Now(), end: make(chan struct{})}
	p.drawing.Go(p.draw)
	return p
}

func (p *progress) draw() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.end:
			fmt.Fprint(p.w, "\r\x1b[K") // back to the line's beginning, and clear it
			return
		case <-ticker.C:
			fmt.Fprint(p.w, "\r\x1b[K"+p.line())
		}
	}
}

func (p *progress) line() string {
	n := p.answered()
	s := fmt.Sprintf("%s acknowledged, %s a second", grouped(uint64(n)), grouped(rate(n, time.Since(p.begin))))
	if p.size == 0 {
		return s
	}
	const width = 30
	read := min(p.input.n.Load(), p.size)
	done := int(read * width / p.size)
	return fmt.Sprintf("[%s%s] %d %% read, %s", strings.Repeat("#", done), strings.Repeat(".", width-done), read*100/p.size, s)
}

// stop clears the line.
func (p *progress) stop() {
	if p != nil {
		close(p.end)
		p.drawing.Wait()
	}
}

// countingReader counts what was read of r.
type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// size is how many bytes there are to read; 0: not known.
func (c *countingReader) size() int64 {
	f, ok := c.r.(*os.File)
	if !ok {
		return 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
