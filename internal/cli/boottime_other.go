//go:build !linux

package cli

import "time"

var processStart = time.Now()

// sinceBoot is the monotonic clock here, from the process's start on. It may stand still while the machine sleeps.
func sinceBoot() time.Duration { return time.Since(processStart) }
