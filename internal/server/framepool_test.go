package server

import "testing"

// Whatever is asked for has its size, and what is given back serves again, as it is.
func TestFramePool(t *testing.T) {
	p := &framePool{}
	for _, n := range []int{1, smallFrame, smallFrame + 1, frameBytes - 1, frameBytes, frameBytes + 1, 1 << 20} {
		b := p.Get(n)
		if len(*b) != n {
			t.Errorf("asked for %d bytes, got %d", n, len(*b))
		}
		for i := range *b {
			(*b)[i] = 0xff
		}
		p.Put(b)
	}
	for range 100 { // the race detector has pools forget some
		b := p.Get(frameBytes)
		(*b)[0] = 1
		*b = (*b)[:10] // a shorter frame
		p.Put(b)
		if again := p.Get(frameBytes); again == b {
			if len(*again) != frameBytes || (*again)[0] != 1 {
				t.Errorf("%d bytes that begin with %d", len(*again), (*again)[0])
			}
			return
		}
	}
	t.Error("no buffer served again")
}
