package process

import "syscall"

// withParent has a process end with this one: a test that is killed leaves none behind.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
