package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// A publisher that may not go on looks again after this long.
	nap = 50 * time.Microsecond
	// A publisher at a rate sends what is due this often.
	tick = 250 * time.Microsecond
	// The clock is read for one in so many messages where nobody measures latency.
	clockEvery = 8
)

// publishAll is the work of the publishing process: every publisher of a job, each with its own connection.
func publishAll(j *job, b *board) (report, error) {
	reports := make([]report, j.Publishers)
	failures := make([]error, j.Publishers)
	var all sync.WaitGroup
	for i := range j.Publishers {
		all.Go(func() { reports[i], failures[i] = publishOne(j, b, i) })
	}
	all.Wait()
	var sum report
	for i := range reports {
		sum.Latency.add(&reports[i].Latency)
	}
	return sum, first(failures)
}

func publishOne(j *job, b *board, i int) (r report, err error) {
	d, err := systems[j.System].dial(j.Addr)
	if err != nil {
		return r, err
	}
	w := &publishing{job: j, board: b, cell: &b.publishers[i], stamps: newStamper(j.Size, i)}
	if j.Waiting {
		err = w.wait(d, j.topic(i), &r.Latency)
		return r, errors.Join(err, d.close())
	}
	if w.to, err = d.publisher(j.topic(i)); err != nil {
		return r, err
	}
	if j.Rate > 0 {
		err = w.paced(j.Rate / float64(j.Publishers))
	} else {
		err = w.flood(newThrottle(j, b, i))
	}
	err = errors.Join(err, w.to.close())
	w.cell.answered.Store(w.sent - uint64(w.to.unanswered()))
	_ = d.close() // some publishers close their connection
	return r, err
}

// publishing is one publisher at work.
type publishing struct {
	job    *job
	board  *board
	cell   *publisherCell
	stamps *stamper
	to     publisher
	sent   uint64
}

func (w *publishing) over() bool {
	return w.board.phase.Load() >= stopping || (w.job.Count > 0 && w.sent == uint64(w.job.Count))
}

func (w *publishing) publish(now int64) error {
	w.sent++
	// First the board: a reader must not be ahead of it.
	w.cell.sent.Store(w.sent)
	return w.to.publish(w.stamps.stamp(now, w.sent))
}

// flood publishes as fast as throttle and window allow.
func (w *publishing) flood(t *throttle) error {
	credit, now := 0, nanos()
	for !w.over() {
		if credit == 0 {
			now = nanos()
			if credit = w.credit(t, now); credit == 0 {
				if err := w.to.flush(); err != nil {
					return err
				}
				time.Sleep(nap * time.Duration(w.job.Publishers))
				continue
			}
		}
		if w.sent%clockEvery == 0 {
			now = nanos()
		}
		if err := w.publish(now); err != nil {
			return err
		}
		credit--
	}
	return nil
}

// credit is how many messages may be sent before asking again.
func (w *publishing) credit(t *throttle, now int64) int {
	open := w.to.unanswered()
	w.cell.answered.Store(w.sent - uint64(open))
	room := t.room(now)
	if w.job.InFlight > 0 {
		room = min(room, w.job.InFlight-open)
	}
	return max(room, 0)
}

// paced publishes rate messages a second. Each carries the time at which it was handed over; a publisher that cannot
// keep the rate shows in how many it made.
func (w *publishing) paced(rate float64) error {
	start := nanos()
	for !w.over() {
		due := uint64(float64(nanos()-start) * rate / 1e9)
		if due <= w.sent {
			next := start + int64(float64(w.sent+1)*1e9/rate)
			pause(max(time.Duration(next-nanos()), tick))
			continue
		}
		for w.sent < due && !w.over() {
			if err := w.publish(nanos()); err != nil {
				return err
			}
		}
		if err := w.to.flush(); err != nil {
			return err
		}
	}
	return nil
}

// pause sleeps as exactly as the system can; time.Sleep is a millisecond late in a process that only waits.
func pause(d time.Duration) {
	until := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&until, nil) // too short by a signal: the caller looks at the clock anyway
}

// wait publishes one message after the other, each once the one before was answered; with a rate, a pause later.
func (w *publishing) wait(d driver, topic string, latency *histogram) error {
	ask, err := d.waiter(topic)
	if err != nil {
		return err
	}
	for !w.over() {
		if w.job.Rate > 0 {
			pause(time.Duration(float64(time.Second) / w.job.Rate))
		}
		begun := nanos()
		w.sent++
		w.cell.sent.Store(w.sent)
		if err := ask(w.stamps.stamp(begun, w.sent)); err != nil {
			return fmt.Errorf("message %d: %w", w.sent, err)
		}
		w.cell.answered.Store(w.sent)
		if w.board.phase.Load() == measuring {
			latency.record(nanos() - begun)
		}
	}
	return nil
}
