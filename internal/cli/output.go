package cli

import (
	"errors"
	"io"
	"sync"
)

// output writes from a goroutine of its own what gathers while the last write is under way: one line at once when little
// comes, large writes when much does, without a timer. Write blocks while more than a bound has gathered.
type output struct {
	w       io.Writer
	written chan struct{} // closed when run has ended
	left    chan struct{} // closed by abandon

	mu     sync.Mutex // guards everything below
	change *sync.Cond
	gather []byte
	err    error // of w; final
	busy   bool  // a write is under way
	closed bool
}

// gatherMost is how much may wait to be written, in bytes.
const gatherMost = 1 << 20

func newOutput(w io.Writer) *output {
	o := &output{w: w, written: make(chan struct{}), left: make(chan struct{})}
	o.change = sync.NewCond(&o.mu)
	go o.run()
	return o
}

// Write implements io.Writer. It returns an earlier write's error.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.gather) >= gatherMost && o.err == nil {
		o.change.Wait()
	}
	if o.err != nil {
		return 0, o.err
	}
	o.gather = append(o.gather, p...)
	o.change.Broadcast()
	return len(p), nil
}

// close writes what gathered and returns the first error.
func (o *output) close() error {
	o.mu.Lock()
	o.closed = true
	o.change.Broadcast()
	o.mu.Unlock()
	select {
	case <-o.written:
	case <-o.left:
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

var errAbandoned = errors.New("standard output takes nothing; what gathered for it is lost")

// abandon makes Write and close return, even when whoever reads w has stopped reading. Called once.
func (o *output) abandon() {
	o.mu.Lock()
	if o.err == nil && (o.busy || len(o.gather) > 0 || !o.closed) {
		o.err = errAbandoned
	}
	o.change.Broadcast()
	o.mu.Unlock()
	close(o.left)
}

func (o *output) run() {
	defer close(o.written)
	var spare []byte
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.gather) == 0 && !o.closed {
			o.change.Wait()
		}
		if len(o.gather) == 0 || o.err != nil {
			return
		}
		full := o.gather
		o.gather, o.busy = spare[:0], true
		o.mu.Unlock()
		_, err := o.w.Write(full)
		spare = full
		o.mu.Lock()
		o.busy = false
		if o.err == nil {
			o.err = err
		}
		o.change.Broadcast()
	}
}
