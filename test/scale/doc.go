// Scale measures what Linger costs as it grows, each goal in a server process of its own, over loopback:
//
//	make scale                     # everything; some minutes on two cores
//	make scale ARGS='-only memory' # the parts whose names match
//	make scale ARGS=-list          # which there are
//
// It prints a line for each goal: what was wanted, what was found, and whether that is enough. How each is measured stands
// above its part. Times are compared within one run only, in rounds that take turns, since machines differ and are busy;
// bytes are the live heap after a collection, which is the same on every machine. It needs Linux.
package main
