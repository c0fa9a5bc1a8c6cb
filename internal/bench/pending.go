package bench

import "sync"

// handedOver is a message that waits for its answer.
type handedOver struct {
	due   int64
	topic *topic
}

// pending are a publisher's messages that wait for their answers, in the order of handing over. One goroutine pushes and
// drops, another one takes.
type pending struct {
	mu    sync.Mutex // guards everything below
	queue []handedOver
	head  int
	taken []handedOver // what take returned last
}

func (p *pending) push(m handedOver) {
	p.mu.Lock()
	if p.head > 4096 && p.head*2 > len(p.queue) {
		p.queue = p.queue[:copy(p.queue, p.queue[p.head:])]
		p.head = 0
	}
	p.queue = append(p.queue, m)
	p.mu.Unlock()
}

// drop takes the last one back, which was not handed over after all.
func (p *pending) drop() {
	p.mu.Lock()
	p.queue = p.queue[:len(p.queue)-1]
	p.mu.Unlock()
}

// take removes the oldest n. What it returns holds until the next call.
func (p *pending) take(n int) []handedOver {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, len(p.queue)-p.head)
	p.taken = append(p.taken[:0], p.queue[p.head:p.head+n]...)
	p.head += n
	return p.taken
}
