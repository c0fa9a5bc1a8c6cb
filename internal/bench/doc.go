// Package bench gives a running server work, over the public client alone, and measures what becomes of it. It is what
// `linger bench` runs.
//
// A [Bench] runs one workload, each in a file of its name:
//
//	publish   publishers only, until the acknowledgement
//	fanout    publishers and readers, as fast as the slowest reader follows
//	latency   the same at a rate
//	replay    publishes first, then has subscribers read what is retained
//	expiry    has many messages die at one instant while others are published at a rate
//
// # What the figures mean
//
// Publishers and readers have a connection each. Times are of one clock, this machine's monotonic one, and count from when a
// message was due: at a rate that is the schedule's time, however late the program or the server makes the sending
// (otherwise a server that stalls would hide its own stalls); without one it is when the message was handed to the
// client. The first half second of latency is not recorded: connections and code are cold then. They are kept in HDR histograms, to 1 %.
//
// Every message has a number, and a checksum over all of its bytes, which its reader checks. So messages that are lost, given
// twice, out of order or damaged are counted, and what ended for a reason that the server told (its deadline, an eviction)
// is told apart from what was lost.
package bench
