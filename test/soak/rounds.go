package soak

import (
	"iter"
	"os"
	"testing"
	"time"
)

// On says that there is time for larger numbers: LINGER_SOAK is set.
func On() bool { return os.Getenv("LINGER_SOAK") != "" }

// Number is the short form's or the long form's.
func Number(short, long int) int {
	if On() {
		return long
	}
	return short
}

// Rounds counts the rounds of a test, from 0. The long form ends early, and tells, when its time does, but not before the
// short form would.
func Rounds(t *testing.T, short, long int) iter.Seq[int] {
	return func(yield func(int) bool) {
		all := Number(short, long)
		for i := range all {
			if i >= short && !TimeLeft(t) {
				t.Logf("soak: %d of %d rounds, for want of time", i, all)
				return
			}
			if !yield(i) {
				return
			}
		}
		if On() {
			t.Logf("soak: %d rounds", all)
		}
	}
}

// atTheEnd is what a test has left for its last checks when its time is over.
const atTheEnd = time.Minute

// TimeLeft tells whether a test may begin something more. The short form always may.
func TimeLeft(t *testing.T) bool {
	deadline, ok := t.Deadline()
	return !On() || !ok || time.Until(deadline) > atTheEnd
}
