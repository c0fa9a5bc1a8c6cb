package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// display is a terminal whose last line may be one that is drawn again and again. Whatever else is written takes its place,
// and the line is drawn below it the next time. Safe for concurrent use.
type display struct {
	w     io.Writer
	width func() int // in columns, at present

	mu    sync.Mutex // guards what is below, and writing
	drawn string     // the line that is there; "": none
}

// newDisplay gives the display of a writer, nil where that is no terminal.
func newDisplay(w io.Writer) *display {
	if !isTerminal(w) {
		return nil
	}
	f := w.(*os.File)
	return &display{w: f, width: func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80 // one that does not tell
		}
		return width
	}}
}

// toLineStart goes back to the line's beginning, and clears it.
const toLineStart = "\r\x1b[K"

// Write implements io.Writer, for whole lines.
func (d *display) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.clearLocked(); err != nil {
		return 0, err
	}
	return d.w.Write(b)
}

// draw replaces the last line. It must fit: one that wraps would stay.
func (d *display) draw(line func(width int) string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := line(d.width() - 1) // in the last column some terminals wrap already
	if text == d.drawn {
		return
	}
	_, _ = io.WriteString(d.w, toLineStart+text) // nobody is left to tell
	d.drawn = text
}

// clear takes the last line away.
func (d *display) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.clearLocked() // nobody is left to tell
}

func (d *display) clearLocked() error {
	if d.drawn == "" {
		return nil
	}
	d.drawn = ""
	_, err := io.WriteString(d.w, toLineStart)
	return err
}

// progress redraws the last line of a display until stopped. A nil progress draws nothing.
type progress struct {
	end     chan struct{}
	drawing sync.WaitGroup
}

// startProgress draws on standard error, where that is a terminal.
func (a *app) startProgress(line func(width int) string) *progress {
	d, ok := a.Stderr.(*display)
	if !ok {
		return nil
	}
	p := &progress{end: make(chan struct{})}
	p.drawing.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-p.end:
				d.clear()
				return
			case <-ticker.C:
				d.draw(line)
			}
		}
	})
	return p
}

// stop clears the line.
func (p *progress) stop() {
	if p != nil {
		close(p.end)
		p.drawing.Wait()
	}
}

// How long a bar is: a multiple of the shortest, so that it does not jump with each digit beside it.
const (
	longestBar  = 30
	shortestBar = 5
)

// barLine is a bar and what is told beside it: how much of the whole is done, and more, of which the last is left out first
// where the line is short. A whole of 0 is not known, and has no bar.
func barLine(width int, done, whole int64, word string, more ...string) string {
	parts := more
	if whole > 0 {
		done = min(done, whole)
		parts = append([]string{fmt.Sprintf("%d %% %s", int(float64(done)/float64(whole)*100), word)}, more...)
	}
	text := strings.Join(parts, ", ")
	for len(text) > width && len(parts) > 1 {
		parts = parts[:len(parts)-1]
		text = strings.Join(parts, ", ")
	}
	if len(text) > width {
		text = text[:max(width, 0)]
	}
	bar := min(width-len(text)-len("[] "), longestBar) / shortestBar * shortestBar
	if whole <= 0 || bar < shortestBar {
		return text
	}
	filled := int(float64(done) / float64(whole) * float64(bar))
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", bar-filled) + "] " + text
}
