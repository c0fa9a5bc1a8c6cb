package process

import (
	"bytes"
	"sync"
)

// Output collects what processes write, one after the other. Its zero value is ready, and safe for concurrent use.
type Output struct {
	mu   sync.Mutex
	buf  bytes.Buffer // mu
	from int          // mu: where the present process began
}

// Write never fails.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

// String is all that was written.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Last is what the latest of the processes wrote.
func (o *Output) Last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.buf.Bytes()[o.from:])
}

// Tail is at most so many bytes from the end.
func (o *Output) Tail(bytes int) string {
	all := o.String()
	return all[max(0, len(all)-bytes):]
}

// next has what follows belong to another process.
func (o *Output) next() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.from = o.buf.Len()
}
