package process

import (
	"fmt"
	"testing"
	"time"
)

// Patience is how long a test waits for what should be there at once, on a machine that has other work.
const Patience = 30 * time.Second

// Eventually waits until check returns nil, and fails with its last error when that takes too long.
func Eventually(t testing.TB, patience time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", patience, err)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// Expect is an error that says what was found instead of what was wanted; nil when they are equal.
func Expect[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %v, not %v", what, got, want)
}
