package pebblelog

import "sync"

// underWay are the groups that wait for the disk, in order. Make one with newUnderWay. Safe for concurrent use.
type underWay struct {
	mu     sync.Mutex // guards what is below
	groups []*group
	last   <-chan struct{} // the answered of the newest group there was
	closed bool
}

func newUnderWay() *underWay {
	none := make(chan struct{})
	close(none)
	return &underWay{last: none}
}

// add puts a group behind all others. It reports false when that is over.
func (u *underWay) add(g *group) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	g.before, g.answered = u.last, make(chan struct{})
	u.last = g.answered
	u.groups = append(u.groups, g)
	return true
}

// removeFirst takes out the oldest group, whose committer answers it. It reports false when somebody else does.
func (u *underWay) removeFirst() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.groups = append(u.groups[:0], u.groups[1:]...)
	return true
}

// close ends it and gives the groups, which the caller answers.
func (u *underWay) close() []*group {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	groups := u.groups
	u.groups = nil
	return groups
}
