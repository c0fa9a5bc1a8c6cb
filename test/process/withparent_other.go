//go:build !linux

package process

import "syscall"

// withParent would have a process end with this one, where the system can do that.
func withParent() *syscall.SysProcAttr { return nil }
