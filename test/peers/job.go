package main

import (
	"fmt"
	"time"
)

// A job is the load of one measurement, as told to the processes that make it.
type job struct {
	System string
	Addr   string
	// Publishers and Readers each have a connection of their own. Publisher and reader i are at topic i modulo Topics.
	Publishers, Readers, Topics int
	// Size of a payload in bytes.
	Size int
	// Waiting publishers wait for each answer.
	Waiting bool
	// Rate is how many messages a second all publishers make. 0: as many as Lag and InFlight allow.
	Rate float64
	// InFlight is how many messages of one publisher may be unanswered. 0: no bound.
	InFlight int
	// Count is how many messages each publisher makes. 0: until told to stop.
	Count int
	// Last measures when the last reader has a message, instead of each.
	Last bool
	// Profile is where the worker leaves its CPU profile, Trace where it leaves an execution trace. Empty: nowhere.
	Profile, Trace string
}

const (
	// How far behind the slowest reader is kept while publishers go as fast as they can: half of the 100 ms that a
	// live reader may be behind.
	lagTarget = 50 * time.Millisecond
	// And in bytes: a quarter of what NATS lets wait for a client before it is cut off.
	lagBytes = 16 << 20
)

func (j *job) topic(i int) string { return fmt.Sprintf("peers.t%d", i%j.Topics) }

func (j *job) topics() []string {
	all := make([]string, j.Topics)
	for i := range all {
		all[i] = j.topic(i)
	}
	return all
}

// share returns which of n publishers or readers are at the topic of number i.
func (j *job) share(i, n int) (at []int) {
	for k := i % j.Topics; k < n; k += j.Topics {
		at = append(at, k)
	}
	return at
}

// deliveries is how many the readers are to get when the publishers have sent what the board says.
func (j *job) deliveries(b *board) (n uint64) {
	for i := range b.publishers {
		n += b.publishers[i].sent.Load() * uint64(len(j.share(i, j.Readers)))
	}
	return n
}

// A report is what a worker says when it ends.
type report struct {
	Error   string    `json:",omitempty"`
	Latency histogram // of deliveries, of answers when waiting; nanoseconds
	Seconds float64   `json:",omitempty"` // from subscribing until the reader had Count messages
}
