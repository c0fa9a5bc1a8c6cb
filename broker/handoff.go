package broker

import "context"

// A HandOff takes what a subscription has from a goroutine that serves several of them, while the subscription's own waits
// in [Subscription.Next]: to wake that one costs more than the delivery. Its methods are called by one goroutine at a time, while
// that one is in Next, with no lock held; they must not wait for anything.
type HandOff interface {
	// Ready tells that Take would not wait.
	Ready() bool
	// Take is given a delivery, which is valid until it returns. Its error ends the subscription: Next returns it.
	Take(d Delivery) error
}

// HandOff has what comes while Next waits given to h, so much at a time. What h is not ready for, what has to be loaded,
// and whatever else would take long, is Next's as before. Call it before Next, once.
func (s *Subscription) HandOff(h HandOff, budget Budget) {
	s.handOff, s.handBudget = h, budget
}

// What a subscription's goroutine does.
const (
	busy    = iota // it runs, or sends, and will look for more by itself
	waiting        // in Next
	handing        // in Next, while another one reads and sends in its place
	wanted         // the same, and it waits for that to end
)

// rouse wakes s, which was told of something.
func (s *Subscription) rouse() {
	s.mu.Lock()
	s.queued = false
	s.mu.Unlock()
	s.notify()
}

// serve is rouse, but where that takes no waiting it reads and sends in the place of s.
func (s *Subscription) serve() {
	s.mu.Lock()
	s.queued = false
	plain := len(s.resets) == 0 && !s.closed
	s.mu.Unlock()
	if !plain || !s.doing.CompareAndSwap(waiting, handing) {
		s.notify()
		return
	}
	over := s.hand()
	if !s.doing.CompareAndSwap(handing, waiting) {
		s.handed <- struct{}{} // it is wanted
	}
	if !over {
		s.notify()
	}
}

// hand hands over what there is, if it may, and reports whether that was all. What s owns is looked at from here on: before,
// its goroutine may be on its way to Next.
func (s *Subscription) hand() bool {
	if s.handOff == nil || s.failed != nil || !s.handOff.Ready() {
		return false
	}
	s.brief = true
	d, ok, err := s.collect(context.Background(), s.handBudget)
	s.brief = false
	if ok && err == nil {
		err = s.handOff.Take(d)
	}
	s.failed = err
	return err == nil && !s.ready() && !s.more()
}

// back is called when Next has waited: from here on nobody reads in its place.
func (s *Subscription) back() {
	for !s.doing.CompareAndSwap(waiting, busy) {
		if s.doing.CompareAndSwap(handing, wanted) {
			<-s.handed
			s.doing.Store(busy)
			return
		}
	}
}
