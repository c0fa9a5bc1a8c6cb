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
	w       io.Writer
	line    func() string
	end     chan struct{}
	drawing sync.WaitGroup
}

func newProgress(w io.Writer, line func() string) *progress {
	p := &progress{w: w, line: line, end: make(chan struct{})}
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

// portion is a bar and how much of the whole is done. A whole of 0 is not known.
func portion(done, whole int64) string {
	if whole <= 0 {
		return "..."
	}
	const width = 30
	done = min(done, whole)
	filled := int(float64(done) / float64(whole) * width)
	return fmt.Sprintf("[%s%s] %d %%", strings.Repeat("#", filled), strings.Repeat(".", width-filled), int(float64(done)/float64(whole)*100))
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
